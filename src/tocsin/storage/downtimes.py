"""Downtime windows: when a website was down."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.model.downtimes import DowntimeWindowCreate, DowntimeWindowUpdate
from tocsin.model.times import as_utc
from tocsin.storage.tables import DowntimeWindow, Website
from tocsin.storage.tables.schema import FRESH


class DowntimeWindowCRUD:
    """Create, read and update downtime windows. Each call commits the Session it is given."""

    @staticmethod
    def create(db: Session, downtime: DowntimeWindowCreate) -> DowntimeWindow:
        """Store a downtime; without `ended_at` it is going on.

        Raises:
            NotFound: there is no such website.
            Conflict: the website has a downtime that is going on already.
        """
        if db.get(Website, downtime.website_id) is None:
            raise NotFound(f"there is no website {downtime.website_id}")
        row = DowntimeWindow(**downtime.model_dump())
        db.add(row)
        try:
            db.commit()
        except IntegrityError as error:
            db.rollback()
            if db.get(Website, downtime.website_id, populate_existing=True) is None:
                raise NotFound(f"website {downtime.website_id} was deleted meanwhile") from error
            raise Conflict(
                f"website {downtime.website_id} has a downtime that is going on; end that one first"
            ) from error
        return row

    @staticmethod
    def get_by_id(db: Session, downtime_id: int) -> DowntimeWindow | None:
        """Return the downtime, or None."""
        return db.get(DowntimeWindow, downtime_id, populate_existing=True)

    @staticmethod
    def get_ongoing_downtime(db: Session, website_id: int) -> DowntimeWindow | None:
        """Return the downtime that is going on, or None where the website is not down."""
        wanted = select(DowntimeWindow).where(
            DowntimeWindow.website_id == website_id, DowntimeWindow.ended_at.is_(None)
        )
        return db.scalars(wanted, execution_options=FRESH).one_or_none()

    @staticmethod
    def get_by_website(
        db: Session,
        website_id: int,
        skip: int = 0,
        limit: int = 100,
        include_ongoing: bool = True,
    ) -> tuple[list[DowntimeWindow], int]:
        """Return one page of a website's downtimes, newest first, and how many there are."""
        wanted = select(DowntimeWindow).where(DowntimeWindow.website_id == website_id)
        if not include_ongoing:
            wanted = wanted.where(DowntimeWindow.ended_at.is_not(None))
        total = db.scalar(select(func.count()).select_from(wanted.subquery())) or 0
        page = wanted.order_by(DowntimeWindow.started_at.desc(), DowntimeWindow.id.desc()).offset(skip).limit(limit)
        return list(db.scalars(page, execution_options=FRESH)), total

    @staticmethod
    def get_overlapping(db: Session, website_id: int, start: datetime, end: datetime) -> Sequence[DowntimeWindow]:
        """Return the downtimes of which any part lies between `start` and `end`, oldest first."""
        wanted = select(DowntimeWindow).where(
            DowntimeWindow.website_id == website_id,
            DowntimeWindow.started_at < end,
            or_(DowntimeWindow.ended_at.is_(None), DowntimeWindow.ended_at > start),
        )
        return db.scalars(wanted.order_by(DowntimeWindow.started_at), execution_options=FRESH).all()

    @staticmethod
    def update(db: Session, downtime_id: int, downtime_update: DowntimeWindowUpdate) -> DowntimeWindow | None:
        """Change the fields that were given; return the downtime, or None where there is none.

        Raises:
            Invalid: it would end before it started.
            Conflict: it would go on again beside another one.
        """
        row = db.get(DowntimeWindow, downtime_id, populate_existing=True)
        if row is None:
            return None
        changes = downtime_update.model_dump(exclude_unset=True)
        ended_at = changes.get("ended_at")
        if ended_at is not None and as_utc(ended_at) < row.started_at:
            raise Invalid("ended_at lies before started_at", field="ended_at")
        if "affected_checks_count" in changes and changes["affected_checks_count"] is None:
            raise Invalid("affected_checks_count must be a number", field="affected_checks_count")
        for name, value in changes.items():
            setattr(row, name, value)
        try:
            db.commit()
        except IntegrityError as error:
            db.rollback()
            raise Conflict(f"website {row.website_id} has another downtime that is going on") from error
        return row
