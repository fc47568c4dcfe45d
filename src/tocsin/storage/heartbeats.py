"""Heartbeats: found by key, locked while a ping is judged, written back with it; and what an edit means for them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Table, cast, func, select, type_coerce, update
from sqlalchemy.orm import Session

from tocsin.errors import Invalid
from tocsin.matching.heartbeats import check_schedule, timed
from tocsin.model.enums import MonitorStatus
from tocsin.model.heartbeats.keys import is_heartbeat
from tocsin.model.heartbeats.pings import BODY_LIMIT, PINGS_KEPT, Beat, HeartbeatState, Ping
from tocsin.model.heartbeats.schedules import (
    FIELDS,
    Schedule,
    changed,
    fields_of,
    refuse_foreign_fields,
    schedule_of,
    settled,
)
from tocsin.model.times import to_epoch_us
from tocsin.storage import bulk
from tocsin.storage.tables import Website
from tocsin.storage.tables.codes import METHOD_CODES
from tocsin.storage.tables.heartbeats import Heartbeat, HeartbeatPing
from tocsin.storage.tables.records import WebsiteState

_STATE_COLUMNS = tuple(HeartbeatState.__dataclass_fields__)
_PING_COLUMNS = (
    "website_id", "slot", "number", "kind", "received_at", "rid", "exit_code", "duration_us", "method", "address",
    "user_agent", "body_bytes", "body",
)  # fmt: skip
_HEARTBEATS: Table = Heartbeat.__table__  # type: ignore[assignment]
_PINGS: Table = HeartbeatPing.__table__  # type: ignore[assignment]
_LARGEST_INT = 2**31 - 1


def find_heartbeat(connection: Connection, url_key: str) -> int | None:
    """Return the id of the website with that normalised URL, or None."""
    return connection.scalar(select(Website.id).where(Website.url_key == url_key))


def lock_beats(connection: Connection, website_ids: Iterable[int]) -> dict[int, Beat]:
    """Return those heartbeats that still exist; nobody else changes them until the transaction ends."""
    wanted = (
        select(Website.id, Website.url_key, Website.is_active, Website.period, Website.cron, Website.time_zone,
               Website.grace, *(getattr(Heartbeat, name) for name in _STATE_COLUMNS))
        .join(Heartbeat, Heartbeat.website_id == Website.id)
        .where(Website.id.in_(list(website_ids)))
        .order_by(Website.id)  # the same order for everybody, so that nobody waits in a circle
        .with_for_update(key_share=True)
    )  # fmt: skip
    return {
        row.id: Beat(row.url_key, row.is_active, schedule_of(row), HeartbeatState(*row[7:]))
        for row in connection.execute(wanted)
    }


def write_states(connection: Connection, states: Sequence[HeartbeatState]) -> None:
    """Store states; at most one a website."""
    rows = [tuple(_raw(getattr(state, name)) for name in _STATE_COLUMNS) for state in states]
    bulk.upsert_rows(connection, _HEARTBEATS, _STATE_COLUMNS, rows)


def _raw(value: Any) -> Any:
    return to_epoch_us(value) if isinstance(value, datetime) else value


def write_pings(connection: Connection, pings: Sequence[tuple[int, int, Ping, float | None]]) -> None:
    """Store pings, given as website, number, ping and duration (ms); each takes the place of one a hundred before."""
    rows = [
        (
            website_id,
            number % PINGS_KEPT,
            number,
            ping.kind.name,
            to_epoch_us(ping.at),
            ping.rid,
            ping.exit_code,
            None if duration_ms is None else round(duration_ms * 1000),
            METHOD_CODES[ping.method],
            ping.address,
            ping.user_agent,
            min(ping.body_bytes, _LARGEST_INT),
            ping.body[:BODY_LIMIT] or None,
        )
        for website_id, number, ping, duration_ms in pings
    ]
    bulk.upsert_rows(connection, _PINGS, _PING_COLUMNS, rows)


def resume(connection: Connection, website_ids: Sequence[int], now: datetime) -> None:
    """Make paused websites active again."""
    if website_ids:
        change = update(Website).where(Website.id.in_(website_ids)).values(is_active=True, updated_at=now)
        connection.execute(change)


def list_overdue(connection: Connection, now: datetime, limit: int) -> list[int]:
    """Return up to `limit` active heartbeats of which a ping is missing, the longest missing first."""
    wanted = (
        select(Heartbeat.website_id)
        .join(Website, Website.id == Heartbeat.website_id)
        .where(Heartbeat.deadline_at <= now, Website.is_active)
        .order_by(Heartbeat.deadline_at)
        .limit(limit)
    )
    return list(connection.scalars(wanted))


def next_deadline(connection: Connection, now: datetime) -> datetime | None:
    """Return the first moment after `now` from which a ping will be missing."""
    wanted = select(Heartbeat.deadline_at).where(Heartbeat.deadline_at > now)
    return connection.scalar(wanted.order_by(Heartbeat.deadline_at).limit(1))


def allow_for_gap(connection: Connection, now: datetime) -> int:
    """Give every heartbeat at least its grace from `now` on, since no ping could arrive until now; return how many."""
    grace_s = select(Website.grace).where(Website.id == _HEARTBEATS.c.website_id).scalar_subquery()
    earliest = to_epoch_us(now) + cast(grace_s, BigInteger) * 1_000_000
    deadline = type_coerce(_HEARTBEATS.c.deadline_at, BigInteger)  # as it is stored
    return connection.execute(update(_HEARTBEATS).where(deadline < earliest).values(deadline_at=earliest)).rowcount


def heartbeats_of(db: Session, website_ids: Iterable[int]) -> dict[int, HeartbeatState]:
    """Return the states of those of the websites that are heartbeats."""
    wanted = select(_HEARTBEATS).where(_HEARTBEATS.c.website_id.in_(list(website_ids)))
    return {row.website_id: HeartbeatState(**row._mapping) for row in db.execute(wanted)}  # noqa: SLF001 (public name)


def list_pings(db: Session, website_id: int, skip: int, limit: int) -> tuple[list[HeartbeatPing], int]:
    """Return one page of a heartbeat's kept pings, newest first, and how many are kept."""
    wanted = select(HeartbeatPing).where(HeartbeatPing.website_id == website_id)
    total = db.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    page = wanted.order_by(HeartbeatPing.number.desc()).offset(skip).limit(limit)
    return list(db.scalars(page, execution_options={"populate_existing": True})), total


