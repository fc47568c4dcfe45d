"""Deliveries and decisions as they are looked at: lists, an alert's own, the chain of decisions, figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tocsin.model.delivery.facts import DeliveryStatus
from tocsin.model.times import utcnow
from tocsin.storage.tables.alerts import AlertChange, AlertDecision, AlertModel
from tocsin.storage.tables.deliveries import Channel, DeliveryAttempt, DeliveryMember, DeliveryRow
from tocsin.storage.tables.schema import FRESH

MOST_DECISIONS = 1000


def list_deliveries(
    db: Session, *, skip: int = 0, limit: int = 50, alert_id: int | None = None, **same: Any
) -> tuple[list[tuple[DeliveryRow, Channel]], int]:
    """Return one page of the deliveries, newest first, each with its channel, and how many there are.

    Args:
        db: the database.
        skip: how many to leave out.
        limit: how many to return.
        alert_id: only those that tell of this alert.
        same: columns and what they must equal; None asks for nothing.
    """
    wanted = select(DeliveryRow, Channel).join(Channel, Channel.id == DeliveryRow.channel_id)
    for name, value in same.items():
        if value is not None:
            wanted = wanted.where(getattr(DeliveryRow, name) == value)
    if alert_id is not None:
        about = select(DeliveryMember.delivery_id).where(DeliveryMember.alert_id == alert_id)
        wanted = wanted.where(DeliveryRow.id.in_(about))
    total = db.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    page = wanted.order_by(DeliveryRow.id.desc()).offset(skip).limit(limit)
    return [(row[0], row[1]) for row in db.execute(page, execution_options=FRESH)], total


def attempts_of(db: Session, delivery_ids: Sequence[int]) -> dict[int, list[DeliveryAttempt]]:
    """Return the tries of those deliveries, oldest first."""
    wanted = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id.in_(delivery_ids)).order_by(DeliveryAttempt.id)
    found: dict[int, list[DeliveryAttempt]] = {}
    for row in db.scalars(wanted, execution_options=FRESH):
        found.setdefault(row.delivery_id, []).append(row)
    return found


def has_alert(db: Session, alert_id: int) -> bool:
    """Return whether there is such an alert."""
    return db.scalar(select(AlertModel.id).where(AlertModel.id == alert_id)) is not None


def decisions_of(
    db: Session, alert_id: int, channel_id: int | None = None
) -> Sequence[tuple[AlertDecision, str | None, str | None]]:
    """Return the latest decisions about an alert, oldest first, each with its change's kind and its channel's name.

    With a channel, those of other channels are left out.
    """
    wanted = (
        select(AlertDecision, AlertChange.kind, Channel.name)
        .outerjoin(AlertChange, AlertChange.id == AlertDecision.change_id)
        .outerjoin(Channel, Channel.id == AlertDecision.channel_id)
        .where(AlertDecision.alert_id == alert_id)
    )
    if channel_id is not None:
        wanted = wanted.where((AlertDecision.channel_id == channel_id) | AlertDecision.channel_id.is_(None))
    latest = wanted.order_by(AlertDecision.id.desc()).limit(MOST_DECISIONS)
    return [(row[0], row[1], row[2]) for row in db.execute(latest, execution_options=FRESH)][::-1]


def unplanned_count(db: Session, alert_id: int) -> int:
    """Return how many changes of an alert wait to be planned."""
    waits = select(func.count()).where(AlertChange.alert_id == alert_id, AlertChange.planned_at.is_(None))
    return db.scalar(waits) or 0


def ask_again(db: Session, delivery_id: int, now: datetime) -> DeliveryStatus | None:
    """Have a delivery tried again at once; return the status it had, None where there is none. Commits.

    Only one that failed or waits can be; of any other nothing changes.
    """
    row = db.get(DeliveryRow, delivery_id, populate_existing=True)
    if row is None:
        return None
    # Its channel first, as lanes do: two that lock the same rows in turn would wait for each other.
    rests = update(Channel).where(Channel.id == row.channel_id)
    db.execute(rests.values(paused_until=None, updated_at=Channel.updated_at))
    db.refresh(row)
    status = DeliveryStatus(row.status)
    if status in (DeliveryStatus.FAILED, DeliveryStatus.PENDING):
        values = {
            "status": DeliveryStatus.PENDING.value, "due_at": now, "reason": "",
            "details": {**row.details, "retried_at": now.isoformat()},
        }  # fmt: skip
        same = (DeliveryRow.id == delivery_id, DeliveryRow.status == row.status)
        db.execute(update(DeliveryRow).where(*same).values(**values))
        db.commit()
    else:
        db.rollback()
    return status


@dataclass(frozen=True, slots=True)
class DeliveryFigures:
    """Deliveries in figures."""

    by_status: dict[str, int]
    attempts_by_outcome: dict[str, int]
    oldest_late_s: float  # how long the oldest waiting one should have been told
    unplanned_count: int
    failing_channels: int


def read_delivery_figures(db: Session) -> DeliveryFigures:
    """Return deliveries in figures."""
    statuses = db.execute(select(DeliveryRow.status, func.count()).group_by(DeliveryRow.status)).all()
    outcomes = db.execute(select(DeliveryAttempt.outcome, func.count()).group_by(DeliveryAttempt.outcome)).all()
    waits = select(func.min(DeliveryRow.wanted_at)).where(DeliveryRow.status == DeliveryStatus.PENDING)
    oldest_at = db.scalar(waits)
    unplanned = select(func.count()).where(AlertChange.planned_at.is_(None))
    failing = select(func.count()).where(Channel.failing_since.is_not(None))
    return DeliveryFigures(
        {row[0]: row[1] for row in statuses},
        {row[0] or "under_way": row[1] for row in outcomes},
        0 if oldest_at is None else max(0.0, (utcnow() - oldest_at).total_seconds()),
        db.scalar(unplanned) or 0,
        db.scalar(failing) or 0,
    )
