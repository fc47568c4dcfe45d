"""The outbox: changes that somebody may have to be told of, in the order they were committed."""

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tocsin.storage.tables.records import OutboxEvent

TRANSITION = "website.transition"
CERTIFICATE = "website.certificate"
"""Kinds of event: a website changed its status; there is something to tell of its certificate."""


def list_events(
    db: Session,
    *,
    website_id: int | None = None,
    after_id: int | None = None,
    kinds: Collection[str] | None = None,
    limit: int = 500,
) -> list[OutboxEvent]:
    """Return up to `limit` events after `after_id` (of those kinds, where given), oldest first."""
    wanted = select(OutboxEvent).order_by(OutboxEvent.id).limit(limit)
    if website_id is not None:
        wanted = wanted.where(OutboxEvent.website_id == website_id)
    if kinds is not None:
        wanted = wanted.where(OutboxEvent.kind.in_(kinds))
    if after_id is not None:
        wanted = wanted.where(OutboxEvent.id > after_id)
    return list(db.scalars(wanted))


def last_event_id(db: Session) -> int:
    """Return the id of the newest event, 0 where there is none."""
    return db.scalar(select(func.max(OutboxEvent.id))) or 0
