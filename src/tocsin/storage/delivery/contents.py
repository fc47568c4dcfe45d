"""What a delivery tells of: its members, and its alerts as a message shows them."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, exists, select

from tocsin.model.delivery.facts import Change, DeliveryStatus, Queued, Told
from tocsin.model.messages import AlertFacts, MessageKind
from tocsin.storage.tables.alerts import AlertChange, AlertModel
from tocsin.storage.tables.deliveries import DeliveryMember, DeliveryRow

_OPEN_KINDS = (MessageKind.FIRING, MessageKind.CHANGED, MessageKind.REMINDER, MessageKind.ESCALATION)
MOST_LINES = 12


def told_by(connection: Connection, delivery: Queued) -> list[Told]:
    """Return the members of a delivery."""
    other = DeliveryMember.__table__.alias("other")
    earlier = DeliveryRow.__table__.alias("earlier")
    before = exists(
        select(other.c.delivery_id)
        .join(earlier, earlier.c.id == other.c.delivery_id)
        .where(
            other.c.alert_id == DeliveryMember.alert_id,
            other.c.delivery_id != delivery.id,
            earlier.c.channel_id == delivery.channel_id,
            earlier.c.status.in_((DeliveryStatus.SENT, DeliveryStatus.FAILED)),
            (earlier.c.status == DeliveryStatus.SENT) | earlier.c.possibly_repeated,
        )
    )
    wanted = (
        select(
            AlertChange.id, AlertChange.alert_id, AlertChange.kind, AlertChange.changed_at, AlertChange.from_status,
            AlertChange.to_status, AlertChange.to_priority, AlertModel.alert_type, AlertModel.labels,
            AlertModel.first_seen_at, AlertModel.status, before,
        )
        .select_from(DeliveryMember)
        .join(AlertChange, AlertChange.id == DeliveryMember.change_id)
        .join(AlertModel, AlertModel.id == DeliveryMember.alert_id)
        .where(DeliveryMember.delivery_id == delivery.id)
        .order_by(AlertChange.id)
    )  # fmt: skip
    return [_told(row) for row in connection.execute(wanted)]


def _told(row: Any) -> Told:
    change_id, alert_id, kind, changed_at, from_status, to_status, to_priority = row[:7]
    change = Change(change_id, alert_id, kind, changed_at, from_status, to_status, to_priority)
    alert_type, labels, first_seen_at, status, was_told_before = row[7:]
    cause = (labels or {}).get("cause") or alert_type
    return Told(change, cause, first_seen_at, status, bool(was_told_before))


def last_of_group(connection: Connection, delivery: Queued) -> tuple[str | None, bool]:
    """Return what the provider called the group's last message, and whether that left a problem open."""
    wanted = (
        select(DeliveryRow.provider_id, DeliveryRow.kind)
        .where(
            DeliveryRow.channel_id == delivery.channel_id,
            DeliveryRow.group_key == delivery.group_key,
            DeliveryRow.status == DeliveryStatus.SENT,
        )
        .order_by(DeliveryRow.id.desc())
        .limit(1)
    )
    row = connection.execute(wanted).first()
    return (None, False) if row is None else (row[0], row[1] in _OPEN_KINDS)


def facts_of(connection: Connection, alert_ids: Iterable[int]) -> dict[int, AlertFacts]:
    """Return those alerts as messages show them."""
    wanted = select(AlertModel.__table__).where(AlertModel.id.in_(list(alert_ids)))
    return {row["id"]: alert_facts(row) for row in connection.execute(wanted).mappings()}


def alert_facts(row: Mapping[Any, Any]) -> AlertFacts:
    """Return an alert as a message shows it, from its columns."""
    more: Mapping[str, Any] = row["metadata"] or {}
    users = more.get("affected_users")
    return AlertFacts(
        id=row["id"],
        alert_type=row["alert_type"],
        title=row["title"],
        message=row["message"],
        priority=row["priority"],
        category=row["category"],
        status=row["status"],
        fingerprint=row["fingerprint"],
        first_seen_at=row["first_seen_at"],
        last_seen_at=row["last_seen_at"],
        resource=row["resource"],
        resolved_at=row["resolved_at"],
        notification_count=row["notification_count"],
        labels=row["labels"] or {},
        annotations=row["annotations"] or {},
        evidence=_lines(more.get("evidence")),
        recommendations=_lines(more.get("recommendations")),
        affected_users=users if isinstance(users, int) else None,
        affected=_lines(more.get("affected")),
        acknowledged_by=row["acknowledged_by"],
        resolved_by=row["resolved_by"],
        note=row["resolution_notes"] or row["acknowledgement_notes"],
        related_logs=str(more["related_logs"]) if more.get("related_logs") else None,
        runbook_url=row["runbook_url"],
        generator_url=row["generator_url"],
    )


def _lines(value: Any) -> tuple[str, ...]:
    """Return what somebody put into an alert's metadata as lines; a piece of evidence is known by its text."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple):
        return ()
    texts = (one.get("text") if isinstance(one, Mapping) else one for one in value)
    return tuple(str(text) for text in texts if text)[:MOST_LINES]
