"""Alerts, their changes and channels put into a database, and a running delivery."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from tests.support.receivers import send
from tocsin import Database
from tocsin.delivery.lanes import LanePlan
from tocsin.delivery.planner import Hook, no_hook
from tocsin.delivery.service import Delivery, DeliveryPlan, Send
from tocsin.model.alerts import AlertCategory, AlertPriority, AlertStatus, NotificationChannel, fingerprint_of
from tocsin.model.times import utcnow
from tocsin.storage.tables.alerts import AlertChange, AlertDecision, AlertModel
from tocsin.storage.tables.deliveries import Channel, DeliveryAttempt, DeliveryRow

S = AlertStatus
_MOVES: dict[str, tuple[AlertStatus | None, AlertStatus]] = {
    "opened": (None, S.ACTIVE),
    "reopened": (S.RESOLVED, S.ACTIVE),
    "raised": (S.ACTIVE, S.ACTIVE),
    "acknowledged": (S.ACTIVE, S.ACKNOWLEDGED),
    "resolved": (S.ACTIVE, S.RESOLVED),
    "expired": (S.ACTIVE, S.EXPIRED),
    "flapping": (S.ACTIVE, S.ACTIVE),
    "settled": (S.ACTIVE, S.ACTIVE),
}


def add_channel(database: Database, name: str = "hook", **fields: Any) -> int:
    """Store a webhook channel that waits for nothing, unless told otherwise; return its id."""
    values = {"kind": NotificationChannel.WEBHOOK, "group_wait_s": 0, "group_interval_s": 0, "config": {}, **fields}
    with database.session() as db:
        row = Channel(name=name, **values)
        db.add(row)
        db.commit()
        return row.id


def open_alert(database: Database, name: str = "api", **fields: Any) -> int:
    """Store an open alert with its first change, as one commit; return its id."""
    return open_alerts(database, [name], **fields)[0]


def open_alerts(database: Database, names: Sequence[str], **fields: Any) -> list[int]:
    """Store open alerts of type `down`, one a resource, with their first changes, as one commit."""
    now = utcnow()
    kept = {
        "alert_type": "down", "message": "it does not answer", "priority": AlertPriority.HIGH,
        "category": AlertCategory.AVAILABILITY, "status": S.ACTIVE, "first_seen_at": now, "last_seen_at": now, **fields,
    }  # fmt: skip
    rows = [
        {"title": f"{name} is down", "resource": name, "fingerprint": fingerprint_of(kept["alert_type"], name), **kept}
        for name in names
    ]
    with database.write_transaction() as connection:
        ids = list(connection.execute(insert(AlertModel).returning(AlertModel.id, sort_by_parameter_order=True), rows)
                   .scalars())  # fmt: skip
        changes = [
            {"alert_id": one, "kind": "opened", "to_status": S.ACTIVE, "to_priority": kept["priority"],
             "reason": "created", "changed_at": now}
            for one in ids
        ]  # fmt: skip
        connection.execute(insert(AlertChange), changes)
    return ids


def change_alert(database: Database, alert_id: int, kind: str, **fields: Any) -> int:
    """Store a change of an alert, and the alert as it is after it, as one commit; return the change's id."""
    from_status, to_status = _MOVES[kind]
    to_status = fields.pop("to_status", to_status)
    with database.write_transaction() as connection:
        before = connection.execute(
            select(AlertModel.status, AlertModel.priority).where(AlertModel.id == alert_id)
        ).one()
        priority = fields.pop("priority", before.priority)
        values = {"status": to_status, "priority": priority, **fields}
        if not to_status.is_open:
            values["resolved_at"] = utcnow()
        connection.execute(update(AlertModel).where(AlertModel.id == alert_id).values(**values))
        stored = connection.execute(
            insert(AlertChange).values(
                alert_id=alert_id, kind=kind, from_status=from_status, to_status=to_status,
                from_priority=before.priority, to_priority=priority, reason=kind, changed_at=utcnow(),
            )
        )  # fmt: skip
        change_id: int = stored.inserted_primary_key[0]  # type: ignore[index]
        return change_id


@contextmanager
def delivering(
    database: Database, *, sender: Send = send, timeout_s: float = 5.0, stop_within_s: float = 2.0,
    look_again_s: float = 0.2, hook: Hook = no_hook, external_url: str = "",
) -> Iterator[Delivery]:  # fmt: skip
    """Yield a running delivery that is the only one on its database."""
    lanes = LanePlan(send_timeout_s=timeout_s, external_url=external_url)
    plan = DeliveryPlan(lanes, is_sole=True, stop_within_s=stop_within_s, look_again_s=look_again_s)
    delivery = Delivery(database, sender, plan, hook=hook)
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.stop()


def deliveries(database: Database, **same: Any) -> list[DeliveryRow]:
    """Return the stored deliveries, oldest first."""
    with database.session() as db:
        return list(db.scalars(select(DeliveryRow).filter_by(**same).order_by(DeliveryRow.id)))


def attempts(database: Database) -> list[DeliveryAttempt]:
    """Return every try, oldest first."""
    with database.session() as db:
        return list(db.scalars(select(DeliveryAttempt).order_by(DeliveryAttempt.id)))


def reasons(database: Database, alert_id: int, channel_id: int | None = None) -> list[str]:
    """Return the reasons of all decisions about an alert, of one channel and of all."""
    with database.session() as db:
        wanted = select(AlertDecision).where(AlertDecision.alert_id == alert_id).order_by(AlertDecision.id)
        return [one.reason for one in db.scalars(wanted) if one.channel_id in (None, channel_id)]


def is_idle(database: Database) -> bool:
    """Return whether every change is planned and nothing waits."""
    with database.session() as db:
        unplanned = db.scalars(select(AlertChange).where(AlertChange.planned_at.is_(None)).limit(1)).first()
        waiting = select(DeliveryRow).where(DeliveryRow.status.in_(("PENDING", "SENDING"))).limit(1)
        return unplanned is None and db.scalars(waiting).first() is None


def make_due(database: Database, moment: datetime | None = None) -> None:
    """Let time pass for all that waits: every delivery is due, and no channel rests."""
    moment = moment or utcnow()
    with database.write_transaction() as connection:
        connection.execute(update(Channel).values(paused_until=None, updated_at=Channel.updated_at))
        connection.execute(update(DeliveryRow).where(DeliveryRow.status == "PENDING").values(due_at=moment))


def set_channel(database: Database, channel_id: int, **values: Any) -> None:
    """Change columns of a channel."""
    with database.write_transaction() as connection:
        connection.execute(update(Channel).where(Channel.id == channel_id).values(**values))
