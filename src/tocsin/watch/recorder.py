"""From results to rows: one thread that judges and stores checks in batches, and tells who is listening."""

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.errors import Conflict, NotFound, StorageUnavailable
from tocsin.model.conditions.certificate_warnings import WARN_DAYS, CertificateReason
from tocsin.model.enums import MonitorStatus
from tocsin.model.results import CheckResult
from tocsin.model.states import WatchState
from tocsin.model.times import isoformat, utcnow
from tocsin.model.vantage import VantageChange
from tocsin.storage.database import Database
from tocsin.storage.heartbeats import lock_beats
from tocsin.storage.history.uptime import gap_allowance
from tocsin.storage.outbox import record_vantage
from tocsin.storage.results import Outcome, ResultWriter, Stored
from tocsin.storage.states import add_skipped, load_states
from tocsin.watch.breaker import Breaker
from tocsin.watch.heartbeats import signals
from tocsin.watch.heartbeats.signals import Decided, Signal
from tocsin.watch.judge import judge
from tocsin.watch.live import LiveEvent, LiveHub

logger = logging.getLogger(__name__)

BATCH = 1000
LINGER_S = 0.2
"""A result waits this long for company: one commit then carries many."""
RETRY_S = (0.1, 0.5, 1.0, 2.0, 5.0)
QUEUE_LIMIT = 50_000
"""Results kept while the database cannot be reached; beyond that the newest are dropped and counted."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a result: the row it is, and the website's state after it."""

    check_id: int
    state: WatchState


@dataclass(slots=True, eq=False)
class Submission:
    """A settled result on its way into the database."""

    website_id: int
    result: CheckResult
    interval_s: int
    timeout_s: float
    is_urgent: bool = False
    done: "Future[Recorded]" = field(default_factory=Future)


Waiting = Submission | Signal
"""What the recorder takes: what a look saw, or a ping of a heartbeat or its absence."""


class _Nudge:
    """Wakes the recorder for something that is no check."""


