"""Deliveries and decisions that are old go, in small batches; what is told of an open alert stays."""

from datetime import datetime

from sqlalchemy import Connection, delete, exists, select

from tocsin.model.delivery.facts import WAITING
from tocsin.storage.tables.alerts import AlertDecision, AlertModel
from tocsin.storage.tables.deliveries import DeliveryAttempt, DeliveryMember, DeliveryRow

BATCH = 500
_OPEN = ("ACTIVE", "ACKNOWLEDGED", "SUPPRESSED")


def trim_deliveries(connection: Connection, before: datetime, limit: int = BATCH) -> int:
    """Delete up to `limit` old deliveries with their attempts, and as many decisions; return how many went."""
    is_needed = exists().where(
        DeliveryMember.delivery_id == DeliveryRow.id,
        AlertModel.id == DeliveryMember.alert_id,
        AlertModel.status.in_(_OPEN),
    )
    old = select(DeliveryRow.id).where(DeliveryRow.created_at < before, DeliveryRow.status.not_in(WAITING), ~is_needed)
    ids = list(connection.execute(old.limit(limit)).scalars())
    for table in (DeliveryAttempt, DeliveryMember):
        connection.execute(delete(table).where(table.delivery_id.in_(ids)))
    connection.execute(delete(DeliveryRow).where(DeliveryRow.id.in_(ids)))
    is_open = exists().where(AlertModel.id == AlertDecision.alert_id, AlertModel.status.in_(_OPEN))
    stale = select(AlertDecision.id).where(AlertDecision.decided_at < before, ~is_open)
    decisions = list(connection.execute(stale.limit(limit)).scalars())
    connection.execute(delete(AlertDecision).where(AlertDecision.id.in_(decisions)))
    return len(ids) + len(decisions)
