"""What can be asked about the past of live events: the transitions a listener has missed."""

from tocsin.model.times import isoformat
from tocsin.storage.database import Session
from tocsin.storage.outbox import last_event_id, list_events
from tocsin.storage.tables.records import OutboxEvent
from tocsin.watch.live import LiveEvent

__all__ = ["last_event_id", "list_transitions"]


def list_transitions(db: Session, website_id: int | None, after_id: int, limit: int) -> list[LiveEvent]:
    """Return up to `limit` transitions after that one, oldest first, as they were told live."""
    return [_told(row) for row in list_events(db, website_id=website_id, after_id=after_id, limit=limit)]


def _told(row: OutboxEvent) -> LiveEvent:
    data = {
        "website_id": row.website_id,
        "check_id": row.check_id,
        "status": row.to_status,
        "cause": row.details.get("cause"),
        "message": row.details.get("message"),
        "checked_at": isoformat(row.occurred_at),
        "from_status": row.from_status,
        "to_status": row.to_status,
        "reason": row.reason,
        "downtime_id": row.downtime_id,
    }
    return LiveEvent("transition", data, row.id)
