"""Delivery as a whole: an event loop in a thread of its own that plans, and runs a lane for each channel.

A slow or dead channel keeps nobody else waiting: not another channel, not a check.
"""

import asyncio
import logging
import os
import secrets
import socket
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from tocsin.delivery.lanes import LanePlan, Lanes, Later, Sending
from tocsin.delivery.outcome import Try, failed_try
from tocsin.delivery.planner import LEASE, Hook, Planning, no_hook
from tocsin.errors import SendFailed, StorageUnavailable
from tocsin.model.delivery.facts import Destination
from tocsin.model.messages import Message, Outcome, Receipt
from tocsin.model.times import isoformat, utcnow
from tocsin.storage.database import Database
from tocsin.storage.delivery import queue
from tocsin.storage.leases import release_lease, take_lease

logger = logging.getLogger(__name__)

T = TypeVar("T")

Send = Callable[[Destination, Message], Awaitable[Receipt]]
"""Says a message on a channel; raises SendFailed where it was not taken."""

Tell = Callable[[dict[str, Any]], None]
"""Is told of each try that ended, for whoever watches live."""

POLL_S = 0.5
LOOK_AGAIN_S = 5.0
LEASE_LENGTH = timedelta(seconds=10)
RENEW_S = 3.0
RECORD_TRIES = 5


@dataclass(frozen=True, slots=True)
class DeliveryPlan:
    """How deliveries are made."""

    lanes: LanePlan = field(default_factory=LanePlan)
    is_sole: bool = False  # no other process can be alive on this database: what it left is taken over at once
    stop_within_s: float = 10.0
    look_again_s: float = LOOK_AGAIN_S


def nobody_watches(_event: dict[str, Any]) -> None:
    """Tell nobody."""


