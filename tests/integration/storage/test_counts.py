"""How a stretch of time is cut so that few rows are read, and that the count is that of the single checks."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st
from sqlalchemy import event
from sqlalchemy.orm import Session

from tests.support.history import (
    DAY_US,
    EVERY_CHECK,
    HOUR_US,
    add_site,
    fold_all,
    moment_of,
    random_row,
    random_rows,
    store_rows,
    take_all,
)
from tocsin import Database, MonitorCheckCRUD
from tocsin.model.times import to_epoch_us, utcnow
from tocsin.storage.history import retention
from tocsin.storage.history.counts import CheckCounts, count_between, cut
from tocsin.storage.history.series import series_of
from tocsin.storage.history.uptime import uptime_of
from tocsin.storage.tables.rows import DEGRADED, DOWN, UNKNOWN, UP, CheckRow

NOW = datetime(2026, 3, 20, 15, 30, 12, 345_678, tzinfo=UTC)


@given(st.integers(0, 10**16), st.integers(0, 60 * DAY_US))
def test_the_pieces_make_up_the_whole_and_the_raw_ones_are_short(start: int, duration: int) -> None:
    end = start + duration
    pieces = cut(start, end)
    ranges = [
        *pieces.raw,
        *((low * HOUR_US, high * HOUR_US) for low, high in pieces.hours),
        *((low * DAY_US, high * DAY_US) for low, high in pieces.days),
    ]
    parts = sorted((low, high) for low, high in ranges if low < high)
    assert sum(high - low for low, high in parts) == duration
    assert all(left[1] == right[0] for left, right in pairwise(parts))
    assert not parts or (parts[0][0], parts[-1][1]) == (start, end)
    if duration > DAY_US:
        assert all(high - low < HOUR_US for low, high in pieces.raw)
        assert sum(high - low for low, high in pieces.hours) <= 47
    else:
        assert pieces.raw == ((start, end),)


def by_hand(rows: list[CheckRow], start: datetime, end: datetime) -> CheckCounts:
    low, high = to_epoch_us(start), to_epoch_us(end)
    statuses = [row.status for row in rows if low <= row.checked_at_us <= high]
    return CheckCounts(*(statuses.count(status) for status in (UP, DOWN, DEGRADED, UNKNOWN)))


def test_the_count_is_that_of_the_single_checks_for_any_stretch(database: Database) -> None:
    dice = random.Random(1)
    site, other = add_site(database), add_site(database)
    rows = random_rows(site, dice, NOW - timedelta(days=40), NOW, 700)
    edges = [(to_epoch_us(NOW) // HOUR_US - hours) * HOUR_US for hours in (1, 24, 25, 240, 500)]
    rows += [random_row(site, dice, edge + nudge) for edge in edges for nudge in (-1, 0, 1)]
    store_rows(database, [*rows, *random_rows(other, dice, NOW - timedelta(days=40), NOW, 50)], NOW)
    with database.session() as db:
        for _ in range(60):
            start = NOW - timedelta(seconds=dice.randrange(41 * 86_400))
            end = start + timedelta(seconds=dice.choice((60, 3600, 86_400, 40 * 86_400)) * dice.random())
            assert count_between(db, site, start, end) == by_hand(rows, start, end), (start, end)
        for edge in edges:
            start, end = NOW - timedelta(days=30), moment_of(random_row(site, dice, edge))
            assert count_between(db, site, start, end) == by_hand(rows, start, end)
            assert count_between(db, site, end, NOW) == by_hand(rows, end, NOW)


def test_both_ends_are_included(database: Database, db: Session, site: int) -> None:
    row = random_row(site, random.Random(2), to_epoch_us(NOW))
    store_rows(database, [row], NOW)
    for length in (timedelta(0), timedelta(hours=3), timedelta(days=9)):
        assert count_between(db, site, NOW - length, NOW).total == 1
        assert count_between(db, site, NOW, NOW + length).total == 1
    assert count_between(db, site, NOW - timedelta(days=9), NOW - timedelta(microseconds=1)).total == 0
    assert count_between(db, site, NOW.replace(tzinfo=None), NOW).total == 1


@pytest.mark.parametrize("hours", [1, 24, 25, 720, 24 * 39])
def test_uptime_by_checks_is_that_of_the_single_checks(database: Database, db: Session, site: int, hours: int) -> None:
    now = utcnow()
    rows = random_rows(site, random.Random(hours), now - timedelta(days=40), now - timedelta(minutes=5), 600)
    rows += random_rows(site, random.Random(hours), now - timedelta(minutes=50), now - timedelta(minutes=5), 5)
    store_rows(database, rows, now)
    seen = by_hand(rows, now - timedelta(hours=hours), now)
    expected = 100 * seen.available / (seen.total - seen.unknown)
    assert MonitorCheckCRUD.calculate_uptime_percentage(db, site, hours) == pytest.approx(expected)
    uptime = uptime_of(db, site, hours, now)
    assert (uptime.checks_count, uptime.up_count) == (seen.total, seen.available)
    assert uptime.by_checks_percent == pytest.approx(expected, abs=1e-6)


def test_figures_of_a_month_read_the_single_checks_of_its_edges_only(database: Database, site: int) -> None:
    dice = random.Random(3)
    now = utcnow()
    rows = random_rows(site, dice, now - timedelta(days=31), now, 2000)
    store_rows(database, rows, now)
    fold_all(database, now)
    scanned: list[tuple[int, int]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "monitor_checks" in statement:
            numbers = [int(word) for word in f"{statement} {parameters}".replace("(", " ").replace(")", " ")
                       .replace(",", " ").replace("'", " ").replace("}", " ").split() if word.isdigit()]  # fmt: skip
            moments = sorted(number for number in numbers if number > 10**15)
            assert len(moments) == 2, statement
            scanned.append((moments[0], moments[1]))

    event.listen(database.engine, "before_cursor_execute", note)
    with database.session() as db:
        MonitorCheckCRUD.calculate_uptime_percentage(db, site, hours=720)
        uptime_of(db, site, 720, now)
        series_of(db, site, now - timedelta(days=30), now, points=100)
        series_of(db, site, now - timedelta(days=30), now, points=1000)
        series_of(db, site, now - timedelta(days=30), now, points=20)
        assert scanned
        assert all(high - low <= HOUR_US for low, high in scanned)
        scanned.clear()
        series_of(db, site, now - timedelta(hours=24), now, points=100)
        MonitorCheckCRUD.calculate_uptime_percentage(db, site, hours=24)
        assert scanned
        assert all(high - low <= DAY_US + 60_000_000 for low, high in scanned)


def test_figures_of_a_month_stay_when_its_single_checks_are_gone(database: Database, db: Session, site: int) -> None:
    now = NOW.replace(minute=0, second=0, microsecond=0)
    rows = random_rows(site, random.Random(4), now - timedelta(days=30), now, 800)
    store_rows(database, rows, now)
    later = now + timedelta(hours=26)
    fold_all(database, later)
    start = now - timedelta(days=30)
    before = (uptime_of(db, site, 720, now), [series_of(db, site, start, now, points) for points in (30, 721)])
    assert take_all(database, retention.common_trims(later, EVERY_CHECK), limit=10_000) == [800]
    assert (uptime_of(db, site, 720, now), [series_of(db, site, start, now, points) for points in (30, 721)]) == before
