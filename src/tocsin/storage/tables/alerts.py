"""Tables of alerts: the alert, each change of it, and why somebody was or was not told."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from tocsin.model.alerts import AlertCategory, AlertPriority, AlertStatus, fingerprint_of
from tocsin.model.times import utcnow
from tocsin.storage.tables.schema import Base, named
from tocsin.storage.tables.types import Id, UTCDateTime

_OPEN = text("status IN ('ACTIVE', 'ACKNOWLEDGED', 'SUPPRESSED')")
_DUE = text("due_at IS NOT NULL")


def _fingerprint(context: DefaultExecutionContext) -> str:
    """The identity of a row that was made by hand."""
    given: dict[str, Any] = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return fingerprint_of(given["alert_type"], given.get("resource"), given.get("labels"))


class AlertModel(Base):
    """One problem, from ACTIVE to RESOLVED or EXPIRED. Of a fingerprint at most one is open, whoever creates it."""

    __tablename__ = "monitoring_alerts"
    __table_args__ = (
        Index("uq_monitoring_alerts_open", "fingerprint", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_monitoring_alerts_fingerprint", "fingerprint", "id"),  # of its alerts only the last can be open
        Index("ix_monitoring_alerts_status_time", "status", "last_seen_at"),
        Index("ix_monitoring_alerts_priority_status", "priority", "status"),
        Index("ix_monitoring_alerts_type_time", "alert_type", "first_seen_at"),
        Index("ix_monitoring_alerts_category_time", "category", "first_seen_at"),
        Index("ix_monitoring_alerts_resource", "resource"),
        Index("ix_monitoring_alerts_time", "first_seen_at"),
        Index("ix_monitoring_alerts_website", "website_id", "first_seen_at"),
        Index("ix_monitoring_alerts_rule", "rule_id", "first_seen_at"),
        # The clock's queue: what ends, comes back or settles by itself.
        Index("ix_monitoring_alerts_due", "due_at", sqlite_where=_DUE, postgresql_where=_DUE),
        {"sqlite_autoincrement": True},  # a message or a link must never come to mean another alert
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), default=_fingerprint)  # model.alerts.fingerprint_of
    alert_type: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    priority: Mapped[AlertPriority] = mapped_column(named(AlertPriority))
    category: Mapped[AlertCategory] = mapped_column(named(AlertCategory))
    status: Mapped[AlertStatus] = mapped_column(named(AlertStatus), default=AlertStatus.ACTIVE)
    resource: Mapped[str | None] = mapped_column(Text)
    alert_metadata: Mapped[dict[str, Any]] = mapped_column("metadata", JSON, default=dict)
    labels: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    annotations: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    source: Mapped[str] = mapped_column(String(40), default="api")  # api, website, rule, alertmanager, logging, sentry
    website_id: Mapped[int | None] = mapped_column(Id, ForeignKey("websites.id", ondelete="SET NULL"))
    rule_id: Mapped[int | None] = mapped_column(Id)
    group_key: Mapped[str] = mapped_column(String(255), default="")  # alerts told in one message
    notification_channels: Mapped[list[str]] = mapped_column(JSON, default=list)
    notification_count: Mapped[int] = mapped_column(Integer, default=1)
    dedup_window_s: Mapped[float] = mapped_column(Float, default=3600)
    first_seen_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    last_seen_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    last_told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when the last change to be told was made
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # resolves then, unless it comes again
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # EXPIRED from then on (TTL)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # the earliest thing the clock has to do
    acknowledged_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    acknowledged_by: Mapped[str | None] = mapped_column(String(255))
    acknowledgement_notes: Mapped[str | None] = mapped_column(Text)
    resolved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    resolved_by: Mapped[str | None] = mapped_column(String(255))
    resolution_notes: Mapped[str | None] = mapped_column(Text)
    suppressed_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    suppressed_by: Mapped[str | None] = mapped_column(String(255))
    suppression_reason: Mapped[str | None] = mapped_column(Text)
    reopened_count: Mapped[int] = mapped_column(Integer, default=0)
    flapping_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    recent_changes: Mapped[list[float]] = mapped_column(JSON, default=list)  # when it opened or closed of late
    reminded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    escalation_level: Mapped[int] = mapped_column(Integer, default=0)
    runbook_url: Mapped[str | None] = mapped_column(Text)
    generator_url: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow)


class AlertChange(Base):
    """One change of an alert: its history, and the outbox that delivery starts from.

    It is committed together with the change. `planned_at` is null until delivery has decided whom to tell;
    a change that nobody has to hear of is stored with it set.
    """

    __tablename__ = "alert_changes"
    __table_args__ = (
        Index("ix_alert_changes_alert", "alert_id", "id"),
        Index(
            "ix_alert_changes_unplanned",
            "id",
            sqlite_where=text("planned_at IS NULL"),
            postgresql_where=text("planned_at IS NULL"),
        ),
        Index(
            "ix_alert_changes_muted",
            "muted_until",
            sqlite_where=text("muted_until IS NOT NULL"),
            postgresql_where=text("muted_until IS NOT NULL"),
        ),
        Index("ix_alert_changes_time", "changed_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    alert_id: Mapped[int] = mapped_column(Id, ForeignKey("monitoring_alerts.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))  # model.alerting.life.ChangeKind
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    actor: Mapped[str] = mapped_column(String(255), default="tocsin")  # who: a user, a token, or Tocsin itself
    from_status: Mapped[AlertStatus | None] = mapped_column(named(AlertStatus))
    to_status: Mapped[AlertStatus] = mapped_column(named(AlertStatus))
    from_priority: Mapped[AlertPriority | None] = mapped_column(named(AlertPriority))
    to_priority: Mapped[AlertPriority] = mapped_column(named(AlertPriority))
    reason: Mapped[str] = mapped_column(String(40))
    note: Mapped[str | None] = mapped_column(Text)
    planned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    muted_until: Mapped[datetime | None] = mapped_column(UTCDateTime)  # planned, but kept back: looked at again then


class AlertDecision(Base):
    """Why a channel was or was not told of a change: one row a step that decided something."""

    __tablename__ = "alert_decisions"
    __table_args__ = (
        Index("ix_alert_decisions_alert", "alert_id", "id"),
        Index("ix_alert_decisions_channel_time", "channel_id", "decided_at"),
        Index("ix_alert_decisions_time", "decided_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    alert_id: Mapped[int] = mapped_column(Id, ForeignKey("monitoring_alerts.id", ondelete="CASCADE"))
    change_id: Mapped[int | None] = mapped_column(Id)
    channel_id: Mapped[int | None] = mapped_column(Id)  # null: it concerns every channel
    delivery_id: Mapped[int | None] = mapped_column(Id)
    step: Mapped[str] = mapped_column(String(20))  # rule, dedup, silence, maintenance, flapping, routing, group, limit
    is_told: Mapped[bool] = mapped_column(Boolean)  # False: this step kept the message back
    reason: Mapped[str] = mapped_column(String(60))  # a stable code
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    decided_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
