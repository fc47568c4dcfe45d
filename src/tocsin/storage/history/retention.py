"""What is old goes. It is looked for without a lock, then taken away in transactions as short as their caller wants."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from tocsin.model.times import DAY_S, HOUR_S, to_epoch_us
from tocsin.storage.tables import DebugSession, MonitorCheck, NetworkEvent, Website
from tocsin.storage.tables.records import CheckEvidence, HourlyRollup, OutboxEvent, UnknownWindow


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days each kind of row is kept. Daily rollups and downtimes stay for ever."""

    checks_days: int = 30
    phases_days: int = 60
    hours_days: int = 365
    unknown_days: int = 400
    events_days: int = 90
    debug_days: int = 90
    deliveries_days: int = 90


Keys = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Trim:
    """One kind of row that is let go: the first so many that are old, and how they go. The caller commits."""

    find: Callable[[Connection, int], Keys]
    take: Callable[[Connection, Keys], None]


def website_ids(connection: Connection) -> list[int]:
    """Return the ids of all websites, for a round of `website_trims`."""
    return list(connection.execute(select(Website.id).order_by(Website.id)).scalars())


def website_trims(website_id: int, now: datetime, keep: Retention) -> Iterator[Trim]:
    """Yield what goes of one website: each is a short range of an index."""
    yield _stray_checks(website_id, cut_off(now, keep.checks_days))
    yield _old_phases(website_id, _hours(now, keep.phases_days))
    yield _old_hours(website_id, _hours(now, keep.hours_days))
    windows = (UnknownWindow.website_id == website_id, UnknownWindow.ended_at < cut_off(now, keep.unknown_days))
    yield _by_id(UnknownWindow, UnknownWindow.started_at, *windows)


def common_trims(now: datetime, keep: Retention) -> Iterator[Trim]:
    """Yield what goes whatever website it is of. An event that nobody has handled yet stays, however old."""
    yield _oldest_checks(cut_off(now, keep.checks_days))
    yield _by_id(OutboxEvent, OutboxEvent.id, OutboxEvent.handled_at < cut_off(now, keep.events_days))
    old = DebugSession.started_at < cut_off(now, keep.debug_days)
    sessions = select(DebugSession.id).where(old)
    yield _by_id(NetworkEvent, NetworkEvent.id, NetworkEvent.debug_session_id.in_(sessions))
    yield _by_id(DebugSession, DebugSession.id, old)


def _by_id(mapped: Any, order: Any, *conditions: Any) -> Trim:
    """Return the trim of a table's rows that meet the conditions, by their ids."""

    def find(connection: Connection, limit: int) -> Keys:
        wanted = select(mapped.id).where(*conditions).order_by(order).limit(limit)
        return connection.execute(wanted).scalars().all()

    return Trim(find, lambda connection, ids: _delete(connection, mapped.__tablename__, "id", ids))


def _oldest_checks(before: datetime) -> Trim:
    """Return the trim of old checks in the order they were stored, up to where a batch has none.

    Neighbours share their pages, so that this writes several times less than to go from website to website.
    """
    reached = 0

    def find(connection: Connection, limit: int) -> Keys:
        nonlocal reached
        wanted = select(MonitorCheck.id, MonitorCheck.checked_at).where(MonitorCheck.id > reached)
        rows = connection.execute(wanted.order_by(MonitorCheck.id).limit(limit)).all()
        reached = rows[-1].id if rows else reached
        return [row.id for row in rows if row.checked_at < before]

    return Trim(find, _take_checks)


def _stray_checks(website_id: int, before: datetime) -> Trim:
    """Return the trim of a website's old checks that were stored among younger ones."""
    old = (MonitorCheck.website_id == website_id, MonitorCheck.checked_at < before)
    return Trim(_by_id(MonitorCheck, MonitorCheck.checked_at, *old).find, _take_checks)


def _take_checks(connection: Connection, ids: Keys) -> None:
    _delete(connection, CheckEvidence.__tablename__, "check_id", ids)
    _delete(connection, MonitorCheck.__tablename__, "id", ids)


def _delete(connection: Connection, table: str, column: str, ids: Keys) -> None:
    connection.exec_driver_sql(f"DELETE FROM {table} WHERE {column} IN ({_joined(ids)})")


def _joined(numbers: Keys) -> str:
    """Return whole numbers for the statement itself: as parameters, many take longer to prepare than to delete."""
    return ",".join(str(int(one)) for one in numbers)


def _old_phases(website_id: int, before: int) -> Trim:
    """Return the trim that takes the phases out of old hours, which stay otherwise."""
    change = f"UPDATE hourly_rollups SET phase_histograms = NULL WHERE website_id = {website_id} AND period IN"
    return _hour_trim(change, website_id, before, HourlyRollup.phase_histograms.is_not(None))


def _old_hours(website_id: int, before: int) -> Trim:
    return _hour_trim(f"DELETE FROM hourly_rollups WHERE website_id = {website_id} AND period IN", website_id, before)


def _hour_trim(change: str, website_id: int, before: int, *conditions: Any) -> Trim:
    old = (HourlyRollup.website_id == website_id, HourlyRollup.period < before, *conditions)
    wanted = select(HourlyRollup.period).where(*old)

    def take(connection: Connection, periods: Keys) -> None:
        connection.exec_driver_sql(f"{change} ({_joined(periods)})")

    return Trim(lambda connection, limit: connection.execute(wanted.limit(limit)).scalars().all(), take)


def free_pages(connection: Connection) -> int:
    """Return how many pages of an SQLite file are free; 0 on PostgreSQL, which looks after its own."""
    if connection.dialect.name != "sqlite":
        return 0
    return int(connection.exec_driver_sql("PRAGMA freelist_count").scalar_one())


def release_pages(connection: Connection, pages: int) -> None:
    """Give up to `pages` free pages of an SQLite file back to the file system. Not within a transaction."""
    driver: Any = connection.connection.driver_connection
    driver.executescript(f"PRAGMA incremental_vacuum({int(pages)})")  # a plain execute would free a single page


def cut_off(now: datetime, days: int) -> datetime:
    """Return the moment before which rows are old."""
    return now - timedelta(days=days)


def _hours(now: datetime, days: int) -> int:
    """Return the hour (since 1970) before which hours are old."""
    return (to_epoch_us(now) // 1_000_000 - days * DAY_S) // HOUR_S
