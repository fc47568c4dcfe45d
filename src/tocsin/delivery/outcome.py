"""What follows from a try to send: done, another try, giving up, or the fallback; and how the channel is. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.delivery.choose import REJECTIONS, TAKEOVER_AFTER
from tocsin.errors import Invalid, SendFailed
from tocsin.model.delivery.facts import ChannelFacts, Queued
from tocsin.model.delivery.reasons import Reason
from tocsin.model.messages import Outcome

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 900.0
CHANNEL_PAUSE_S = 60.0
"""One message that fails keeps the channel's others waiting no longer than this."""
LEFT_ALONE_S = 600.0
"""So long a channel that refuses is left alone before it is tried again."""
LONGEST_RETRY_AFTER_S = 3600.0
MOST_LOST_ANSWERS = 5
"""After the first lost answer there is a quick repeat, then a few far apart; a team that hears twice still hears."""
KEEP_TRYING = timedelta(hours=24)


class Next(StrEnum):
    """What becomes of the delivery."""

    DONE = "done"
    RETRY = "retry"
    FAIL = "fail"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Try:
    """How a try ended."""

    outcome: Outcome
    ended_at: datetime
    error: str = ""
    code: int | None = None
    retry_after_s: float | None = None
    provider_id: str | None = None

    @property
    def status_class(self) -> str | None:
        """`2xx` and the like, where there is a code."""
        return f"{self.code // 100}xx" if self.code else None


@dataclass(frozen=True, slots=True)
class Health:
    """How the channel is after the try."""

    failing_since: datetime | None = None
    paused_until: datetime | None = None
    failures_count: int = 0
    rejections_count: int = 0
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows for the delivery and for its channel."""

    next: Next
    health: Health
    reason: Reason | None = None
    retry_at: datetime | None = None


def failed_try(error: BaseException, now: datetime) -> Try:
    """Return how a try ended that raised `error`. What nobody expected is taken to be worth another try."""
    if isinstance(error, SendFailed):
        outcome = Outcome.PERMANENT if error.is_permanent else Outcome.TEMPORARY
        outcome = Outcome.UNKNOWN if error.may_have_arrived else outcome
        return Try(outcome, now, error.message, error.status, error.retry_after_s)
    if isinstance(error, TimeoutError):
        return Try(Outcome.UNKNOWN, now, str(error) or "no answer in time")
    if isinstance(error, Invalid):
        return Try(Outcome.PERMANENT, now, error.message)
    return Try(Outcome.TEMPORARY, now, f"{type(error).__name__}: {error}")


def consequence_of(
    this: Try, delivery: Queued, channel: ChannelFacts, lost_answers: int, jitter: float, *, has_fallback: bool
) -> Consequence:
    """Return what follows from a try.

    Args:
        this: how it ended.
        delivery: what was tried; its count of attempts includes this one.
        channel: as it was before.
        lost_answers: how many tries of this delivery ended UNKNOWN, this one included.
        jitter: 0 to 1, by chance: so that many do not come back at the same moment.
        has_fallback: whether another channel can take over.
    """
    now = this.ended_at
    if this.outcome is Outcome.SENT:
        return Consequence(Next.DONE, Health())
    since = channel.failing_since or now
    failures = channel.failures_count + 1
    rejections = channel.rejections_count + 1 if this.outcome is Outcome.PERMANENT else 0
    if this.outcome is Outcome.PERMANENT:
        paused = now + timedelta(seconds=LEFT_ALONE_S) if rejections >= REJECTIONS else None
        health = Health(since, paused, failures, rejections, this.error)
        return Consequence(Next.MOVE if has_fallback else Next.FAIL, health, Reason.REJECTED)
    retry_at = _retry_at(this, delivery, lost_answers, jitter)
    paused = retry_at  # what a provider asks for holds for the whole channel
    if this.retry_after_s is None:
        paused = min(retry_at, now + timedelta(seconds=min(CHANNEL_PAUSE_S, _backoff_s(failures, jitter))))
    health = Health(since, paused, failures, 0, this.error)
    if has_fallback and now - since >= TAKEOVER_AFTER:
        return Consequence(Next.MOVE, health, Reason.CHANNEL_DEAD)
    if this.outcome is Outcome.UNKNOWN and (lost_answers >= MOST_LOST_ANSWERS or (has_fallback and lost_answers > 1)):
        return Consequence(Next.MOVE if has_fallback else Next.FAIL, health, Reason.ANSWER_LOST)
    if retry_at - delivery.trying_since > KEEP_TRYING:
        return Consequence(Next.MOVE if has_fallback else Next.FAIL, health, Reason.GAVE_UP)
    return Consequence(Next.RETRY, health, retry_at=retry_at)


def _retry_at(this: Try, delivery: Queued, lost_answers: int, jitter: float) -> datetime:
    if this.retry_after_s is not None:  # never sooner than asked for, and at most twice as late
        wanted_s = min(LONGEST_RETRY_AFTER_S, max(0.0, this.retry_after_s))
        return this.ended_at + timedelta(seconds=wanted_s * (1 + 0.5 * jitter))
    if this.outcome is Outcome.UNKNOWN and lost_answers > 1:
        return this.ended_at + timedelta(seconds=LONGEST_PAUSE_S * (0.75 + 0.5 * jitter))
    return this.ended_at + timedelta(seconds=_backoff_s(delivery.attempts_count, jitter))


def _backoff_s(tries: int, jitter: float) -> float:
    """Return 5 s, 10 s, 20 s … 15 min for the first, second, third … failure, a quarter more or less."""
    exponent = min(max(0, tries - 1), 16)
    return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**exponent) * (0.75 + 0.5 * jitter))
