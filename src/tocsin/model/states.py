"""What is known of a website between two checks, and what one check changes in it. Frozen values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.model.downtimes import AT_ONCE, DowntimeRule
from tocsin.model.enums import MonitorStatus
from tocsin.model.times import from_epoch_us, to_epoch_us


@dataclass(frozen=True, slots=True)
class WatchState:
    """A website as the checks so far left it. `status` is None before the first.

    `status` is what is shown of the website: that of its last check, unless the downtime rule wants to see more.
    """

    website_id: int
    status: MonitorStatus | None = None
    status_since: datetime | None = None
    first_checked_at: datetime | None = None
    last_checked_at: datetime | None = None
    consecutive_failures: int = 0  # DOWN checks in a row
    breaker_open_until: datetime | None = None
    downtime_id: int | None = None  # the downtime that is going on
    downtime_started_at: datetime | None = None
    recent: tuple[datetime | None, ...] = ()
    """The checks since the last downtime that the rule looks at, newest first: when one failed, None where it did not.
    Good ones at the end are left out."""
    recovering_since: datetime | None = None  # the first good check since the last failed one of the downtime
    recovering_checks_count: int = 0
    last_status: MonitorStatus | None = None  # of the last check itself
    rule: DowntimeRule = AT_ONCE


def encode_recent(recent: tuple[datetime | None, ...]) -> str | None:
    """Return `WatchState.recent` as text: microseconds since 1970, or nothing, joined by commas."""
    return ",".join("" if moment is None else str(to_epoch_us(moment)) for moment in recent) or None


def decode_recent(text: str | None) -> tuple[datetime | None, ...]:
    """Return what `encode_recent` wrote."""
    return tuple(from_epoch_us(int(part)) if part else None for part in text.split(",")) if text else ()


class DowntimeStep(StrEnum):
    """What a check does to the website's downtime window."""

    NONE = "none"
    OPEN = "open"
    COUNT = "count"  # another failed check within it
    CLOSE = "close"


class Reason(StrEnum):
    """Why a check is, or is not, a transition."""

    FIRST_UP = "first_up"
    FIRST_FAILURE = "first_failure"
    UNCHANGED = "unchanged"
    WENT_DOWN = "went_down"
    RECOVERED = "recovered"
    DEGRADED = "degraded"
    NO_LONGER_DEGRADED = "no_longer_degraded"
    BECAME_UNKNOWN = "became_unknown"
    KNOWN_AGAIN = "known_again"
    OUT_OF_ORDER = "out_of_order"  # older than a check stored already
    UNCONFIRMED = "unconfirmed"  # it failed, but the downtime rule waits for more failures
    RECOVERING = "recovering"  # it is good, but the downtime rule waits for more good checks


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of status, to be told of."""

    from_status: MonitorStatus
    to_status: MonitorStatus
    reason: Reason


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one check means: the state after it, and what else it changes."""

    state: WatchState
    reason: Reason
    downtime: DowntimeStep = DowntimeStep.NONE
    downtime_at: datetime | None = None  # when the downtime began that it opens, or ended that it closes
    failed_checks_count: int = 0  # of the downtime that it opens, this one included
    transition: Transition | None = None
    gap: tuple[datetime, datetime] | None = None  # nobody looked in between
