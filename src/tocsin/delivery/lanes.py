"""One channel at a time: claim what is next, send it, write down what came of it. The database's side of a lane."""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.delivery.bucket import bucket_of
from tocsin.delivery.choose import Act, Choice, choose
from tocsin.delivery.compose import Setting, compose, net_of, shown_of
from tocsin.delivery.group import DIGEST_GROUP
from tocsin.delivery.outcome import Consequence, Next, Try, consequence_of
from tocsin.delivery.planner import LEASE, Clock, Hook, no_hook
from tocsin.model.delivery.facts import ChannelFacts, DeliveryStatus, Destination, Queued
from tocsin.model.delivery.reasons import Reason, Step
from tocsin.model.messages import Message, MessageKind, Outcome
from tocsin.model.times import utcnow
from tocsin.storage.database import Connection, Database
from tocsin.storage.delivery import contents, merging, moving, planning, queue
from tocsin.storage.leases import holds_lease

logger = logging.getLogger(__name__)

MARGIN = timedelta(seconds=15)
"""A claim outlives the longest try by this much."""


@dataclass(frozen=True, slots=True)
class LanePlan:
    """How lanes send."""

    send_timeout_s: float = 30.0
    external_url: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a delivery cannot be made on its channel."""

    reason: Reason
    error: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Sending:
    """A message that is ours to send now."""

    claim: queue.Claim
    destination: Destination
    message: Message
    delivery: Queued  # as claimed


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing to send now; None: until something is planned."""

    until: datetime | None


