"""Schemas of alerts: as they are reported, asked for, changed and shown."""

from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, computed_field

from tocsin.model.alerting.life import ChangeKind
from tocsin.model.alerts import Alert, AlertCategory, AlertPriority, AlertStatus, NotificationChannel
from tocsin.model.texts import Stored
from tocsin.model.times import UTCDatetime

_EXAMPLE: dict[str, Any] = {
    "alert_type": "database_slow_query",
    "title": "Slow Database Query on Bookings Table",
    "message": "Query took 5.23 seconds (threshold: 1.0s, exceeded by 423%)",
    "priority": "HIGH",
    "category": "DATABASE",
    "resource": "bookings table",
    "metadata": {"rows_scanned": 50000},
}


class AlertCreate(Stored):
    """A problem to report. However often it comes, it is one alert: by its labels, else by type and resource."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    alert_type: str = Field(min_length=1, max_length=255)
    title: str = Field(min_length=1, max_length=1000)
    message: str = Field("", max_length=20_000)
    priority: AlertPriority = AlertPriority.MEDIUM
    category: AlertCategory = AlertCategory.SYSTEM
    resource: str | None = Field(None, max_length=1000)
    metadata: dict[str, Any] = Field({}, description="Whatever is known of it.")
    recommendations: list[str] | None = Field(None, description="Null: Tocsin's own; []: none.")
    stack_trace: str | None = Field(None, max_length=200_000)
    related_logs: str | None = Field(None, max_length=10_000)
    affected_users: int | None = Field(None, ge=0)
    notification_channels: list[NotificationChannel] = Field([], description="Kinds; []: routing decides.")
    labels: dict[str, str] = Field({}, description="Where there are any, they are its identity.")
    annotations: dict[str, str] = Field({}, description="Texts, such as runbook_url.")
    source: str = Field("api", max_length=40)
    runbook_url: str | None = Field(None, max_length=2048)
    generator_url: str | None = Field(None, max_length=2048)
    dedup_window_s: float | None = Field(None, ge=0, lt=1e9, description="Null: an hour.")
    ttl_s: float | None = Field(None, gt=0, lt=1e9, description="Null: it stays until somebody resolves it.")
    starts_at: UTCDatetime | None = None
    ends_at: UTCDatetime | None = Field(None, description="It resolves by itself then, unless it comes again.")

    def to_alert(self) -> Alert:
        """Return the alert that this describes."""
        return Alert(**{name: getattr(self, name) for name in type(self).model_fields})


class AlertRead(BaseModel):
    """An alert as every door shows it."""

    model_config = ConfigDict(
        from_attributes=True,
        populate_by_name=True,
        json_schema_extra={"examples": [{"id": 7, "status": "ACTIVE", **_EXAMPLE}]},
    )

    id: int
    alert_type: str
    title: str
    message: str
    priority: AlertPriority
    category: AlertCategory
    status: AlertStatus
    resource: str | None
    metadata: dict[str, Any] = Field(validation_alias=AliasChoices("alert_metadata", "metadata"))
    labels: dict[str, str]
    annotations: dict[str, str]
    fingerprint: str = Field(description="The problem's identity: at most one open alert has it.")
    group_key: str
    source: str
    website_id: int | None
    rule_id: int | None
    notification_channels: list[NotificationChannel]
    notification_count: int = Field(description="How often it was seen.")
    first_seen_at: UTCDatetime
    last_seen_at: UTCDatetime
    starts_at: UTCDatetime
    ends_at: UTCDatetime | None
    expires_at: UTCDatetime | None
    acknowledged_at: UTCDatetime | None
    acknowledged_by: str | None
    acknowledgement_notes: str | None
    resolved_at: UTCDatetime | None = Field(description="When it ended, resolved or expired.")
    resolved_by: str | None
    resolution_notes: str | None
    suppressed_until: UTCDatetime | None
    suppressed_by: str | None
    suppression_reason: str | None
    reopened_count: int
    flapping_since: UTCDatetime | None = Field(description="It comes and goes since then, and is not told each time.")
    runbook_url: str | None
    generator_url: str | None
    created_at: UTCDatetime
    updated_at: UTCDatetime

    @computed_field
    def recommendations(self) -> list[str]:
        """How to fix it, in order."""
        return list(self.metadata.get("recommendations") or [])


class AlertChangeRead(BaseModel):
    """One change of an alert: when, who, from what to what, and why."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    alert_id: int
    kind: ChangeKind
    changed_at: UTCDatetime
    actor: str
    from_status: AlertStatus | None
    to_status: AlertStatus
    from_priority: AlertPriority | None
    to_priority: AlertPriority
    reason: str
    note: str | None


class _By(Stored):
    model_config = ConfigDict(extra="forbid")

    by: str | None = Field(None, max_length=255, description="Who does it; null: whoever is logged in.")


class Acknowledgement(_By):
    """Somebody is working on it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"notes": "Looking at the execution plan."}]})

    notes: str | None = Field(None, max_length=10_000)


class Resolution(_By):
    """The problem is fixed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"notes": "Added an index; it takes 45 ms now."}]})

    notes: str | None = Field(None, max_length=10_000)


class Suppression(_By):
    """It is muted for a while, for example during planned work."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "Planned database maintenance", "duration_hours": 2}]}
    )

    reason: str | None = Field(None, max_length=10_000)
    duration_hours: float = Field(1, gt=0, le=24 * 366)


class _Many(Stored):
    ids: list[int] = Field(min_length=1, max_length=1000, description="The alerts' ids.")


class ManyAcknowledged(_Many, Acknowledgement):
    """Somebody is working on all of these."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [3, 4], "notes": "One cause: the disk."}]})


class ManyResolved(_Many, Resolution):
    """All of these are fixed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [3, 4], "notes": "The disk was full."}]})


class ManySuppressed(_Many, Suppression):
    """All of these are muted for a while."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ids": [3, 4], "reason": "Planned work", "duration_hours": 2}]}
    )


class RefusedRead(BaseModel):
    """An alert that was left as it is, and why."""

    model_config = ConfigDict(from_attributes=True)

    alert_id: int
    code: str
    detail: str


class ManyChanged(BaseModel):
    """What a change of many alerts came to: each is changed or refused, on its own."""

    changed: list[AlertRead]
    refused: list[RefusedRead]
