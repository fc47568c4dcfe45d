"""The stretches in which maintenance windows were in force: what uptime leaves out.

They are rows, made as their time comes (or afterwards, where nobody was there), so that editing a window
tomorrow does not change yesterday's uptime.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, RowMapping, Table, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tocsin.matching.schedules import periods
from tocsin.model.maintenance import Schedule
from tocsin.storage.history.counts import count_between
from tocsin.storage.tables import Website
from tocsin.storage.tables.alert_rules import MaintenancePeriod, MaintenanceWindow
from tocsin.storage.tables.schema import FRESH

COUNT_AFTER = timedelta(minutes=5)
"""The checks of a period are counted this long after it: late ones have arrived by then."""

_SCHEDULE: TypeAdapter[Schedule] = TypeAdapter(Schedule)
_PERIODS: Table = MaintenancePeriod.__table__  # type: ignore[assignment]
_MANY = 500


def schedule_of(stored: Mapping[str, Any]) -> Schedule:
    """Return a schedule from its stored form."""
    return _SCHEDULE.validate_python(stored)


def websites_named_by(connection: Connection, window: Mapping[Any, Any]) -> set[int]:
    """Return the ids of the websites that a window (its fields by name) concerns and that exist."""
    wanted = select(Website.id, Website.tags, Website.group)
    if window["is_global"]:
        return {row.id for row in connection.execute(wanted)}
    if not (window["tags"] or window["groups"]):
        ids = window["website_ids"]
        return set(connection.execute(select(Website.id).where(Website.id.in_(ids))).scalars()) if ids else set()
    ids, tags, groups = set(window["website_ids"]), set(window["tags"]), set(window["groups"])
    return {
        row.id
        for row in connection.execute(wanted)
        if row.id in ids or row.group_name in groups or not tags.isdisjoint(row.tags)
    }


def record_periods(connection: Connection, now: datetime) -> int:
    """Record the periods that have begun since the last call, up to `now`; return how many were new.

    Repeating it changes nothing. The caller commits.
    """
    windows: Table = MaintenanceWindow.__table__  # type: ignore[assignment]
    made = 0
    for window in connection.execute(select(windows).where(windows.c.is_enabled)).mappings().all():
        began = _begun(window, now)
        if began:
            made += _insert(connection, window, began)
        connection.execute(update(windows).where(windows.c.id == window["id"]).values(recorded_until=now))
    return made


def _begun(window: RowMapping, now: datetime) -> list[tuple[datetime, datetime]]:
    since, effective = window["recorded_until"], window["effective_from"]
    found = periods(schedule_of(window["schedule"]), window["time_zone"], since, now + timedelta(microseconds=1))
    return [(max(start, effective) if effective else start, end) for start, end in found]


def _insert(connection: Connection, window: RowMapping, began: list[tuple[datetime, datetime]]) -> int:
    websites = sorted(websites_named_by(connection, window))
    rows = [
        {"window_id": window["id"], "website_id": website_id, "started_at": start, "ended_at": end}
        for start, end in began
        for website_id in websites
    ]
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    made = 0
    for first in range(0, len(rows), _MANY):
        statement = insert(_PERIODS).values(rows[first : first + _MANY])
        made += connection.execute(statement.on_conflict_do_nothing()).rowcount
    return made


def cut_short(connection: Connection, window_id: int, now: datetime) -> None:
    """End a window's periods that go on; the caller commits."""
    going_on = (_PERIODS.c.window_id == window_id) & (_PERIODS.c.started_at <= now) & (_PERIODS.c.ended_at > now)
    connection.execute(update(_PERIODS).where(going_on).values(ended_at=now))


def count_periods(db: Session, now: datetime, limit: int = _MANY) -> int:
    """Count the checks of up to `limit` periods that are over; return how many were counted. The caller commits."""
    over = select(MaintenancePeriod).where(
        MaintenancePeriod.checks_count.is_(None), MaintenancePeriod.ended_at < now - COUNT_AFTER
    )
    counted = []
    for period in db.scalars(over.limit(limit)):
        last = period.ended_at - timedelta(microseconds=1)
        seen = count_between(db, period.website_id, period.started_at, last)
        counted.append({"period": period.id, "c": seen.total, "u": seen.available, "n": seen.unknown})
    if counted:
        change = update(_PERIODS).where(_PERIODS.c.id == bindparam("period"))
        change = change.values(checks_count=bindparam("c"), up_count=bindparam("u"), unknown_count=bindparam("n"))
        db.connection().execute(change, counted)
    return len(counted)


def periods_of(db: Session, website_id: int, start: datetime, end: datetime) -> Sequence[MaintenancePeriod]:
    """Return a website's periods of which any part lies between `start` and `end`, in order."""
    wanted = (
        select(MaintenancePeriod)
        .where(
            MaintenancePeriod.website_id == website_id,
            MaintenancePeriod.started_at < end,
            MaintenancePeriod.ended_at > start,
        )
        .order_by(MaintenancePeriod.started_at, MaintenancePeriod.id)
    )
    return db.scalars(wanted, execution_options=FRESH).all()


def list_periods(db: Session, website_id: int, skip: int, limit: int) -> tuple[Sequence[MaintenancePeriod], int]:
    """Return one page of a website's periods, newest first, and how many there are."""
    wanted = select(MaintenancePeriod).where(MaintenancePeriod.website_id == website_id)
    total = db.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    page = wanted.order_by(MaintenancePeriod.started_at.desc(), MaintenancePeriod.id.desc()).offset(skip).limit(limit)
    return db.scalars(page, execution_options=FRESH).all(), total
