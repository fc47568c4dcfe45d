"""Calendar work beside the checks: folding rollups and letting go of what is old, in small transactions."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from tocsin.errors import StorageUnavailable
from tocsin.model.times import to_epoch_us, utcnow
from tocsin.storage import silences
from tocsin.storage.checkpoints import checkpoint, frames_waiting
from tocsin.storage.database import Connection, Database, Session, translated_errors
from tocsin.storage.delivery.trimming import trim_deliveries
from tocsin.storage.history import periods, retention, rollups
from tocsin.storage.history.retention import Retention, Trim

logger = logging.getLogger(__name__)


AIM_S = 0.01
"""In a transaction of background work no further step is begun after this long: who stores checks waits no longer."""
FIND_BATCH = 1000
TAKE_STEP = 50
FOLD_STEP = 2
RELEASE_STEP = 10
REST_SHARE = 3.0
"""After each transaction rest this many times as long as it took: the checks come first."""
MOST_REST_S = 0.5
CHECKPOINT_EVERY_S = 3.0
CHECKPOINT_FRAMES = 500
"""So many pages in SQLite's log are worth bringing into the file: fewer would only wear out the disk."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """When calendar work is done, and what is kept how long."""

    time_zone: str = "UTC"
    retention: Retention = field(default_factory=Retention)
    fold_every_s: float = 60.0
    maintenance_every_s: float = 20.0


@dataclass(slots=True)
class _Turn:
    """A transaction that others wait for: what was done in it, and until when more may be begun."""

    connection: Connection
    until: float
    done: int = 0

    @property
    def has_time(self) -> bool:
        """True while another small step may be taken."""
        return time.monotonic() < self.until


def _now_us() -> int:
    return to_epoch_us(utcnow())


class Housekeeping:
    """Runs calendar work in a thread of its own."""

    def __init__(self, database: Database, keeping: Keeping) -> None:
        self._database = database
        self._keeping = keeping
        self._stopping = Event()
        self._scheduler = BackgroundScheduler(timezone=keeping.time_zone)

    def start(self) -> None:
        """Start: rollups every minute, maintenance more often, retention at 03:14 in the configured time zone."""
        once = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        if self._database.is_sqlite:
            often = IntervalTrigger(seconds=CHECKPOINT_EVERY_S)
            self._scheduler.add_job(self._guarded(self.empty_log), often, id="empty_log", **once)
        every = IntervalTrigger(seconds=self._keeping.fold_every_s)
        self._scheduler.add_job(self._guarded(self.fold_rollups), every, id="fold_rollups", **once)
        often = IntervalTrigger(seconds=self._keeping.maintenance_every_s)
        self._scheduler.add_job(self._guarded(self.keep_maintenance), often, id="maintenance", **once)
        nightly = CronTrigger(hour=3, minute=14, timezone=self._keeping.time_zone)
        self._scheduler.add_job(self._guarded(self.let_go), nightly, id="retention", **once)
        self._scheduler.start()

    def stop(self) -> None:
        """End after the transaction that is running."""
        self._stopping.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def empty_log(self) -> bool:
        """Bring SQLite's log into its file where it has grown; return whether it had."""
        if frames_waiting(self._database.url.database) < CHECKPOINT_FRAMES:
            return False
        with translated_errors(self._database.url), self._database.engine.connect() as connection:
            checkpoint(connection)
        return True

    def fold_rollups(self) -> int:
        """Make the histograms of every hour and day that is over; return how many were made."""
        total = 0
        while not self._stopping.is_set():
            with self._short_transaction() as turn:
                while turn.has_time and (done := rollups.fold_due(turn.connection, now_us=_now_us(), limit=FOLD_STEP)):
                    turn.done += done
            total += turn.done
            if not turn.done:
                break
        return total

    def keep_maintenance(self) -> int:
        """Record which websites are in maintenance, and count what is over; return how many periods were new."""
        with self._database.write_transaction() as connection, Session(connection) as db:
            made = periods.record_periods(connection, utcnow())
            periods.count_periods(db, utcnow())
            silences.trim_silences(db, utcnow())
        return made

    def let_go(self) -> int:
        """Delete what is older than it is kept; return how many rows went."""
        now, keep = utcnow(), self._keeping.retention
        with self._database.engine.connect() as connection:
            websites = retention.website_ids(connection)
        gone = sum(map(self._let_go, retention.common_trims(now, keep)))
        for website_id in websites:
            gone += sum(map(self._let_go, retention.website_trims(website_id, now, keep)))
        gone += self._let_deliveries_go(retention.cut_off(now, keep.deliveries_days))
        self._release_pages()
        logger.info("retention: %s rows let go", gone)
        return gone

    def _let_go(self, trim: Trim) -> int:
        total = 0
        keys: list[Any] = []
        while not self._stopping.is_set():
            if not keys:
                with self._database.engine.connect() as connection:
                    keys = list(trim.find(connection, FIND_BATCH))
            if not keys:
                break
            with self._short_transaction() as turn:
                while keys and turn.has_time:
                    trim.take(turn.connection, keys[:TAKE_STEP])
                    turn.done += len(keys[:TAKE_STEP])
                    del keys[:TAKE_STEP]
            total += turn.done
        return total

    def _let_deliveries_go(self, before: datetime) -> int:
        total = 0
        while not self._stopping.is_set():
            with self._short_transaction() as turn:
                turn.done = trim_deliveries(turn.connection, before, TAKE_STEP)
            total += turn.done
            if not turn.done:
                break
        return total

    def _release_pages(self) -> None:
        """Give free pages back to the file system, a few at a time."""
        while not self._stopping.is_set():
            with self._database.engine.connect() as connection:
                if not retention.free_pages(connection):
                    return
                started = time.monotonic()
                while retention.free_pages(connection) and time.monotonic() - started < AIM_S:
                    retention.release_pages(connection, RELEASE_STEP)
            self._rest(started)

    @contextmanager
    def _short_transaction(self) -> Iterator["_Turn"]:
        """Yield a turn to write in; a rest follows, in which SQLite's log is brought into its file."""
        started = time.monotonic()
        with self._database.write_transaction() as connection:
            turn = _Turn(connection, time.monotonic() + AIM_S)
            yield turn
        if turn.done:
            self._rest(started)

    def _rest(self, started: float) -> None:
        self.empty_log()
        self._stopping.wait(min(MOST_REST_S, REST_SHARE * (time.monotonic() - started)))

    def _guarded(self, work: Callable[[], int]) -> Callable[[], None]:
        def run() -> None:
            try:
                work()
            except StorageUnavailable as error:
                logger.warning("%s is put off: %s", work.__name__, error)
            except Exception:  # the next round must come, whatever went wrong in this one
                logger.exception("%s failed", work.__name__)

        return run
