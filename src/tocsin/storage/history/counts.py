"""How many checks of each status a stretch of time holds, with as few rows read as possible.

Whole UTC days come from daily rollups, whole hours from hourly ones, raw checks only for the edges of less
than an hour, and for one website over at most 24 hours.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from tocsin.model.times import DAY_S, HOUR_S, as_utc, from_epoch_us, to_epoch_us
from tocsin.storage.tables import MonitorCheck
from tocsin.storage.tables.records import DailyRollup, HourlyRollup

RAW_WINDOW = timedelta(hours=24)


@dataclass(slots=True)
class CheckCounts:
    """Checks by status."""

    up: int = 0
    down: int = 0
    degraded: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        """All checks."""
        return self.up + self.down + self.degraded + self.unknown

    @property
    def available(self) -> int:
        """UP and DEGRADED ones."""
        return self.up + self.degraded

    def add(self, other: "CheckCounts") -> None:
        """Count those of `other` too."""
        self.up += other.up
        self.down += other.down
        self.degraded += other.degraded
        self.unknown += other.unknown

    def add_counted(self, checks: int, available: int, unknown: int) -> None:
        """Count so many checks, of which so many were available and so many could not tell."""
        self.add(CheckCounts(up=available, down=checks - available - unknown, unknown=unknown))

    def leave_out(self, other: "CheckCounts") -> None:
        """Take those of `other` away."""
        self.add(CheckCounts(-other.up, -other.down, -other.degraded, -other.unknown))


@dataclass(frozen=True, slots=True)
class Pieces:
    """A stretch of time cut into raw edges (microseconds), hours and days (periods since 1970); ends excluded."""

    raw: tuple[tuple[int, int], ...]
    hours: tuple[tuple[int, int], ...]
    days: tuple[tuple[int, int], ...]


def cut(start_us: int, end_us: int) -> Pieces:
    """Cut the time from `start_us` to `end_us` into the coarsest pieces that fit exactly."""
    if end_us - start_us <= RAW_WINDOW // timedelta(microseconds=1):
        return Pieces(((start_us, end_us),), (), ())
    hour_us = HOUR_S * 1_000_000
    first, last = -(-start_us // hour_us), end_us // hour_us
    raw = ((start_us, first * hour_us), (last * hour_us, end_us))
    per_day = DAY_S // HOUR_S
    first_day, last_day = -(-first // per_day), last // per_day
    if first_day >= last_day:
        return Pieces(raw, ((first, last),), ())
    hours = ((first, first_day * per_day), (last_day * per_day, last))
    return Pieces(raw, hours, ((first_day, last_day),))


def count_between(db: Session, website_id: int, start: datetime, end: datetime) -> CheckCounts:
    """Return a website's checks from `start` to `end` (both included) by status."""
    seen = CheckCounts()
    pieces = cut(to_epoch_us(as_utc(start)), to_epoch_us(as_utc(end)) + 1)
    for low, high in pieces.raw:
        _add_raw(db, seen, website_id, low, high)
    for table, ranges in ((HourlyRollup, pieces.hours), (DailyRollup, pieces.days)):
        for low, high in ranges:
            wanted = select(
                func.sum(table.up_count),
                func.sum(table.down_count),
                func.sum(table.degraded_count),
                func.sum(table.unknown_count),
            ).where(table.website_id == website_id, table.period >= low, table.period < high)
            _add_sums(seen, db.execute(wanted).one())
    return seen


def _add_raw(db: Session, seen: CheckCounts, website_id: int, low_us: int, high_us: int) -> None:
    wanted = select(MonitorCheck.status, func.count()).where(
        MonitorCheck.website_id == website_id,
        MonitorCheck.checked_at >= from_epoch_us(low_us),
        MonitorCheck.checked_at < from_epoch_us(high_us),
    )
    for status, number in db.execute(wanted.group_by(MonitorCheck.status)):
        name = status.name.lower()
        setattr(seen, name, getattr(seen, name) + number)


def _add_sums(seen: CheckCounts, sums: Row[int, int, int, int]) -> None:
    up, down, degraded, unknown = (int(number or 0) for number in sums)
    seen.up += up
    seen.down += down
    seen.degraded += degraded
    seen.unknown += unknown
