"""What it costs to start a check: the heap of due times against APScheduler, one job a website.

    python -m benchmarks.scheduling [--seconds 20]

Each variant runs in a process of its own, in turn, with N jobs of an interval of 60 s that do nothing, so that
CPU / runs is the price of one start. The probe's own cost to compare with: about 0.65 ms for HTTPS.
"""

import argparse
import asyncio
import multiprocessing
import resource
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from multiprocessing.queues import Queue

from tocsin.model.options import CheckOptions
from tocsin.model.states import WatchState
from tocsin.watch.jobs import Job, next_due, offset_of
from tocsin.watch.scheduler import Scheduler

INTERVAL_S = 60
HTTPS_CHECK_MS = 0.65


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def heap(count: int, seconds: float) -> tuple[int, float]:
    """Return how many starts there were and the CPU seconds they took, with our heap."""
    runs = 0

    async def check() -> None:
        nonlocal runs
        runs += 1

    def start(_: Job) -> bool:
        asyncio.ensure_future(check())  # noqa: RUF006 (it ends within the same turn of the loop)
        return True

    scheduler = Scheduler(start)
    options = CheckOptions()
    now = time.time()
    for number in range(1, count + 1):
        job = Job(number, "https://example.com/", options, INTERVAL_S, WatchState(number))
        scheduler.put(job, next_due(number, INTERVAL_S, now))
    scheduler.start()
    await asyncio.sleep(1)
    runs, began = 0, cpu_s()
    await asyncio.sleep(seconds)
    spent = cpu_s() - began
    scheduler.stop()
    return runs, spent


async def apscheduler(count: int, seconds: float) -> tuple[int, float]:
    """The same with APScheduler's asyncio scheduler and its memory job store."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler
    from apscheduler.triggers.interval import IntervalTrigger

    runs = 0

    async def check() -> None:
        nonlocal runs
        runs += 1

    scheduler = AsyncIOScheduler(timezone="UTC")
    now = time.time()
    for number in range(1, count + 1):
        first = datetime.fromtimestamp(now + offset_of(number, INTERVAL_S), UTC)
        trigger = IntervalTrigger(seconds=INTERVAL_S, start_date=first, timezone="UTC")
        scheduler.add_job(check, trigger, id=str(number), max_instances=1, coalesce=True, misfire_grace_time=30)
    scheduler.start()
    await asyncio.sleep(1)
    runs, began = 0, cpu_s()
    await asyncio.sleep(seconds)
    spent = cpu_s() - began
    scheduler.shutdown(wait=False)
    return runs, spent


Variant = Callable[[int, float], Awaitable[tuple[int, float]]]
VARIANTS: dict[str, Variant] = {"heap": heap, "apscheduler": apscheduler}


def measure(name: str, count: int, seconds: float, out: "Queue[tuple[int, float]]") -> None:
    async def run() -> tuple[int, float]:
        return await VARIANTS[name](count, seconds)

    out.put(asyncio.run(run()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--jobs", type=int, nargs="*", default=[10_000, 50_000])
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    for count in arguments.jobs:
        cost = {}
        for name in VARIANTS:
            out: Queue[tuple[int, float]] = context.Queue()
            process = context.Process(target=measure, args=(name, count, arguments.seconds, out))
            process.start()
            runs, spent = out.get()
            process.join()
            due = count * arguments.seconds / INTERVAL_S
            cost[name] = 1000 * spent / max(1, runs)
            share = 100 * cost[name] / HTTPS_CHECK_MS
            print(
                f"{count:,} jobs, {name}: {runs:,} of {due:,.0f} due starts, {cost[name]:.4f} ms CPU each,"
                f" {share:.0f} % of an HTTPS check"
            )
        print(f"{count:,} jobs: APScheduler costs {cost['apscheduler'] / cost['heap']:.1f} times the heap")


if __name__ == "__main__":
    main()
