"""The watch against a real website and both databases."""

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest

from tests.support.target import Site, running_site
from tests.support.watching import add_website, eventually, running_watch
from tocsin import (
    Database,
    DowntimeWindowCRUD,
    MonitorCheck,
    MonitorCheckCRUD,
    MonitorStatus,
    NotFound,
    WebsiteCRUD,
    WebsiteUpdate,
)
from tocsin.actions.tags import WebsiteSelection, switch_websites
from tocsin.model.states import Reason
from tocsin.storage.evidence import evidence_of
from tocsin.storage.outbox import list_events
from tocsin.storage.states import states_of
from tocsin.watch.breaker import Breaker
from tocsin.watch.live import LiveEvent, LiveHub
from tocsin.watch.service import WatchPlan


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as one:
        yield one


def checks(database: Database, website_id: int) -> list[MonitorCheck]:
    """Every check of a website, oldest first."""
    with database.session() as db:
        newest_first, _ = MonitorCheckCRUD.get_by_website(db, website_id, limit=500)
        return list(reversed(newest_first))


async def test_a_site_is_checked_on_time_goes_down_and_comes_back(database: Database, site: Site) -> None:
    website = add_website(database, site.url())
    async with running_watch(database) as watch:
        await eventually(lambda: len(checks(database, website.id)) >= 2)
        site.answer = lambda _: (503, 0.0)
        await eventually(lambda: checks(database, website.id)[-1].status is MonitorStatus.DOWN)
        await eventually(lambda: len([one for one in checks(database, website.id) if not one.is_available]) >= 2)
        site.answer = lambda _: (200, 0.0)
        await eventually(lambda: checks(database, website.id)[-1].status is MonitorStatus.UP)
        assert watch.overview().missed_count == 0
    seen = checks(database, website.id)
    failed = [one for one in seen if one.status is MonitorStatus.DOWN]
    back = seen[seen.index(failed[-1]) + 1]
    with database.session() as db:
        (downtime,) = DowntimeWindowCRUD.get_by_website(db, website.id)[0]
        assert (downtime.started_at, downtime.ended_at) == (failed[0].checked_at, back.checked_at)
        assert downtime.affected_checks_count == len(failed)
        assert downtime.root_cause == "HTTP 503 Service Unavailable; expected 200-399"
        assert downtime.recovery_status is MonitorStatus.UP
        events = list_events(db, website_id=website.id)
        assert [one.reason for one in events] == [Reason.WENT_DOWN, Reason.RECOVERED]
        assert [one.check_id for one in events] == [failed[0].id, back.id]
        evidence = evidence_of(db, failed[0].id)
        assert evidence is not None
        assert evidence["body_head"] == "<title>hello</title>"


async def test_the_last_good_check_can_be_seen_in_full(database: Database, site: Site) -> None:
    website = add_website(database, site.url())
    async with running_watch(database):
        await eventually(lambda: len(checks(database, website.id)) >= 3)
    first, *_, last = checks(database, website.id)
    with database.session() as db:
        for check in (first, last):  # the first one recorded it, the last one saw the same
            evidence = evidence_of(db, check.id)
            assert evidence is not None
            assert evidence["body_head"] == "<title>hello</title>"


async def test_retries_confirm_a_failure_within_one_check(database: Database, site: Site) -> None:
    codes = iter([500, 500, 200])
    site.answer = lambda _: (next(codes, 200), 0.0)
    website = add_website(database, site.url(), check_interval=3600, max_retries=3, timeout=5)
    async with running_watch(database):
        (check,) = await eventually(lambda: checks(database, website.id))
    assert (check.status, check.attempts) == (MonitorStatus.UP, 3)
    with database.session() as db:
        evidence = evidence_of(db, check.id)
    assert evidence is not None
    assert [one["http_status_code"] for one in evidence["earlier"]] == [500, 500]