class Delivery:
    """Tells people, surely. Start and stop it from any thread; `wake` it after a change was committed."""

    def __init__(
        self,
        database: Database,
        send: Send,
        plan: DeliveryPlan | None = None,
        live: Tell = nobody_watches,
        hook: Hook = no_hook,
    ) -> None:
        self._database = database
        self._send = send
        self._plan = plan or DeliveryPlan()
        self._live = live
        self._hook = hook
        self._holder = f"{socket.gethostname()[:30]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._planning = Planning(database, self._holder, hook)
        self._lanes = Lanes(database, self._holder, self._plan.lanes, hook)
        self._workers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="tocsin-delivery-db")
        self._thread = threading.Thread(target=self._run, name="tocsin-delivery", daemon=True)
        self._is_up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._running: dict[int, asyncio.Task[None]] = {}
        self._not_before: dict[int, datetime] = {}
        self._is_stopping = False
        self._is_holder = False

    @property
    def is_active(self) -> bool:
        """True while this process is the one that delivers."""
        return self._is_holder

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()
        self._is_up.wait()

    def stop(self) -> None:
        """End after the tries under way, within a bound; what waits is told after the next start."""
        if not self._thread.is_alive():
            return
        self._is_stopping = True
        self.wake()
        self._thread.join()

    def wake(self) -> None:
        """Look for work now, not at the next poll; from any thread."""
        loop, wake = self._loop, self._wake
        if loop is not None and wake is not None and not loop.is_closed():
            loop.call_soon_threadsafe(wake.set)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        finally:
            self._workers.shutdown()

    async def _main(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        self._is_up.set()
        keeping = asyncio.create_task(self._keep_lease())
        looking = asyncio.create_task(self._look_again())
        while not self._is_stopping:
            self._wake.clear()
            if not await self._round():
                await self._pause()
        await self._finish_lanes()
        for task in (keeping, looking):
            task.cancel()
        await asyncio.gather(keeping, looking, return_exceptions=True)
        await self._guarded("letting go of the lease", self._let_go)

    async def _pause(self) -> None:
        assert self._wake is not None  # noqa: S101 (set when the loop began)
        until = await self._guarded("looking for the next delivery", self._next_due)
        wait_s = POLL_S if until is None else min(POLL_S, max(0.01, (until - utcnow()).total_seconds()))
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _next_due(self) -> datetime | None:
        """Return when something comes due that no lane waits with already."""
        if not self._is_holder:
            return None
        with self._database.engine.connect() as connection:
            due = queue.next_due(connection)
        return due if due is not None and due > utcnow() else None

    async def _round(self) -> bool:
        """Plan a batch and start what lanes have to run; return whether there may be more to plan at once."""
        if not self._is_holder:
            return False
        planned = await self._guarded("planning", self._planning.plan_batch)
        if planned:
            self._not_before.clear()  # what is new may be urgent
        now = utcnow()
        for channel_id in await self._guarded("looking for deliveries", self._busy_channels) or ():
            if channel_id not in self._running and self._not_before.get(channel_id, now) <= now:
                self._running[channel_id] = asyncio.create_task(self._run_lane(channel_id))
        return bool(planned)

    def _busy_channels(self) -> list[int]:
        with self._database.engine.connect() as connection:
            return queue.busy_channels(connection, utcnow())

    async def _run_lane(self, channel_id: int) -> None:
        """Send what a channel has to send, one after the other."""
        try:
            while not self._is_stopping:
                step = await self._in_worker(lambda: self._lanes.next_of(channel_id))
                if isinstance(step, Later):
                    self._rest(channel_id, step.until)
                    return
                await self._record(step, await self._try(step))
        except StorageUnavailable as error:
            logger.warning("channel %s waits: %s", channel_id, error)
            self._rest(channel_id, utcnow() + timedelta(seconds=POLL_S))
        except Exception:  # a broken row must not stop the other lanes, nor this one for ever
            logger.exception("the lane of channel %s failed", channel_id)
            self._rest(channel_id, utcnow() + timedelta(seconds=LOOK_AGAIN_S))
        finally:
            del self._running[channel_id]

    def _rest(self, channel_id: int, until: datetime | None) -> None:
        """Leave a channel alone for a while; not for long, since somebody may change it, or ask for another try."""
        longest = utcnow() + timedelta(seconds=self._plan.look_again_s)
        self._not_before[channel_id] = utcnow() if until is None else min(until, longest)

    async def _try(self, sending: Sending) -> Try:
        self._hook("send:begin")
        try:
            async with asyncio.timeout(self._plan.lanes.send_timeout_s):
                receipt = await self._send(sending.destination, sending.message)
        except Exception as error:  # noqa: BLE001 (whatever a channel raises, the try is over and is written down)
            if not isinstance(error, SendFailed | TimeoutError):
                logger.warning("channel %s: %s: %s", sending.destination.name, type(error).__name__, error)
            return failed_try(error, utcnow())
        self._hook("send:answered")
        return Try(Outcome.SENT, utcnow(), code=receipt.code, provider_id=receipt.provider_id)

    async def _record(self, sending: Sending, this: Try) -> None:
        """Write down how a try ended; where the database fails for long, the claim runs out and says so."""
        for attempt in range(RECORD_TRIES):
            try:
                await self._in_worker(lambda: self._lanes.record(sending, this))
                break
            except StorageUnavailable as error:
                logger.warning("the outcome of delivery %s waits: %s", sending.delivery.id, error)
                await asyncio.sleep(POLL_S * 2**attempt)
        self._live(
            {
                "delivery_id": sending.delivery.id,
                "channel_id": sending.destination.id,
                "outcome": this.outcome.value,
                "error": this.error or None,
                "at": isoformat(this.ended_at),
            }
        )

    async def _finish_lanes(self) -> None:
        running = list(self._running.values())
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=self._plan.stop_within_s)
        if late:
            logger.warning("%s deliveries were cut short; they are tried again after the next start", len(late))
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _look_again(self) -> None:
        """Now and then: what was muted, reminders, escalations."""
        while True:
            if self._is_holder:
                await self._guarded("looking again", self._planning.look_again)
            await asyncio.sleep(self._plan.look_again_s)

    async def _keep_lease(self) -> None:
        is_first = True
        while True:
            took = await self._guarded("taking the lease", self._take_over if is_first else self._renew)
            if took is not None:
                is_first = False
            if bool(took) is not self._is_holder:
                self._is_holder = bool(took)
                self.wake()
            await asyncio.sleep(RENEW_S)

    def _take_over(self) -> bool:
        """Take the lease for the first time; where nobody else can be alive, with all that was left half done."""
        now = utcnow()
        with self._database.write_transaction() as connection:
            if self._plan.is_sole:
                release_lease(connection, LEASE)
                queue.release_claims(connection, now, not_of=self._holder)
            return take_lease(connection, LEASE, self._holder, now, LEASE_LENGTH)

    def _renew(self) -> bool:
        with self._database.write_transaction() as connection:
            return take_lease(connection, LEASE, self._holder, utcnow(), LEASE_LENGTH)

    def _let_go(self) -> None:
        with self._database.write_transaction() as connection:
            release_lease(connection, LEASE, self._holder)

    async def _in_worker(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._workers, work)

    async def _guarded(self, what: str, work: Callable[[], T]) -> T | None:
        """Run `work` in a worker thread; what goes wrong is logged, and the next round comes."""
        try:
            return await self._in_worker(work)
        except StorageUnavailable as error:
            logger.warning("%s waits: %s", what, error)
        except Exception:  # the next round must come, whatever went wrong in this one
            logger.exception("%s failed", what)
        return None
