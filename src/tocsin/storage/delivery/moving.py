"""A delivery that its channel cannot make goes to the channel's fallback."""

from datetime import datetime
from secrets import token_hex
from typing import Any

from sqlalchemy import Connection, insert, select

from tocsin.model.delivery.facts import WAITING, ChannelFacts, DeliveryStatus, Member, Queued
from tocsin.model.delivery.reasons import Reason, Step
from tocsin.storage.delivery.planning import add_members, load_beliefs
from tocsin.storage.delivery.queue import note_for_members, set_delivery
from tocsin.storage.tables.deliveries import Channel, DeliveryMember, DeliveryRow


def usable_fallback(connection: Connection, channel: ChannelFacts, queued: Queued | None = None) -> int | None:
    """Return the channel that takes over; none where it is missing, disabled, or failed with this delivery before."""
    wanted = channel.fallback_channel_id
    if wanted is None or wanted == channel.id:
        return None
    if queued is not None and wanted in queued.details.get("path", ()):
        return None
    is_usable = select(Channel.id).where(Channel.id == wanted, Channel.is_enabled)
    return connection.execute(is_usable).scalar()


def move(  # noqa: PLR0913 (what is moved, where to and why)
    connection: Connection,
    channel: ChannelFacts,
    one: Queued,
    fallback_id: int,
    *,
    reason: Reason,
    error: str,
    now: datetime,
) -> None:
    """Let the fallback tell what `channel` could not. What it knows already it is not told again."""
    details = {"error": error, "to": fallback_id}
    note_for_members(connection, one.id, channel.id, Step.FALLBACK, reason, is_told=True, details=details, now=now)
    new_id = _copy(connection, channel, one, fallback_id, error=error, now=now)
    moved = {**one.details, "to": fallback_id, "into": new_id}
    set_delivery(connection, one.id, DeliveryStatus.MOVED, reason=reason.value, details=moved)


def _copy(
    connection: Connection, channel: ChannelFacts, one: Queued, fallback_id: int, *, error: str, now: datetime
) -> int | None:
    members = [
        Member(change_id, alert_id)
        for change_id, alert_id in connection.execute(
            select(DeliveryMember.change_id, DeliveryMember.alert_id).where(DeliveryMember.delivery_id == one.id)
        )
    ]
    beliefs = load_beliefs(connection, {member.alert_id for member in members})
    news = [member for member in members if not _knows(beliefs, member, fallback_id)]
    if members and not news:
        return None
    details: dict[str, Any] = {
        **{name: value for name, value in one.details.items() if name in ("title", "text")},
        "moved_from": channel.name,
        "error": error,
        "path": [*one.details.get("path", ()), channel.id],
    }
    stored = connection.execute(
        insert(DeliveryRow).values(
            channel_id=fallback_id, key=token_hex(16), kind=one.kind.value, group_key=one.group_key,
            status=WAITING[0].value, priority=one.priority, due_at=now, wanted_at=one.wanted_at, created_at=now,
            alerts_count=len({member.alert_id for member in news}), details=details,
        )
    )  # fmt: skip
    new_id: int = stored.inserted_primary_key[0]  # type: ignore[index]
    add_members(connection, new_id, news)
    return new_id


def _knows(beliefs: Any, member: Member, channel_id: int) -> bool:
    belief = beliefs.get(member.alert_id, {}).get(channel_id)
    return belief is not None and belief.change_id >= member.change_id
