"""Deliveries that become one: the members of several go into the first, the others are kept as dropped."""

from collections.abc import Sequence
from secrets import token_hex

from sqlalchemy import Connection, func, insert, literal, select, update

from tocsin.model.delivery.facts import DeliveryStatus
from tocsin.storage.delivery.planning import sliced
from tocsin.storage.tables.deliveries import DeliveryMember, DeliveryRow


def absorb(connection: Connection, into: int, others: Sequence[int], reason: str) -> None:
    """Copy the members of `others` into a delivery; drop the others with a note of where they went."""
    for part in sliced(others):
        known = select(DeliveryMember.change_id).where(DeliveryMember.delivery_id == into)
        fresh = (
            select(literal(into), DeliveryMember.change_id, func.min(DeliveryMember.alert_id))
            .where(DeliveryMember.delivery_id.in_(part), DeliveryMember.change_id.not_in(known))
            .group_by(DeliveryMember.change_id)
        )
        connection.execute(insert(DeliveryMember).from_select(["delivery_id", "change_id", "alert_id"], fresh))
        connection.execute(
            update(DeliveryRow)
            .where(DeliveryRow.id.in_(part))
            .values(status=DeliveryStatus.DROPPED.value, reason=reason, details={"into": into})
        )
    count_alerts(connection, into)


def count_alerts(connection: Connection, delivery_id: int) -> None:
    """Count anew how many alerts a delivery is about."""
    counted = select(func.count(DeliveryMember.alert_id.distinct())).where(DeliveryMember.delivery_id == delivery_id)
    connection.execute(
        update(DeliveryRow).where(DeliveryRow.id == delivery_id).values(alerts_count=counted.scalar_subquery())
    )


def rekey(connection: Connection, delivery_id: int) -> str:
    """Give a delivery a new idempotency key: it no longer says what was tried under the old one."""
    key = token_hex(16)
    connection.execute(update(DeliveryRow).where(DeliveryRow.id == delivery_id).values(key=key))
    return key