async def test_the_breaker_skips_a_failing_site_then_tries_once(database: Database, site: Site) -> None:
    site.answer = lambda _: (500, 0.0)
    website = add_website(database, site.url())
    async with running_watch(database, breaker=Breaker(failures=2, pause=timedelta(seconds=2.5))) as watch:
        await eventually(lambda: watch.overview().skipped_count >= 2)
        assert watch.overview().open_breakers_count == 1
        assert len(checks(database, website.id)) == 2
        site.answer = lambda _: (200, 0.0)
        await eventually(lambda: len(checks(database, website.id)) >= 4)
        assert watch.overview().open_breakers_count == 0
    with database.session() as db:
        state = states_of(db, [website.id])[website.id]
        assert state.skipped_checks_count == watch.overview().skipped_count
        assert (state.breaker_open_until, state.consecutive_failures) == (None, 0)


async def test_check_now_passes_an_open_breaker_and_a_pause(database: Database, site: Site) -> None:
    site.answer = lambda _: (500, 0.0)
    website = add_website(database, site.url())
    async with running_watch(database, breaker=Breaker(failures=1, pause=timedelta(hours=1))) as watch:
        await eventually(lambda: watch.overview().open_breakers_count == 1)
        check_id = await watch.check_now(website.id)
        with database.session() as db:
            WebsiteCRUD.update(db, website.id, WebsiteUpdate(is_active=False))
        paused_id = await watch.check_now(website.id)
        with pytest.raises(NotFound):
            await watch.check_now(4711)
    assert [one.id for one in checks(database, website.id)][-2:] == [check_id, paused_id]


async def test_jobs_follow_what_another_process_changes(database: Database, site: Site) -> None:
    async with running_watch(database) as watch:
        website = add_website(database, site.url("/a"), check_interval=3600)
        await eventually(lambda: site.hits["/a"] == 1, within_s=3)
        with database.session() as db:
            WebsiteCRUD.update(db, website.id, WebsiteUpdate(url=site.url("/b")))
        await eventually(lambda: site.hits["/b"] == 1, within_s=3)
        with database.session() as db:
            WebsiteCRUD.update(db, website.id, WebsiteUpdate(is_active=False))
        await eventually(lambda: not watch.is_scheduled(website.id), within_s=3)
        with database.session() as db:
            WebsiteCRUD.update(db, website.id, WebsiteUpdate(is_active=True))
        await eventually(lambda: watch.is_scheduled(website.id), within_s=3)
        with database.session() as db:
            WebsiteCRUD.delete(db, website.id)
        await eventually(lambda: not watch.is_scheduled(website.id), within_s=3)


async def test_websites_that_are_paused_and_resumed_together_leave_and_come_back(
    database: Database, site: Site
) -> None:
    async with running_watch(database) as watch:
        ids = [add_website(database, site.url(f"/{one}"), check_interval=3600, tags=["a"]).id for one in range(3)]
        await eventually(lambda: all(map(watch.is_scheduled, ids)))
        for is_active in (False, True):
            with database.session() as db:
                done = switch_websites(db, WebsiteSelection(tag="a"), is_active=is_active)
            assert done.ids == ids
            await eventually(lambda is_active=is_active: {watch.is_scheduled(one) for one in ids} == {is_active})  # type: ignore[misc]


async def test_a_change_through_a_door_is_noticed_without_waiting(database: Database, site: Site) -> None:
    async with running_watch(database) as watch:
        await asyncio.sleep(0.2)
        website = add_website(database, site.url(), check_interval=3600)
        watch.wake()
        await eventually(lambda: watch.is_scheduled(website.id), within_s=0.7)


async def test_a_website_changed_during_its_check_goes_on_being_checked(database: Database, site: Site) -> None:
    site.answer = lambda _: (200, 0.8)
    website = add_website(database, site.url("/a"), timeout=3)
    async with running_watch(database) as watch:
        await eventually(lambda: site.in_flight["/a"] == 1)
        with database.session() as db:
            WebsiteCRUD.update(db, website.id, WebsiteUpdate(url=site.url("/b")))
        watch.wake()
        await eventually(lambda: site.hits["/b"] >= 2)


async def test_a_renamed_website_keeps_its_place(database: Database, site: Site) -> None:
    website = add_website(database, site.url("/same"), check_interval=3600)
    async with running_watch(database) as watch:
        await eventually(lambda: site.hits["/same"] == 1)
        with database.session() as db:
            WebsiteCRUD.update(db, website.id, WebsiteUpdate(name="Another name"))
        watch.wake()
        await asyncio.sleep(1.5)
    assert site.hits["/same"] == 1


