"""What is known of a website between two checks, and what one check changes in it. Frozen values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.model.enums import MonitorStatus


@dataclass(frozen=True, slots=True)
class WatchState:
    """A website as the checks so far left it. `status` is None before the first."""

    website_id: int
    status: MonitorStatus | None = None
    status_since: datetime | None = None
    first_checked_at: datetime | None = None
    last_checked_at: datetime | None = None
    consecutive_failures: int = 0  # DOWN checks in a row
    breaker_open_until: datetime | None = None
    downtime_id: int | None = None  # the downtime that is going on
    downtime_started_at: datetime | None = None


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
    transition: Transition | None = None
    gap: tuple[datetime, datetime] | None = None  # nobody looked in between
