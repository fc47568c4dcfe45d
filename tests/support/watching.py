"""A running watch for tests, with intervals of a second and nothing faked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from tocsin import Database, Website, WebsiteCreate, WebsiteCRUD
from tocsin.model.websites import INTERVAL_BOUNDS
from tocsin.watch.breaker import Breaker
from tocsin.watch.live import LiveHub
from tocsin.watch.runner import RunnerPlan
from tocsin.watch.service import Watch, WatchPlan

T = TypeVar("T")

NEVER_OPEN = Breaker(failures=1_000_000, pause=timedelta(seconds=1))


@asynccontextmanager
async def running_watch(
    database: Database, *, live: LiveHub | None = None, breaker: Breaker = NEVER_OPEN, plan: WatchPlan | None = None
) -> AsyncIterator[Watch]:
    """Yield a started watch that is stopped at the end."""
    plan = plan or WatchPlan()
    plan = replace(plan, running=RunnerPlan(plan.running.max_concurrent_checks, breaker))
    watch = Watch(database, live or LiveHub(), plan)
    await watch.start()
    try:
        yield watch
    finally:
        await watch.stop()


def add_website(database: Database, url: str, **options: object) -> Website:
    """Store a website that is checked each second, without retries, unless told otherwise."""
    fields = {"check_interval": 1, "timeout": 1, "max_retries": 0, **options}
    bounds, INTERVAL_BOUNDS.min_s = INTERVAL_BOUNDS.min_s, 1
    try:
        website = WebsiteCreate.model_validate({"url": url, **fields})
    finally:
        INTERVAL_BOUNDS.min_s = bounds
    with database.session() as db:
        return WebsiteCRUD.create(db, website)


async def eventually(look: Callable[[], T], *, within_s: float = 10.0) -> T:
    """Return the first truthy value that `look` returns; fail where it takes too long."""
    deadline = asyncio.get_running_loop().time() + within_s
    while True:
        value = await asyncio.to_thread(look)
        if value:
            return value
        assert asyncio.get_running_loop().time() < deadline, f"not within {within_s} s"
        await asyncio.sleep(0.05)
