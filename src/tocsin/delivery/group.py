"""Which message a change goes into, and when that is due: grouping, and digests where too much happens. Pure.

A channel's first message of a group waits `group_wait_s` for company; later ones keep `group_interval_s` apart and
carry only what changed. A severe new problem on a quiet channel waits no more than `BRISK_S`: with no wait at all
the first alert of a storm would go out alone, knowing nothing of the other thousands that arrive in the same second.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.model.alerts import AlertPriority
from tocsin.model.delivery.facts import ChannelFacts, DeliveryStatus, Member, NewDelivery, Queued, Subject, Telling
from tocsin.model.delivery.reasons import Reason
from tocsin.model.messages import MessageKind

HANDFUL = 5
"""More groups than this within a channel's interval are told as one digest."""
BRISK_S = 2.0
DIGEST_GROUP = "digest"

URGENT = (MessageKind.FIRING, MessageKind.ESCALATION)
"""The first word of a problem: it waits less, and may use what the rate limit keeps in reserve."""

KIND_OF = {
    Telling.PROBLEM: MessageKind.FIRING,
    Telling.RAISED: MessageKind.CHANGED,
    Telling.FLAPPING: MessageKind.FLAPPING,
    Telling.RECOVERY: MessageKind.RESOLVED,
}


def group_of(alert: Subject, channel: ChannelFacts) -> str:
    """Return the group an alert belongs to on a channel, at most 255 characters.

    That is the values of the channel's `group_by`, else the alert's own group, else the alert for itself.
    """
    if channel.group_by:
        labels = alert.known_by()
        return ",".join(f"{name}={labels.get(name, '')}" for name in channel.group_by)[:255]
    return (alert.group_key or alert.fingerprint)[:255]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a change went."""

    delivery: int | NewDelivery
    reason: Reason
    due_at: datetime


class Collecting:
    """What a channel has waiting while a batch is planned. `joins` and `absorbed` are what is to be stored."""

    def __init__(self, channel: ChannelFacts, queued: Iterable[Queued], now: datetime) -> None:
        self.channel = channel
        self._now = now
        queued = sorted(queued, key=lambda one: one.id)
        self._open = {one.group_key: one for one in queued if one.is_open}
        self._new: dict[str, NewDelivery] = {}
        self._told_at: dict[str, datetime] = {}
        for one in queued:
            if one.status is DeliveryStatus.SENDING or one.sent_at is not None:
                self._told_at[one.group_key] = one.sent_at or now
        self.is_quiet = not queued
        self.joins: dict[int, list[Member]] = {}
        self.raised: dict[int, AlertPriority] = {}
        self.absorbed: list[tuple[int, NewDelivery]] = []

    @property
    def new(self) -> list[NewDelivery]:
        """The deliveries to be stored."""
        return list(self._new.values())

    def place(self, member: Member, kind: MessageKind, group_key: str, priority: AlertPriority) -> Placed:
        """Put a change into the message that is to tell it."""
        for key in (DIGEST_GROUP, group_key):
            if key in self._new:
                return self._into_new(self._new[key], member, kind, priority)
            if key in self._open:
                return self._join(self._open[key], member, priority)
        return self._begin(member, kind, group_key, priority)

    def _into_new(self, new: NewDelivery, member: Member, kind: MessageKind, priority: AlertPriority) -> Placed:
        new.members.append(member)
        new.priority = min(new.priority, priority, key=lambda one: one.rank)
        if new.kind is not MessageKind.DIGEST and kind is MessageKind.FIRING:
            new.kind = MessageKind.FIRING
        return Placed(new, self._reason_of(new.kind), new.due_at)

    def _join(self, one: Queued, member: Member, priority: AlertPriority) -> Placed:
        self.joins.setdefault(one.id, []).append(member)
        self.raised[one.id] = min(self.raised.get(one.id, one.priority), priority, key=lambda two: two.rank)
        return Placed(one.id, self._reason_of(one.kind), one.due_at)

    @staticmethod
    def _reason_of(kind: MessageKind) -> Reason:
        return Reason.IN_DIGEST if kind is MessageKind.DIGEST else Reason.JOINED

    def _begin(self, member: Member, kind: MessageKind, group_key: str, priority: AlertPriority) -> Placed:
        channel, now = self.channel, self._now
        told_at = self._told_at.get(group_key)
        next_at = now if told_at is None else told_at + timedelta(seconds=channel.group_interval_s)
        if next_at > now:
            due_at, reason = next_at, Reason.AFTER_INTERVAL
        else:
            due_at, reason = now + self._wait(kind, priority), Reason.COLLECTED
        new = NewDelivery(channel.id, kind, group_key, priority, due_at, due_at, [member])
        self._new[group_key] = new
        if channel.rate_limit_per_minute and self._groups_count() > HANDFUL:
            return self._digest(now)
        self.is_quiet = False
        return Placed(new, reason, due_at)

    def _wait(self, kind: MessageKind, priority: AlertPriority) -> timedelta:
        is_brisk = kind in URGENT and self.is_quiet and priority.at_least(AlertPriority.HIGH)
        return timedelta(seconds=min(self.channel.group_wait_s, BRISK_S if is_brisk else self.channel.group_wait_s))

    def _groups_count(self) -> int:
        """Return how many groups are to be told, or were told, within an interval."""
        since = self._now - timedelta(seconds=self.channel.group_interval_s)
        recent = {key for key, at in self._told_at.items() if at > since}
        return len(recent | set(self._open) | set(self._new))

    def _digest(self, now: datetime) -> Placed:
        """Make one delivery of all that waits. It is due when the first of them was, but keeps its own interval."""
        channel = self.channel
        dues = [*(one.due_at for one in self._open.values()), *(one.due_at for one in self._new.values())]
        due_at = min(dues)
        if DIGEST_GROUP in self._told_at:
            due_at = max(due_at, self._told_at[DIGEST_GROUP] + timedelta(seconds=channel.group_interval_s))
        due_at = max(due_at, now)
        ranks = [*(one.priority for one in self._open.values()), *(one.priority for one in self._new.values())]
        worst = min(ranks, key=lambda one: one.rank)
        digest = NewDelivery(channel.id, MessageKind.DIGEST, DIGEST_GROUP, worst, due_at, min(dues))
        for new in self._new.values():
            digest.members += new.members
            new.into = digest
        self.absorbed += [(one.id, digest) for one in self._open.values()]
        self._new, self._open = {DIGEST_GROUP: digest}, {}
        return Placed(digest, Reason.IN_DIGEST, due_at)
