"""The recorder when things go wrong around it: a locked database, a row it cannot store, a website that is gone."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from tests.support.watching import add_website
from tocsin import CheckResult, Database, MonitorCheckCRUD, MonitorStatus, NotFound, StorageUnavailable
from tocsin.model.results import Phases
from tocsin.model.times import utcnow
from tocsin.watch import recorder as recorder_module
from tocsin.watch.breaker import Breaker
from tocsin.watch.live import LiveHub
from tocsin.watch.recorder import Recorded, Recorder, Submission, Waiting


@contextmanager
def running_recorder(database: Database) -> Iterator[Recorder]:
    recorder = Recorder(database, LiveHub(), Breaker())
    recorder.start()
    try:
        yield recorder
    finally:
        recorder.stop()


@dataclass(slots=True, eq=False)
class Awaited(Submission):
    """A submission whose end a test can wait for."""

    done: "Future[Recorded]" = field(default_factory=Future)


def submission(website_id: int, status: MonitorStatus = MonitorStatus.UP, **facts: Any) -> Awaited:
    result = CheckResult(url="http://example.com/", started_at=utcnow(), status=status, phases=Phases(total_ms=1.0))
    waiting = Waiting()
    return Awaited(website_id, result.evolve(**facts), 60, 30.0, waiting, is_urgent=True, done=waiting.done)


def count(database: Database, website_id: int) -> int:
    with database.session() as db:
        return MonitorCheckCRUD.get_by_website(db, website_id)[1]


def test_two_results_of_one_website_are_stored_in_order(database: Database) -> None:
    website = add_website(database, "http://example.com/")
    down, up = submission(website.id, MonitorStatus.DOWN), submission(website.id)
    with running_recorder(database) as recorder:
        recorder.submit(down)
        recorder.submit(up)
        first, second = down.done.result(10), up.done.result(10)
    assert first.check_id < second.check_id
    assert (first.state.status, second.state.status) == (MonitorStatus.DOWN, MonitorStatus.UP)
    assert recorder.status_counts == {MonitorStatus.DOWN: 1, MonitorStatus.UP: 1}


def test_a_website_that_is_gone_is_told_so_and_the_others_are_stored(database: Database) -> None:
    website = add_website(database, "http://example.com/")
    gone, kept = submission(4711), submission(website.id)
    with running_recorder(database) as recorder:
        recorder.submit(gone)
        recorder.submit(kept)
        assert kept.done.result(10).check_id > 0
        with pytest.raises(NotFound):
            gone.done.result(10)


def test_a_result_that_cannot_be_stored_is_left_out_and_the_others_are_stored(database: Database) -> None:
    good, bad = (add_website(database, f"http://example.com/{name}") for name in ("good", "bad"))
    broken = submission(bad.id, MonitorStatus.DOWN, http_status_code=10**30)
    kept = submission(good.id)
    with running_recorder(database) as recorder:
        recorder.submit(broken)
        recorder.submit(kept)
        assert kept.done.result(10).check_id > 0
        assert broken.done.exception(10) is not None
        assert recorder.dropped_count == 1
    assert (count(database, good.id), count(database, bad.id)) == (1, 0)


def test_a_locked_sqlite_is_waited_for(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.storage.database.BUSY_TIMEOUT_MS", 100)
    monkeypatch.setattr(recorder_module, "RETRY_S", (0.05,))
    database = Database(tmp_path / "locked.db")
    website = add_website(database, "http://example.com/")
    one = submission(website.id)
    with running_recorder(database) as recorder, database.engine.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        recorder.submit(one)
        time.sleep(0.6)
        assert not one.done.done()
        other.rollback()
        assert one.done.result(10).check_id == 1
    database.dispose()


def test_at_the_end_what_waits_is_stored(database: Database) -> None:
    websites = [add_website(database, f"http://example.com/{number}") for number in range(30)]
    with running_recorder(database) as recorder:
        waiting = [submission(website.id) for website in websites]
        for one in waiting:
            recorder.submit(one)
    assert all(one.done.done() for one in waiting)
    assert recorder.waiting_count == 0
    assert sum(count(database, website.id) for website in websites) == 30


def test_more_than_the_queue_holds_is_dropped_and_counted(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "QUEUE_LIMIT", 1)
    recorder = Recorder(database, LiveHub(), Breaker())
    website = add_website(database, "http://example.com/")
    kept, dropped = submission(website.id), submission(website.id)
    recorder.submit(kept)
    recorder.submit(dropped)
    assert isinstance(dropped.done.exception(0), StorageUnavailable)
    assert recorder.dropped_count == 1
    recorder.start()
    recorder.stop()
    assert kept.done.result(0).check_id > 0


def test_a_gap_is_longer_for_a_website_that_was_left_alone(database: Database) -> None:
    website = add_website(database, "http://example.com/")
    began = utcnow() - timedelta(hours=2)
    with running_recorder(database) as recorder:
        for number in range(5):
            failed = submission(website.id, MonitorStatus.DOWN, started_at=began + timedelta(minutes=number))
            recorder.submit(failed)
            failed.done.result(10)
        trial = submission(website.id, MonitorStatus.DOWN, started_at=began + timedelta(minutes=9, seconds=30))
        recorder.submit(trial)
        trial.done.result(10)
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM unknown_windows").scalar_one() == 0


def test_results_from_many_threads_are_all_stored(database: Database) -> None:
    websites = [add_website(database, f"http://example.com/{number}") for number in range(8)]
    with running_recorder(database) as recorder:

        def send(website_id: int) -> None:
            for _ in range(25):
                recorder.submit(submission(website_id))

        threads = [threading.Thread(target=send, args=(website.id,)) for website in websites]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [count(database, website.id) for website in websites] == [25] * 8


def test_stopping_while_the_database_stays_locked_ends_soon_and_says_what_is_lost(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tocsin.storage.database.BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr(recorder_module, "RETRY_S", (0.05,))
    database = Database(tmp_path / "locked.db")
    lost = [submission(add_website(database, f"http://example.com/{number}").id) for number in range(40)]
    with database.engine.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        with running_recorder(database) as recorder:
            for one in lost:
                recorder.submit(one)
        other.rollback()
    assert all(isinstance(one.done.exception(0), StorageUnavailable) for one in lost)
    assert recorder.dropped_count == 40
    assert caplog.text.count("results are lost") < 5
    database.dispose()
