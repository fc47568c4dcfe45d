"""The inbox at work: one thread makes accepted alerts durable, another works them in.

What is accepted is a row before the answer goes out; many requests share one commit. Making it an alert (finding the
open one, merging, history) happens right after, in larger batches: a storm is accepted at the speed of one insert.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import orjson

from tocsin.errors import StorageUnavailable, TocsinError
from tocsin.model.alerting.sightings import sighting_of
from tocsin.model.alertmanager import read_posted
from tocsin.model.times import to_epoch_us, utcnow
from tocsin.storage import inbox
from tocsin.storage.alerts.recording import PLAIN, Handling, Seen, record
from tocsin.storage.database import Database

logger = logging.getLogger(__name__)

BATCH_BYTES = 64 * 1024
"""Bodies worked in by one transaction: it must not keep other writers waiting."""
RETRY_S = 0.5
POLL_S = 1.0
"""How soon bodies that another process left are noticed."""
QUIET_S = 0.02
MOST_DELAY_S = 1.0
"""While bodies keep coming, working in waits for a lull, at most so long: who posts goes first."""


@dataclass(slots=True)
class _Waiting:
    received_us: int
    payload: bytes
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[None]"


@dataclass(frozen=True, slots=True)
class InboxPlan:
    """How alerts are accepted."""

    resolve_after: timedelta = timedelta(minutes=5)  # an alert without an end resolves then, unless it comes again
    is_power_safe: bool = False
    handling: Handling = PLAIN


class AlertInbox:
    """Accepts bodies of alerts from an event loop, and works them in. Start and stop it like the watch."""

    def __init__(self, database: Database, plan: InboxPlan, told: Callable[[], None]) -> None:
        """Prepare; `told` is called after alerts were changed."""
        self.plan = plan
        self.resolve_after = plan.resolve_after
        self._database = database
        self._told = told
        self._queue: deque[_Waiting] = deque()
        self._has_mail = threading.Event()
        self._has_work = threading.Event()
        self._is_asked = threading.Event()
        self._stopping = threading.Event()
        self._worked = threading.Condition()
        self._threads = [
            threading.Thread(target=self._write, name="tocsin-inbox", daemon=True),
            threading.Thread(target=self._work, name="tocsin-inbox-work", daemon=True),
        ]
        self.accepted_count = 0
        self.worked_count = 0

    def start(self) -> None:
        """Start both threads; what an earlier process left is worked in first."""
        for thread in self._threads:
            thread.start()
        self._has_work.set()

    def stop(self) -> None:
        """Accept what is waiting, work in what there is time for, and end; the rest stays for the next start."""
        self._stopping.set()
        self._has_mail.set()
        self._has_work.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    async def accept(self, payload: bytes) -> None:
        """Return once the body is durable.

        Raises:
            StorageUnavailable: the database cannot be written to; nothing was accepted.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(to_epoch_us(utcnow()), payload, loop, loop.create_future())
        self._queue.append(waiting)
        self._has_mail.set()
        await waiting.done

    def settle(self, within_s: float = 5.0) -> bool:
        """Wait until all that was accepted so far is worked in; return whether it is. Call it in a thread."""
        with self._database.engine.connect() as connection:
            until = inbox.last_id(connection)
            connection.rollback()
            deadline = time.monotonic() + within_s
            while until and not inbox.is_worked_in(connection, until):
                connection.rollback()
                self._is_asked.set()
                self._has_work.set()
                with self._worked:
                    self._worked.wait(0.05)
                if time.monotonic() > deadline:
                    return False
        return True

    # --- accepting ----------------------------------------------------------------------------------

    def _write(self) -> None:
        writer: inbox.InboxWriter | None = None
        while not (self._stopping.is_set() and not self._queue):
            self._has_mail.wait()
            self._has_mail.clear()
            batch = []
            with suppress(IndexError):
                while True:
                    batch.append(self._queue.popleft())
            if not batch:
                continue
            error: Exception | None = None
            try:
                writer = writer or inbox.InboxWriter(self._database, is_power_safe=self.plan.is_power_safe)
                writer.append([(one.received_us, one.payload) for one in batch])
            except StorageUnavailable as fault:
                error, writer = fault, None  # the connection may be broken: take a new one next time
            except Exception as fault:  # whoever posted must hear of it, and the next batch must be accepted
                logger.exception("alerts could not be stored")
                error, writer = fault, None
            self._answer(batch, error)
        if writer is not None:
            writer.close()

    def _answer(self, batch: list[_Waiting], error: Exception | None) -> None:
        if error is None:
            self.accepted_count += len(batch)
            self._has_work.set()
        by_loop: dict[asyncio.AbstractEventLoop, list[_Waiting]] = {}
        for one in batch:
            by_loop.setdefault(one.loop, []).append(one)
        for loop, ones in by_loop.items():
            with suppress(RuntimeError):  # that loop is closed: nobody waits there any more
                loop.call_soon_threadsafe(_finish, ones, error)

    # --- working in ---------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._stopping.is_set():
            if self._has_work.wait(POLL_S):
                self._wait_for_a_lull()
            self._has_work.clear()
            try:
                while not self._stopping.is_set() and self._work_in():
                    pass
            except StorageUnavailable as error:
                logger.warning("accepted alerts wait: %s", error)
                self._stopping.wait(RETRY_S)
                self._has_work.set()
            except Exception:  # what was accepted stays in the inbox, and the next round must come
                logger.exception("accepted alerts could not be worked in")
                self._stopping.wait(RETRY_S)

    def _wait_for_a_lull(self) -> None:
        until = time.monotonic() + MOST_DELAY_S
        before = -1
        while before != self.accepted_count and time.monotonic() < until and not self._is_asked.is_set():
            before = self.accepted_count
            self._stopping.wait(QUIET_S)
        self._is_asked.clear()

    def _work_in(self) -> int:
        """Make alerts of the oldest bodies; return how many bodies those were."""
        now = utcnow()
        with self._database.write_transaction() as connection:
            bodies = inbox.take(connection, BATCH_BYTES)
            seen: list[Seen] = []
            for body_id, received_at, payload in bodies:
                posted, _, _ = read_posted(orjson.loads(payload), received_at, self.plan.resolve_after)
                for one in posted:
                    try:
                        seen.append(sighting_of(one.to_alert(), now))
                    except TocsinError as error:  # it was checked before: only this one is left out
                        logger.error("an alert of body %s is left out: %s", body_id, error)  # noqa: TRY400
            if seen:
                record(connection, seen, now, self.plan.handling)
            if bodies:
                inbox.remove(connection, [body_id for body_id, _, _ in bodies])
        if bodies:
            self.worked_count += len(bodies)
            with self._worked:
                self._worked.notify_all()
            self._told()
        return len(bodies)


def _finish(batch: list[_Waiting], error: Exception | None) -> None:
    for one in batch:
        if one.done.done():
            continue
        if error is None:
            one.done.set_result(None)
        else:
            one.done.set_exception(error)
