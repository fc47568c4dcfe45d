"""Hourly and daily rollups: counted as checks are stored, histograms folded when the period is over.

Counts and sums grow in the transaction that stores the checks. A period's histograms stay null while it is
open, for its raw checks are at hand; `fold_due` makes them shortly after its end. A check that comes later
(recorded by hand, or after a gap) is added to them at once, so that rollups never depend on raw rows for long.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, bindparam, select, tuple_
from sqlalchemy.orm import Session

from tocsin.model import histograms
from tocsin.model.histograms import Histogram
from tocsin.model.times import DAY_S, HOUR_S
from tocsin.storage.bulk import upsert_rows
from tocsin.storage.tables import MonitorCheck
from tocsin.storage.tables.records import DailyRollup, HourlyRollup
from tocsin.storage.tables.rows import DEGRADED, DOWN, UNKNOWN, UP, CheckRow, transfer_us

GRACE_S = 300
"""A period is folded this long after its end: by then every check that started in it is stored."""

PHASES = ("dns", "connect", "tls", "ttfb", "transfer")

_COUNTS = ("up_count", "down_count", "degraded_count", "unknown_count", "unknown_seconds")
_SUMS = ("timed_count", "total_us", "dns_us", "connect_us", "tls_us", "ttfb_us", "transfer_us")
_COLUMNS = ("website_id", "period", *_COUNTS, *_SUMS)
_COUNT_OF = {UP: 0, DOWN: 1, DEGRADED: 2, UNKNOWN: 3}
_AVAILABLE = (UP, DEGRADED)

Key = tuple[int, int]
"""Website and period."""


@dataclass(frozen=True, slots=True)
class Grain:
    """One of the two resolutions."""

    table: Table
    seconds: int


HOURLY = Grain(HourlyRollup.__table__, HOUR_S)  # type: ignore[arg-type]
DAILY = Grain(DailyRollup.__table__, DAY_S)  # type: ignore[arg-type]


@dataclass(slots=True)
class Durations:
    """Histograms of the whole and of each phase, over available checks that have a response time."""

    total: Histogram = field(default_factory=dict)
    phases: list[Histogram] = field(default_factory=lambda: [{} for _ in PHASES])
    has_phases: bool = True  # False: those of the phases were let go, and a few of them would be misleading

    def add_check(self, total: int, phases: Sequence[int | None]) -> None:
        """Count one check's durations, in microseconds."""
        bucket = histograms.bucket_of(total)
        self.total[bucket] = self.total.get(bucket, 0) + 1
        for counts, duration in zip(self.phases, phases, strict=True):
            if duration is not None:
                bucket = histograms.bucket_of(duration)
                counts[bucket] = counts.get(bucket, 0) + 1

    def add(self, total: bytes | None, phases: bytes | None) -> None:
        """Add stored histograms."""
        histograms.merge(self.total, histograms.decode(total or b""))
        self.has_phases &= phases is not None
        for counts, part in zip(self.phases, histograms.split(phases or b""), strict=False):
            histograms.merge(counts, histograms.decode(part))

    def encode(self) -> tuple[bytes, bytes | None]:
        """Return the two stored values."""
        phases = histograms.join(map(histograms.encode, self.phases)) if self.has_phases else None
        return histograms.encode(self.total), phases


