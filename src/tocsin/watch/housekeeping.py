"""Calendar work beside the checks: folding rollups and letting go of what is old, in small transactions."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from tocsin.errors import StorageUnavailable
from tocsin.model.times import to_epoch_us, utcnow
from tocsin.storage import silences
from tocsin.storage.database import Connection, Database, Session
from tocsin.storage.delivery.trimming import trim_deliveries
from tocsin.storage.history import periods, retention, rollups
from tocsin.storage.history.retention import Retention

logger = logging.getLogger(__name__)

FOLD_BATCH = 20
REST_SHARE = 3.0
"""After each transaction rest this many times as long as it took: the checks come first."""
MOST_REST_S = 0.5


@dataclass(frozen=True, slots=True)
class Keeping:
    """When calendar work is done, and what is kept how long."""

    time_zone: str = "UTC"
    retention: Retention = field(default_factory=Retention)
    fold_every_s: float = 60.0
    maintenance_every_s: float = 20.0


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

    def fold_rollups(self) -> int:
        """Make the histograms of every hour and day that is over; return how many were made."""

        def fold(connection: Connection) -> int:
            return rollups.fold_due(connection, now_us=to_epoch_us(utcnow()), limit=FOLD_BATCH)

        return self._in_batches(fold)

    def keep_maintenance(self) -> int:
        """Record which websites are in maintenance, and count what is over; return how many periods were new."""
        with self._database.write_transaction() as connection, Session(connection) as db:
            made = periods.record_periods(connection, utcnow())
            periods.count_periods(db, utcnow())
            silences.trim_silences(db, utcnow())
        return made

    def let_go(self) -> int:
        """Delete what is older than it is kept; return how many rows went."""
        now = utcnow()
        keep = self._keeping.retention
        before = retention.cut_off(now, keep.checks_days)
        with self._database.engine.connect() as connection:
            websites = retention.website_ids(connection)
        gone = 0
        for website_id in websites:
            gone += self._in_batches(lambda db, one=website_id: retention.trim_checks(db, one, before))  # type: ignore[misc]
        gone += self._in_batches(lambda db: retention.trim_rollups(db, now, keep))
        told_before = retention.cut_off(now, keep.deliveries_days)
        gone += self._in_batches(lambda db: trim_deliveries(db, told_before))
        self._release_pages()
        logger.info("retention: %s rows let go", gone)
        return gone

    def _release_pages(self) -> None:
        with self._database.engine.connect() as connection:
            while retention.release_pages(connection) and not self._stopping.wait(0.05):
                pass

    def _in_batches(self, work: Callable[[Connection], int]) -> int:
        """Repeat `work` in a transaction each until it finds nothing more to do; rest in between."""
        total = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            with self._database.write_transaction() as connection:
                done = work(connection)
            total += done
            if not done:
                break
            self._stopping.wait(min(MOST_REST_S, REST_SHARE * (time.monotonic() - started)))
        return total

    def _guarded(self, work: Callable[[], int]) -> Callable[[], None]:
        def run() -> None:
            try:
                work()
            except StorageUnavailable as error:
                logger.warning("%s is put off: %s", work.__name__, error)
            except Exception:  # the next round must come, whatever went wrong in this one
                logger.exception("%s failed", work.__name__)

        return run
