"""Latency and availability over time: how it is cut into buckets, and that the figures are those of the checks."""

import math
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from tests.support.history import fold_all, random_rows, store_rows
from tocsin import Database
from tocsin.model.series import Point, Series
from tocsin.model.times import to_epoch_us
from tocsin.storage.history.series import series_of
from tocsin.storage.tables.rows import DEGRADED, UNKNOWN, UP, CheckRow, transfer_us

NOW = datetime(2026, 3, 20, 15, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 20, tzinfo=UTC)
PHASES = ("dns", "connect", "tls", "ttfb")


def within(point: Point, series: Series, rows: Iterable[CheckRow]) -> list[CheckRow]:
    low = to_epoch_us(point.at)
    return [row for row in rows if low <= row.checked_at_us < low + series.bucket_seconds * 1_000_000]


def assert_point_is_right(point: Point, rows: list[CheckRow]) -> None:
    told = [row for row in rows if row.status != UNKNOWN]
    served = [row for row in rows if row.status in (UP, DEGRADED)]
    assert point.checks_count == len(rows)
    assert point.up_share == (pytest.approx(len(served) / len(told)) if told else None)
    durations = sorted((row.total_us or 0) / 1000 for row in served)
    for share, estimate in ((0.5, point.p50_ms), (0.95, point.p95_ms), (0.99, point.p99_ms)):
        exact = durations[math.ceil(share * len(durations)) - 1] if durations else None
        assert estimate == (None if exact is None else pytest.approx(exact, rel=0.02))
    for phase in PHASES:
        values = [getattr(row, f"{phase}_us") for row in served]
        mean = round(sum(values) / len(values) / 1000, 3) if values else None
        assert getattr(point, f"{phase}_ms") == mean
    left = [transfer_us(row.total_us or 0, row.dns_us, row.connect_us, row.tls_us, row.ttfb_us) for row in served]
    assert point.transfer_ms == (round(sum(left) / len(left) / 1000, 3) if left else None)


@pytest.mark.parametrize(
    ("length", "points", "source"),
    [
        (timedelta(hours=1), 60, "checks"),
        (timedelta(hours=24), 100, "checks"),
        (timedelta(hours=24), 1, "checks"),
        (timedelta(hours=25), 200, "hours"),
        (timedelta(days=7), 100, "hours"),
        (timedelta(days=30), 31, "days"),
        (timedelta(days=30), 10, "days"),
        (timedelta(days=30), 1, "days"),
    ],
)
@pytest.mark.parametrize("is_folded", [True, False])
def test_the_figures_are_those_of_the_single_checks(
    database: Database, site: int, length: timedelta, points: int, source: str, is_folded: bool
) -> None:
    rows = random_rows(site, random.Random(points), NOW - timedelta(days=32), NOW + timedelta(hours=1), 400)
    rows += random_rows(site, random.Random(points), NOW - timedelta(hours=24), NOW, 300)
    store_rows(database, rows, NOW if is_folded else NOW - timedelta(days=40))
    if is_folded:
        fold_all(database, NOW)
    with database.session() as db:
        series = series_of(db, site, NOW - length, NOW, points)
    assert series.source == source
    assert 0 < len(series.points) <= points
    assert series.from_ == NOW - length
    assert [point.at for point in series.points] == sorted(point.at for point in series.points)
    limits = (NOW - length, NOW) if source == "checks" else (NOW - timedelta(days=99), NOW + timedelta(days=99))
    if source == "hours":
        limits = (limits[0], NOW.replace(minute=0) + timedelta(hours=1))
    low, high = to_epoch_us(limits[0]), to_epoch_us(limits[1])
    seen = [row for row in rows if low <= row.checked_at_us < high]
    for point in series.points[1:]:
        assert_point_is_right(point, within(point, series, seen))


@pytest.mark.parametrize("points", [1, 2, 3, 7, 24, 100, 500])
@pytest.mark.parametrize("hours", [1, 5, 24, 25, 168, 8760])
def test_there_are_never_more_buckets_than_points(database: Database, site: int, hours: int, points: int) -> None:
    start = NOW - timedelta(hours=hours)
    rows = random_rows(site, random.Random(1), start, NOW, 200)
    store_rows(database, rows, NOW - timedelta(days=400))
    with database.session() as db:
        series = series_of(db, site, start, NOW, points)
    assert 1 <= len(series.points) <= points
    width = timedelta(seconds=series.bucket_seconds)
    assert all(start - width < point.at < NOW for point in series.points)
    assert points < 24 or width <= max(timedelta(days=1), 2 * timedelta(hours=hours) / points)
    assert all(point.at.timestamp() % series.bucket_seconds == 0 for point in series.points)


def test_a_website_without_checks_has_no_points(db: Session, site: int) -> None:
    for length in (timedelta(hours=1), timedelta(days=3), timedelta(days=300)):
        assert series_of(db, site, NOW - length, NOW, 100).points == []
    assert series_of(db, site, NOW, NOW - timedelta(hours=1), 100).points == []


def test_moments_without_a_zone_are_utc(db: Session, site: int) -> None:
    series = series_of(db, site, MIDNIGHT.replace(tzinfo=None), NOW.replace(tzinfo=None), 100)
    assert (series.from_, series.to) == (MIDNIGHT, NOW)


def test_a_day_that_is_open_is_read_from_its_hours(database: Database, site: int) -> None:
    rows = random_rows(site, random.Random(2), MIDNIGHT, NOW, 100)
    store_rows(database, rows, MIDNIGHT)
    fold_all(database, NOW)
    with database.session() as db:
        series = series_of(db, site, NOW - timedelta(days=60), NOW, 61)
    assert (series.source, len(series.points)) == ("days", 1)
    assert_point_is_right(series.points[0], rows)
