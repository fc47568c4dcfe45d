"""Calendar work on both databases, beside a writer that must not wait."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select, update

from tests.support.watching import add_website
from tocsin import Database, MonitorCheck, MonitorCheckCreate, MonitorCheckCRUD, MonitorStatus, StorageUnavailable
from tocsin.actions.maintenance import create_window, list_website_periods
from tocsin.model.maintenance import MaintenanceWindowCreate
from tocsin.model.pages import PageQuery
from tocsin.model.times import utcnow
from tocsin.storage.checkpoints import frames_waiting
from tocsin.storage.tables.records import HourlyRollup
from tocsin.watch import housekeeping
from tocsin.watch.housekeeping import Housekeeping, Keeping


def old_checks(database: Database, days: int, count: int = 30) -> int:
    website = add_website(database, f"http://example.com/{days}")
    with database.session() as db:
        for number in range(count):
            at = utcnow() - timedelta(days=days, minutes=number)
            check = MonitorCheckCreate(
                website_id=website.id, status=MonitorStatus.UP, response_time_ms=5, ttfb_ms=1, checked_at=at
            )
            MonitorCheckCRUD.create(db, check)
    return website.id


def test_old_checks_go_and_their_rollups_stay(database: Database) -> None:
    old, young = old_checks(database, 40), old_checks(database, 5)
    keeping = Housekeeping(database, Keeping())
    assert keeping.let_go() == 30
    assert keeping.let_go() == 0
    with database.session() as db:
        left = select(func.count()).select_from(MonitorCheck)
        assert db.scalar(left.where(MonitorCheck.website_id == old)) == 0
        assert db.scalar(left.where(MonitorCheck.website_id == young)) == 30
        assert MonitorCheckCRUD.calculate_uptime_percentage(db, old, hours=24 * 50) == 100.0


def test_maintenance_in_force_is_recorded_and_counted_once_it_is_over(database: Database) -> None:
    website = old_checks(database, 1, 3)
    began = utcnow() - timedelta(days=1, hours=1)
    schedule = {"kind": "once", "starts_at": began, "ends_at": began + timedelta(hours=2)}
    window = MaintenanceWindowCreate.model_validate({"name": "x", "schedule": schedule, "is_global": True})
    with database.session() as db:
        create_window(db, window)
        keeping = Housekeeping(database, Keeping())
        assert keeping.keep_maintenance() == 0
        page = list_website_periods(db, website, PageQuery())
        assert [one.checks_count for one in page.items] == [3]


def test_the_file_shrinks_when_rows_go(tmp_path: Path) -> None:
    database = Database(tmp_path / "shrink.db")
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE ballast (text TEXT)")
        connection.exec_driver_sql("INSERT INTO ballast VALUES (?)", [("x" * 1000,)] * 3000)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE ballast")
    Housekeeping(database, Keeping()).let_go()
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA freelist_count").scalar_one() == 0
    database.dispose()


def test_the_log_is_brought_into_the_file_before_a_check_has_to(tmp_path: Path) -> None:
    database = Database(tmp_path / "log.db")
    keeping = Housekeeping(database, Keeping())
    path = database.url.database
    with database.write_transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE ballast (text TEXT)")
        connection.exec_driver_sql("INSERT INTO ballast VALUES (?)", [("x" * 4000,)] * 700)
    assert frames_waiting(path) > 600
    assert keeping.empty_log()
    assert frames_waiting(path) == 0
    assert not keeping.empty_log()
    database.dispose()


@pytest.mark.parametrize("text", [None, b"", b"short"])
def test_a_log_that_cannot_be_read_waits_for_nothing(tmp_path: Path, text: bytes | None) -> None:
    if text is not None:
        (tmp_path / "t.db-shm").write_bytes(text)
    assert frames_waiting(str(tmp_path / "t.db")) == 0
    assert frames_waiting(None) == 0


def test_the_log_is_looked_after_while_housekeeping_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "CHECKPOINT_EVERY_S", 0.05)
    database = Database(tmp_path / "log.db")
    keeping = Housekeeping(database, Keeping())
    keeping.start()
    try:
        with database.write_transaction() as connection:
            connection.exec_driver_sql("CREATE TABLE ballast (text TEXT)")
            connection.exec_driver_sql("INSERT INTO ballast VALUES (?)", [("x" * 4000,)] * 700)
        deadline = time.monotonic() + 10
        while frames_waiting(database.url.database):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        keeping.stop()
    database.dispose()


def test_a_transaction_of_background_work_ends_soon_and_goes_on_in_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_checks(database, 40)
    monkeypatch.setattr(housekeeping, "TAKE_STEP", 4)
    commits: list[int] = []

    def count(_connection: object) -> None:
        commits.append(1)

    event.listen(database.engine, "commit", count)
    keeping = Housekeeping(database, Keeping())
    monkeypatch.setattr(housekeeping._Turn, "has_time", property(lambda turn: turn.done == 0))
    assert keeping.let_go() == 30
    assert len(commits) >= 8


def test_a_period_that_is_over_is_folded_soon(database: Database) -> None:
    website = old_checks(database, 3)
    with database.engine.begin() as connection:
        connection.execute(update(HourlyRollup).values(total_histogram=None, phase_histograms=None))
    keeping = Housekeeping(database, Keeping(fold_every_s=0.1))
    keeping.start()
    deadline = time.monotonic() + 10
    waiting = select(func.count()).where(HourlyRollup.website_id == website, HourlyRollup.total_histogram.is_(None))
    try:
        while True:
            with database.session() as db:
                if not db.scalar(waiting):
                    break
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        keeping.stop()


def test_a_failing_round_does_not_end_the_others(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    keeping = Housekeeping(database, Keeping())

    def unavailable() -> int:
        raise StorageUnavailable("nobody home")

    def broken() -> int:
        raise ZeroDivisionError

    keeping._guarded(unavailable)()
    keeping._guarded(broken)()
    assert "unavailable is put off: nobody home" in caplog.text
    assert "broken failed" in caplog.text


def test_a_stop_ends_a_long_round(database: Database) -> None:
    old_checks(database, 40, 5)
    keeping = Housekeeping(database, Keeping())
    keeping.stop()
    with database.session() as db:
        assert db.scalar(select(func.count()).select_from(MonitorCheck)) == 5
