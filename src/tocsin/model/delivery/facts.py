"""What decisions about delivery take and return: frozen values between storage and the loops."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from tocsin.model.alerts import AlertCategory, AlertPriority, AlertStatus, NotificationChannel, matching_labels
from tocsin.model.delivery.reasons import Reason, Step
from tocsin.model.messages import MessageKind


class LabelMatcher(Protocol):
    """A condition on labels; `matching.matchers.Matcher` is one."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether `labels` fulfil it."""


class DeliveryStatus(StrEnum):
    """Where a delivery is."""

    PENDING = "PENDING"  # waits: for company, for its time, for another try
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"  # no further try by itself
    DROPPED = "DROPPED"  # another one tells the same
    MOVED = "MOVED"  # the channel's fallback tells it


WAITING = (DeliveryStatus.PENDING, DeliveryStatus.SENDING)


class Telling(StrEnum):
    """What a change means to whoever hears of it."""

    PROBLEM = "problem"
    RAISED = "raised"
    FLAPPING = "flapping"
    RECOVERY = "recovery"
    NOTHING = "nothing"

    @property
    def is_problem(self) -> bool:
        """True where whoever heard of it waits for the end."""
        return self in (Telling.PROBLEM, Telling.RAISED, Telling.FLAPPING)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of an alert, as it is planned."""

    id: int
    alert_id: int
    kind: str
    changed_at: datetime
    from_status: AlertStatus | None
    to_status: AlertStatus
    to_priority: AlertPriority
    is_held: bool = False  # it was muted, and is looked at again


@dataclass(frozen=True, slots=True)
class Subject:
    """An alert as routing sees it."""

    id: int
    fingerprint: str
    alert_type: str
    priority: AlertPriority
    category: AlertCategory
    status: AlertStatus
    resource: str | None
    source: str
    website_id: int | None
    group_key: str
    labels: Mapping[str, str] = field(default_factory=dict)
    notification_channels: tuple[str, ...] = ()
    flapping_since: datetime | None = None

    def known_by(self, priority: AlertPriority | None = None) -> dict[str, str]:
        """Return the labels that matchers are held against."""
        return matching_labels(
            alert_type=self.alert_type,
            resource=self.resource,
            priority=priority or self.priority,
            category=self.category,
            source=self.source,
            labels=self.labels,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """A channel as decisions see it. Times in seconds; a limit of 0 is none, and makes no digests."""

    id: int
    name: str
    kind: NotificationChannel
    config: Mapping[str, Any] = field(default_factory=dict)
    sealed: str = ""
    is_enabled: bool = True
    min_priority: AlertPriority = AlertPriority.INFO
    matchers: tuple[LabelMatcher, ...] = ()
    is_default: bool = True
    tells_resolved: bool = True
    group_by: tuple[str, ...] = ()
    group_wait_s: float = 10
    group_interval_s: float = 60
    rate_limit_per_minute: float = 10
    reminder_after_s: float | None = None
    escalate_after_s: float | None = None
    fallback_channel_id: int | None = None
    tokens: float | None = None
    tokens_at: datetime | None = None
    failing_since: datetime | None = None
    paused_until: datetime | None = None
    failures_count: int = 0
    rejections_count: int = 0
    last_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A delivery of a channel that waits, is being sent, or was sent a moment ago."""

    id: int
    channel_id: int
    key: str
    kind: MessageKind
    group_key: str
    status: DeliveryStatus
    priority: AlertPriority
    due_at: datetime
    wanted_at: datetime
    created_at: datetime
    claimed_until: datetime | None = None
    claimed_by: str | None = None
    attempts_count: int = 0
    possibly_repeated: bool = False
    sent_at: datetime | None = None
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def trying_since(self) -> datetime:
        """When the tries that count against the time limit began: somebody may have asked for new ones."""
        asked_at = self.details.get("retried_at")
        return self.created_at if asked_at is None else datetime.fromisoformat(asked_at)

    @property
    def is_open(self) -> bool:
        """True while others may join: nobody has tried to send it."""
        return self.status is DeliveryStatus.PENDING and not self.attempts_count

    @property
    def is_fresh(self) -> bool:
        """True where nothing has kept it back so far."""
        return self.is_open and self.reason != Reason.RATE_LIMITED

    @property
    def is_mergeable(self) -> bool:
        """True where it surely has not arrived, so that it may be told with others."""
        return self.status is DeliveryStatus.PENDING and not self.possibly_repeated and not self.stands_alone

    @property
    def stands_alone(self) -> bool:
        """True where it brings its own words, which are lost among others'."""
        return self.kind in (MessageKind.TEST, MessageKind.REPORT)


@dataclass(frozen=True, slots=True)
class Belief:
    """The last that a channel was told of an alert, or is going to be."""

    change_id: int
    telling: Telling
    delivery_id: int | None  # None: of a delivery that is being planned


@dataclass(frozen=True, slots=True)
class Member:
    """A change that a delivery tells of."""

    change_id: int
    alert_id: int


@dataclass(frozen=True, slots=True)
class Told:
    """A change that a delivery tells of, with as much of its alert as a message of many needs."""

    change: Change
    cause: str  # the label of that name, else the alert's type
    first_seen_at: datetime
    status_now: AlertStatus
    was_told_before: bool  # this channel had heard of the problem in another message


@dataclass(frozen=True, slots=True)
class Decision:
    """What one step decided about a change, for one channel or (None) for all."""

    alert_id: int
    change_id: int | None
    channel_id: int | None
    step: Step
    is_told: bool
    reason: Reason
    details: dict[str, Any] = field(default_factory=dict)
    delivery: "int | NewDelivery | None" = None


@dataclass(slots=True, eq=False)
class NewDelivery:
    """A delivery to be stored; collects members while it is planned."""

    channel_id: int
    kind: MessageKind
    group_key: str
    priority: AlertPriority
    due_at: datetime
    wanted_at: datetime
    members: list[Member] = field(default_factory=list)
    into: "NewDelivery | None" = None  # the digest that it became part of before it was stored
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def at_last(self) -> "NewDelivery":
        """The delivery that is stored."""
        return self if self.into is None else self.into


@dataclass(frozen=True, slots=True)
class Destination:
    """A channel as the sender needs it: where to, with its secrets still encrypted."""

    id: int
    name: str
    kind: NotificationChannel
    config: Mapping[str, Any]
    sealed: str
