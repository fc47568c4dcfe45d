"""The watch as a whole: started and stopped as one, woken by the doors, described in figures."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.errors import Conflict, NotFound, StorageUnavailable
from tocsin.model.conditions.certificate_warnings import WARN_DAYS
from tocsin.model.enums import MonitorStatus
from tocsin.model.heartbeats.keys import is_heartbeat
from tocsin.model.heartbeats.pings import Ping
from tocsin.model.results import CheckResult
from tocsin.model.states import WatchState
from tocsin.model.targets.networks import FORBIDDEN_BY_DEFAULT, Network
from tocsin.model.times import utcnow
from tocsin.model.vantage import Reference, VantageChange
from tocsin.probes import Tools, open_tools
from tocsin.probes.references import References
from tocsin.storage.database import Database, translated_errors
from tocsin.storage.outbox import last_vantage
from tocsin.storage.states import load_states
from tocsin.storage.websites import WebsiteCRUD
from tocsin.watch.deadlines import DeadlineLoop
from tocsin.watch.housekeeping import Housekeeping, Keeping
from tocsin.watch.jobs import Job, options_of
from tocsin.watch.live import LiveHub
from tocsin.watch.lookout import Lookout, Timing
from tocsin.watch.pings import PingDesk
from tocsin.watch.places import is_own
from tocsin.watch.recorder import Recorder
from tocsin.watch.runner import Runner, RunnerPlan
from tocsin.watch.scheduler import Scheduler
from tocsin.watch.sync import apply_changes, read_changes

logger = logging.getLogger(__name__)

POLL_S = 1.0
"""How soon a change made by another process is noticed."""
RECONCILE_S = 300.0
"""How often every job is compared with the database, whatever was noticed."""


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """How to watch."""

    is_enabled: bool = True  # False: check only what is asked for by hand
    running: RunnerPlan = field(default_factory=RunnerPlan)
    keeping: Keeping = field(default_factory=Keeping)
    ca_bundle: str = ""
    name_servers: tuple[str, ...] = ()
    forbidden_networks: tuple[Network, ...] = FORBIDDEN_BY_DEFAULT
    certificate_warn_days: tuple[int, ...] = WARN_DAYS
    references: tuple[Reference, ...] = ()  # none: failures are never blamed on our own connection
    timing: Timing = field(default_factory=Timing)  # of asking them
    is_local: Callable[[CheckResult], bool] = is_own  # checks that need no network


@dataclass(frozen=True, slots=True)
class WatchOverview:
    """The watch in figures, since its start."""

    is_running: bool
    jobs_count: int
    in_flight_count: int
    due_count: int
    done_count: int
    missed_count: int
    skipped_count: int
    lateness_p50_ms: float | None
    lateness_p99_ms: float | None
    write_queue_count: int
    open_breakers_count: int
    dropped_count: int
    status_counts: dict[MonitorStatus, int]
    blind_since: datetime | None = None  # we cannot see the network: checks that fail are UNKNOWN
    silent_references: tuple[str, ...] = ()  # what does not answer then, for people


class Watch:
    """Checks every active website on time. Start and stop it in one event loop; `wake` is for any thread."""

    def __init__(self, database: Database, live: LiveHub, plan: WatchPlan | None = None) -> None:
        self._database = database
        self._live = live
        self._plan = plan or WatchPlan()
        self._recorder = Recorder(database, live, self._plan.running.breaker, self._plan.certificate_warn_days)
        self._ping_desk = PingDesk(database, self._recorder)
        self._housekeeping = Housekeeping(database, self._plan.keeping)
        self._wake = asyncio.Event()
        self._stack = AsyncExitStack()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._runner: Runner | None = None
        self._lookout: Lookout | None = None
        self._scheduler: Scheduler | None = None
        self._is_running = False

    async def start(self) -> None:
        """Open the tools, load every website, and begin."""
        self._loop = asyncio.get_running_loop()
        self._recorder.start()
        self._stack.push_async_callback(asyncio.to_thread, self._recorder.stop)
        plan = self._plan
        tools: Tools = await self._stack.enter_async_context(
            open_tools(plan.ca_bundle or None, plan.name_servers or None, plan.forbidden_networks)
        )
        references = References(plan.references, tools.names, plan.name_servers)
        lookout = self._lookout = Lookout(
            references, self._recorder.submit, self._recorder.tell_vantage, plan.timing, plan.is_local
        )
        self._stack.push_async_callback(lookout.stop)
        lookout.start(await asyncio.to_thread(self._read_vantage) if plan.is_enabled else None)
        runner = self._runner = Runner(tools, self._recorder, plan.running, lookout)
        self._stack.push_async_callback(runner.stop)
        self._scheduler = Scheduler(runner.start_due)
        if plan.is_enabled:
            await self._sync(None)
            self._scheduler.start()
            self._stack.callback(self._scheduler.stop)
            self._stack.push_async_callback(_end, asyncio.create_task(self._keep_in_step()))
            deadlines = DeadlineLoop(self._database, self._recorder)
            self._stack.push_async_callback(_end, asyncio.create_task(deadlines.run()))
            self._housekeeping.start()
            self._stack.push_async_callback(asyncio.to_thread, self._housekeeping.stop)
        self._is_running = True

    async def stop(self) -> None:
        """Start nothing more, store what was seen, and close everything."""
        self._is_running = False
        await self._stack.aclose()

    def wake(self) -> None:
        """Notice a change of websites now, not at the next poll."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    def is_scheduled(self, website_id: int) -> bool:
        """Return whether the website has a job."""
        return self._scheduler is not None and website_id in self._scheduler

    async def check_now(self, website_id: int) -> int:
        """Check a website at once, paused or not, whatever its circuit breaker says; return the check's id.

        Raises:
            NotFound: there is no such website.
            Conflict: it is a heartbeat, at which nobody looks.
        """
        if self._runner is None or self._scheduler is None:
            raise NotFound("the watch is not running")
        fresh = await asyncio.to_thread(self._read_job, website_id)
        job = self._scheduler.get(website_id) or fresh
        if job is not fresh and (job.url, job.options) != (fresh.url, fresh.options):
            job = fresh
        return (await self._runner.check_now(job)).check_id

    async def find_heartbeat(self, key: str) -> int:
        """Return the id of the website that is the heartbeat with that key.

        Raises:
            NotFound: there is none.
        """
        return await self._ping_desk.find(key)

    async def take_ping(self, key: str, ping: Ping) -> None:
        """Record a ping of the heartbeat with that key; return once it is committed.

        Raises:
            NotFound: no heartbeat has that key.
            StorageUnavailable: too many pings wait already.
        """
        await self._ping_desk.take(key, ping)

    def _read_job(self, website_id: int) -> Job:
        with self._database.session() as db:
            website = WebsiteCRUD.get_by_id(db, website_id)
            if website is None:
                raise NotFound(f"there is no website {website_id}")
            if is_heartbeat(website.url):
                raise Conflict(
                    f"website {website_id} is a heartbeat: nobody looks at it, its job reports by itself."
                    " Run the job, or call its ping_url"
                )
            states = load_states(db.connection(), [website_id])
            state = states.get(website_id, WatchState(website_id))
            return Job(website_id, website.url, options_of(website), website.check_interval, state)

    def _read_vantage(self) -> VantageChange | None:
        with translated_errors(self._database.url), self._database.session() as db:
            return last_vantage(db)

    def overview(self) -> WatchOverview:
        """Return the watch in figures."""
        scheduler, runner = self._scheduler, self._runner
        lateness = sorted(scheduler.lateness_ms) if scheduler else []
        now = utcnow()
        return WatchOverview(
            is_running=self._is_running,
            jobs_count=len(scheduler) if scheduler else 0,
            in_flight_count=runner.in_flight_count if runner else 0,
            due_count=scheduler.due_count if scheduler else 0,
            done_count=runner.done_count if runner else 0,
            missed_count=scheduler.missed_count if scheduler else 0,
            skipped_count=runner.skipped_count if runner else 0,
            lateness_p50_ms=_quantile(lateness, 0.5),
            lateness_p99_ms=_quantile(lateness, 0.99),
            write_queue_count=self._recorder.waiting_count,
            open_breakers_count=self._open_breakers(now),
            dropped_count=self._recorder.dropped_count,
            status_counts=dict(self._recorder.status_counts),
            blind_since=self._lookout.blind_since if self._lookout else None,
            silent_references=self._lookout.silent_references if self._lookout else (),
        )

    def _open_breakers(self, now: datetime) -> int:
        jobs = self._scheduler.jobs() if self._scheduler else []
        breaker = self._plan.running.breaker
        return sum(breaker.is_open(job.state.breaker_open_until, now) for job in jobs)

    async def _keep_in_step(self) -> None:
        """Follow the database: at once when woken, each second by what changed, now and then as a whole."""
        looked_at = utcnow()
        whole_at = time.monotonic()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), POLL_S)
            self._wake.clear()
            is_whole = time.monotonic() - whole_at > RECONCILE_S
            try:
                looked_at = await self._sync(None if is_whole else looked_at)
            except StorageUnavailable as error:
                logger.warning("cannot read which websites there are: %s", error)
                continue
            if is_whole:
                whole_at = time.monotonic()

    async def _sync(self, since: datetime | None) -> datetime:
        assert self._scheduler is not None  # noqa: S101 (set in `start` before the first call)
        scheduler = self._scheduler
        known = {job.website_id: job.row_hash for job in scheduler.jobs()} if since is None else None
        changes = await asyncio.to_thread(read_changes, self._database, since, scheduler.ids(), known)
        changed = apply_changes(scheduler, changes, time.time())
        if changed:
            logger.info("%s websites added, changed or removed; %s are watched now", changed, len(scheduler))
        return changes.looked_at


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
