"""Tables of when to alert and when not to: rules, silences and maintenance windows."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Float, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tocsin.model.alerts import AlertCategory
from tocsin.model.times import utcnow
from tocsin.storage.tables.schema import Base, named, website_id
from tocsin.storage.tables.types import EpochMicroseconds, Id, UTCDateTime


class AlertRule(Base):
    """A bound on a metric: when it is crossed for long enough, there is an alert."""

    __tablename__ = "monitoring_alert_rules"
    __table_args__ = (
        Index("ix_monitoring_alert_rules_metric", "metric_name"),
        Index("ix_monitoring_alert_rules_enabled", "is_enabled"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(255), unique=True)
    description: Mapped[str | None] = mapped_column(Text)
    is_enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    metric_name: Mapped[str] = mapped_column(String(255))
    labels: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)  # which series of the metric; none: all
    aggregation: Mapped[str] = mapped_column(String(20), default="last")  # last, avg, min, max, sum, count, rate, p50 …
    window_s: Mapped[float] = mapped_column(Float, default=300)  # what the aggregation looks back on
    comparison: Mapped[str] = mapped_column(String(2), default=">")
    threshold: Mapped[float] = mapped_column(Float)
    clear_threshold: Mapped[float | None] = mapped_column(Float)  # hysteresis: it clears only beyond this
    for_s: Mapped[float] = mapped_column(Float, default=0)  # crossed so long before it fires
    no_data: Mapped[str] = mapped_column(String(10), default="keep")  # keep, ok, alert
    priority: Mapped[str | None] = mapped_column(String(20))  # null: by how far the threshold is crossed
    severity_map: Mapped[dict[str, float]] = mapped_column(JSON, default=dict)  # priority to the value it begins at
    category: Mapped[AlertCategory] = mapped_column(named(AlertCategory), default=AlertCategory.PERFORMANCE)
    notification_channels: Mapped[list[str]] = mapped_column(JSON, default=list)
    ttl_s: Mapped[float | None] = mapped_column(Float)
    dedup_window_s: Mapped[float] = mapped_column(Float, default=3600)
    runbook_url: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow, index=True)


class RuleState(Base):
    """How one series stands against one rule between two rounds."""

    __tablename__ = "alert_rule_states"
    __table_args__ = ({"sqlite_with_rowid": False},)

    rule_id: Mapped[int] = mapped_column(Id, primary_key=True)  # stays until the alerts of a deleted rule have ended
    series: Mapped[str] = mapped_column(String(255), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))  # ok, pending, firing
    since: Mapped[datetime] = mapped_column(UTCDateTime)
    value: Mapped[float | None] = mapped_column(Float)
    evaluated_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Silence(Base):
    """A mute by matcher, from one moment to another."""

    __tablename__ = "silences"
    __table_args__ = (Index("ix_silences_ends", "ends_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(36), unique=True)  # UUID: its name in the Alertmanager API
    matchers: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # [{name, value, isRegex, isEqual}]
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_by: Mapped[str] = mapped_column(String(255), default="")
    comment: Mapped[str] = mapped_column(Text, default="")
    annotations: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow, index=True)


class MaintenanceWindow(Base):
    """Planned work, perhaps recurring: checking goes on, alerts are muted, the uptime is left alone."""

    __tablename__ = "maintenance_windows"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    is_enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    schedule: Mapped[dict[str, Any]] = mapped_column(JSON)  # model.maintenance.Schedule
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    is_global: Mapped[bool] = mapped_column(Boolean, default=False)
    website_ids: Mapped[list[int]] = mapped_column(JSON, default=list)
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    groups: Mapped[list[str]] = mapped_column(JSON, default=list)
    matchers: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # alerts that are no website's
    effective_from: Mapped[datetime | None] = mapped_column(UTCDateTime)  # of its last edit; null: as long as it exists
    recorded_until: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)  # its periods are, up to here
    created_by: Mapped[str] = mapped_column(String(255), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow, index=True)


class MaintenancePeriod(Base):
    """One stretch in which a window was in force for a website: what uptime leaves out, whatever is edited later.

    The counts are those of the checks in it, taken when it is over; null while it goes on.
    """

    __tablename__ = "maintenance_periods"
    __table_args__ = (
        Index("ix_maintenance_periods_website_time", "website_id", "started_at"),
        Index("uq_maintenance_periods_start", "window_id", "website_id", "started_at", unique=True),
        Index(
            "ix_maintenance_periods_uncounted",
            "ended_at",
            sqlite_where=text("checks_count IS NULL"),
            postgresql_where=text("checks_count IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    window_id: Mapped[int] = mapped_column(Id)  # of a window that may be gone
    website_id: Mapped[int] = website_id()
    started_at: Mapped[datetime] = mapped_column(EpochMicroseconds)
    ended_at: Mapped[datetime] = mapped_column(EpochMicroseconds)  # as planned, or when it was cut short
    checks_count: Mapped[int | None] = mapped_column(Integer)
    up_count: Mapped[int | None] = mapped_column(Integer)  # UP and DEGRADED
    unknown_count: Mapped[int | None] = mapped_column(Integer)


class MetricSample(Base):
    """A number that an application reported, or that Tocsin took of itself; kept for a while, for rules to look at."""

    __tablename__ = "metric_samples"
    __table_args__ = (Index("ix_metric_samples_series", "metric_name", "series", "sampled_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    metric_name: Mapped[str] = mapped_column(String(255))
    series: Mapped[str] = mapped_column(String(255), default="")  # its labels, joined: "host=web1"
    labels: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    value: Mapped[float] = mapped_column(Float)
    samples_count: Mapped[int] = mapped_column(Integer, default=1)
    sampled_at: Mapped[datetime] = mapped_column(UTCDateTime)
