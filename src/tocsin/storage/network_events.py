"""Network events: what happened on the wire during a debug session."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tocsin.errors import NotFound
from tocsin.model.network_events import NetworkEventCreate
from tocsin.model.times import as_utc, to_epoch_us, utcnow
from tocsin.storage import bulk
from tocsin.storage.tables import DebugSession, NetworkEvent
from tocsin.storage.tables.schema import FRESH

_COLUMNS = (
    "debug_session_id", "event_type", "url", "method", "status_code", "request_headers", "response_headers",
    "request_payload", "response_payload", "duration_ms", "error_message", "timestamp", "created_at",
)  # fmt: skip


class NetworkEventCRUD:
    """Create and read network events. Each call commits the Session it is given."""

    @staticmethod
    def create(db: Session, event: NetworkEventCreate) -> NetworkEvent:
        """Store one event.

        Raises:
            NotFound: there is no such debug session.
        """
        return NetworkEventCRUD.bulk_create(db, [event])[0]

    @staticmethod
    def bulk_create(db: Session, events: Sequence[NetworkEventCreate]) -> list[NetworkEvent]:
        """Store many events in one transaction; return them in the order given. All or none are stored.

        Raises:
            NotFound: an event names a debug session that is not there.
        """
        if not events:
            return []
        ids = {event.debug_session_id for event in events}
        known = set(db.scalars(select(DebugSession.id).where(DebugSession.id.in_(ids))))
        if ids - known:
            raise NotFound(f"there is no debug session {min(ids - known)}")
        now_us = to_epoch_us(utcnow())
        rows = [_raw(event, now_us) for event in events]
        table: Table = NetworkEvent.__table__  # type: ignore[assignment]
        try:
            created = bulk.insert_new_rows(db.connection(), table, _COLUMNS, rows)
            db.commit()
        except IntegrityError as error:
            db.rollback()
            raise NotFound("the debug session was deleted meanwhile") from error
        return _read(db, created)

    @staticmethod
    def get_by_session(
        db: Session, session_id: int, skip: int = 0, limit: int = 1000
    ) -> tuple[list[NetworkEvent], int]:
        """Return one page of a debug session's events in the order they happened, and how many there are."""
        wanted = select(NetworkEvent).where(NetworkEvent.debug_session_id == session_id)
        total = db.scalar(select(func.count()).select_from(wanted.subquery())) or 0
        page = wanted.order_by(NetworkEvent.timestamp, NetworkEvent.id).offset(skip).limit(limit)
        return list(db.scalars(page, execution_options=FRESH)), total

    @staticmethod
    def get_by_time_range(db: Session, session_id: int, start_time: datetime, end_time: datetime) -> list[NetworkEvent]:
        """Return a debug session's events from `start_time` to `end_time`, both included, in order."""
        wanted = select(NetworkEvent).where(
            NetworkEvent.debug_session_id == session_id,
            NetworkEvent.timestamp >= as_utc(start_time),
            NetworkEvent.timestamp <= as_utc(end_time),
        )
        return list(db.scalars(wanted.order_by(NetworkEvent.timestamp, NetworkEvent.id)))


def _raw(event: NetworkEventCreate, now_us: int) -> tuple[Any, ...]:
    """Return the raw values of _COLUMNS: to build a thousand mapped rows takes four times as long."""
    return (
        event.debug_session_id,
        event.event_type.name,
        event.url,
        None if event.method is None else event.method.name,
        event.status_code,
        event.request_headers,
        event.response_headers,
        event.request_payload,
        event.response_payload,
        event.duration_ms,
        event.error_message,
        now_us if event.timestamp is None else to_epoch_us(event.timestamp),
        now_us,
    )


def _read(db: Session, ids: Sequence[int]) -> list[NetworkEvent]:
    """Return the events of those ascending ids, in that order."""
    wanted = select(NetworkEvent).where(NetworkEvent.id >= ids[0], NetworkEvent.id <= ids[-1])
    found = db.scalars(wanted.order_by(NetworkEvent.id), execution_options=FRESH).all()
    mine = set(ids)
    return [event for event in found if event.id in mine]
