"""Alerts out of a program's own errors: a logging handler, and a `before_send` for Sentry.

Both only put the error aside; a thread of their own stores it. They never raise, wait or call themselves, and are
bounded: errors alike are told together, and what is over the limit is counted.
"""

import logging
import os
import queue
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from tocsin.alerts.service import AlertService
from tocsin.storage.database import Session

Sessions = Callable[[], AbstractContextManager[Session]]
"""Opens a Session: `Database(…).session`, or a `sessionmaker`."""

WAITING_LIMIT = 1000
PER_MINUTE = 60
GATHER_S = 0.2
"""An error waits this long for others like it."""

_busy = threading.local()


@dataclass(frozen=True, slots=True)
class SeenError:
    """An error that was put aside."""

    error_type: str
    error_message: str
    stack_trace: str | None
    source: str | None
    endpoint: str | None = None
    users: frozenset[str] = field(default_factory=frozenset)

    @property
    def key(self) -> tuple[str, str | None, str | None]:
        """The same for errors that are told together."""
        return self.error_type, self.source, self.endpoint


class ErrorReporter:
    """Stores errors as alerts, in a thread that begins with the first one."""

    def __init__(self, sessions: Sessions, *, per_minute: int = PER_MINUTE) -> None:
        self.dropped_count = 0
        self._sessions = sessions
        self._per_minute = per_minute
        self._waiting: queue.Queue[SeenError] = queue.Queue(WAITING_LIMIT)
        self._told_at: list[float] = []
        self._lock = threading.Lock()
        self._process_id = 0

    def report(self, error: SeenError) -> None:
        """Put an error aside; it is dropped and counted where too many wait, and where this thread is storing one."""
        if getattr(_busy, "is_storing", False):
            return
        try:
            self._waiting.put_nowait(error)
        except queue.Full:
            self.dropped_count += 1
        self._begin()

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until everything is stored; return whether it is."""
        end = time.monotonic() + timeout_s
        while self._waiting.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.01)
        return not self._waiting.unfinished_tasks

    def _begin(self) -> None:
        with self._lock:
            if self._process_id != os.getpid():  # a thread does not live on in a forked process
                self._process_id = os.getpid()
                threading.Thread(target=self._run, name="tocsin-errors", daemon=True).start()

    def _run(self) -> None:
        _busy.is_storing = True
        while True:
            errors = [self._waiting.get()]
            time.sleep(GATHER_S)
            while not self._waiting.empty():
                errors.append(self._waiting.get_nowait())
            groups: dict[Any, list[SeenError]] = {}
            for error in errors:
                groups.setdefault(error.key, []).append(error)
            for group in groups.values():
                self._store_quietly(group)
            for _ in errors:
                self._waiting.task_done()

    def _store_quietly(self, group: list[SeenError]) -> None:
        now = time.monotonic()
        self._told_at = [at for at in self._told_at if now - at < 60]
        if len(self._told_at) >= self._per_minute:
            self.dropped_count += len(group)
            return
        self._told_at.append(now)
        try:
            self._store(group)
        except Exception:  # noqa: BLE001 (what is wrong with alerts must not reach the program, not even its log)
            self.dropped_count += len(group)

    def _store(self, group: list[SeenError]) -> None:
        newest = group[-1]
        users = frozenset().union(*(error.users for error in group))
        with self._sessions() as db:
            AlertService(db).create_application_error_alert(
                error_type=newest.error_type,
                error_message=newest.error_message,
                stack_trace=newest.stack_trace,
                source=newest.source,
                affected_endpoint=newest.endpoint,
                affected_users=len(users) or None,
                error_count=len(group),
            )


class AlertHandler(logging.Handler):
    """Makes an alert of each logged exception, from ERROR on.

    `logging.getLogger().addHandler(AlertHandler(database.session))`. `extra={"endpoint": …, "user": …}` is told too.
    """

    def __init__(self, sessions: Sessions, level: int = logging.ERROR, *, per_minute: int = PER_MINUTE) -> None:
        super().__init__(level)
        self.reporter = ErrorReporter(sessions, per_minute=per_minute)

    def emit(self, record: logging.LogRecord) -> None:
        """Put the record's exception aside."""
        if not record.exc_info or record.exc_info[0] is None:
            return
        kind, error, trace = record.exc_info
        try:
            user = getattr(record, "user", None)
            seen = SeenError(
                error_type=kind.__name__,
                error_message=str(error) or record.getMessage(),
                stack_trace="".join(traceback.format_exception(kind, error, trace)),
                source=record.name,
                endpoint=_text(getattr(record, "endpoint", None)),
                users=frozenset() if user is None else frozenset({str(user)}),
            )
            self.reporter.report(seen)
        except Exception:  # noqa: BLE001 (logging must not break what logs; an exception's own text may raise)
            self.reporter.dropped_count += 1

    def flush(self) -> None:
        """Wait, a few seconds at most, until what was put aside is stored."""
        self.reporter.flush()


def sentry_before_send(
    sessions: Sessions, *, per_minute: int = PER_MINUTE
) -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Return a function for `sentry_sdk.init(before_send=…)`: each event is an alert too, and goes on unchanged."""
    reporter = ErrorReporter(sessions, per_minute=per_minute)

    def before_send(event: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any]:
        try:
            seen = _of_sentry(event, hint)
            if seen is not None:
                reporter.report(seen)
        except Exception:  # noqa: BLE001 (the event goes to Sentry whatever it looks like)
            reporter.dropped_count += 1
        return event

    before_send.reporter = reporter  # type: ignore[attr-defined]
    return before_send


def _of_sentry(event: dict[str, Any], hint: dict[str, Any]) -> SeenError | None:
    values = (event.get("exception") or {}).get("values") or []
    if not values:
        return None
    last = values[-1]  # Sentry lists causes first
    trace = hint.get("exc_info")
    user = (event.get("user") or {}).get("id")
    return SeenError(
        error_type=str(last.get("type") or "Error"),
        error_message=str(last.get("value") or ""),
        stack_trace="".join(traceback.format_exception(*trace)) if trace else None,
        source=_text(event.get("server_name") or event.get("logger")),
        endpoint=_text(event.get("transaction") or (event.get("request") or {}).get("url")),
        users=frozenset() if user is None else frozenset({str(user)}),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
