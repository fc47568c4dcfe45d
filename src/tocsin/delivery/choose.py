"""What a channel sends next: one message, all that waits as a digest, or nothing yet. Pure.

Of one group nothing overtakes: what is to be sent takes everything of its group along that surely has not arrived,
and what may have arrived goes out, marked, before anything later.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.delivery.bucket import Bucket, bucket_of
from tocsin.delivery.group import HANDFUL, URGENT
from tocsin.model.delivery.facts import ChannelFacts, DeliveryStatus, Queued
from tocsin.model.messages import MessageKind

TAKEOVER_AFTER = timedelta(minutes=10)
"""A channel that has failed for so long leaves what is due to its fallback."""

REJECTIONS = 3
"""A channel that refused so often in a row is left alone for a while."""


class Act(StrEnum):
    """What is to be done with a channel's queue."""

    SEND = "send"
    WAIT = "wait"
    MOVE = "move"  # its fallback takes what is due
    DROP = "drop"  # it is disabled


@dataclass(frozen=True, slots=True)
class Choice:
    """What to do now. `queued` are the deliveries concerned, the one that is sent first."""

    act: Act
    queued: tuple[Queued, ...] = ()
    is_digest: bool = False
    limited: tuple[Queued, ...] = ()  # what the rate limit keeps back, or has kept back
    until: datetime | None = None  # WAIT: when to look again


def choose(channel: ChannelFacts, queued: Iterable[Queued], now: datetime, *, has_fallback: bool) -> Choice:
    """Return what the channel does now.

    Args:
        channel: whose queue it is.
        queued: all that waits or is being sent, and digests that were sent within the last interval.
        now: the moment.
        has_fallback: whether another channel could take over.
    """
    waiting = sorted((one for one in queued if one.status is DeliveryStatus.PENDING), key=lambda one: one.id)
    sending = [one for one in queued if one.status is DeliveryStatus.SENDING]
    if sending:
        return Choice(Act.WAIT, until=max(one.claimed_until or now for one in sending))
    due = [one for one in waiting if one.due_at <= now]
    if not due:
        return Choice(Act.WAIT, until=min((one.due_at for one in waiting), default=None))
    if not channel.is_enabled:
        return Choice(Act.DROP, tuple(due))
    if channel.paused_until is not None and channel.paused_until > now:
        if has_fallback and is_dead(channel, now):
            return Choice(Act.MOVE, tuple(due))
        return Choice(Act.WAIT, until=channel.paused_until)
    digests = (one.sent_at for one in queued if one.kind is MessageKind.DIGEST and one.sent_at is not None)
    return _within_limits(channel, waiting, due, max(digests, default=None), now)


def is_dead(channel: ChannelFacts, now: datetime) -> bool:
    """Return whether the channel's fallback is to take over."""
    return channel.rejections_count >= REJECTIONS or (
        channel.failing_since is not None and now - channel.failing_since >= TAKEOVER_AFTER
    )


def _within_limits(
    channel: ChannelFacts, waiting: Sequence[Queued], due: Sequence[Queued], digest_at: datetime | None, now: datetime
) -> Choice:
    bucket = bucket_of(channel, now)
    if bucket is None:
        return _send(waiting, due[0])
    mergeable = [one for one in due if one.is_mergeable]
    groups = {one.group_key for one in mergeable}
    is_short = len(groups) > max(1, bucket.affordable_count)
    first = next((one for one in due if one.kind in URGENT and one.is_fresh), None)
    joins_digest = len(mergeable) > 1 and any(one.kind is MessageKind.DIGEST for one in mergeable)
    if len(groups) > HANDFUL or is_short or joins_digest:
        if first is not None and len(groups) <= HANDFUL and bucket.allows(urgent=True):
            return _send(waiting, first)
        next_at = now if digest_at is None else digest_at + timedelta(seconds=channel.group_interval_s)
        if next_at > now:
            return Choice(Act.WAIT, limited=tuple(mergeable) if is_short else (), until=next_at)
        return _limited(bucket, mergeable, now) or _digest(waiting, limited=mergeable if is_short else ())
    if first is not None and bucket.allows(urgent=True):
        return _send(waiting, first)
    return _limited(bucket, due, now) or _send(waiting, due[0])


def _limited(bucket: Bucket, due: Sequence[Queued], now: datetime) -> Choice | None:
    if bucket.allows(urgent=False):
        return None
    return Choice(Act.WAIT, limited=tuple(due), until=now + bucket.wait(urgent=False))


def _send(waiting: Sequence[Queued], wanted: Queued) -> Choice:
    """Send `wanted` with what is waiting of its group; what may have arrived of that goes first, alone."""
    if wanted.stands_alone:
        return Choice(Act.SEND, (wanted,))
    group = [one for one in waiting if one.group_key == wanted.group_key and not one.stands_alone]
    uncertain = [one for one in group if one.possibly_repeated]
    if uncertain:
        return Choice(Act.SEND, (uncertain[0],))
    return Choice(Act.SEND, tuple(group))


def _digest(waiting: Sequence[Queued], limited: Sequence[Queued]) -> Choice:
    """Send everything that waits as one; what may have arrived goes first, alone."""
    waiting = [one for one in waiting if not one.stands_alone]
    uncertain = [one for one in waiting if one.possibly_repeated]
    if uncertain:
        return Choice(Act.SEND, (uncertain[0],))
    return Choice(Act.SEND, tuple(waiting), is_digest=len(waiting) > 1, limited=tuple(limited))
