"""Problems that nobody has acknowledged for too long: whom to remind, and who hears of them now.

Both are read from what was planned and sent, so a restart forgets nothing and repeats nothing.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, case, exists, func, select

from tocsin.model.alerts import AlertStatus
from tocsin.model.delivery.facts import WAITING, Change, ChannelFacts, DeliveryStatus
from tocsin.storage.delivery.planning import was_told
from tocsin.storage.delivery.rows import CHANGE_COLUMNS, change_of
from tocsin.storage.tables.alerts import AlertChange, AlertModel
from tocsin.storage.tables.deliveries import DeliveryMember, DeliveryRow

BEGINNINGS = ("opened", "reopened")


def to_remind(connection: Connection, channel: ChannelFacts, now: datetime, limit: int) -> list[Change]:
    """Return the last change that a channel was told of each alert it is to be reminded of."""
    before = now - timedelta(seconds=channel.reminder_after_s or 0)
    waits = func.sum(case((DeliveryRow.status.in_(WAITING), 1), else_=0))
    told = (
        select(func.max(DeliveryMember.change_id).label("change_id"))
        .join(DeliveryRow, DeliveryRow.id == DeliveryMember.delivery_id)
        .join(AlertModel, AlertModel.id == DeliveryMember.alert_id)
        .where(
            DeliveryRow.channel_id == channel.id,
            DeliveryRow.status.in_((*WAITING, DeliveryStatus.SENT)),
            AlertModel.status == AlertStatus.ACTIVE,
            AlertModel.flapping_since.is_(None),
        )
        .group_by(DeliveryMember.alert_id)
        .having(waits == 0, func.max(DeliveryRow.sent_at) <= before)
        .limit(limit)
        .subquery()
    )
    wanted = select(*CHANGE_COLUMNS).join(told, told.c.change_id == AlertChange.id).order_by(AlertChange.id)
    return [one for one in map(change_of, connection.execute(wanted)) if one.to_status.is_open]


def to_escalate(connection: Connection, channel: ChannelFacts, now: datetime, limit: int) -> list[Change]:
    """Return the beginnings of problems that were told to others long enough ago, and not yet to this channel."""
    before = now - timedelta(seconds=channel.escalate_after_s or 0)
    newest = (
        select(func.max(AlertChange.id).label("change_id"))
        .join(AlertModel, AlertModel.id == AlertChange.alert_id)
        .where(AlertModel.status == AlertStatus.ACTIVE, AlertChange.kind.in_(BEGINNINGS))
        .group_by(AlertChange.alert_id)
        .subquery()
    )
    knows = exists().where(
        DeliveryMember.alert_id == AlertChange.alert_id,
        DeliveryMember.change_id >= AlertChange.id,
        DeliveryRow.id == DeliveryMember.delivery_id,
        DeliveryRow.channel_id == channel.id,
        was_told(),
    )
    is_due = and_(AlertChange.planned_at <= before, AlertChange.muted_until.is_(None))
    wanted = (
        select(*CHANGE_COLUMNS)
        .join(newest, newest.c.change_id == AlertChange.id)
        .where(is_due, ~knows)
        .order_by(AlertChange.id)
        .limit(limit)
    )
    return [change_of(row) for row in connection.execute(wanted)]