def get_ping(db: Session, website_id: int, number: int) -> HeartbeatPing | None:
    """Return a ping by its number, or None where there is none, or none any more."""
    row = db.get(HeartbeatPing, (website_id, number % PINGS_KEPT), populate_existing=True)
    return row if row is not None and row.number == number else None


def checked_schedule(website: Any, now: datetime) -> Schedule:
    """Return the schedule of a new heartbeat.

    Raises:
        Invalid: its cron expression is none.
    """
    schedule = settled({name: getattr(website, name) for name in FIELDS})
    check_schedule(schedule, now)
    return schedule


def settled_changes(row: Website, changes: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return the changes of a website with what they mean for it as a heartbeat, or as none.

    Raises:
        Invalid: they contradict what it is.
    """
    is_one = is_heartbeat(row.url_key)
    if "url" in changes and is_heartbeat(changes["url"]) is not is_one:
        wrong = "a heartbeat cannot become a website that is looked at" if is_one else "it cannot become a heartbeat"
        raise Invalid(f"{wrong}: add a new website", field="url")
    try:
        refuse_foreign_fields(row.url_key, changes)
        given = {name: changes[name] for name in FIELDS if name in changes}
        if not is_one or not given:
            return changes
        schedule = changed({name: getattr(row, name) for name in FIELDS}, given)
    except ValueError as error:
        raise Invalid(str(error)) from error
    check_schedule(schedule, now)
    return {**changes, **fields_of(schedule)}


def rearm(db: Session, row: Website, before: tuple[Schedule, bool], now: datetime) -> None:
    """Bring a heartbeat's deadline in step with its website, whose changes are flushed already.

    A resumed one counts from now on; a new schedule cannot be missed before one grace from now is over.

    Args:
        db: whose transaction holds the website's row, so that no ping is judged meanwhile.
        row: the website.
        before: its schedule, and whether it was active.
        now: the present.
    """
    schedule = schedule_of(row)
    if before == (schedule, row.is_active):
        return
    beat = db.get(Heartbeat, row.id, populate_existing=True, with_for_update=True)
    if beat is None:
        return
    if row.is_active and not before[1]:
        beat.last_start_at = beat.last_start_rid = beat.run_ends_by = None
        beat.counts_from = None if beat.counts_from is None else now
    elif beat.run_ends_by is not None and beat.last_start_at is not None:
        beat.run_ends_by = beat.last_start_at + schedule.grace
    state = db.get(WebsiteState, row.id, populate_existing=True)
    is_down = state is not None and state.status is MonitorStatus.DOWN
    told = timed(_state_of(beat), schedule, is_waited_for=row.is_active and not is_down)
    beat.due_at = told.due_at
    beat.deadline_at = None if told.deadline_at is None else max(told.deadline_at, now + schedule.grace)
    db.flush()


def _state_of(beat: Heartbeat) -> HeartbeatState:
    return HeartbeatState(*(getattr(beat, name) for name in _STATE_COLUMNS))
