"""Network events: what happened on the wire during a debug session."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tocsin.errors import NotFound
from tocsin.model.network_events import NetworkEventCreate
from tocsin.model.times import as_utc, utcnow
from tocsin.storage.tables import DebugSession, NetworkEvent


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
        now = utcnow()
        rows = [_values(event, now) for event in events]
        statement = insert(NetworkEvent).returning(NetworkEvent, sort_by_parameter_order=True)
        try:
            created = list(db.scalars(statement, rows))
            db.commit()
        except IntegrityError as error:
            db.rollback()
            raise NotFound("the debug session was deleted meanwhile") from error
        return created

    @staticmethod
    def get_by_session(
        db: Session, session_id: int, skip: int = 0, limit: int = 1000
    ) -> tuple[list[NetworkEvent], int]:
        """Return one page of a debug session's events in the order they happened, and how many there are."""
        wanted = select(NetworkEvent).where(NetworkEvent.debug_session_id == session_id)
        total = db.scalar(select(func.count()).select_from(wanted.subquery())) or 0
        page = wanted.order_by(NetworkEvent.timestamp, NetworkEvent.id).offset(skip).limit(limit)
        return list(db.scalars(page)), total

    @staticmethod
    def get_by_time_range(db: Session, session_id: int, start_time: datetime, end_time: datetime) -> list[NetworkEvent]:
        """Return a debug session's events from `start_time` to `end_time`, both included, in order."""
        wanted = select(NetworkEvent).where(
            NetworkEvent.debug_session_id == session_id,
            NetworkEvent.timestamp >= as_utc(start_time),
            NetworkEvent.timestamp <= as_utc(end_time),
        )
        return list(db.scalars(wanted.order_by(NetworkEvent.timestamp, NetworkEvent.id)))


def _values(event: NetworkEventCreate, now: datetime) -> dict[str, Any]:
    values = dict(event.__dict__)
    values["timestamp"] = event.timestamp or now
    values["created_at"] = now
    return values
