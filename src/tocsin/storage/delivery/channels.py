"""Channels: configured destinations, and how they are."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tocsin.errors import Conflict
from tocsin.model.alerts import AlertPriority, NotificationChannel
from tocsin.model.delivery.facts import DeliveryStatus
from tocsin.model.messages import MessageKind
from tocsin.storage.tables.deliveries import Channel, DeliveryAttempt, DeliveryRow
from tocsin.storage.tables.schema import FRESH


def list_channels(
    db: Session, *, kind: NotificationChannel | None = None, is_enabled: bool | None = None, skip: int = 0,
    limit: int = 500,
) -> tuple[list[Channel], int]:  # fmt: skip
    """Return one page of the channels, by name, and how many there are."""
    wanted = select(Channel)
    if kind is not None:
        wanted = wanted.where(Channel.kind == kind)
    if is_enabled is not None:
        wanted = wanted.where(Channel.is_enabled.is_(is_enabled))
    total = db.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    page = wanted.order_by(Channel.name, Channel.id).offset(skip).limit(limit)
    return list(db.scalars(page, execution_options=FRESH)), total


def find_channel(db: Session, name: int | str) -> Channel | None:
    """Return the channel of that id or name, or None."""
    if isinstance(name, int):
        return db.get(Channel, name, populate_existing=True)
    return db.scalars(select(Channel).where(Channel.name == name), execution_options=FRESH).one_or_none()


def store_channel(db: Session, row: Channel) -> None:
    """Store a new or changed channel, and commit.

    Raises:
        Conflict: another channel has its name.
    """
    name = row.name
    try:
        db.add(row)
        db.commit()
    except IntegrityError as error:
        db.rollback()
        raise Conflict(f"there is a channel called {name!r} already") from error
    db.refresh(row)


def delete_channel(db: Session, row: Channel) -> None:
    """Delete a channel with its deliveries; whoever had it as fallback has none then. Commits."""
    db.execute(update(Channel).where(Channel.fallback_channel_id == row.id).values(fallback_channel_id=None))
    db.delete(row)
    db.commit()


def waiting_counts(db: Session, channel_ids: Iterable[int]) -> Mapping[int, int]:
    """Return how many messages wait, by channel."""
    wanted = (
        select(DeliveryRow.channel_id, func.count())
        .where(DeliveryRow.channel_id.in_(list(channel_ids)), DeliveryRow.status == DeliveryStatus.PENDING)
        .group_by(DeliveryRow.channel_id)
    )
    return {row[0]: row[1] for row in db.execute(wanted)}


def record_test(db: Session, channel: Channel, key: str, times: Sequence[datetime], **attempt: Any) -> int:
    """Record a test message that was sent or refused, and commit; return the delivery's id.

    Args:
        db: the database.
        channel: where to.
        key: the message's.
        times: when it began and ended.
        attempt: the columns of the try.
    """
    began_at, ended_at = times
    is_sent = attempt["outcome"] == "sent"
    row = DeliveryRow(
        channel_id=channel.id, key=key, kind=MessageKind.TEST.value, priority=AlertPriority.INFO, alerts_count=0,
        status=(DeliveryStatus.SENT if is_sent else DeliveryStatus.FAILED).value, due_at=began_at,
        wanted_at=began_at, created_at=began_at, sent_at=ended_at if is_sent else None, attempts_count=1,
        reason="" if is_sent else "test_failed", provider_id=attempt.get("provider_id"),
    )  # fmt: skip
    db.add(row)
    db.flush()
    db.add(DeliveryAttempt(delivery_id=row.id, started_at=began_at, ended_at=ended_at, **attempt))
    if is_sent:
        healthy = {"failing_since": None, "paused_until": None, "failures_count": 0, "last_error": None}
        changed = update(Channel).where(Channel.id == channel.id)
        db.execute(changed.values(**healthy, last_message_at=ended_at, updated_at=Channel.updated_at))
    db.commit()
    return row.id
