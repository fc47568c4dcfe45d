"""Heartbeats in a running watch: pings, deadlines, races, and what happens around a gap."""

import asyncio
import logging
from datetime import datetime, timedelta

import pytest

from tests.support.heartbeats import KEY, add_heartbeat, checks_of, ping, state_of
from tests.support.watching import add_website, eventually, running_watch
from tocsin import (
    Cause,
    Conflict,
    Database,
    DowntimeWindow,
    DowntimeWindowCRUD,
    MonitorCheckCRUD,
    MonitorStatus,
    NotFound,
    StorageUnavailable,
    WebsiteCRUD,
    WebsiteUpdate,
)
from tocsin.model.heartbeats.pings import PingKind
from tocsin.model.times import utcnow
from tocsin.storage.heartbeats import list_pings
from tocsin.storage.outbox import list_events
from tocsin.storage.states import states_of
from tocsin.watch import pings as pings_module
from tocsin.watch.breaker import Breaker
from tocsin.watch.deadlines import DeadlineLoop
from tocsin.watch.live import LiveEvent, LiveHub
from tocsin.watch.pings import PingDesk
from tocsin.watch.recorder import Recorder
from tocsin.watch.service import WatchPlan

START, SUCCESS, FAIL, LOG = PingKind.START, PingKind.SUCCESS, PingKind.FAIL, PingKind.LOG
UP, DOWN = MonitorStatus.UP, MonitorStatus.DOWN
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
NO_LOOP = WatchPlan(is_enabled=False)


def downtimes_of(database: Database, website_id: int) -> list[DowntimeWindow]:
    with database.session() as db:
        return DowntimeWindowCRUD.get_by_website(db, website_id)[0]


def move_deadline(database: Database, moment: datetime) -> None:
    """Let time have passed: the next ping of every heartbeat was due before."""
    microseconds = int(moment.timestamp() * 1_000_000)
    with database.write_transaction() as connection:
        connection.exec_driver_sql(f"UPDATE heartbeats SET deadline_at = {microseconds}")


async def test_a_job_that_stops_reporting_goes_down_exactly_when_its_grace_ends(database: Database) -> None:
    site = add_heartbeat(database, period=1, grace=1)
    async with running_watch(database) as watch:
        await watch.take_ping(KEY, ping(START))
        await watch.take_ping(KEY, ping(body=b"12 tables"))
        due = state_of(database, site).deadline_at
        await eventually(lambda: downtimes_of(database, site))
        back = ping()
        await watch.take_ping(KEY, back)
    up, missed, again = checks_of(database, site)
    assert (up.status, missed.status, missed.cause, again.status) == (UP, DOWN, Cause.HEARTBEAT_MISSED, UP)
    assert up.response_time_ms is not None
    assert (missed.checked_at, missed.phase) == (due, None)
    (downtime,) = downtimes_of(database, site)
    assert (downtime.started_at, downtime.ended_at, downtime.affected_checks_count) == (due, back.at, 1)
    with database.session() as db:
        assert [event.reason for event in list_events(db)] == ["went_down", "recovered"]
        assert states_of(db, [site])[site].breaker_open_until is None


async def test_a_failure_is_down_at_once_and_everybody_hears_it(database: Database) -> None:
    site = add_heartbeat(database)
    live = LiveHub()
    heard: list[LiveEvent] = []

    async def listen() -> None:
        with live.subscribe() as events:
            heard.extend([event async for event in events])

    listener = asyncio.create_task(listen())
    async with running_watch(database, live=live, plan=NO_LOOP) as watch:
        await watch.take_ping(KEY, ping(START))
        await watch.take_ping(KEY, ping(FAIL, exit_code=3, body=b"disk full"))
    live.close()
    await listener
    assert [event.kind for event in heard] == ["website", "check", "transition"]
    (check,) = checks_of(database, site)
    assert (check.status, check.cause) == (DOWN, Cause.HEARTBEAT_FAILED)
    assert check.error_message == "The job ended with exit code 3: disk full"
    with database.session() as db:
        (event,) = list_events(db)
        assert event.details["message"] == check.error_message


async def test_five_failures_open_no_breaker(database: Database) -> None:
    site = add_heartbeat(database)
    async with running_watch(database, breaker=Breaker(failures=2), plan=NO_LOOP) as watch:
        for _ in range(5):
            await watch.take_ping(KEY, ping(FAIL))
        await watch.take_ping(KEY, ping())
    with database.session() as db:
        assert states_of(db, [site])[site].status is UP
    assert downtimes_of(database, site)[0].affected_checks_count == 5


async def test_pings_from_many_connections_are_all_kept_and_make_one_downtime(database: Database) -> None:
    site = add_heartbeat(database)
    async with running_watch(database, plan=NO_LOOP) as watch, running_watch(database, plan=NO_LOOP) as other:
        kinds = [(FAIL, LOG, FAIL, START)[number % 4] for number in range(60)]
        doors = [(watch, other)[number % 2] for number in range(60)]
        await asyncio.gather(
            *(door.take_ping(KEY, ping(kind, body=b"x")) for door, kind in zip(doors, kinds, strict=True))
        )
        assert state_of(database, site).pings_count == 60
        await watch.take_ping(KEY, ping())
    with database.session() as db:
        rows, total = list_pings(db, site, 0, 100)
    assert (total, sorted(row.number for row in rows)) == (61, list(range(1, 62)))
    assert len(checks_of(database, site)) == 31
    (downtime,) = downtimes_of(database, site)
    assert downtime.ended_at is not None