async def test_a_website_deleted_during_its_check_harms_no_other(database: Database, site: Site) -> None:
    site.answer = lambda path: (200, 0.6 if path == "/slow" else 0.0)
    slow = add_website(database, site.url("/slow"), check_interval=3600, timeout=5)
    other = add_website(database, site.url("/other"))
    async with running_watch(database):
        await eventually(lambda: site.in_flight["/slow"] == 1)
        with database.session() as db:
            WebsiteCRUD.delete(db, slow.id)
        count = len(checks(database, other.id))
        await eventually(lambda: len(checks(database, other.id)) >= count + 2)
    assert checks(database, slow.id) == []


async def test_a_check_never_overlaps_itself(database: Database, site: Site) -> None:
    site.answer = lambda _: (200, 0.7)
    website = add_website(database, site.url(), timeout=3)
    async with running_watch(database) as watch:
        await eventually(lambda: site.in_flight["/"] == 1)
        by_hand = await asyncio.gather(*(watch.check_now(website.id) for _ in range(3)))
        await eventually(lambda: site.hits["/"] >= 5)
    assert len(set(by_hand)) == 3
    assert site.most_in_flight["/"] == 1


async def test_sites_that_hang_do_not_delay_the_others(database: Database, site: Site) -> None:
    site.answer = lambda path: (200, 5.0 if path.startswith("/hang") else 0.0)
    for number in range(12):
        add_website(database, site.url(f"/hang/{number}"), timeout=2, check_interval=2)
    healthy = add_website(database, site.url("/healthy"))
    plan = WatchPlan()
    async with running_watch(database, plan=plan):
        await eventually(lambda: len(checks(database, healthy.id)) >= 6, within_s=15)
    times = [one.checked_at for one in checks(database, healthy.id)]
    gaps = [(b - a).total_seconds() for a, b in pairwise(times)]
    assert max(gaps[1:]) < 1.8


async def test_listeners_hear_of_checks_and_transitions(database: Database, site: Site) -> None:
    live = LiveHub()
    heard: list[LiveEvent] = []
    website = add_website(database, site.url(), check_interval=3600)
    async with running_watch(database, live=live) as watch:
        with live.subscribe() as events:

            async def listen() -> None:
                heard.extend([event async for event in events])

            listener = asyncio.create_task(listen())
            await eventually(lambda: watch.overview().done_count == 1)
            site.answer = lambda _: (500, 0.0)
            await watch.check_now(website.id)
            live.close()
            await asyncio.wait_for(listener, 2)
    assert [event.kind for event in heard] == ["check", "check", "transition"]
    assert heard[2].data["to_status"] is MonitorStatus.DOWN
    assert heard[2].id is not None


async def test_what_was_seen_is_stored_before_the_watch_stops(database: Database, site: Site) -> None:
    website = add_website(database, site.url(), check_interval=3600)
    async with running_watch(database) as watch:
        await eventually(lambda: watch.overview().done_count == 1)
    assert len(checks(database, website.id)) == 1


async def test_a_scheduler_that_is_switched_off_still_checks_by_hand(database: Database, site: Site) -> None:
    website = add_website(database, site.url())
    async with running_watch(database, plan=WatchPlan(is_enabled=False)) as watch:
        await asyncio.sleep(1.5)
        assert site.hits["/"] == 0
        await watch.check_now(website.id)
    assert site.hits["/"] == 1


async def test_many_new_websites_do_not_start_together(database: Database, site: Site) -> None:
    for number in range(150):
        add_website(database, site.url(f"/{number}"), check_interval=60)
    async with running_watch(database) as watch:
        await asyncio.sleep(1.0)
        assert watch.overview().jobs_count == 150
        assert watch.overview().due_count < 20


async def test_stopping_is_quick_while_checks_hang(database: Database, site: Site) -> None:
    site.answer = lambda _: (200, 20.0)
    add_website(database, site.url(), timeout=30, check_interval=3600)
    async with running_watch(database):
        await eventually(lambda: site.in_flight["/"] == 1)
        began = time.monotonic()
    assert time.monotonic() - began < 5
