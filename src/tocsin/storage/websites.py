"""Websites: what is watched."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tocsin.errors import Conflict, Invalid
from tocsin.model.downtimes import window_fault
from tocsin.model.enums import MonitorStatus
from tocsin.model.heartbeats.keys import PREFIX, hidden_url, is_heartbeat
from tocsin.model.heartbeats.schedules import schedule_of
from tocsin.model.times import utcnow
from tocsin.model.urls import normalise_url
from tocsin.model.websites import WebsiteCreate, WebsiteUpdate
from tocsin.storage import heartbeats
from tocsin.storage.alerts.recording import end_alerts_of_website
from tocsin.storage.tables import DebugSession, NetworkEvent, Website
from tocsin.storage.tables.heartbeats import Heartbeat
from tocsin.storage.tables.records import WebsiteState
from tocsin.storage.tables.schema import FRESH, Base

_AT_ONCE = 10_000
"""Numbers in one statement; SQLite takes 32,766."""
_IS_LOOKED_AT = ~Website.url_key.startswith(PREFIX)


class WebsiteCRUD:
    """Create, read, update and delete websites. Each call commits the Session it is given."""

    @staticmethod
    def create(db: Session, website: WebsiteCreate) -> Website:
        """Store a website.

        Raises:
            Conflict: another website has the same URL, compared normalised.
            Invalid: a heartbeat's cron expression is none.
        """
        now = utcnow()
        row = Website(**_values(website, now))
        if is_heartbeat(row.url_key):
            heartbeats.checked_schedule(website, now)
            row.heartbeat = Heartbeat()
        db.add(row)
        _commit(db, row)
        return row

    @staticmethod
    def create_many(db: Session, websites: Iterable[WebsiteCreate]) -> int:
        """Store many websites in one transaction, all or none; return how many.

        Raises:
            Conflict: two have the same URL, compared normalised, or one's is watched already.
        """
        now = utcnow()
        rows = [_values(website, now) for website in websites]
        if not rows:
            return 0
        try:
            db.execute(insert(Website), rows)
            db.commit()
        except IntegrityError as error:
            db.rollback()
            raise Conflict("one of the URLs is watched already, or is there twice") from error
        return len(rows)

    @staticmethod
    def get_by_id(db: Session, website_id: int) -> Website | None:
        """Return the website, or None."""
        return db.get(Website, website_id, populate_existing=True)

    @staticmethod
    def get_by_url(db: Session, url: str) -> Website | None:
        """Return the website whose normalised URL is that of `url`, or None."""
        try:
            key = normalise_url(url)
        except ValueError:
            return None
        return db.scalars(select(Website).where(Website.url_key == key), execution_options=FRESH).one_or_none()

    @staticmethod
    def get_all(db: Session, skip: int = 0, limit: int = 100) -> tuple[list[Website], int]:
        """Return one page of all websites, newest first, and how many there are."""
        return WebsiteCRUD.search(db, skip=skip, limit=limit)

    @staticmethod
    def search(  # noqa: PLR0913 (filters, all by name)
        db: Session,
        *,
        text: str | None = None,
        is_active: bool | None = None,
        status: MonitorStatus | None = None,
        tag: str | None = None,
        group: str | None = None,
        skip: int = 0,
        limit: int = 100,
    ) -> tuple[list[Website], int]:
        """Return one page of the websites whose name or URL contains `text`, newest first, and their number.

        A website that was not checked yet has the status UNKNOWN.
        """
        wanted = select(Website)
        if text:
            pattern = _like(text)
            wanted = wanted.where(
                or_(Website.name.ilike(pattern, escape="\\"), Website.url.ilike(pattern, escape="\\"))
            )
        if is_active is not None:
            wanted = wanted.where(Website.is_active.is_(is_active))
        if status is not None:
            wanted = wanted.where(_has_status(status))
        if tag is not None:
            wanted = wanted.where(_has_tag(db, tag))
        if group is not None:
            wanted = wanted.where(Website.group == group)
        total = db.scalar(select(func.count()).select_from(wanted.subquery())) or 0
        page = wanted.order_by(Website.id.desc()).offset(skip).limit(limit)
        return list(db.scalars(page, execution_options=FRESH)), total

    @staticmethod
    def get_active_websites(db: Session) -> list[Website]:
        """Return every website that is to be checked, oldest first."""
        wanted = select(Website).where(Website.is_active).order_by(Website.id)
        return list(db.scalars(wanted, execution_options=FRESH))

    @staticmethod
    def get_changed_since(db: Session, moment: datetime) -> Sequence[Website]:
        """Return the websites created or changed at or after `moment`."""
        return db.scalars(select(Website).where(Website.updated_at >= moment), execution_options=FRESH).all()

    @staticmethod
    def get_active_ids(db: Session) -> set[int]:
        """Return the ids of the websites that are to be looked at: no heartbeats."""
        return set(db.scalars(select(Website.id).where(Website.is_active, _IS_LOOKED_AT)))

    @staticmethod
    def get_by_ids(db: Session, website_ids: Iterable[int]) -> list[Website]:
        """Return those of the websites that exist, oldest first."""
        wanted = select(Website).where(Website.id.in_(list(website_ids))).order_by(Website.id)
        return list(db.scalars(wanted, execution_options=FRESH))

    @staticmethod
    def get_active_hashes(db: Session) -> dict[int, int]:
        """Return for each website that is to be checked a number that changes when any of its columns does.

        The numbers mean something in this process only. Reading all rows so takes a twentieth of making objects of
        them.
        """
        table = Website.__table__
        columns = [cast(column, Text).label(f"text_of_{column.name}") for column in table.columns]
        rows = db.connection().execute(select(table.c.id, *columns).where(Website.is_active, _IS_LOOKED_AT))
        return {row[0]: hash(tuple(row)) for row in rows}

    @staticmethod
    def count_active(db: Session) -> int:
        """Return how many websites are to be looked at: no heartbeats."""
        return db.scalar(select(func.count()).where(Website.is_active, _IS_LOOKED_AT)) or 0

    @staticmethod
    def find_ids(
        db: Session, *, ids: Sequence[int] | None = None, tag: str | None = None, group: str | None = None
    ) -> list[int]:
        """Return which of those ids there are; with `tag` and `group` only those that have them."""
        wanted = select(Website.id).order_by(Website.id)
        if tag is not None:
            wanted = wanted.where(_has_tag(db, tag))
        if group is not None:
            wanted = wanted.where(Website.group == group)
        return list(db.scalars(wanted if ids is None else wanted.where(Website.id.in_(ids))))

    @staticmethod
    def switch(db: Session, ids: Sequence[int], *, is_active: bool) -> list[int]:
        """Pause or resume those websites; return the ids of those that were not so before."""
        now = utcnow()
        change = update(Website).values(is_active=is_active, updated_at=now).returning(Website.id)
        change = change.where(Website.is_active.is_not(is_active)).execution_options(synchronize_session=False)
        found: list[int] = []
        for start in range(0, len(ids), _AT_ONCE):
            switched = list(db.scalars(change.where(Website.id.in_(ids[start : start + _AT_ONCE]))))
            of_heartbeats = select(Website).where(Website.id.in_(switched), ~_IS_LOOKED_AT)
            for row in db.scalars(of_heartbeats, execution_options=FRESH):
                heartbeats.rearm(db, row, (schedule_of(row), not is_active), now)
            found += switched
        db.commit()
        db.expire_all()
        return sorted(found)

    @staticmethod
    def update(db: Session, website_id: int, website_update: WebsiteUpdate) -> Website | None:
        """Change the fields that were given; return the website, or None where there is none.

        Raises:
            Conflict: another website has the new URL.
            Invalid: the new name is empty, or a change contradicts what it is (a heartbeat, or none).
        """
        row = db.get(Website, website_id, populate_existing=True)
        if row is None:
            return None
        now = utcnow()
        changes = heartbeats.settled_changes(row, website_update.changes(), now)
        before = schedule_of(row), row.is_active
        if "url" in changes:
            row.url_key = normalise_url(changes["url"])
        if "name" in changes and not changes["name"].strip():
            raise Invalid("the name must not be empty", field="name")
        for name, value in changes.items():
            setattr(row, name, value)
        if fault := window_fault(row.down_after, row.down_window):
            db.rollback()
            raise Invalid(fault, field="down_window" if "down_window" in changes else "down_after")
        _commit(db, row, lambda: heartbeats.rearm(db, row, before, now))
        return row

    @staticmethod
    def delete(db: Session, website_id: int) -> bool:
        """Delete the website and everything recorded of it; return whether there was one. Its alerts stay, resolved.

        The rows are deleted one table after the other, so that it also works where SQLite's foreign keys are off.
        """
        if db.get(Website, website_id, populate_existing=True) is None:
            return False
        end_alerts_of_website(db.connection(), website_id, utcnow())
        sessions = select(DebugSession.id).where(DebugSession.website_id == website_id)
        db.execute(delete(NetworkEvent).where(NetworkEvent.debug_session_id.in_(sessions)))
        mapped = {mapper.local_table: mapper.class_ for mapper in Base.registry.mappers}
        for table in reversed(Base.metadata.sorted_tables):
            if "website_id" not in table.c:
                continue
            kind = mapped[table]
            if any(one.ondelete == "SET NULL" for one in table.c.website_id.foreign_keys):  # such as its alerts
                db.execute(update(kind).where(kind.website_id == website_id).values(website_id=None))
            else:
                db.execute(delete(kind).where(kind.website_id == website_id))
        db.execute(delete(Website).where(Website.id == website_id))
        db.commit()
        return True


def _values(website: WebsiteCreate, now: datetime) -> dict[str, Any]:
    """Return a new website's columns."""
    key = normalise_url(website.url)
    return {**website.model_dump(mode="json"), "url_key": key, "created_at": now, "updated_at": now}


def _has_status(status: MonitorStatus) -> ColumnElement[bool]:
    state = exists().where(WebsiteState.website_id == Website.id)
    is_so = state.where(WebsiteState.status == status)
    return or_(is_so, ~state) if status is MonitorStatus.UNKNOWN else is_so


def _has_tag(db: Session, tag: str) -> ColumnElement[bool]:
    is_sqlite = db.get_bind().dialect.name == "sqlite"
    items = (func.json_each if is_sqlite else func.json_array_elements_text)(Website.tags)
    values = items.table_valued("value")
    return exists().select_from(values).where(values.c.value == tag)


def _like(text: str) -> str:
    """Return a LIKE pattern that finds `text` literally."""
    for character in ("\\", "%", "_"):
        text = text.replace(character, "\\" + character)
    return f"%{text}%"


def _commit(db: Session, row: Website, then: Callable[[], None] | None = None) -> None:
    """Commit the row, and what `then` changes once the row is written and nobody else can change it."""
    url = hidden_url(row.url)
    try:
        db.flush()
        if then is not None:
            then()
        db.commit()
    except IntegrityError as error:
        db.rollback()
        raise Conflict(f"{url} is watched already") from error
    db.refresh(row)  # enums and defaults as every later read gives them
