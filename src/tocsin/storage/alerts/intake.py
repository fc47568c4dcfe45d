"""Events on their way from the watch into alerts: read in order with what belongs to them, and marked as handled."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, or_, select, update

from tocsin.model.alerting.events import EventFacts, WebsiteFacts
from tocsin.model.enums import MonitorStatus
from tocsin.model.heartbeats.keys import hidden_url
from tocsin.storage.evidence import unpack
from tocsin.storage.tables import DowntimeWindow, MonitorCheck, Website
from tocsin.storage.tables.records import CheckEvidence, OutboxEvent

_EVENTS: Table = OutboxEvent.__table__  # type: ignore[assignment]
_LOCK = 0x746F_6373_0001
"""Advisory lock on PostgreSQL: events are taken in one after the other, and by one process at a time."""


def has_waiting(connection: Connection, now: datetime) -> bool:
    """Return whether any event waits to be taken in."""
    return connection.scalar(select(_EVENTS.c.id).where(*_waiting(now)).limit(1)) is not None


def take_events(connection: Connection, now: datetime, limit: int) -> list[EventFacts]:
    """Return the oldest events that wait, which nobody else gets until this transaction ends.

    It needs no lease: what is taken is marked in the same transaction as what becomes of it, and a process that dies
    gives its events back at once. The transaction must be able to write from its start.
    """
    if connection.dialect.name == "postgresql" and not connection.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return []
    rows = connection.execute(select(_EVENTS).where(*_waiting(now)).order_by(_EVENTS.c.id).limit(limit)).all()
    if not rows:
        return []
    websites = _by_id(connection, Website.__table__, {row.website_id for row in rows})
    downtimes = _by_id(connection, DowntimeWindow.__table__, {row.downtime_id for row in rows})
    checks = _by_id(connection, MonitorCheck.__table__, {row.check_id for row in rows})
    evidence = _evidence(connection, [row.check_id for row in rows if row.check_id is not None])
    return [
        _facts(connection, row, websites.get(row.website_id), downtimes.get(row.downtime_id), checks, evidence)
        for row in rows
    ]


def mark_handled(connection: Connection, event_ids: Sequence[int], now: datetime) -> None:
    """Note that events were taken in."""
    if event_ids:
        done = update(_EVENTS).where(_EVENTS.c.id.in_(event_ids))
        connection.execute(done.values(handled_at=now, claimed_until=None))


def leave_until(connection: Connection, event_id: int, moment: datetime) -> None:
    """Leave an event that cannot be taken in alone for a while, so that it does not hold up the others."""
    connection.execute(update(_EVENTS).where(_EVENTS.c.id == event_id).values(claimed_until=moment))


def _waiting(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return _EVENTS.c.handled_at.is_(None), or_(_EVENTS.c.claimed_until.is_(None), _EVENTS.c.claimed_until <= now)


def _by_id(connection: Connection, table: Any, ids: set[int | None]) -> dict[int | None, Any]:
    wanted = select(table).where(table.c.id.in_([one for one in ids if one is not None]))
    return {row.id: row for row in connection.execute(wanted)}


def _evidence(connection: Connection, check_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    wanted = select(CheckEvidence.check_id, CheckEvidence.payload).where(CheckEvidence.check_id.in_(check_ids))
    return {check_id: unpack(payload) for check_id, payload in connection.execute(wanted)}


def _facts(
    connection: Connection, row: Any, website: Any, downtime: Any, checks: dict[Any, Any], evidence: dict[int, Any]
) -> EventFacts:
    check = checks.get(row.check_id)
    is_well = row.to_status in (None, MonitorStatus.UP)
    return EventFacts(
        id=row.id,
        kind=row.kind,
        reason=row.reason,
        occurred_at=row.occurred_at,
        to_status=row.to_status,
        website=None if website is None else _website(website),
        check_id=row.check_id,
        downtime_id=row.downtime_id,
        details=row.details or {},
        downtime_started_at=downtime.started_at if downtime else None,
        downtime_ended_at=downtime.ended_at if downtime else None,
        http_status_code=check.http_status_code if check else None,
        response_time_ms=check.response_time_us if check else None,
        attempts=check.attempts if check else 1,
        last_good_at=None if is_well or website is None else _last_good(connection, website.id, row.occurred_at),
        evidence=evidence.get(row.check_id, {}),
    )


def _website(row: Any) -> WebsiteFacts:
    return WebsiteFacts(
        id=row.id,
        name=row.name,
        url=hidden_url(row.url),
        created_at=row.created_at,
        group=row.group_name,
        tags=tuple(row.tags),
    )


def _last_good(connection: Connection, website_id: int, before: datetime) -> datetime | None:
    wanted = (
        select(MonitorCheck.checked_at)
        .where(MonitorCheck.website_id == website_id, MonitorCheck.status == MonitorStatus.UP)
        .where(MonitorCheck.checked_at < before)
        .order_by(MonitorCheck.checked_at.desc())
        .limit(1)
    )
    return connection.scalar(wanted)
