"""Many websites at a glance, each with its state: grouped reads for lists, however many websites there are."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, load_only

from tocsin.model.enums import MonitorStatus
from tocsin.model.standing import Standing, standing_of
from tocsin.storage.tables import Website
from tocsin.storage.tables.records import WebsiteState

Pair = tuple[Website, WebsiteState | None]
"""A website and what the checks so far left; None before the first."""


def count_standings(db: Session) -> dict[Standing, int]:
    """Return how many websites stand how; every standing is there."""
    counts = dict.fromkeys(Standing, 0)
    wanted = (
        select(Website.is_active, WebsiteState.status, func.count())
        .outerjoin(WebsiteState, WebsiteState.website_id == Website.id)
        .group_by(Website.is_active, WebsiteState.status)
    )
    for is_active, status, number in db.execute(wanted):
        counts[standing_of(is_active, status)] += number
    return counts


def list_websites(
    db: Session, *, text: str | None = None, standing: Standing | None = None, skip: int = 0, limit: int = 100
) -> tuple[list[Pair], int]:
    """Return one page of the websites that stand so and whose name or URL contains `text`, by name, and how many."""
    conditions: list[ColumnElement[bool]] = []
    if text:
        finds = (column.icontains(text, autoescape=True) for column in (Website.name, Website.url))
        conditions.append(or_(*finds))
    if standing is not None:
        conditions.append(_stands(standing))
    number = select(func.count()).select_from(Website)
    number = number.outerjoin(WebsiteState, WebsiteState.website_id == Website.id)
    total = db.scalar(number.where(*conditions)) or 0
    return _pairs(db, conditions, (func.lower(Website.name), Website.id), skip, limit), total


def list_trouble(db: Session, limit: int = 10) -> list[Pair]:
    """Return the websites that are DOWN, then those that are DEGRADED, the latest change first."""
    status = WebsiteState.status
    wrong: list[ColumnElement[bool]] = [
        Website.is_active.is_(True),
        status.in_([MonitorStatus.DOWN, MonitorStatus.DEGRADED]),
    ]
    return _pairs(db, wrong, (status == MonitorStatus.DEGRADED, WebsiteState.status_since.desc(), Website.id), 0, limit)


def _pairs(
    db: Session, conditions: Iterable[ColumnElement[bool]], order: Iterable[Any], skip: int, limit: int
) -> list[Pair]:
    joined = WebsiteState.website_id == Website.id
    # The ids alone first: sorting whole rows of 10,000 websites takes ten times as long.
    order = tuple(order)
    page = select(Website.id).outerjoin(WebsiteState, joined).where(*conditions).order_by(*order)
    ids = list(db.scalars(page.offset(skip).limit(limit)))
    shown = load_only(Website.id, Website.name, Website.url, Website.is_active)
    wanted = select(Website, WebsiteState).outerjoin(WebsiteState, joined).where(Website.id.in_(ids)).options(shown)
    return [(row[0], row[1]) for row in db.execute(wanted.order_by(*order))]


def _stands(standing: Standing) -> ColumnElement[bool]:
    if standing is Standing.PAUSED:
        return Website.is_active.is_(False)
    if standing is Standing.PENDING:
        return and_(Website.is_active, WebsiteState.status.is_(None))
    return and_(Website.is_active, WebsiteState.status == MonitorStatus(standing.upper()))
