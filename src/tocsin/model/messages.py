"""What a channel is asked to say, and what became of it: frozen values between delivery and channels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tocsin.model.alerts import AlertCategory, AlertPriority, AlertStatus


class MessageKind(StrEnum):
    """Why a message is sent."""

    FIRING = "firing"  # a problem, or several with one cause
    CHANGED = "changed"  # it became more severe, or others joined it
    RESOLVED = "resolved"
    REMINDER = "reminder"  # nobody has acknowledged it
    ESCALATION = "escalation"  # nobody has, and now others hear of it
    FLAPPING = "flapping"  # it comes and goes; no more pings until it settles
    DIGEST = "digest"  # too much to tell one by one
    MISSED = "missed"  # it fired and resolved while this channel was dead
    TEST = "test"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFacts:
    """One alert as a message tells it."""

    id: int
    alert_type: str
    title: str
    message: str
    priority: AlertPriority
    category: AlertCategory
    status: AlertStatus
    fingerprint: str
    first_seen_at: datetime
    last_seen_at: datetime
    resource: str | None = None
    resolved_at: datetime | None = None
    notification_count: int = 1
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()  # why: one fact a line
    recommendations: tuple[str, ...] = ()  # how to fix it, in order
    affected_users: int | None = None
    affected: tuple[str, ...] = ()  # who or what else suffers
    acknowledged_by: str | None = None
    resolved_by: str | None = None
    note: str | None = None  # of who resolved or acknowledged it
    related_logs: str | None = None
    runbook_url: str | None = None
    generator_url: str | None = None
    url: str | None = None  # the alert's page
    acknowledge_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing to say to one channel. Of a storm it names a few alerts, and counts all."""

    key: str  # the same for every try of the same message to the same channel
    kind: MessageKind
    alerts: tuple[AlertFacts, ...]  # those to show, most important first
    alerts_count: int  # all that it is about
    created_at: datetime
    title: str = ""  # of digests, tests and reports; one alert brings its own
    text: str = ""
    causes: tuple[tuple[str, int], ...] = ()  # of a digest: what, how often; most frequent first
    resolved_count: int = 0
    first_seen_at: datetime | None = None
    group_key: str = ""  # the same for all messages of one problem: e-mail threads, Slack updates
    group_labels: Mapping[str, str] = field(default_factory=dict)
    link: str | None = None  # a page that shows all of it
    external_url: str = ""  # where Tocsin itself is
    possibly_repeated: bool = False  # an earlier try may have arrived: its answer was lost
    late_since: datetime | None = None  # when it should have been told
    previous_id: str | None = None  # what the provider called this group's last message

    @property
    def priority(self) -> AlertPriority:
        """The most severe of its alerts; INFO where it is about none."""
        return min((alert.priority for alert in self.alerts), key=lambda one: one.rank, default=AlertPriority.INFO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A message that the provider took."""

    provider_id: str | None = None  # to update it, or to answer in its thread
    code: int | None = None  # HTTP status or SMTP code
    detail: str = ""


class Outcome(StrEnum):
    """What became of one try to send."""

    SENT = "sent"
    TEMPORARY = "temporary"  # worth another try
    PERMANENT = "permanent"  # the same again would fail the same
    UNKNOWN = "unknown"  # it may have arrived: the answer was lost
