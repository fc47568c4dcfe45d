"""The rules of a running server: a thread that takes samples of itself and evaluates, round after round."""

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tocsin.alerts.rules.evaluate import ADVISED, Evaluator, RoundSummary
from tocsin.alerts.rules.machine import Machine
from tocsin.errors import StorageUnavailable
from tocsin.model.times import utcnow
from tocsin.storage.alerts.recording import Handling
from tocsin.storage.database import Database
from tocsin.storage.leases import release_lease, take_lease
from tocsin.storage.rules.samples import Sample, record_samples, trim_samples

logger = logging.getLogger(__name__)

LEASE = "rules"
TRIM_EVERY = 240
"""Rounds between two deletions of old samples."""


@dataclass(frozen=True, slots=True)
class RulesPlan:
    """How rules are evaluated."""

    data_dir: Path = Path()
    handling: Handling = ADVISED
    every_s: float = 15.0
    keep_samples_days: int = 7


class RuleLoop:
    """Evaluates every rule each round; of several processes one at a time does."""

    def __init__(
        self, database: Database, plan: RulesPlan, own_figures: Callable[[], dict[str, float]], told: Callable[[], None]
    ) -> None:
        """Prepare; `own_figures` are this process's own metrics, `told` is called where alerts were changed."""
        self._database = database
        self._plan = plan
        self._own_figures = own_figures
        self._told = told
        self._machine = Machine(plan.data_dir)
        self._evaluator = Evaluator(plan.handling)
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._rounds = 0
        self._held = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tocsin-rules", daemon=True)
        self.last: RoundSummary | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End after the round that is running, and let another process go on."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            with self._database.write_transaction() as connection:
                release_lease(connection, LEASE, self._holder)
        except StorageUnavailable as error:
            logger.warning("the rules' lease runs out by itself: %s", error)

    def round(self) -> RoundSummary | None:
        """Do one round; return what it did, None where another process evaluates."""
        now = utcnow()
        own = self._machine.sample() + self._machine.own(self._own_figures())
        try:
            if not self._has_turn(now, own):
                return None
            with self._database.engine.connect() as connection:  # looking takes a while, and must keep nobody waiting
                round_ = self._evaluator.look(connection, now)
            if round_.has_changes:
                with self._database.write_transaction() as connection:
                    round_.write(connection)
        except BaseException:  # what was not written must be read anew, whatever kept it from being written
            self._evaluator.forget()
            raise
        done = round_.summary
        self._rounds += 1
        self.last = done
        if done.fired_count or done.cleared_count:
            self._told()
        return done

    def _has_turn(self, now: datetime, own: list[Sample]) -> bool:
        """Store this process's samples, and return whether it is the one that evaluates."""
        with self._database.write_transaction() as connection:
            record_samples(connection, own)
            if self._rounds % TRIM_EVERY == 0:
                trim_samples(connection, now - timedelta(days=self._plan.keep_samples_days))
            has_turn = take_lease(connection, LEASE, self._holder, now, timedelta(seconds=4 * self._plan.every_s))
        if has_turn and not self._held:
            self._evaluator.forget()
        self._held = has_turn
        return has_turn

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.round()
            except StorageUnavailable as error:
                logger.warning("rules are evaluated later: %s", error)
            except Exception:  # the next round must come, whatever went wrong in this one
                logger.exception("a round of rules failed")
            self._stopping.wait(self._plan.every_s)
