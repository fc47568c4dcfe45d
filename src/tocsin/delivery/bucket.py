"""A channel's rate limit: a token bucket that is stored with the channel, and so survives a restart. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.model.delivery.facts import ChannelFacts

RESERVE = 2.0
"""Tokens that only the first word of a new problem may use."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many messages a channel may send at a moment. Capacity is one minute's worth."""

    per_minute: float
    tokens: float

    @property
    def reserve(self) -> float:
        """Tokens kept for new problems: none where there is hardly more than one."""
        return min(RESERVE, max(0.0, self.per_minute - 1))

    @property
    def affordable_count(self) -> int:
        """How many ordinary messages may go out now."""
        return max(0, int(self.tokens - self.reserve + 1e-9))

    def allows(self, *, urgent: bool) -> bool:
        """Return whether a message may go out now; an urgent one may use the reserve."""
        return self.tokens + 1e-9 >= 1 + (0 if urgent else self.reserve)

    def wait(self, *, urgent: bool) -> timedelta:
        """Return how long it takes until a message may go out."""
        missing = 1 + (0 if urgent else self.reserve) - self.tokens
        return timedelta(seconds=max(0.0, missing) * 60 / self.per_minute)

    def spent(self) -> float:
        """Return the tokens after one message."""
        return self.tokens - 1


def bucket_of(channel: ChannelFacts, now: datetime) -> Bucket | None:
    """Return the bucket as it is now; None where the channel has no limit."""
    per_minute = channel.rate_limit_per_minute
    if per_minute <= 0:
        return None
    capacity = max(1.0, per_minute)
    if channel.tokens is None or channel.tokens_at is None:
        return Bucket(per_minute, capacity)
    elapsed_s = max(0.0, (now - channel.tokens_at).total_seconds())
    return Bucket(per_minute, min(capacity, channel.tokens + elapsed_s * per_minute / 60))