class Recorder:
    """Takes results from any thread; stores each batch in one transaction, judged against what is stored."""

    def __init__(
        self, database: Database, live: LiveHub, breaker: Breaker, warn_days: Sequence[int] = WARN_DAYS
    ) -> None:
        self._database = database
        self._live = live
        self._breaker = breaker
        self._writer = ResultWriter(warn_days)
        self._queue: queue.SimpleQueue[Waiting | _Nudge | None] = queue.SimpleQueue()
        self._urgent = threading.Event()
        self._skipped: Counter[int] = Counter()
        self._skipped_lock = threading.Lock()
        self._changes: list[VantageChange] = []
        self._changes_lock = threading.Lock()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="tocsin-recorder", daemon=True)
        self.status_counts: Counter[MonitorStatus] = Counter()
        self.dropped_count = 0

    @property
    def waiting_count(self) -> int:
        """Results not stored yet."""
        return self._queue.qsize()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Store what is waiting, then end the thread."""
        self._is_stopping = True
        self._queue.put(None)
        self._urgent.set()
        self._thread.join()

    def submit(self, submission: Waiting) -> None:
        """Queue a result. Its future ends once the row is committed, or with NotFound where the website is gone."""
        if self._queue.qsize() >= QUEUE_LIMIT:
            self.dropped_count += 1
            submission.done.set_exception(StorageUnavailable("too many results wait for the database"))
            return
        submission.done.set_running_or_notify_cancel()  # whoever waits may go; what was queued is stored all the same
        self._queue.put(submission)
        if submission.is_urgent:
            self._urgent.set()

    def note_skipped(self, website_id: int) -> None:
        """Count a check that the circuit breaker skipped; stored with the next batch."""
        with self._skipped_lock:
            self._skipped[website_id] += 1

    def tell_vantage(self, change: VantageChange) -> None:
        """Store, and tell live, that we have become blind or see again; before the checks submitted after it."""
        with self._changes_lock:
            self._changes.append(change)
        self._queue.put(_Nudge())

    def _run(self) -> None:
        is_open = True
        held: list[Waiting] = []
        while is_open or held:
            batch, is_open, held = self._take(held, is_open=is_open)
            if batch or self._changes:
                self._store(batch)

    def _take(self, held: list[Waiting], *, is_open: bool) -> tuple[list[Waiting], bool, list[Waiting]]:
        """Return a batch with no website twice, whether more can come, and what has to wait for the next one."""
        waiting = list(held)
        if not waiting:
            first = self._queue.get()
            if first is None:
                return [], False, []
            if not isinstance(first, _Nudge):
                waiting.append(first)
            if not self._is_stopping:
                self._urgent.wait(LINGER_S)
                self._urgent.clear()
        while len(waiting) < BATCH:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if item is None:
                is_open = False
                break
            if not isinstance(item, _Nudge):
                waiting.append(item)
        batch: dict[int, Waiting] = {}
        later = [one for one in waiting if batch.setdefault(one.website_id, one) is not one]
        return list(batch.values()), is_open, later

    def _store(self, batch: Sequence[Waiting]) -> None:
        try:
            self._store_patiently(batch)
        except StorageUnavailable as error:  # only while stopping: what cannot be stored now never will be
            logger.error("%s results are lost: %s", len(batch), error)  # noqa: TRY400 (the sentence says it all)
            self.dropped_count += len(batch)
            for one in batch:
                one.done.set_exception(error)
        except Exception as error:  # one broken row must not stop the loop: it is found and left out
            if len(batch) == 1:
                logger.exception("a check of website %s could not be stored", batch[0].website_id)
                self.dropped_count += 1
                batch[0].done.set_exception(error)
                return
            for one in batch:
                self._store([one])
            if not batch:
                logger.exception("it could not be stored that we are blind, or see again")
                with self._changes_lock:
                    self._changes.clear()

    def _store_patiently(self, batch: Sequence[Waiting]) -> None:
        """Store a batch; while the database cannot be reached, keep it and try again."""
        tries = 0
        while True:
            try:
                self._commit(batch)
            except StorageUnavailable as error:
                self._writer.forget()
                if self._is_stopping and tries >= len(RETRY_S):
                    raise
                pause = RETRY_S[min(tries, len(RETRY_S) - 1)]
                logger.warning("%s; trying again in %s s", error, pause)
                tries += 1
                time.sleep(pause)
            except Conflict:
                self._writer.forget()
                if tries:
                    raise
                tries += 1  # a website may have been deleted in between; the second look sees it
            except BaseException:
                self._writer.forget()
                raise
            else:
                return

    def _commit(self, batch: Sequence[Waiting]) -> None:
        now = utcnow()
        looks = [one for one in batch if isinstance(one, Submission)]
        beating = [one for one in batch if isinstance(one, Signal)]
        with self._database.write_transaction() as connection:
            with self._changes_lock:
                changes = list(self._changes)
            events = [record_vantage(connection, one, now) for one in changes]
            beats = lock_beats(connection, [one.website_id for one in beating]) if beating else {}
            states = load_states(connection, [one.website_id for one in batch]) if batch else {}
            known = [one for one in looks if one.website_id in states]
            decided = signals.decide(beating, beats, states, now)
            outcomes = [outcome_of(one, states[one.website_id], self._breaker, utcnow()) for one in known]
            outcomes += [one.outcome for one in decided if one.outcome is not None]
            stored = self._writer.write(connection, outcomes, now) if outcomes else []
            signals.store(connection, decided, now)
            with self._skipped_lock:
                skipped, self._skipped = self._skipped, Counter()
            if skipped:
                add_skipped(connection, dict(skipped))
        with self._changes_lock:
            del self._changes[: len(changes)]
        told = zip(changes, events, strict=True)
        self._live.publish(*(LiveEvent("vantage", one.told(), event_id) for one, event_id in told))
        self._tell(outcomes, stored, decided)
        for look, outcome, row in zip(known, outcomes, stored, strict=False):  # those of signals come after them
            look.done.set_result(Recorded(row.check_id, outcome.judgement.state))
        for signal in decided:
            signal.signal.done.set_result(signal.step)
        for one in batch:
            if not one.done.done():
                one.done.set_exception(NotFound(f"website {one.website_id} was deleted meanwhile"))

    def _tell(self, outcomes: Sequence[Outcome], stored: Sequence[Stored], decided: Sequence[Decided]) -> None:
        for one, row in zip(outcomes, stored, strict=True):
            log_outcome(one)
            log_certificate(one, row)
        self.status_counts.update(one.result.status or MonitorStatus.UNKNOWN for one in outcomes)
        if self._live.has_listeners:
            pairs = zip(outcomes, stored, strict=True)
            self._live.publish(*(event for one, row in pairs for event in live_events(one, row)))
            self._live.publish(*signals.live_events(decided))


def outcome_of(one: Submission, state: WatchState, breaker: Breaker, now: datetime) -> Outcome:
    """Return a result, judged against the state that is stored, as it is to be stored."""
    pause = breaker.pause.total_seconds() if state.breaker_open_until else 0.0
    gap_after = gap_allowance(one.interval_s, one.timeout_s, pause)
    interval = timedelta(seconds=one.interval_s)
    judgement = judge(one.result, state, breaker, now, gap_after=gap_after, unknown_for=interval)
    return Outcome(one.website_id, one.result, judgement, interval, one.is_urgent)


def log_outcome(one: Outcome) -> None:
    """Log what changed for a website; a check that changed nothing is logged at DEBUG."""
    judgement, result = one.judgement, one.result
    is_quiet = judgement.transition is None and judgement.state.breaker_open_until is None
    if is_quiet and not logger.isEnabledFor(logging.DEBUG):
        return
    facts = {"website_id": one.website_id, "url": result.url, "status": str(result.status), "cause": result.cause}
    transition = judgement.transition
    if transition is None:
        logger.debug("checked", extra={**facts, "total_ms": result.phases.total_ms})
    else:
        level = logging.WARNING if transition.to_status is MonitorStatus.DOWN else logging.INFO
        why = f": {result.message}" if result.message else ""
        words = f"{transition.from_status} → {transition.to_status} ({transition.reason}){why}"
        logger.log(level, "%s", words, extra=facts)
    if judgement.state.breaker_open_until is not None and result.status is MonitorStatus.DOWN:
        until = isoformat(judgement.state.breaker_open_until)
        logger.warning(
            "circuit breaker open after %s failures, next check not before %s",
            judgement.state.consecutive_failures,
            until,
            extra={"website_id": one.website_id, "url": result.url},
        )


def log_certificate(one: Outcome, row: Stored) -> None:
    """Log what is to be told of a website's certificate."""
    if row.certificate_event is not None:
        _, reason, details = row.certificate_event
        facts = {"website_id": one.website_id, "url": one.result.url, "days_left": details["days_left"]}
        level = logging.INFO if reason is CertificateReason.RENEWED else logging.WARNING
        logger.log(level, "%s: valid until %s", reason.value.replace("_", " "), details["not_after"], extra=facts)


def live_events(one: Outcome, row: Stored) -> list[LiveEvent]:
    """Return what listeners hear of a stored check: the check, the transition where it is one, its certificate."""
    result = one.result
    check = {
        "website_id": one.website_id,
        "check_id": row.check_id,
        "status": result.status,
        "cause": result.cause,
        "message": result.message if result.status is not MonitorStatus.UP else None,
        "http_status_code": result.http_status_code,
        "response_time_ms": result.phases.total_ms,
        "checked_at": isoformat(result.started_at),
    }
    events = [LiveEvent("check", check)]
    transition = one.judgement.transition
    if transition is not None:
        moved = {
            "from_status": transition.from_status,
            "to_status": transition.to_status,
            "reason": transition.reason,
            "downtime_id": row.downtime_id,
        }
        events.append(LiveEvent("transition", {**check, **moved}, row.event_id))
    if row.certificate_event is not None:
        event_id, reason, details = row.certificate_event
        shared = {name: check[name] for name in ("website_id", "check_id", "checked_at")}
        status = one.judgement.state.status or MonitorStatus.UNKNOWN
        events.append(LiveEvent("certificate", {**shared, "status": status, "reason": reason, **details}, event_id))
    return events
