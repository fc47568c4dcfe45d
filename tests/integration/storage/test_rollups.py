"""Rollups say at every moment what a count of the single checks says, in whatever order these come."""

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.history import (
    DAY_US,
    EVERY_CHECK,
    HOUR_US,
    add_site,
    counted_by_hand,
    fold_all,
    moment_of,
    random_row,
    random_rows,
    store_rows,
    stored_rollups,
    take_all,
)
from tocsin import Database, MonitorCheckCreate, MonitorCheckCRUD, MonitorStatus
from tocsin.model import histograms
from tocsin.model.times import to_epoch_us, utcnow
from tocsin.storage.history import retention, rollups
from tocsin.storage.history.rollups import DAILY, HOURLY, PHASES
from tocsin.storage.tables.rows import DEGRADED, UP, CheckRow, transfer_us

NOW = datetime(2026, 3, 20, 15, 30, tzinfo=UTC)
PERIODS = (("hours", HOUR_US), ("days", DAY_US))
STATUSES = list(MonitorStatus)


def histograms_by_hand(rows: list[CheckRow], period_us: int) -> dict[tuple[int, int], tuple[Any, list[Any]]]:
    found: dict[tuple[int, int], tuple[Any, list[Any]]] = {}
    for row in rows:
        total, phases = found.setdefault((row.website_id, row.checked_at_us // period_us), ({}, [{} for _ in PHASES]))
        if row.status not in (UP, DEGRADED) or row.total_us is None:
            continue
        histograms.merge(total, histograms.build([row.total_us]))
        whole = (row.total_us, row.dns_us, row.connect_us, row.tls_us, row.ttfb_us)
        durations = (*whole[1:], None if row.ttfb_us is None else transfer_us(*whole))
        for counts, duration in zip(phases, durations, strict=True):
            histograms.merge(counts, histograms.build([] if duration is None else [duration]))
    return found


def assert_counts_are_right(database: Database, rows: list[CheckRow]) -> None:
    found = stored_rollups(database)
    for name, period in PERIODS:
        expected = counted_by_hand(rows, period)
        assert {
            key: {field: numbers[field] for field in expected[key]} for key, numbers in found[name].items()
        } == expected


def assert_histograms_are_right(database: Database, rows: list[CheckRow], now: datetime) -> None:
    """Every period that is over has the histograms of its checks; one that is open has none."""
    found = stored_rollups(database)
    for (name, period), grain in zip(PERIODS, (HOURLY, DAILY), strict=True):
        expected = histograms_by_hand(rows, period)
        for key, numbers in found[name].items():
            if key[1] >= rollups.closed_before(grain, to_epoch_us(now)):
                assert numbers["total_histogram"] is None
                continue
            total, phases = expected[key]
            assert histograms.decode(numbers["total_histogram"]) == total
            assert [histograms.decode(part) for part in histograms.split(numbers["phase_histograms"])] == phases


def test_checks_that_come_in_order_are_counted_and_folded(database: Database) -> None:
    dice = random.Random(1)
    rows: list[CheckRow] = []
    for site in (add_site(database), add_site(database)):
        rows += random_rows(site, dice, NOW - timedelta(days=4), NOW, 300)
    rows.sort(key=lambda row: row.checked_at_us)
    for start in range(0, len(rows), 60):
        batch = rows[start : start + 60]
        store_rows(database, batch, moment_of(batch[-1]) + timedelta(seconds=1))
        assert_counts_are_right(database, rows[: start + 60])
    fold_all(database, NOW)
    assert_counts_are_right(database, rows)
    assert_histograms_are_right(database, rows, NOW)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_checks_that_come_late_are_counted_all_the_same(database: Database, seed: int) -> None:
    dice = random.Random(seed)
    site = add_site(database)
    rows = random_rows(site, dice, NOW - timedelta(days=2), NOW, 150)
    dice.shuffle(rows)
    for start in range(0, len(rows), 10):
        store_rows(database, rows[start : start + 10], NOW)
        assert_counts_are_right(database, rows[: start + 10])
        assert_histograms_are_right(database, rows[: start + 10], NOW)
        if dice.random() < 0.3:
            fold_all(database, NOW)
    assert fold_all(database, NOW) == 0


def test_a_late_check_finds_its_period_open_or_folded(database: Database, site: int) -> None:
    dice = random.Random(4)
    early = random_rows(site, dice, NOW - timedelta(days=3), NOW - timedelta(days=2), 100)
    store_rows(database, early, moment_of(early[0]))  # taken for the present: nothing is late, nothing is folded
    assert all(numbers["total_histogram"] is None for numbers in stored_rollups(database)["hours"].values())
    unfolded = random_row(site, dice, early[50].checked_at_us)
    store_rows(database, [unfolded], NOW)
    fold_all(database, NOW)
    folded = random_row(site, dice, early[20].checked_at_us)
    store_rows(database, [folded], NOW)
    rows = [*early, unfolded, folded]
    assert_counts_are_right(database, rows)
    assert_histograms_are_right(database, rows, NOW)


def test_folding_twice_changes_nothing(database: Database, site: int) -> None:
    rows = random_rows(site, random.Random(5), NOW - timedelta(days=2), NOW, 100)
    store_rows(database, rows, moment_of(rows[0]))
    assert fold_all(database, NOW) > 20
    before = stored_rollups(database)
    assert fold_all(database, NOW) == 0
    with database.write_transaction() as connection:
        rollups.fold(
            connection, HOURLY, [key for key, numbers in before["hours"].items() if numbers["total_histogram"]]
        )
        rollups.fold(connection, DAILY, [key for key, numbers in before["days"].items() if numbers["total_histogram"]])
    assert stored_rollups(database) == before
    assert_histograms_are_right(database, rows, NOW)


def test_a_round_of_folding_is_as_large_as_it_may_be(database: Database, site: int) -> None:
    rows = random_rows(site, random.Random(6), NOW - timedelta(days=2), NOW, 100)
    store_rows(database, rows, moment_of(rows[0]))
    with database.write_transaction() as connection:
        assert rollups.fold_due(connection, now_us=to_epoch_us(NOW), limit=7) == 7
    with database.engine.connect() as connection:
        left = rollups.unfolded(connection, HOURLY, now_us=to_epoch_us(NOW), limit=1000)
    assert [key[1] for key in left] == sorted(key[1] for key in left)


def test_an_hour_is_over_five_minutes_after_its_end() -> None:
    hour = to_epoch_us(NOW.replace(minute=0)) // HOUR_US
    assert rollups.closed_before(HOURLY, hour * HOUR_US + 299_000_000) == hour - 1
    assert rollups.closed_before(HOURLY, hour * HOUR_US + 300_000_000) == hour


def test_a_day_can_be_folded_before_its_hours(database: Database, site: int) -> None:
    rows = random_rows(site, random.Random(7), NOW - timedelta(days=2), NOW - timedelta(days=1), 100)
    store_rows(database, rows, moment_of(rows[0]))
    days = list(stored_rollups(database)["days"])
    with database.write_transaction() as connection:
        rollups.fold(connection, DAILY, days)
    expected = histograms_by_hand(rows, DAY_US)
    for key, numbers in stored_rollups(database)["days"].items():
        assert histograms.decode(numbers["total_histogram"]) == expected[key][0]


def test_figures_stay_when_the_single_checks_are_gone(database: Database, site: int) -> None:
    dice = random.Random(8)
    rows = random_rows(site, dice, NOW - timedelta(days=3), NOW - timedelta(days=1), 200)
    store_rows(database, rows, moment_of(rows[0]))
    fold_all(database, NOW)
    before = stored_rollups(database)
    assert take_all(database, retention.common_trims(NOW, EVERY_CHECK), limit=1000) == [200]
    fold_all(database, NOW)
    assert stored_rollups(database) == before
    late = random_row(site, dice, rows[30].checked_at_us)
    store_rows(database, [late], NOW)
    assert_counts_are_right(database, [*rows, late])
    assert_histograms_are_right(database, [*rows, late], NOW)


def test_phases_that_were_let_go_are_not_begun_anew(database: Database, site: int) -> None:
    dice = random.Random(9)
    rows = random_rows(site, dice, NOW - timedelta(days=100), NOW - timedelta(days=99), 50)
    store_rows(database, rows, NOW)
    take_all(database, retention.website_trims(site, NOW, retention.Retention()))
    store_rows(database, [random_row(site, dice, rows[3].checked_at_us)], NOW)
    numbers = stored_rollups(database)["hours"][site, rows[3].checked_at_us // HOUR_US]
    assert numbers["phase_histograms"] is None
    assert numbers["total_histogram"]


@pytest.mark.parametrize(
    ("start", "end", "hours", "days"),
    [
        ("10:59:30", "11:00:30", [30, 30], [60]),
        ("23:30:00", "01:30:00", [1800, 3600, 1800], [1800, 5400]),
        ("10:00:00", "10:00:00", [], []),
        ("10:00:00", "11:00:00", [3600], [3600]),
    ],
)
def test_unknown_time_is_split_over_hours_and_days(
    database: Database, site: int, start: str, end: str, hours: list[int], days: list[int]
) -> None:
    low, high = (datetime.fromisoformat(f"2026-03-10T{text}+00:00") for text in (start, end))
    if high < low:
        high += timedelta(days=1)
    store_rows(database, [], NOW, [(site, to_epoch_us(low), to_epoch_us(high))])
    found = stored_rollups(database)
    for name, expected in (("hours", hours), ("days", days)):
        assert [found[name][key]["unknown_seconds"] for key in sorted(found[name])] == expected
    fold_all(database, NOW)
    assert all(numbers["total_histogram"] == b"" for numbers in stored_rollups(database)["hours"].values())


def test_checks_recorded_by_hand_are_counted_wherever_they_fall(database: Database, site: int) -> None:
    dice = random.Random(10)
    now = utcnow()
    moments = [now - timedelta(seconds=dice.randrange(40 * 86_400)) for _ in range(60)] + [now] * 3
    counts: dict[str, dict[int, dict[str, int]]] = {"hours": {}, "days": {}}
    with database.session() as db:
        for moment in moments:
            status = dice.choice(STATUSES)
            check = MonitorCheckCreate(website_id=site, status=status, checked_at=moment, response_time_ms=5)
            MonitorCheckCRUD.create(db, check)
            for name, period in PERIODS:
                one = counts[name].setdefault(to_epoch_us(moment) // period, dict.fromkeys(STATUSES, 0))
                one[status] += 1
            if dice.random() < 0.2:
                fold_all(database, now)
    found = stored_rollups(database)
    for name, _ in PERIODS:
        seen = {
            key[1]: {status: numbers[f"{status.lower()}_count"] for status in STATUSES}
            for key, numbers in found[name].items()
            if any(numbers[f"{status.lower()}_count"] for status in STATUSES)
        }
        assert seen == counts[name]


def test_folding_while_late_checks_come_in_loses_none(database: Database, site: int) -> None:
    now = utcnow().replace(microsecond=0)
    dice = random.Random(12)
    rows = random_rows(site, dice, now - timedelta(hours=40), now - timedelta(hours=8), 200)
    store_rows(database, rows, moment_of(rows[0]))
    moments = [now - timedelta(seconds=dice.randrange(8 * 3600, 40 * 3600)) for _ in range(60)]
    faults: list[BaseException] = []

    def guarded(work: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 (told by the test below)
                faults.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def create(mine: list[datetime]) -> None:
        with database.session() as db:
            for moment in mine:
                check = MonitorCheckCreate(
                    website_id=site, status=MonitorStatus.UP, checked_at=moment, response_time_ms=7.0
                )
                MonitorCheckCRUD.create(db, check)

    threads = [guarded(lambda: create(moments[:30])), guarded(lambda: create(moments[30:]))]
    while any(thread.is_alive() for thread in threads):
        with database.write_transaction() as connection:
            rollups.fold_due(connection, now_us=to_epoch_us(now), limit=3)
    for thread in threads:
        thread.join()
    assert faults == []
    fold_all(database, now)
    late = [CheckRow(site, to_epoch_us(one), 0, UP, None, 0, 7000, None, None, None, None, 1, None, None, None)
            for one in moments]  # fmt: skip
    assert_counts_are_right(database, rows + late)
    assert_histograms_are_right(database, rows + late, now)


def test_recent_hours_are_read_for_many_websites_at_once(database: Database) -> None:
    dice = random.Random(11)
    sites = [add_site(database) for _ in range(3)]
    rows = [row for site in sites for row in random_rows(site, dice, NOW - timedelta(hours=30), NOW, 50)]
    store_rows(database, rows, NOW)
    since = to_epoch_us(NOW - timedelta(hours=23)) // HOUR_US
    with database.session() as db:
        found = rollups.recent_hours(db, sites[:2], since)
    expected = {
        key: one for key, one in counted_by_hand(rows, HOUR_US).items() if key[1] >= since and key[0] != sites[2]
    }
    assert {(site, hour): one.up for site, hours in found.items() for hour, one in hours.items()} == {
        key: one["up_count"] for key, one in expected.items()
    }
