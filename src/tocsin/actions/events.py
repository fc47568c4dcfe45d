"""What can be asked about the past of live events: what a listener has missed of those that are kept."""

from collections.abc import Collection

from tocsin.model.times import isoformat
from tocsin.storage.database import Session
from tocsin.storage.outbox import TRANSITION, VANTAGE, last_event_id, list_events, vantage_of
from tocsin.storage.tables.records import OutboxEvent
from tocsin.watch.live import LiveEvent

__all__ = ["KINDS", "last_event_id", "list_missed"]


KINDS = {"transition": TRANSITION, "vantage": VANTAGE}
"""The kinds of live events that are kept, and what they are called in the outbox."""


def list_missed(
    db: Session, kinds: Collection[str], website_id: int | None, after_id: int, limit: int
) -> list[LiveEvent]:
    """Return up to `limit` kept events of those live kinds after that one, oldest first, as they were told live."""
    kept = [name for kind, name in KINDS.items() if kind in kinds]
    rows = list_events(db, kinds=kept, website_id=website_id, after_id=after_id, limit=limit)
    return [_told(row) for row in rows]


def _told(row: OutboxEvent) -> LiveEvent:
    if row.kind == VANTAGE:
        return LiveEvent("vantage", vantage_of(row).told(), row.id)
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
