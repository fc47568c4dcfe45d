"""The heap of due times, on the real clock with short intervals."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tocsin.model.options import CheckOptions
from tocsin.model.states import WatchState
from tocsin.watch.jobs import Job
from tocsin.watch.scheduler import Scheduler


def job(website_id: int, interval_s: int = 1) -> Job:
    return Job(website_id, f"https://{website_id}.example/", CheckOptions(), interval_s, WatchState(website_id))


@asynccontextmanager
async def running(start: Callable[[Job], object]) -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(lambda one: start(one) is not False)
    scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.stop()


async def test_a_job_starts_when_it_is_due_and_again_an_interval_later() -> None:
    started: list[float] = []
    async with running(lambda _: started.append(time.time())) as scheduler:
        scheduler.put(job(1), time.time())
        await asyncio.sleep(2.2)
    assert 2 <= len(started) <= 4
    assert scheduler.due_count == len(started)
    assert len(scheduler.lateness_ms) == len(started)


async def test_an_earlier_job_does_not_wait_for_a_later_one() -> None:
    started: list[int] = []
    async with running(lambda one: started.append(one.website_id)) as scheduler:
        scheduler.put(job(1, 3600), time.time() + 1000)
        await asyncio.sleep(0.05)
        scheduler.put(job(2, 3600), time.time() + 0.05)
        await asyncio.sleep(0.3)
    assert started == [2]


async def test_a_removed_job_never_starts_and_a_replaced_one_starts_once() -> None:
    started: list[Job] = []
    new = job(2, 3600)
    async with running(started.append) as scheduler:
        scheduler.put(job(1, 3600), time.time() + 0.1)
        scheduler.put(job(2, 3600), time.time() + 0.1)
        scheduler.remove(1)
        scheduler.remove(99)
        scheduler.put(new, time.time() + 0.1)
        assert (len(scheduler), 1 in scheduler, scheduler.ids(), scheduler.jobs()) == (1, False, {2}, [new])
        await asyncio.sleep(0.4)
    assert started == [new]


async def test_a_check_that_still_runs_is_not_started_again_but_counted_as_missed() -> None:
    answers = iter([True])
    async with running(lambda _: next(answers, False)) as scheduler:
        scheduler.put(job(1), time.time())
        await asyncio.sleep(2.3)
    assert scheduler.missed_count >= 1
    assert scheduler.due_count == scheduler.missed_count + 1


async def test_missed_ticks_are_skipped_after_a_long_stall() -> None:
    started: list[Job] = []
    async with running(started.append) as scheduler:
        scheduler.put(job(1, 3600), time.time() - 10_000)
        await asyncio.sleep(0.1)
    assert (started, scheduler.missed_count) == ([], 1)


async def test_a_clock_set_back_does_not_stop_the_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[float] = []
    async with running(lambda _: started.append(time.monotonic())) as scheduler:
        scheduler.put(job(1), time.time())
        await asyncio.sleep(0.2)
        real = time.time
        monkeypatch.setattr("tocsin.watch.scheduler.time.time", lambda: real() - 7200)
        await asyncio.sleep(2.5)
    assert len(started) >= 2


async def test_the_heap_does_not_grow_with_every_change() -> None:
    scheduler = Scheduler(lambda _: True)
    for number in range(5000):
        scheduler.put(job(1, 3600), time.time() + number)
    assert len(scheduler._heap) <= 1010
