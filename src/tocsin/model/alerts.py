"""The closed lists of alerting, an alert as callers hand it over, and its identity."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

_FNV_OFFSET = 14_695_981_039_346_656_037
_FNV_PRIME = 1_099_511_628_211
_MASK_64 = 0xFFFF_FFFF_FFFF_FFFF


class AlertPriority(StrEnum):
    """How much an alert matters, most first."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    INFO = "INFO"

    @property
    def rank(self) -> int:
        """0 for CRITICAL, growing as it matters less."""
        return _RANKS[self]

    def at_least(self, other: "AlertPriority") -> bool:
        """Return whether this matters as much as `other`, or more."""
        return self.rank <= other.rank


_RANKS = {priority: rank for rank, priority in enumerate(AlertPriority)}


class AlertCategory(StrEnum):
    """Which part of the world an alert is about."""

    SYSTEM = "SYSTEM"
    DATABASE = "DATABASE"
    APPLICATION = "APPLICATION"
    PERFORMANCE = "PERFORMANCE"
    SECURITY = "SECURITY"
    BUSINESS = "BUSINESS"
    AVAILABILITY = "AVAILABILITY"


class AlertStatus(StrEnum):
    """Where an alert is in its life."""

    ACTIVE = "ACTIVE"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    SUPPRESSED = "SUPPRESSED"
    RESOLVED = "RESOLVED"
    EXPIRED = "EXPIRED"

    @property
    def is_open(self) -> bool:
        """True until the alert is RESOLVED or EXPIRED."""
        return self not in (AlertStatus.RESOLVED, AlertStatus.EXPIRED)


OPEN_STATUSES = tuple(status for status in AlertStatus if status.is_open)


class NotificationChannel(StrEnum):
    """Kinds of channel. A configured destination is a Channel row of one of these kinds."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    SLACK = "SLACK"
    WEBHOOK = "WEBHOOK"
    DISCORD = "DISCORD"
    TEAMS = "TEAMS"
    PAGERDUTY = "PAGERDUTY"
    TELEGRAM = "TELEGRAM"
    NTFY = "NTFY"
    APPRISE = "APPRISE"
    DASHBOARD = "DASHBOARD"


@dataclass(slots=True)
class Alert:
    """A problem as its finder reports it; `AlertService.create_alert` makes it one alert, however often it comes.

    `labels` decide its identity where there are any; else alert_type and resource do.
    """

    alert_type: str
    title: str
    message: str
    priority: AlertPriority = AlertPriority.MEDIUM
    category: AlertCategory = AlertCategory.SYSTEM
    resource: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    recommendations: list[str] | None = None
    stack_trace: str | None = None
    related_logs: str | None = None
    affected_users: int | None = None
    notification_channels: list[NotificationChannel] = field(default_factory=list)  # none: routing decides
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    source: str = "api"  # api, website, rule, alertmanager, logging, sentry
    website_id: int | None = None
    rule_id: int | None = None
    runbook_url: str | None = None
    generator_url: str | None = None
    dedup_window_s: float | None = None  # None: an hour
    ttl_s: float | None = None  # None: it stays until somebody resolves it
    starts_at: datetime | None = None  # None: now
    ends_at: datetime | None = None  # when it resolves by itself unless it comes again (Alertmanager's endsAt)
    fingerprint: str | None = None  # its identity; None: `fingerprint_of` its type, resource and labels
    group_key: str = ""  # alerts with the same one are told together


def fingerprint_of(alert_type: str, resource: str | None, labels: Mapping[str, str] | None = None) -> str:
    """Return the identity of a problem as 16 hex digits: of its labels, else of alert type and resource.

    Source: Alertmanager's label fingerprint, FNV-1a of 64 bits over sorted `name 0xFF value 0xFF`.
    """
    pairs = dict(labels) if labels else {"alertname": alert_type, "resource": resource or ""}
    value = _FNV_OFFSET
    for name in sorted(pairs):
        for byte in b"%s\xff%s\xff" % (name.encode(), pairs[name].encode()):
            value = (value ^ byte) * _FNV_PRIME & _MASK_64
    return f"{value:016x}"


def matching_labels(
    *,
    alert_type: str,
    resource: str | None,
    priority: AlertPriority,
    category: AlertCategory,
    source: str,
    labels: Mapping[str, str],
) -> dict[str, str]:
    """Return what silences, routes and groups match an alert by: its own labels over what it is known by."""
    known = {
        "alertname": alert_type,
        "severity": priority.lower(),
        "priority": priority.value,
        "category": category.value,
        "source": source,
    }
    if resource:
        known["resource"] = resource
    return {**known, **labels}
