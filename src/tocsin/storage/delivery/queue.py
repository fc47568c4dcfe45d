"""The dispatcher's side of the outbox: what is due, claims with a lease, and what became of each try."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, insert, or_, select, update

from tocsin.model.delivery.facts import WAITING, ChannelFacts, DeliveryStatus, Queued
from tocsin.model.delivery.reasons import Reason, Step
from tocsin.model.messages import MessageKind, Outcome
from tocsin.storage.tables.alerts import AlertDecision, AlertModel
from tocsin.storage.tables.deliveries import Channel, DeliveryAttempt, DeliveryMember, DeliveryRow

ERROR_LIMIT = 2000
CHANCE_WITHIN = timedelta(days=1)
INTERRUPTED = "Tocsin ended before the answer came"


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is being sent by us: nobody else may until the claim is over."""

    delivery_id: int
    attempt_id: int
    holder: str


def busy_channels(connection: Connection, now: datetime) -> list[int]:
    """Return the channels on which something is due, or a claim has run out."""
    due = and_(DeliveryRow.status == DeliveryStatus.PENDING, DeliveryRow.due_at <= now)
    stale = and_(DeliveryRow.status == DeliveryStatus.SENDING, DeliveryRow.claimed_until <= now)
    wanted = select(DeliveryRow.channel_id).where(DeliveryRow.status.in_(WAITING), or_(due, stale)).distinct()
    return list(connection.execute(wanted).scalars())


def next_due(connection: Connection) -> datetime | None:
    """Return when the next delivery is due."""
    return connection.execute(
        select(func.min(DeliveryRow.due_at)).where(DeliveryRow.status == DeliveryStatus.PENDING)
    ).scalar()


def release_claims(
    connection: Connection, now: datetime, *, channel_id: int | None = None, not_of: str | None = None
) -> int:
    """End claims that ran out, their answers being lost: such a message may have arrived.

    Args:
        connection: in a write transaction.
        now: the moment.
        channel_id: only of this channel.
        not_of: every claim of others too, run out or not: they are known to be dead.
    """
    is_stale = DeliveryRow.claimed_until <= now
    if not_of is not None:
        is_stale = or_(is_stale, DeliveryRow.claimed_by != not_of)
    wanted = select(DeliveryRow.id).where(DeliveryRow.status == DeliveryStatus.SENDING, is_stale)
    if channel_id is not None:
        wanted = wanted.where(DeliveryRow.channel_id == channel_id)
    ids = list(connection.execute(wanted).scalars())
    if ids:
        lost = and_(DeliveryAttempt.delivery_id.in_(ids), DeliveryAttempt.outcome.is_(None))
        connection.execute(
            update(DeliveryAttempt).where(lost).values(outcome=Outcome.UNKNOWN.value, ended_at=now, error=INTERRUPTED)
        )
        connection.execute(
            update(DeliveryRow)
            .where(DeliveryRow.id.in_(ids), DeliveryRow.status == DeliveryStatus.SENDING)
            .values(status=DeliveryStatus.PENDING.value, possibly_repeated=True, due_at=now, claimed_until=None)
        )
    return len(ids)


def claim(
    connection: Connection,
    delivery: Queued,
    kind: MessageKind,
    holder: str,
    *,
    now: datetime,
    until: datetime,
) -> Claim | None:
    """Claim a delivery and write down the try before it begins; None where somebody else was faster."""
    changed = connection.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery.id, DeliveryRow.status == DeliveryStatus.PENDING)
        .values(
            status=DeliveryStatus.SENDING.value, kind=kind.value, claimed_by=holder, claimed_until=until, reason="",
            attempts_count=DeliveryRow.attempts_count + 1,
        )
    )  # fmt: skip
    if changed.rowcount != 1:
        return None
    attempt = connection.execute(insert(DeliveryAttempt).values(delivery_id=delivery.id, started_at=now))
    return Claim(delivery.id, attempt.inserted_primary_key[0], holder)  # type: ignore[index]


def spend_token(connection: Connection, channel_id: int, tokens: float, now: datetime) -> None:
    """Store what is left in a channel's bucket."""
    connection.execute(
        update(Channel)
        .where(Channel.id == channel_id)
        .values(tokens=tokens, tokens_at=now, updated_at=Channel.updated_at)
    )