class Lanes:
    """What a lane does between two sends, for any channel; every call is one transaction."""

    def __init__(
        self, database: Database, holder: str, plan: LanePlan, hook: Hook = no_hook, clock: Clock = utcnow
    ) -> None:
        self._database = database
        self._holder = holder
        self._plan = plan
        self._hook = hook
        self._clock = clock

    def next_of(self, channel_id: int) -> Sending | Later:
        """Claim what the channel sends next, if anything is to be sent now."""
        while True:
            now = self._clock()
            with self._database.write_transaction() as connection:
                step = self._step(connection, channel_id, now)
                if isinstance(step, Sending):
                    self._hook("claim:stored")
            if isinstance(step, Sending):
                self._hook("claim:committed")
            if step is not None:
                return step

    def _step(self, connection: Connection, channel_id: int, now: datetime) -> Sending | Later | None:
        """Take one step; None where the next one may follow at once."""
        if not holds_lease(connection, LEASE, self._holder, now):
            return Later(None)
        channels = planning.lock_channels(connection, channel_id)
        if not channels:
            return Later(None)
        channel = channels[0]
        queue.release_claims(connection, now, channel_id=channel_id)
        queued = planning.load_queue(connection, now, channel_id)
        fallback_id = moving.usable_fallback(connection, channel)
        choice = choose(channel, queued, now, has_fallback=fallback_id is not None)
        if choice.act is Act.WAIT:
            queue.note_limited(connection, [one.id for one in choice.limited])
            return Later(choice.until)
        if choice.act is Act.DROP:
            for one in choice.queued:
                queue.set_delivery(connection, one.id, DeliveryStatus.DROPPED, reason=Reason.DISABLED.value)
            return None
        if choice.act is Act.MOVE:
            self._move(connection, channel, choice.queued, Trouble(Reason.CHANNEL_DEAD, channel.last_error or "", now))
            return None
        return self._claim(connection, channel, choice, now)

    def _claim(self, connection: Connection, channel: ChannelFacts, choice: Choice, now: datetime) -> Sending | None:
        delivery = self._merged(connection, choice, now)
        nets = net_of(contents.told_by(connection, delivery))
        previous_id, is_known = contents.last_of_group(connection, delivery)
        setting = Setting(now, self._plan.external_url, is_known, previous_id)
        message = compose(delivery, nets, contents.facts_of(connection, shown_of(nets)), setting)
        if message is None:
            queue.set_delivery(connection, delivery.id, DeliveryStatus.DROPPED, reason=Reason.NO_LONGER_NEEDED.value)
            return None
        until = now + timedelta(seconds=self._plan.send_timeout_s) + MARGIN
        claim = queue.claim(connection, delivery, message.kind, self._holder, now=now, until=until)
        if claim is None:
            return None
        bucket = bucket_of(channel, now)
        if bucket is not None:
            queue.spend_token(connection, channel.id, bucket.spent(), now)
        destination = Destination(channel.id, channel.name, channel.kind, channel.config, channel.sealed)
        delivery = replace(delivery, kind=message.kind, attempts_count=delivery.attempts_count + 1)
        return Sending(claim, destination, message, delivery)

    def _merged(self, connection: Connection, choice: Choice, now: datetime) -> Queued:
        """Make one delivery of those chosen; what a try has said already gets a new key where more is said now."""
        first, *others = choice.queued
        for one in choice.limited:
            if one.kind is not MessageKind.DIGEST:
                queue.note_for_members(
                    connection, one.id, first.channel_id, Step.LIMIT, Reason.RATE_LIMITED,
                    is_told=True, details={"into": first.id}, now=now,
                )  # fmt: skip
        if choice.is_digest:
            kind, group = MessageKind.DIGEST, DIGEST_GROUP
            queue.set_delivery(connection, first.id, DeliveryStatus.PENDING, kind=kind.value, group_key=group)
            first = replace(first, kind=kind, group_key=group)
        if others:
            reason = Reason.IN_DIGEST if choice.is_digest else Reason.JOINED
            merging.absorb(connection, first.id, [one.id for one in others], reason.value)
            if first.attempts_count:
                first = replace(first, key=merging.rekey(connection, first.id))
            wanted_at = min(one.wanted_at for one in choice.queued)
            first = replace(first, wanted_at=wanted_at)
        return first

    def record(self, sending: Sending, this: Try) -> Consequence | None:
        """Write down how a try ended and what follows; None where the claim had run out meanwhile."""
        claim = sending.claim
        with self._database.write_transaction() as connection:
            channels = planning.lock_channels(connection, sending.destination.id)
            is_ours = queue.end_attempt(
                connection, claim, ended_at=this.ended_at, outcome=this.outcome.value, status_class=this.status_class,
                code=this.code, retry_after_s=this.retry_after_s, provider_id=this.provider_id,
                error=this.error or None,
            )  # fmt: skip
            consequence = None
            if is_ours and channels:
                consequence = self._follow(connection, channels[0], sending, this)
            self._hook("record:stored")
        self._hook("record:committed")
        return consequence

    def _follow(self, connection: Connection, channel: ChannelFacts, sending: Sending, this: Try) -> Consequence:
        delivery, now = sending.delivery, this.ended_at
        lost = queue.lost_answers(connection, delivery.id)
        has_fallback = moving.usable_fallback(connection, channel, delivery) is not None
        jitter = random.random()  # noqa: S311 (it spreads tries, it keeps no secret)
        result = consequence_of(this, delivery, channel, lost, jitter, has_fallback=has_fallback)
        health = result.health
        queue.set_health(
            connection, channel.id, failing_since=health.failing_since, paused_until=health.paused_until,
            failures_count=health.failures_count, rejections_count=health.rejections_count,
            last_error=health.last_error, **({"last_message_at": now} if result.next is Next.DONE else {}),
        )  # fmt: skip
        repeated = {"possibly_repeated": True} if this.outcome is Outcome.UNKNOWN else {}
        if result.next is Next.DONE:
            queue.set_delivery(connection, delivery.id, DeliveryStatus.SENT, sent_at=now, provider_id=this.provider_id)
            queue.mark_told(connection, delivery.id, delivery.kind, now)
            if channel.rejections_count:
                queue.retry_rejected(connection, channel, now)
        elif result.next is Next.RETRY:
            queue.set_delivery(connection, delivery.id, DeliveryStatus.PENDING, due_at=result.retry_at, **repeated)
        else:
            trouble = Trouble(result.reason or Reason.GAVE_UP, this.error, now)
            if repeated:
                queue.set_delivery(connection, delivery.id, DeliveryStatus.SENDING, **repeated)
            if result.next is Next.MOVE:
                self._move_group(connection, channel, delivery, trouble)
            else:
                self._fail(connection, channel, delivery, trouble)
        return result

    def _fail(self, connection: Connection, channel: ChannelFacts, one: Queued, trouble: Trouble) -> None:
        logger.warning("channel %s: delivery %s failed: %s", channel.name, one.id, trouble.error)
        queue.note_for_members(
            connection, one.id, channel.id, Step.SENDING, trouble.reason,
            is_told=False, details={"error": trouble.error}, now=trouble.at,
        )  # fmt: skip
        queue.set_delivery(connection, one.id, DeliveryStatus.FAILED, reason=trouble.reason.value)

    def _move_group(self, connection: Connection, channel: ChannelFacts, one: Queued, trouble: Trouble) -> None:
        """Move a delivery with all of its group: an end must not come where nobody knows the problem."""
        waiting = planning.load_queue(connection, trouble.at, channel.id)
        later = [other for other in waiting if other.group_key == one.group_key and other.is_mergeable]
        self._move(connection, channel, [one, *later], trouble)

    def _move(self, connection: Connection, channel: ChannelFacts, moved: Sequence[Queued], trouble: Trouble) -> None:
        """Hand deliveries to the fallback; what came from there in the first place has failed for good."""
        fallback_id = moving.usable_fallback(connection, channel)
        logger.warning("channel %s: %s deliveries go to its fallback: %s", channel.name, len(moved), trouble.error)
        for one in moved:
            if fallback_id is None or fallback_id in one.details.get("path", ()):
                self._fail(connection, channel, one, trouble)
            else:
                moving.move(connection, channel, one, fallback_id, reason=trouble.reason, error=trouble.error,
                            now=trouble.at)  # fmt: skip
