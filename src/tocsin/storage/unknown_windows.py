"""Unknown windows: when nobody could tell how a website was. `results` and `checks` write them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tocsin.storage.tables.records import UnknownWindow


def list_unknown_windows(
    db: Session, website_id: int, skip: int = 0, limit: int = 100
) -> tuple[Sequence[UnknownWindow], int]:
    """Return one page of a website's unknown windows, newest first, and how many there are."""
    wanted = select(UnknownWindow).where(UnknownWindow.website_id == website_id)
    total = db.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    page = wanted.order_by(UnknownWindow.started_at.desc(), UnknownWindow.id.desc()).offset(skip).limit(limit)
    return db.scalars(page).all(), total


def unknown_between(db: Session, website_id: int, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return start and end of the unknown windows of which any part lies between `start` and `end`."""
    wanted = select(UnknownWindow.started_at, UnknownWindow.ended_at).where(
        UnknownWindow.website_id == website_id,
        UnknownWindow.started_at < end,
        UnknownWindow.ended_at > start,
    )
    return [(row.started_at, row.ended_at) for row in db.execute(wanted)]
