"""The outbox: changes that somebody may have to be told of, in the order they were committed."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, Table, func, insert, or_, select
from sqlalchemy.orm import Session

from tocsin.model.times import as_utc
from tocsin.model.vantage import BLIND, VantageChange
from tocsin.storage import bulk
from tocsin.storage.tables.records import OutboxEvent

TRANSITION = "website.transition"
CERTIFICATE = "website.certificate"
VANTAGE = "vantage.blind"


def list_events(
    db: Session,
    *,
    kinds: Collection[str] | None = None,
    website_id: int | None = None,
    after_id: int | None = None,
    limit: int = 500,
) -> list[OutboxEvent]:
    """Return up to `limit` events after `after_id`, oldest first; those that concern no single website concern each."""
    wanted = select(OutboxEvent).order_by(OutboxEvent.id).limit(limit)
    if kinds is not None:
        wanted = wanted.where(OutboxEvent.kind.in_(kinds))
    if website_id is not None:
        wanted = wanted.where(or_(OutboxEvent.website_id == website_id, OutboxEvent.website_id.is_(None)))
    if after_id is not None:
        wanted = wanted.where(OutboxEvent.id > after_id)
    return list(db.scalars(wanted))


def record_vantage(connection: Connection, change: VantageChange, now: datetime) -> int:
    """Put into the outbox that we have become blind, or see again; return the event's id. The caller commits."""
    table: Table = OutboxEvent.__table__  # type: ignore[assignment]
    [event_id] = bulk.next_ids(connection, table, 1)
    connection.execute(
        insert(table).values(
            id=event_id,
            kind=VANTAGE,
            reason=change.reason,
            details=change.details(),
            occurred_at=change.at,
            created_at=now,
        )
    )
    return event_id


def last_vantage(db: Session) -> VantageChange | None:
    """Return what was told last of our sight, or None where nothing ever was."""
    wanted = select(OutboxEvent).where(OutboxEvent.kind == VANTAGE).order_by(OutboxEvent.id.desc()).limit(1)
    row = db.scalars(wanted).first()
    return None if row is None else vantage_of(row)


def vantage_of(row: OutboxEvent) -> VantageChange:
    """Return what an event of that kind tells."""
    details = row.details
    return VantageChange(
        is_blind=row.reason == BLIND,
        at=row.occurred_at,
        since=as_utc(datetime.fromisoformat(details["since"])),
        references=tuple(details["references"]),
        websites_count=details["websites_count"],
    )


def last_event_id(db: Session) -> int:
    """Return the id of the newest event, 0 where there is none."""
    return db.scalar(select(func.max(OutboxEvent.id))) or 0