def lost_answers(connection: Connection, delivery_id: int) -> int:
    """Return how many tries of a delivery may have arrived."""
    wanted = select(func.count()).where(
        DeliveryAttempt.delivery_id == delivery_id, DeliveryAttempt.outcome == Outcome.UNKNOWN.value
    )
    return connection.execute(wanted).scalar_one()


def end_attempt(connection: Connection, claim: Claim, **values: Any) -> bool:
    """Write down how a try ended; return False where the claim is no longer ours."""
    error = values.get("error")
    if error:
        values["error"] = storable_text(error)
    connection.execute(update(DeliveryAttempt).where(DeliveryAttempt.id == claim.attempt_id).values(**values))
    held = select(DeliveryRow.id).where(
        DeliveryRow.id == claim.delivery_id,
        DeliveryRow.status == DeliveryStatus.SENDING,
        DeliveryRow.claimed_by == claim.holder,
    )
    return connection.execute(held).first() is not None


def set_delivery(connection: Connection, delivery_id: int, status: DeliveryStatus, **values: Any) -> None:
    """Set a delivery's status, and whatever else is given; its claim ends."""
    connection.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id)
        .values(status=status.value, claimed_until=None, **values)
    )


def set_health(connection: Connection, channel_id: int, **values: Any) -> None:
    """Store how a channel is."""
    error = values.get("last_error")
    if error:
        values["last_error"] = storable_text(error)
    connection.execute(update(Channel).where(Channel.id == channel_id).values(updated_at=Channel.updated_at, **values))


def note_limited(connection: Connection, delivery_ids: Sequence[int]) -> None:
    """Show on deliveries that they wait for the rate limit."""
    connection.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id.in_(list(delivery_ids)), DeliveryRow.status == DeliveryStatus.PENDING)
        .values(reason=Reason.RATE_LIMITED.value)
    )


def note_for_members(  # noqa: PLR0913 (one decision for each member)
    connection: Connection,
    delivery_id: int,
    channel_id: int,
    step: Step,
    reason: Reason,
    *,
    is_told: bool,
    details: dict[str, Any],
    now: datetime,
) -> None:
    """Write a decision that concerns every alert of a delivery."""
    members = connection.execute(
        select(DeliveryMember.alert_id, func.max(DeliveryMember.change_id))
        .where(DeliveryMember.delivery_id == delivery_id)
        .group_by(DeliveryMember.alert_id)
    ).all()
    same = {
        "channel_id": channel_id, "delivery_id": delivery_id, "step": step.value, "reason": reason.value,
        "is_told": is_told, "details": details, "decided_at": now,
    }  # fmt: skip
    rows = [{"alert_id": alert_id, "change_id": change_id, **same} for alert_id, change_id in members]
    if rows:
        connection.execute(insert(AlertDecision), rows)


def retry_rejected(connection: Connection, channel: ChannelFacts, now: datetime) -> int:
    """Give what a channel refused while it was failing one more chance, now that it works again."""
    changed = connection.execute(
        update(DeliveryRow)
        .where(
            DeliveryRow.channel_id == channel.id,
            DeliveryRow.status == DeliveryStatus.FAILED,
            DeliveryRow.reason == Reason.REJECTED.value,
            DeliveryRow.attempts_count == 1,
            DeliveryRow.created_at >= (channel.failing_since or now) - CHANCE_WITHIN,
        )
        .values(status=DeliveryStatus.PENDING.value, due_at=now, reason="")
    )
    return changed.rowcount


def mark_told(connection: Connection, delivery_id: int, kind: MessageKind, now: datetime) -> None:
    """Note on the alerts that they were reminded of or escalated."""
    if kind not in (MessageKind.REMINDER, MessageKind.ESCALATION):
        return
    values: dict[str, Any] = {"reminded_at": now, "updated_at": AlertModel.updated_at}
    if kind is MessageKind.ESCALATION:
        values["escalation_level"] = AlertModel.escalation_level + 1
    about = select(DeliveryMember.alert_id).where(DeliveryMember.delivery_id == delivery_id)
    connection.execute(update(AlertModel).where(AlertModel.id.in_(about)).values(**values))


def storable_text(text: str) -> str:
    """Return a text that every column holds, bounded."""
    return text[:ERROR_LIMIT].replace("\0", "\\0").encode(errors="backslashreplace").decode()
