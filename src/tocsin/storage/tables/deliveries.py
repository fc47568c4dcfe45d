"""Tables of telling people: channels, messages on their way, every try, and who holds which loop."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tocsin.model.alerts import AlertPriority, NotificationChannel
from tocsin.model.times import utcnow
from tocsin.storage.tables.schema import Base, named
from tocsin.storage.tables.types import Id, UTCDateTime

_WAITING = text("status IN ('PENDING', 'SENDING')")


class Channel(Base):
    """A configured destination. What is secret in its configuration is stored encrypted."""

    __tablename__ = "channels"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    kind: Mapped[NotificationChannel] = mapped_column(named(NotificationChannel))
    is_enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    config: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # without its secrets
    sealed: Mapped[str] = mapped_column(Text, default="")  # the secrets, encrypted
    min_priority: Mapped[AlertPriority] = mapped_column(named(AlertPriority), default=AlertPriority.INFO)
    matchers: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # which alerts; none: all
    is_default: Mapped[bool] = mapped_column(Boolean, default=True)  # False: only where an alert or a rule names it
    tells_resolved: Mapped[bool] = mapped_column(Boolean, default=True)
    group_by: Mapped[list[str]] = mapped_column(JSON, default=list)  # labels; none: what the alerts' group_key says
    group_wait_s: Mapped[float] = mapped_column(Float, default=10)
    group_interval_s: Mapped[float] = mapped_column(Float, default=60)
    rate_limit_per_minute: Mapped[float] = mapped_column(Float, default=10)
    reminder_after_s: Mapped[float | None] = mapped_column(Float)  # null: no reminders
    escalate_after_s: Mapped[float | None] = mapped_column(Float)  # this one hears of what is unacknowledged so long
    fallback_channel_id: Mapped[int | None] = mapped_column(Id)  # takes over when this one stays dead
    tokens: Mapped[float | None] = mapped_column(Float)  # the rate limit's bucket; null: full
    tokens_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_message_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)
    failing_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    paused_until: Mapped[datetime | None] = mapped_column(UTCDateTime)  # it failed, or asked to be left alone
    failures_count: Mapped[int] = mapped_column(Integer, default=0)  # tries in a row that failed
    rejections_count: Mapped[int] = mapped_column(Integer, default=0)  # of these, in a row, those refused for good
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow)


class DeliveryRow(Base):
    """One message to one channel: the outbox that the dispatcher works off."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_due", "channel_id", "due_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("ix_deliveries_group", "channel_id", "group_key", "id"),
        Index("ix_deliveries_time", "created_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(Id, ForeignKey("channels.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(64), unique=True)  # idempotency: the same for every try
    kind: Mapped[str] = mapped_column(String(20))  # model.messages.MessageKind
    group_key: Mapped[str] = mapped_column(String(255), default="")
    status: Mapped[str] = mapped_column(String(20), default="PENDING")  # PENDING SENDING SENT FAILED DROPPED MOVED
    reason: Mapped[str] = mapped_column(String(60), default="")  # why it is FAILED, DROPPED or MOVED
    priority: Mapped[AlertPriority] = mapped_column(named(AlertPriority))
    alerts_count: Mapped[int] = mapped_column(Integer, default=1)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # title and text of tests and reports
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    wanted_at: Mapped[datetime] = mapped_column(UTCDateTime)  # when it should have been told at first
    claimed_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    attempts_count: Mapped[int] = mapped_column(Integer, default=0)
    possibly_repeated: Mapped[bool] = mapped_column(Boolean, default=False)
    provider_id: Mapped[str | None] = mapped_column(String(255))
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class DeliveryMember(Base):
    """An alert's change that a delivery tells of."""

    __tablename__ = "delivery_members"
    __table_args__ = (Index("ix_delivery_members_alert", "alert_id", "delivery_id"), {"sqlite_with_rowid": False})

    delivery_id: Mapped[int] = mapped_column(Id, ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True)
    change_id: Mapped[int] = mapped_column(Id, ForeignKey("alert_changes.id", ondelete="CASCADE"), primary_key=True)
    alert_id: Mapped[int] = mapped_column(Id, ForeignKey("monitoring_alerts.id", ondelete="CASCADE"))


class DeliveryAttempt(Base):
    """One try to send a delivery. It is written before the try begins, so that a kill shows that there was one."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (Index("ix_delivery_attempts_delivery", "delivery_id", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(Id, ForeignKey("deliveries.id", ondelete="CASCADE"))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    outcome: Mapped[str | None] = mapped_column(String(20))  # model.messages.Outcome; null: never heard of again
    status_class: Mapped[str | None] = mapped_column(String(10))  # "2xx", "5xx"
    code: Mapped[int | None] = mapped_column(Integer)
    retry_after_s: Mapped[float | None] = mapped_column(Float)
    provider_id: Mapped[str | None] = mapped_column(String(255))
    error: Mapped[str | None] = mapped_column(Text)


class Lease(Base):
    """Who works off a queue of which only one process may at a time."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime] = mapped_column(UTCDateTime)
