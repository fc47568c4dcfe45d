"""What is old goes, in small batches, so that nobody who writes waits long."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, delete, select, tuple_, update

from tocsin.model.times import DAY_S, HOUR_S, to_epoch_us
from tocsin.storage.tables import MonitorCheck, Website
from tocsin.storage.tables.records import CheckEvidence, HourlyRollup

BATCH = 500


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days each kind of row is kept. Daily rollups, downtimes and unknown windows stay for ever."""

    checks_days: int = 30
    phases_days: int = 60
    hours_days: int = 365
    deliveries_days: int = 90


def website_ids(connection: Connection) -> list[int]:
    """Return the ids of all websites, for a round of `trim_checks`."""
    return list(connection.execute(select(Website.id).order_by(Website.id)).scalars())


def trim_checks(connection: Connection, website_id: int, before: datetime, limit: int = BATCH) -> int:
    """Delete up to `limit` of a website's checks from before a moment, with their evidence; return how many."""
    wanted = (
        select(MonitorCheck.id)
        .where(MonitorCheck.website_id == website_id, MonitorCheck.checked_at < before)
        .order_by(MonitorCheck.checked_at)
        .limit(limit)
    )
    ids = list(connection.execute(wanted).scalars())
    if ids:
        connection.execute(delete(CheckEvidence).where(CheckEvidence.check_id.in_(ids)))
        connection.execute(delete(MonitorCheck).where(MonitorCheck.id.in_(ids)))
    return len(ids)


def trim_rollups(connection: Connection, now: datetime, keep: Retention, limit: int = BATCH) -> int:
    """Drop old phase histograms and old hourly rollups, up to `limit` rows of each; return how many rows changed."""
    table: Table = HourlyRollup.__table__  # type: ignore[assignment]
    now_s = to_epoch_us(now) // 1_000_000
    old_phases = (now_s - keep.phases_days * DAY_S) // HOUR_S
    old_hours = (now_s - keep.hours_days * DAY_S) // HOUR_S
    key = tuple_(table.c.website_id, table.c.period)
    keys = select(table.c.website_id, table.c.period)
    with_phases = connection.execute(
        keys.where(table.c.period < old_phases, table.c.phase_histograms.is_not(None)).limit(limit)
    ).all()
    if with_phases:
        connection.execute(update(table).where(key.in_(with_phases)).values(phase_histograms=None))
    expired = connection.execute(keys.where(table.c.period < old_hours).limit(limit)).all()
    if expired:
        connection.execute(delete(table).where(key.in_(expired)))
    return len(with_phases) + len(expired)


def release_pages(connection: Connection, pages: int = 200) -> int:
    """Give up to `pages` free pages of an SQLite file back to the file system; return how many are still free.

    PostgreSQL does it by itself. The connection must not be in a transaction.
    """
    if connection.dialect.name != "sqlite":
        return 0
    driver: Any = connection.connection.driver_connection
    driver.executescript(f"PRAGMA incremental_vacuum({int(pages)})")  # a plain execute would free a single page
    free: int = driver.execute("PRAGMA freelist_count").fetchone()[0]
    return free


def cut_off(now: datetime, days: int) -> datetime:
    """Return the moment before which rows are old."""
    return now - timedelta(days=days)
