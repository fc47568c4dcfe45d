"""Latency and availability over time: raw checks for a day at most, rollups for everything longer."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tocsin.model import histograms
from tocsin.model.series import Point, Series
from tocsin.model.times import DAY_S, HOUR_S, as_utc, from_epoch_us, to_epoch_us
from tocsin.model.uptime import percent_of_checks
from tocsin.storage.history.rollups import PHASES, raw_durations
from tocsin.storage.tables.records import DailyRollup, HourlyRollup
from tocsin.storage.tables.rows import DEGRADED, DOWN, UNKNOWN, UP, transfer_us

_FINEST_S = 60
_RAW_COLUMNS = (
    "checked_at, status, response_time_us, dns_time_us, connect_time_us, tls_time_us, ttfb_us"  # of monitor_checks
)


@dataclass(slots=True)
class _Bucket:
    counts: dict[int, int] = field(default_factory=lambda: dict.fromkeys((UP, DOWN, DEGRADED, UNKNOWN), 0))
    timed: int = 0
    sums: list[int] = field(default_factory=lambda: [0] * len(PHASES))
    total: histograms.Histogram = field(default_factory=dict)

    def point(self, at_s: int) -> Point:
        available = self.counts[UP] + self.counts[DEGRADED]
        count = sum(self.counts.values())
        share = percent_of_checks(available, count, self.counts[UNKNOWN])
        means = [round(total / self.timed / 1000, 3) if self.timed else None for total in self.sums]
        quantiles = [histograms.percentile(self.total, one) for one in (0.5, 0.95, 0.99)]
        p50, p95, p99 = (None if one is None else round(one, 3) for one in quantiles)
        return Point(
            at=from_epoch_us(at_s * 1_000_000),
            checks_count=count,
            up_share=None if share is None else share / 100,
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            dns_ms=means[0],
            connect_ms=means[1],
            tls_ms=means[2],
            ttfb_ms=means[3],
            transfer_ms=means[4],
        )


def series_of(db: Session, website_id: int, start: datetime, end: datetime, points: int) -> Series:
    """Return a website's checks from `start` to `end` in at most `points` buckets of equal length.

    Up to 24 hours are read from raw checks, anything longer from hourly rollups, and from daily ones where a
    bucket is a whole number of days. The first bucket begins at or before `start`, on a multiple of its length.
    """
    start, end = as_utc(start), as_utc(end)
    start_s, end_s = to_epoch_us(start) // 1_000_000, -(-to_epoch_us(end) // 1_000_000)
    grain_s = _FINEST_S if end - start <= timedelta(days=1) else HOUR_S
    width = _width(start_s, end_s, points, grain_s)
    if width >= DAY_S:
        width = _width(start_s, end_s, points, DAY_S)
    buckets: dict[int, _Bucket] = {}
    if grain_s == _FINEST_S:
        source = "checks"
        _read_checks(db, buckets, website_id, (start_s, end_s), width)
    else:
        source = "days" if width % DAY_S == 0 else "hours"
        _read_rollups(db, buckets, website_id, (start_s, end_s), width)
    return Series(
        website_id=website_id,
        from_=start,
        to=end,
        bucket_seconds=width,
        source=source,
        points=[buckets[index].point(index * width) for index in sorted(buckets)],
    )


def _width(start_s: int, end_s: int, points: int, grain_s: int) -> int:
    """Return the shortest bucket, a multiple of the grain, of which at most `points` touch the stretch."""
    width = max(grain_s, -(-(end_s - start_s) // points // grain_s) * grain_s)
    while -(-end_s // width) - start_s // width > points:
        width += grain_s
    return width


def _read_checks(
    db: Session, buckets: dict[int, _Bucket], website_id: int, stretch: tuple[int, int], width: int
) -> None:
    sql = (
        f"SELECT {_RAW_COLUMNS} FROM monitor_checks WHERE website_id = {int(website_id)}"
        f" AND checked_at >= {stretch[0] * 1_000_000} AND checked_at < {stretch[1] * 1_000_000}"
    )
    for at_us, status, total, dns, connect, tls, ttfb in db.connection().exec_driver_sql(sql):
        bucket = buckets.setdefault(at_us // 1_000_000 // width, _Bucket())
        bucket.counts[status] += 1
        if total is None or status not in (UP, DEGRADED):
            continue
        bucket.timed += 1
        number = histograms.bucket_of(total)
        bucket.total[number] = bucket.total.get(number, 0) + 1
        parts = (dns, connect, tls, ttfb, transfer_us(total, dns, connect, tls, ttfb))
        for index, duration in enumerate(parts):
            bucket.sums[index] += duration or 0


def _read_rollups(
    db: Session, buckets: dict[int, _Bucket], website_id: int, stretch: tuple[int, int], width: int
) -> None:
    table: Any = DailyRollup if width % DAY_S == 0 else HourlyRollup
    grain_s = DAY_S if table is DailyRollup else HOUR_S
    low, high = stretch[0] // grain_s, -(-stretch[1] // grain_s)
    wanted = select(table).where(table.website_id == website_id, table.period >= low, table.period < high)
    for row in db.scalars(wanted):
        bucket = buckets.setdefault(row.period * grain_s // width, _Bucket())
        numbers = (row.up_count, row.down_count, row.degraded_count, row.unknown_count)
        for status, number in zip((UP, DOWN, DEGRADED, UNKNOWN), numbers, strict=True):
            bucket.counts[status] += number
        bucket.timed += row.timed_count
        sums = (row.dns_us, row.connect_us, row.tls_us, row.ttfb_us, row.transfer_us)
        for index, total in enumerate(sums):
            bucket.sums[index] += total
        for part in _histograms(db, row, website_id):
            histograms.merge(bucket.total, part)


def _histograms(db: Session, row: HourlyRollup | DailyRollup, website_id: int) -> Iterator[histograms.Histogram]:
    """Yield the histograms of a period; of one that is still open, from its hours and raw checks."""
    if row.total_histogram is not None:
        yield histograms.decode(row.total_histogram)
    elif isinstance(row, HourlyRollup):
        yield raw_durations(db.connection(), (website_id, row.period)).total
    else:
        hours = select(HourlyRollup).where(
            HourlyRollup.website_id == website_id,
            HourlyRollup.period >= row.period * 24,
            HourlyRollup.period < (row.period + 1) * 24,
        )
        for hour in db.scalars(hours):
            yield from _histograms(db, hour, website_id)
