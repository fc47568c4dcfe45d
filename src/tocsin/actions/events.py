"""What can be asked about the past of live events: what a listener has missed of those that are kept."""

from collections.abc import Collection

from tocsin.model.times import isoformat
from tocsin.storage.database import Session
from tocsin.storage.outbox import CERTIFICATE, TRANSITION, VANTAGE, last_event_id, list_events, vantage_of
from tocsin.storage.tables.records import OutboxEvent
from tocsin.watch.live import LiveEvent

__all__ = ["LASTING", "last_event_id", "list_missed"]

LASTING = {"transition": TRANSITION, "certificate": CERTIFICATE, "vantage": VANTAGE}
"""Kinds of live event that can be told later too, with the kind under which they are stored."""


def list_missed(
    db: Session, kinds: Collection[str], website_id: int | None, after_id: int, limit: int
) -> list[LiveEvent]:
    """Return up to `limit` lasting events of those kinds after that one, oldest first, as they were told live."""
    stored = [LASTING[kind] for kind in kinds if kind in LASTING]
    rows = list_events(db, website_id=website_id, after_id=after_id, kinds=stored, limit=limit)
    return [_told(row) for row in rows]


def _told(row: OutboxEvent) -> LiveEvent:
    if row.kind == VANTAGE:
        return LiveEvent("vantage", vantage_of(row).told(), row.id)
    shared = {"website_id": row.website_id, "check_id": row.check_id, "status": row.to_status}
    if row.kind == CERTIFICATE:
        told = {**shared, "reason": row.reason, "checked_at": isoformat(row.occurred_at), **row.details}
        return LiveEvent("certificate", told, row.id)
    data = {
        **shared,
        "cause": row.details.get("cause"),
        "message": row.details.get("message"),
        "checked_at": isoformat(row.occurred_at),
        "from_status": row.from_status,
        "to_status": row.to_status,
        "reason": row.reason,
        "downtime_id": row.downtime_id,
    }
    return LiveEvent("transition", data, row.id)