async def test_a_caller_who_does_not_wait_for_the_answer_disturbs_nobody(database: Database) -> None:
    sites = [add_heartbeat(database, f"job-{number}") for number in range(6)]
    async with running_watch(database, plan=NO_LOOP) as watch, asyncio.timeout(30):
        calls = [asyncio.create_task(watch.take_ping(f"job-{number}", ping(FAIL))) for number in range(6)]
        for _ in range(3):
            await watch.take_ping("job-0", ping(LOG))
            for one in calls[::2]:
                one.cancel()
        ended = await asyncio.gather(*calls, return_exceptions=True)
        await watch.take_ping("job-1", ping())
    assert not [one for one in ended if isinstance(one, Exception)]
    assert all(len(checks_of(database, site)) <= 1 for site in (sites[0], *sites[2:])), "nothing is stored twice"
    assert len(checks_of(database, sites[1])) == 2


async def test_pings_of_many_heartbeats_are_all_kept(database: Database) -> None:
    sites = [add_heartbeat(database, f"job-{number}") for number in range(40)]
    async with running_watch(database, plan=NO_LOOP) as watch:
        await asyncio.gather(*(watch.take_ping(f"job-{number}", ping()) for number in range(40) for _ in range(3)))
    assert [state_of(database, site).pings_count for site in sites] == [3] * 40


async def test_a_ping_in_the_moment_of_its_deadline_is_no_missing_one(database: Database) -> None:
    site = add_heartbeat(database)
    async with running_watch(database) as watch:
        for _ in range(20):
            await watch.take_ping(KEY, ping())
            now = utcnow()
            await asyncio.to_thread(move_deadline, database, now)
            await watch.take_ping(KEY, ping())
    seen = checks_of(database, site)
    assert len([one for one in seen if one.status is UP]) == 40
    assert seen[-1].status is UP
    assert all(one.ended_at is not None for one in downtimes_of(database, site))


async def test_what_was_missing_while_nobody_ran_has_its_grace_once_more(database: Database) -> None:
    site = add_heartbeat(database, grace=2)
    async with running_watch(database, plan=NO_LOOP) as watch:
        await watch.take_ping(KEY, ping(at=utcnow() - 5 * HOUR))
    began = utcnow()
    async with running_watch(database):
        await eventually(lambda: (state_of(database, site).deadline_at or began) > began)
        deadline = state_of(database, site).deadline_at
        assert deadline is not None
        assert deadline - began >= 2 * SECOND
        await eventually(lambda: downtimes_of(database, site))
    (downtime,) = downtimes_of(database, site)
    assert downtime.started_at == deadline


async def test_a_ping_soon_after_a_start_is_in_time(database: Database) -> None:
    site = add_heartbeat(database, grace=30)
    async with running_watch(database, plan=NO_LOOP) as watch:
        await watch.take_ping(KEY, ping(at=utcnow() - 5 * HOUR))
    async with running_watch(database) as watch:
        await watch.take_ping(KEY, ping())
    assert [one.status for one in checks_of(database, site)] == [UP, UP]
    with database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT ended_at - started_at FROM unknown_windows").scalars().all()
    (unknown_us,) = rows
    assert timedelta(0) <= timedelta(microseconds=unknown_us) - (4 * HOUR - 30 * SECOND) < HOUR


async def test_a_gap_in_looking_is_no_jobs_failure(database: Database) -> None:
    site = add_heartbeat(database, grace=30)
    recorder = Recorder(database, LiveHub(), Breaker())
    recorder.start()
    loop = DeadlineLoop(database, recorder)
    await loop.look()
    await PingDesk(database, recorder).take(KEY, ping())
    await asyncio.to_thread(move_deadline, database, utcnow() - HOUR)
    loop._looked_at = utcnow() - HOUR  # as after the machine slept
    await loop.look()
    assert downtimes_of(database, site) == []
    await asyncio.to_thread(move_deadline, database, utcnow() - HOUR)
    await loop.look()
    recorder.stop()
    assert len(downtimes_of(database, site)) == 1


