"""The last thing known of each website: read before a judgement, written with the check."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tocsin.model.downtimes import DowntimeRule
from tocsin.model.enums import MonitorStatus
from tocsin.model.states import WatchState, decode_recent
from tocsin.model.times import from_epoch_us
from tocsin.storage.tables import MonitorCheck
from tocsin.storage.tables.codes import STATUS_CODES
from tocsin.storage.tables.records import WebsiteState
from tocsin.storage.tables.types import utc_of

STATE_COLUMNS = (
    "website_id", "status", "status_since", "first_checked_at", "last_checked_at", "last_check_id",
    "last_response_time_us", "last_cause", "last_message", "consecutive_failures", "breaker_open_until",
    "skipped_checks_count", "last_status", "recent_results", "recovering_since", "recovering_checks_count",
)  # fmt: skip

_STATUS_OF = {code: status for status, code in STATUS_CODES.items()}
_LOAD = (
    "SELECT w.id, s.status, s.status_since, s.first_checked_at, s.last_checked_at, s.consecutive_failures,"
    " s.breaker_open_until, d.id, d.started_at, s.last_status, s.recent_results, s.recovering_since,"
    " s.recovering_checks_count, w.down_after, w.down_window, w.up_after FROM websites w"
    " LEFT JOIN website_states s ON s.website_id = w.id"
    " LEFT JOIN downtime_windows d ON d.website_id = w.id AND d.ended_at IS NULL"
)


def load_states(connection: Connection, website_ids: Iterable[int] | None = None) -> dict[int, WatchState]:
    """Return the state of each of those websites (of all, where None) that still exists."""
    if website_ids is None:
        rows = connection.exec_driver_sql(_LOAD)
    else:
        ids = ",".join(str(int(one)) for one in website_ids)
        rows = connection.exec_driver_sql(f"{_LOAD} WHERE w.id IN ({ids})")
    return {row[0]: _state(tuple(row)) for row in rows}


def _state(row: Sequence[Any]) -> WatchState:
    website_id, status, since, first, last, failures, breaker, downtime_id, started, *rest = row
    last_status, recent, recovering_since, recovering_count, *rule = rest
    return WatchState(
        website_id,
        _status(status),
        _moment(since),
        _moment(first),
        _moment(last),
        failures or 0,
        _moment(breaker),
        downtime_id,
        None if started is None else utc_of(started),
        decode_recent(recent),
        _moment(recovering_since),
        recovering_count or 0,
        _status(last_status),
        _rule(*rule),
    )


_rule = lru_cache(DowntimeRule)


def _status(code: int | None) -> MonitorStatus | None:
    return None if code is None else _STATUS_OF[code]


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else from_epoch_us(microseconds)


def note_check(db: Session, check: MonitorCheck) -> None:
    """Bring the state up to a check that was recorded by hand; an older one only moves the first time back."""
    insert = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
    first = insert(WebsiteState).values(
        website_id=check.website_id,
        status=check.status,
        status_since=check.checked_at,
        first_checked_at=check.checked_at,
        last_checked_at=check.checked_at,
        consecutive_failures=0,
        skipped_checks_count=0,
        recovering_checks_count=0,
    )
    db.execute(first.on_conflict_do_nothing())  # somebody else may record the first check in this very moment
    state = db.get_one(WebsiteState, check.website_id, populate_existing=True, with_for_update=True)
    state.first_checked_at = min(state.first_checked_at, check.checked_at)
    if check.checked_at < state.last_checked_at:
        return
    if state.status is not check.status:
        state.status, state.status_since = check.status, check.checked_at
    state.last_checked_at, state.last_status = check.checked_at, check.status
    state.last_check_id = check.id
    state.last_response_time_ms = check.response_time_ms
    state.last_cause = check.cause
    state.last_message = check.error_message
    if check.status is MonitorStatus.DOWN:
        state.consecutive_failures += 1
    elif check.status.is_available:
        state.consecutive_failures = 0
        state.breaker_open_until = None
    db.flush()


def add_skipped(connection: Connection, skipped: dict[int, int]) -> None:
    """Count checks that the circuit breaker skipped, by website."""
    table = WebsiteState.__table__
    statement = (
        table.update()  # type: ignore[attr-defined]
        .where(table.c.website_id == bindparam("website"))
        .values(skipped_checks_count=table.c.skipped_checks_count + bindparam("number"))
    )
    connection.execute(statement, [{"website": key, "number": number} for key, number in sorted(skipped.items())])


def states_of(db: Session, website_ids: Iterable[int]) -> dict[int, WebsiteState]:
    """Return the state rows of those websites, by website."""
    wanted = select(WebsiteState).where(WebsiteState.website_id.in_(list(website_ids)))
    return {row.website_id: row for row in db.scalars(wanted)}