def count_checks(
    connection: Connection,
    checks: Iterable[CheckRow],
    unknown: Iterable[tuple[int, int, int]] = (),
    *,
    now_us: int,
) -> None:
    """Add checks, already stored, to the rollups of their hours and days.

    Args:
        connection: in the transaction that stores the checks.
        checks: the rows.
        unknown: website, start and end (microseconds since 1970) of stretches that nobody could tell of.
        now_us: the present, microseconds since 1970.
    """
    checks = list(checks)
    hours = _aggregate(checks, unknown)
    days: dict[Key, list[int]] = {}
    for (website_id, hour), numbers in hours.items():
        _accumulate(days.setdefault((website_id, hour // 24), [0] * len(numbers)), numbers)
    late = _late(checks, HOURLY, now_us)
    late_days = _late(checks, DAILY, now_us)
    fresh = _missing(connection, HOURLY, late) if late else set()
    fresh_days = _missing(connection, DAILY, late_days) if late_days else set()
    for grain, counted in ((HOURLY, hours), (DAILY, days)):
        rows = [(*key, *numbers) for key, numbers in sorted(counted.items())]
        upsert_rows(connection, grain.table, _COLUMNS, rows, add=_COLUMNS[2:])
    _add_late(connection, HOURLY, late, fresh)
    _add_late(connection, DAILY, late_days, fresh_days)


def _aggregate(checks: list[CheckRow], unknown: Iterable[tuple[int, int, int]]) -> dict[Key, list[int]]:
    hours: dict[Key, list[int]] = {}
    width = len(_COLUMNS) - 2
    for check in checks:
        key = (check.website_id, check.checked_at_us // (HOUR_S * 1_000_000))
        numbers = hours.get(key)
        if numbers is None:
            numbers = hours[key] = [0] * width
        numbers[_COUNT_OF[check.status]] += 1
        if check.total_us is not None and check.status in _AVAILABLE:
            _accumulate_durations(numbers, check)
    for website_id, start_us, end_us in unknown:
        _spread_unknown(hours, website_id, start_us, end_us)
    return hours


def _accumulate_durations(numbers: list[int], check: CheckRow) -> None:
    total, dns, connect, tls, ttfb = check.total_us or 0, check.dns_us, check.connect_us, check.tls_us, check.ttfb_us
    numbers[5] += 1
    numbers[6] += total
    numbers[7] += dns or 0
    numbers[8] += connect or 0
    numbers[9] += tls or 0
    numbers[10] += ttfb or 0
    numbers[11] += transfer_us(total, dns, connect, tls, ttfb)


def _accumulate(into: list[int], numbers: list[int]) -> None:
    for index, number in enumerate(numbers):
        into[index] += number


def _spread_unknown(hours: dict[Key, list[int]], website_id: int, start_us: int, end_us: int) -> None:
    start, end = start_us // 1_000_000, end_us // 1_000_000
    while start < end:
        hour = start // HOUR_S
        until = min(end, (hour + 1) * HOUR_S)
        hours.setdefault((website_id, hour), [0] * (len(_COLUMNS) - 2))[4] += until - start
        start = until


def closed_before(grain: Grain, now_us: int) -> int:
    """Return the first period that is not yet over (its grace included)."""
    return (now_us // 1_000_000 - GRACE_S) // grain.seconds


def _late(checks: list[CheckRow], grain: Grain, now_us: int) -> dict[Key, Durations]:
    """Return the durations of the checks that fall into closed periods."""
    open_from = closed_before(grain, now_us)
    late: dict[Key, Durations] = {}
    for check in checks:
        period = check.checked_at_us // (grain.seconds * 1_000_000)
        if period < open_from:
            durations = late.setdefault((check.website_id, period), Durations())
            if check.total_us is not None and check.status in _AVAILABLE:
                durations.add_check(
                    check.total_us,
                    _phase_durations(check.total_us, check.dns_us, check.connect_us, check.tls_us, check.ttfb_us),
                )
    return late


def _phase_durations(
    total: int, dns: int | None, connect: int | None, tls: int | None, ttfb: int | None
) -> tuple[int | None, ...]:
    return dns, connect, tls, ttfb, None if ttfb is None else transfer_us(total, dns, connect, tls, ttfb)


def _stored(connection: Connection, grain: Grain, keys: Iterable[Key]) -> dict[Key, tuple[bytes | None, bytes | None]]:
    table = grain.table
    wanted = select(table.c.website_id, table.c.period, table.c.total_histogram, table.c.phase_histograms)
    found = {}
    ordered = sorted(keys)
    for start in range(0, len(ordered), 400):
        part = ordered[start : start + 400]
        for row in connection.execute(wanted.where(tuple_(table.c.website_id, table.c.period).in_(part))):
            found[(row.website_id, row.period)] = (row.total_histogram, row.phase_histograms)
    return found


def _missing(connection: Connection, grain: Grain, late: dict[Key, Durations]) -> set[Key]:
    return set(late) - set(_stored(connection, grain, late))


def _add_late(connection: Connection, grain: Grain, late: dict[Key, Durations], fresh: set[Key]) -> None:
    """Bring late checks into the histograms of periods that are over."""
    changed: dict[Key, Durations] = {}
    unfolded: list[Key] = []
    for key, (total, phases) in _stored(connection, grain, late).items():
        if total is not None:
            late[key].add(total, phases)
        elif key not in fresh:
            unfolded.append(key)
            continue
        changed[key] = late[key]
    store_durations(connection, grain, changed)
    fold(connection, grain, unfolded)


def store_durations(connection: Connection, grain: Grain, durations: dict[Key, Durations]) -> None:
    """Write histograms into rollups that exist."""
    if not durations:
        return
    table = grain.table
    statement = (
        table.update()
        .where(table.c.website_id == bindparam("key_website"), table.c.period == bindparam("key_period"))
        .values(total_histogram=bindparam("total"), phase_histograms=bindparam("phases"))
    )
    rows: list[dict[str, Any]] = []
    for (website_id, period), one in sorted(durations.items()):
        total, phases = one.encode()
        rows.append({"key_website": website_id, "key_period": period, "total": total, "phases": phases})
    connection.execute(statement, rows)


def unfolded(connection: Connection, grain: Grain, *, now_us: int, limit: int) -> list[Key]:
    """Return up to `limit` periods that are over and have no histograms yet, oldest first."""
    table = grain.table
    wanted = select(table.c.website_id, table.c.period).where(
        table.c.total_histogram.is_(None), table.c.period < closed_before(grain, now_us)
    )
    # A period that another transaction is adding to is left to that one, or to the next round.
    wanted = wanted.order_by(table.c.period).limit(limit).with_for_update(skip_locked=True)
    return [(row[0], row[1]) for row in connection.execute(wanted)]


def fold(connection: Connection, grain: Grain, keys: Iterable[Key]) -> None:
    """Make the histograms of periods that are over: hours from their raw checks, days from their hours."""
    source = raw_durations if grain is HOURLY else _day_durations
    store_durations(connection, grain, {key: source(connection, key) for key in keys})


def raw_durations(connection: Connection, key: Key) -> Durations:
    """Return the histograms of one website's hour, from its raw checks."""
    website_id, hour = key
    checks: Table = MonitorCheck.__table__  # type: ignore[assignment]
    start_us, end_us = hour * HOUR_S * 1_000_000, (hour + 1) * HOUR_S * 1_000_000
    wanted = "SELECT response_time_us, dns_time_us, connect_time_us, tls_time_us, ttfb_us"
    sql = (
        f"{wanted} FROM {checks.name} WHERE website_id = {int(website_id)} AND checked_at >= {start_us}"
        f" AND checked_at < {end_us} AND status IN ({UP}, {DEGRADED}) AND response_time_us IS NOT NULL"
    )
    durations = Durations()
    for row in connection.exec_driver_sql(sql):
        durations.add_check(row[0], _phase_durations(*row))
    return durations


def _day_durations(connection: Connection, key: Key) -> Durations:
    website_id, day = key
    hours = [(website_id, day * 24 + hour) for hour in range(24)]
    durations = Durations()
    for hour, (total, phases) in _stored(connection, HOURLY, hours).items():
        if total is None:
            total, phases = raw_durations(connection, hour).encode()  # noqa: PLW2901 (an hour not folded yet)
        durations.add(total, phases)
    return durations


def fold_due(connection: Connection, *, now_us: int, limit: int = 50) -> int:
    """Fold up to `limit` periods that are over; return how many were folded."""
    done = 0
    for grain in (HOURLY, DAILY):
        keys = unfolded(connection, grain, now_us=now_us, limit=limit - done)
        fold(connection, grain, keys)
        done += len(keys)
    return done


@dataclass(frozen=True, slots=True)
class HourCounts:
    """Checks of one hour by status."""

    up: int
    down: int
    degraded: int
    unknown: int


def recent_hours(db: Session, website_ids: Iterable[int], since_hour: int) -> dict[int, dict[int, HourCounts]]:
    """Return the counts of every hour from `since_hour` (hours since 1970) on, by website and hour."""
    table = HourlyRollup
    wanted = select(
        table.website_id,
        table.period,
        table.up_count,
        table.down_count,
        table.degraded_count,
        table.unknown_count,
    ).where(table.website_id.in_(list(website_ids)), table.period >= since_hour)
    found: dict[int, dict[int, HourCounts]] = {}
    for website_id, period, *counts in db.execute(wanted):
        found.setdefault(website_id, {})[period] = HourCounts(*counts)
    return found
