"""What comes in: problems seen and problems ended, as values that can be stored as they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tocsin.errors import Invalid
from tocsin.model.alerting.life import ChangeKind
from tocsin.model.alerting.plain import plain, storable_text
from tocsin.model.alerts import Alert, AlertCategory, AlertPriority, NotificationChannel, fingerprint_of
from tocsin.model.times import as_utc

DEDUP_WINDOW_S = 3600.0
NAME_LIMIT = 255
_TITLE_LIMIT = 1000
_MESSAGE_LIMIT = 20_000
_SYSTEM = "tocsin"
_FACTS = ("recommendations", "stack_trace", "related_logs", "affected_users")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A problem that was seen at a moment."""

    alert: Alert  # its texts, labels and metadata can be stored as they are
    fingerprint: str
    at: datetime
    is_over: bool = False  # what was seen is its end
    wants_advice: bool = False  # its finder recommends nothing
    actor: str = _SYSTEM
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """A problem that ended at a moment; nothing happens where it is not open."""

    fingerprint: str
    at: datetime
    reason: str  # a stable code
    note: str | None = None
    actor: str = _SYSTEM
    is_told: bool = True


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a sighting or an ending."""

    alert_id: int | None  # None: the end of something that is not open
    kind: ChangeKind | None  # None: it was counted, or there was nothing to do
    reason: str
    change_id: int | None = None
    fingerprint: str = ""


def sighting_of(
    alert: Alert, now: datetime, *, at: datetime | None = None, actor: str = _SYSTEM, note: str | None = None
) -> Sighting:
    """Return an alert as it is stored; what cannot be is made storable, not refused.

    Raises:
        Invalid: it has no type, no title, or one of its values is none that exists.
    """
    moment = now if at is None else min(as_utc(at), now)
    cleaned = _cleaned(alert)
    fingerprint = alert.fingerprint or fingerprint_of(cleaned.alert_type, cleaned.resource, cleaned.labels)
    is_over = cleaned.ends_at is not None and cleaned.ends_at <= now
    wants_advice = alert.recommendations is None and "recommendations" not in alert.metadata
    return Sighting(cleaned, fingerprint, moment, is_over, wants_advice, actor, note)


def _cleaned(alert: Alert) -> Alert:
    return Alert(
        alert_type=_name(alert.alert_type, "alert_type"),
        title=storable_text(_given(alert.title, "title"), _TITLE_LIMIT),
        message=storable_text(alert.message or "", _MESSAGE_LIMIT),
        priority=_member(AlertPriority, alert.priority, "priority"),
        category=_member(AlertCategory, alert.category, "category"),
        resource=None if alert.resource is None else storable_text(alert.resource, _TITLE_LIMIT),
        metadata=_metadata(alert),
        notification_channels=_channels(alert),
        labels=_texts(alert.labels),
        annotations=_texts(alert.annotations),
        source=storable_text(alert.source or "api", 40),
        website_id=alert.website_id,
        rule_id=alert.rule_id,
        runbook_url=_optional(alert.runbook_url or alert.annotations.get("runbook_url")),
        generator_url=_optional(alert.generator_url),
        dedup_window_s=_seconds(alert.dedup_window_s, "dedup_window_s"),
        ttl_s=_seconds(alert.ttl_s, "ttl_s"),
        starts_at=None if alert.starts_at is None else as_utc(alert.starts_at),
        ends_at=None if alert.ends_at is None else as_utc(alert.ends_at),
        group_key=storable_text(alert.group_key, NAME_LIMIT),
    )


def expiry(alert: Alert, at: datetime) -> datetime | None:
    """Return when an alert that was seen at `at` expires, or None."""
    return None if alert.ttl_s is None else at + timedelta(seconds=alert.ttl_s)


def _metadata(alert: Alert) -> dict[str, Any]:
    """The dict of the alert with what it carries beside it."""
    facts = {name: value for name in _FACTS if (value := getattr(alert, name)) is not None}
    given: dict[str, Any] = plain({**alert.metadata, **facts}) if alert.metadata or facts else {}
    return given


def _given(value: object, field: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Invalid(f"an alert needs a {field}: write one", field=field)
    return value


def _name(value: object, field: str) -> str:
    name = storable_text(_given(value, field).strip())
    if len(name) > NAME_LIMIT:
        raise Invalid(f"{field} has {len(name)} characters; at most {NAME_LIMIT} can be stored", field=field)
    return name


def _member(kind: Any, value: object, field: str) -> Any:
    if isinstance(value, kind):
        return value
    try:
        return kind(str(value).upper())
    except ValueError:
        raise Invalid(f"{value!r} is no {field}: write one of {', '.join(kind)}", field=field) from None


def _channels(alert: Alert) -> list[NotificationChannel]:
    return [_member(NotificationChannel, one, "notification_channels") for one in alert.notification_channels or ()]


def _seconds(value: float | None, field: str) -> float | None:
    if value is not None and not 0 <= value < 1e9:
        raise Invalid(f"{field} must be seconds, 0 or more; not {value!r}", field=field)
    return value


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {storable_text(str(name)): storable_text(str(value)) for name, value in values.items()} if values else {}


def _optional(text: str | None) -> str | None:
    return storable_text(text) if text else None
