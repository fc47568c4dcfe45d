"""Alerting as a whole: one thread that takes in what the watch saw, does what is due, and tells who is listening."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tocsin.alerts.book import load_book
from tocsin.alerts.clock import do_due
from tocsin.alerts.intake import BATCH, take_in
from tocsin.alerts.recommend import EMPTY_BOOK, Book
from tocsin.errors import StorageUnavailable
from tocsin.model.alerting.steps import FlappingPlan
from tocsin.model.times import utcnow
from tocsin.storage.alerts.due import has_due
from tocsin.storage.alerts.intake import has_waiting
from tocsin.storage.alerts.recording import Handling
from tocsin.storage.alerts.tail import LIMIT, Tail
from tocsin.storage.database import Database, translated_errors

logger = logging.getLogger(__name__)

Tell = Callable[[Sequence[dict[str, Any]]], None]
"""Is told of changes of alerts that were committed a moment ago, oldest first."""

RETRY_S = 2.0


def _nobody(_changes: Sequence[dict[str, Any]]) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class AlertingPlan:
    """How to alert."""

    flapping: FlappingPlan = field(default_factory=FlappingPlan)
    book: Book = EMPTY_BOOK
    poll_s: float = 0.5  # how soon a change that another process made is noticed

    @property
    def handling(self) -> Handling:
        """How sightings are taken."""
        return Handling(self.flapping, self.book.advise)


def alerting_plan(recommendations: str, flapping_changes: int, flapping_window_s: float) -> AlertingPlan:
    """Return how to alert, as the settings say it.

    Raises:
        Invalid: the file of recommendations cannot be used.
    """
    book = load_book(Path(recommendations)) if recommendations else EMPTY_BOOK
    return AlertingPlan(FlappingPlan(flapping_changes, float(flapping_window_s)), book)


class Alerting:
    """Turns the watch's events into alerts. Start and stop it once; `wake` is for any thread."""

    def __init__(self, database: Database, plan: AlertingPlan | None = None, tell: Tell = _nobody) -> None:
        self.plan = plan or AlertingPlan()
        self.handling = self.plan.handling
        self._database = database
        self._tell = tell
        self._wake = threading.Event()
        self._is_stopping = False
        self._tail: Tail | None = None
        self._thread = threading.Thread(target=self._run, name="tocsin-alerting", daemon=True)

    def start(self) -> None:
        """Begin; what waited while nobody alerted is taken in at once."""
        with translated_errors(self._database.url), self._database.engine.connect() as connection:
            self._tail = Tail(connection)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being done, then end the thread. What still waits is taken in after the next start."""
        self._is_stopping = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()

    def wake(self) -> None:
        """Look for something to do now, not at the next poll."""
        self._wake.set()

    def step(self) -> bool:
        """Do one round; return whether there is more to do at once."""
        now = utcnow()
        with translated_errors(self._database.url), self._database.engine.connect() as connection:
            is_waiting, is_due = has_waiting(connection, now), has_due(connection, now)
        taken = take_in(self._database, now, self.handling) if is_waiting else 0
        if is_due:
            do_due(self._database, now, self.plan.flapping)
        return taken >= BATCH or self._tell_changes() >= LIMIT

    def _tell_changes(self) -> int:
        if self._tail is None:
            return 0
        with translated_errors(self._database.url), self._database.engine.connect() as connection:
            changes = self._tail.read(connection)
        if changes:
            self._tell(changes)
        return len(changes)

    def _run(self) -> None:
        while not self._is_stopping:
            pause = self.plan.poll_s
            try:
                pause = 0.0 if self.step() else pause
            except StorageUnavailable as error:
                logger.warning("alerting waits for the database: %s", error)
                pause = RETRY_S
            except Exception:  # the loop must outlive whatever one round meets; nothing is lost by trying again
                logger.exception("a round of alerting failed")
                pause = RETRY_S
            if pause and not self._is_stopping:
                self._wake.wait(pause)
            self._wake.clear()
