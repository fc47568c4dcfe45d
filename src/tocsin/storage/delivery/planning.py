"""What the planner reads and writes: changes nobody has been told of, who knows what, and the plan in one go."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from sqlalchemy import Connection, Table, and_, insert, literal, or_, select, update

from tocsin.model.delivery.facts import (
    WAITING,
    Belief,
    Change,
    ChannelFacts,
    Decision,
    DeliveryStatus,
    Member,
    NewDelivery,
    Queued,
    Subject,
    Telling,
)
from tocsin.storage import bulk
from tocsin.storage.delivery.rows import (
    CHANGE_COLUMNS,
    CHANNEL_COLUMNS,
    QUEUE_COLUMNS,
    SUBJECT_COLUMNS,
    change_of,
    channel_of,
    queued_of,
    subject_of,
)
from tocsin.storage.tables.alerts import AlertChange, AlertDecision, AlertModel
from tocsin.storage.tables.deliveries import Channel, DeliveryMember, DeliveryRow

SLICE = 500
"""SQLite takes only so many values in one statement."""
RECENT = timedelta(minutes=10)


def has_unplanned(connection: Connection) -> bool:
    """Return whether any change waits to be planned."""
    return connection.execute(select(literal(1)).where(AlertChange.planned_at.is_(None)).limit(1)).first() is not None


def unplanned_changes(connection: Connection, limit: int) -> list[Change]:
    """Return the oldest changes that were not planned yet, in order."""
    wanted = select(*CHANGE_COLUMNS).where(AlertChange.planned_at.is_(None)).order_by(AlertChange.id).limit(limit)
    return [change_of(row) for row in connection.execute(wanted)]


def held_changes(connection: Connection, due: datetime | None, limit: int, after_id: int = 0) -> list[Change]:
    """Return changes that a mute keeps back, in order: those whose mute is over at `due`, or all."""
    wanted = select(*CHANGE_COLUMNS).where(AlertChange.muted_until.is_not(None), AlertChange.id > after_id)
    if due is not None:
        wanted = wanted.where(AlertChange.muted_until <= due)
    return [change_of(row) for row in connection.execute(wanted.order_by(AlertChange.id).limit(limit))]


def load_subjects(connection: Connection, alert_ids: Iterable[int]) -> dict[int, Subject]:
    """Return those alerts as routing sees them."""
    found = {}
    for part in sliced(alert_ids):
        for row in connection.execute(select(*SUBJECT_COLUMNS).where(AlertModel.id.in_(part))).mappings():
            found[row["id"]] = subject_of(row)
    return found


def lock_channels(connection: Connection, channel_id: int | None = None) -> list[ChannelFacts]:
    """Return all channels, or one, and keep others from planning or claiming on them until the commit."""
    wanted = select(*CHANNEL_COLUMNS).order_by(Channel.id).with_for_update(key_share=True)
    if channel_id is not None:
        wanted = wanted.where(Channel.id == channel_id)
    return [channel_of(row) for row in connection.execute(wanted).mappings()]


def load_queue(connection: Connection, now: datetime, channel_id: int | None = None) -> list[Queued]:
    """Return what waits or is being sent, and what was sent within the last intervals."""
    recent = select(Channel.group_interval_s).order_by(Channel.group_interval_s.desc()).limit(1)
    longest = timedelta(seconds=connection.execute(recent).scalar() or 0)
    waits = DeliveryRow.status.in_(WAITING)
    was_sent = and_(
        DeliveryRow.status == DeliveryStatus.SENT,
        DeliveryRow.created_at > now - longest - RECENT,
        DeliveryRow.sent_at > now - longest,
    )
    found: dict[int, Queued] = {}
    for condition in (waits, was_sent):  # each by an index of its own
        wanted = select(*QUEUE_COLUMNS).where(condition)
        if channel_id is not None:
            wanted = wanted.where(DeliveryRow.channel_id == channel_id)
        found |= {row["id"]: queued_of(row) for row in connection.execute(wanted).mappings()}
    return [found[one] for one in sorted(found)]


def was_told() -> Any:
    """Return the condition that a channel was told by a delivery, is going to be, or may have been."""
    may_have = and_(DeliveryRow.status == DeliveryStatus.FAILED, DeliveryRow.possibly_repeated)
    return or_(DeliveryRow.status.in_((*WAITING, DeliveryStatus.SENT)), may_have)


def load_beliefs(connection: Connection, alert_ids: Iterable[int]) -> dict[int, dict[int, Belief]]:
    """Return the last that each channel was told of each alert, or is going to be."""
    beliefs: dict[int, dict[int, Belief]] = {}
    for part in sliced(alert_ids):
        wanted = (
            select(
                DeliveryMember.alert_id,
                DeliveryRow.channel_id,
                DeliveryMember.change_id,
                DeliveryRow.id,
                AlertChange.to_status,
                AlertChange.kind,
            )
            .join(DeliveryRow, DeliveryRow.id == DeliveryMember.delivery_id)
            .join(AlertChange, AlertChange.id == DeliveryMember.change_id)
            .where(DeliveryMember.alert_id.in_(part), was_told())
        )
        for alert_id, channel_id, change_id, delivery_id, to_status, kind in connection.execute(wanted):
            known = beliefs.setdefault(alert_id, {})
            if channel_id not in known or known[channel_id].change_id <= change_id:
                is_problem = to_status.is_open or kind == "flapping"
                telling = Telling.PROBLEM if is_problem else Telling.RECOVERY
                known[channel_id] = Belief(change_id, telling, delivery_id)
    return beliefs


def store_deliveries(connection: Connection, new: Sequence[NewDelivery], now: datetime) -> dict[int, int]:
    """Store deliveries with their members; return the ids they were given, by `id()` of the planned one."""
    if not new:
        return {}
    ids = bulk.next_ids(connection, table_of(DeliveryRow), len(new))
    rows = [
        {
            "id": new_id,
            "channel_id": one.channel_id,
            "key": token_hex(16),
            "kind": one.kind.value,
            "group_key": one.group_key,
            "status": DeliveryStatus.PENDING.value,
            "priority": one.priority,
            "alerts_count": len({member.alert_id for member in one.members}),
            "details": one.details,
            "due_at": one.due_at,
            "wanted_at": one.wanted_at,
            "created_at": now,
        }
        for new_id, one in zip(ids, new, strict=True)
    ]
    connection.execute(insert(DeliveryRow), rows)
    for new_id, one in zip(ids, new, strict=True):
        add_members(connection, new_id, one.members)
    return {id(one): new_id for new_id, one in zip(ids, new, strict=True)}


def add_members(connection: Connection, delivery_id: int, members: Iterable[Member]) -> None:
    """Add members to a delivery; the same change never twice."""
    rows = list(dict.fromkeys((delivery_id, one.change_id, one.alert_id) for one in members))
    bulk.insert_rows(connection, table_of(DeliveryMember), ("delivery_id", "change_id", "alert_id"), rows)


def join_members(connection: Connection, delivery: int, members: Sequence[Member], priority: Any) -> None:
    """Add members to a delivery that waits already."""
    known = set(
        connection.execute(select(DeliveryMember.change_id).where(DeliveryMember.delivery_id == delivery)).scalars()
    )
    fresh = [one for one in members if one.change_id not in known]
    add_members(connection, delivery, fresh)
    changed = update(DeliveryRow).where(DeliveryRow.id == delivery)
    grown = DeliveryRow.alerts_count + len({one.alert_id for one in fresh})
    connection.execute(changed.values(alerts_count=grown, priority=priority))


def store_decisions(
    connection: Connection, decisions: Sequence[Decision], ids: Mapping[int, int], now: datetime
) -> None:
    """Store decisions; `ids` are those of the deliveries that were planned with them."""
    if not decisions:
        return
    rows = [
        {
            "alert_id": one.alert_id,
            "change_id": one.change_id,
            "channel_id": one.channel_id,
            "delivery_id": ids[id(one.delivery.at_last)] if isinstance(one.delivery, NewDelivery) else one.delivery,
            "step": one.step.value,
            "is_told": one.is_told,
            "reason": one.reason.value,
            "details": one.details,
            "decided_at": now,
        }
        for one in decisions
    ]
    connection.execute(insert(AlertDecision), rows)


def mark_planned(connection: Connection, planned: Sequence[int], held: Mapping[int, datetime], now: datetime) -> None:
    """Note which changes are done with, and which a mute keeps back until when."""
    for part in sliced(planned):
        connection.execute(update(AlertChange).where(AlertChange.id.in_(part)).values(planned_at=now, muted_until=None))
    by_moment: dict[datetime, list[int]] = {}
    for change_id, until in held.items():
        by_moment.setdefault(until, []).append(change_id)
    for until, change_ids in by_moment.items():
        for part in sliced(change_ids):
            connection.execute(
                update(AlertChange).where(AlertChange.id.in_(part)).values(planned_at=now, muted_until=until)
            )


def sliced(ids: Iterable[int]) -> Iterable[list[int]]:
    """Yield ids without repetition in parts that fit into one statement."""
    unique = sorted(set(ids))
    return (unique[start : start + SLICE] for start in range(0, len(unique), SLICE))


def table_of(mapped: type[Any]) -> Table:
    """Return the table of a mapped class."""
    table: Table = mapped.__table__
    return table