async def test_the_loop_goes_on_when_the_database_does_not(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = add_heartbeat(database, grace=1)
    monkeypatch.setattr("tocsin.watch.deadlines.POLL_S", 0.05)
    recorder = Recorder(database, LiveHub(), Breaker())
    recorder.start()
    loop = DeadlineLoop(database, recorder)
    faults: list[Exception] = [StorageUnavailable("gone"), RuntimeError("a fault of ours")]
    real_look = loop.look

    async def look() -> float:
        if faults:
            raise faults.pop(0)
        return await real_look()

    monkeypatch.setattr(loop, "look", look)
    await PingDesk(database, recorder).take(KEY, ping(at=utcnow() - HOUR))
    with caplog.at_level(logging.WARNING):
        running = asyncio.create_task(loop.run())
        await eventually(lambda: downtimes_of(database, site))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    recorder.stop()
    assert "cannot read which pings are missing: gone" in caplog.text
    assert "looking for missing pings failed" in caplog.text


async def test_a_heartbeat_that_cannot_be_judged_does_not_stop_the_others(database: Database) -> None:
    broken, fine = add_heartbeat(database, cron="@daily", time_zone="UTC"), add_heartbeat(database, "fine")
    recorder = Recorder(database, LiveHub(), Breaker())
    recorder.start()
    desk = PingDesk(database, recorder)
    loop = DeadlineLoop(database, recorder)
    await loop.look()
    await desk.take(KEY, ping(at=utcnow() - HOUR))
    await desk.take("fine", ping(at=utcnow() - HOUR))
    with database.write_transaction() as connection:
        connection.exec_driver_sql(f"UPDATE websites SET time_zone = 'Nowhere/Else' WHERE id = {broken}")
    await asyncio.to_thread(move_deadline, database, utcnow() - SECOND)
    assert await loop.look() == 1.0
    recorder.stop()
    assert (len(downtimes_of(database, broken)), len(downtimes_of(database, fine))) == (0, 1)


async def test_a_ping_resumes_a_paused_heartbeat(database: Database) -> None:
    site = add_heartbeat(database)
    async with running_watch(database) as watch:
        await watch.take_ping(KEY, ping())
        with database.session() as db:
            WebsiteCRUD.update(db, site, WebsiteUpdate(is_active=False))
        await watch.take_ping(KEY, ping(LOG))
        with database.session() as db:
            row = WebsiteCRUD.get_by_id(db, site)
            assert row is not None
            assert not row.is_active
        await watch.take_ping(KEY, ping())
        with database.session() as db:
            row = WebsiteCRUD.get_by_id(db, site)
            assert row is not None
            assert row.is_active
    assert state_of(database, site).deadline_at is not None


async def test_nobody_looks_at_a_heartbeat_not_even_when_asked(database: Database) -> None:
    site = add_heartbeat(database)
    looked_at = add_website(database, "http://127.0.0.1:9/")
    async with running_watch(database) as watch:
        with pytest.raises(Conflict, match="is a heartbeat: nobody looks at it"):
            await watch.check_now(site)
        await eventually(lambda: checks_of(database, looked_at.id))
        assert (watch.is_scheduled(site), watch.is_scheduled(looked_at.id)) == (False, True)
        assert watch.overview().jobs_count == 1
    assert checks_of(database, site) == []


async def test_an_unknown_key_and_one_that_is_gone_are_not_found(database: Database) -> None:
    site = add_heartbeat(database)
    async with running_watch(database, plan=NO_LOOP) as watch:
        for key in ("another-key", "no", "../etc"):
            with pytest.raises(NotFound, match="no heartbeat has this key"):
                await watch.take_ping(key, ping())
        await watch.take_ping(KEY.upper(), ping())
        with database.session() as db:
            WebsiteCRUD.update(db, site, WebsiteUpdate(url="heartbeat:other-key"))
        with pytest.raises(NotFound):
            await watch.take_ping(KEY, ping())
        second = add_heartbeat(database)
        await watch.take_ping(KEY, ping())
        await watch.take_ping("other-key", ping())
        with database.session() as db:
            WebsiteCRUD.delete(db, second)
        with pytest.raises(NotFound):
            await watch.take_ping(KEY, ping())
    assert state_of(database, site).pings_count == 2


async def test_more_pings_than_can_wait_are_turned_away(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pings_module, "MOST_WAITING", 1)
    monkeypatch.setattr(pings_module, "MOST_KNOWN", 1)
    site, other = add_heartbeat(database), add_heartbeat(database, "other")
    async with running_watch(database, plan=NO_LOOP) as watch:
        await watch.take_ping("other", ping())
        await watch.take_ping(KEY, ping())
        first, second = await asyncio.gather(
            watch.take_ping(KEY, ping()), watch.take_ping(KEY, ping()), return_exceptions=True
        )
    assert first is None
    assert isinstance(second, StorageUnavailable)
    assert [state_of(database, one).pings_count for one in (site, other)] == [2, 1]


async def test_the_key_is_in_no_log_and_no_outbox(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    add_heartbeat(database)
    with caplog.at_level(logging.DEBUG):
        async with running_watch(database) as watch:
            for kind in (START, SUCCESS, FAIL, SUCCESS):
                await watch.take_ping(KEY, ping(kind, body=f"GET /ping/{KEY}".encode()))
    said = [record.getMessage() + str(vars(record)) for record in caplog.records if record.name.startswith("tocsin")]
    assert said
    assert not [line for line in said if KEY in line]
    with database.session() as db:
        assert not [event for event in list_events(db) if KEY in str(event.details)]
        checks, _ = MonitorCheckCRUD.get_by_website(db, 1)
        assert not [check for check in checks if KEY in (check.error_message or "")]
