"""The nouns users know, as tables: websites, checks, downtimes, debug sessions and network events."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Index, Integer, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from tocsin.model.enums import AddressFamily, Cause, HTTPMethod, MonitorStatus, NetworkEventType, Phase
from tocsin.model.times import utcnow
from tocsin.storage.tables.heartbeats import Heartbeat
from tocsin.storage.tables.schema import Base, named, website_id
from tocsin.storage.tables.types import Code, EpochMicroseconds, Id, Milliseconds, UTCDateTime


class Website(Base):
    """What is watched, and how."""

    __tablename__ = "websites"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    url_key: Mapped[str] = mapped_column(Text, unique=True)  # normalised: one website per key
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    check_interval: Mapped[int] = mapped_column(Integer, default=300)  # seconds
    timeout: Mapped[float] = mapped_column(Float, default=30)  # seconds
    max_retries: Mapped[int] = mapped_column(SmallInteger, default=3)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    method: Mapped[HTTPMethod] = mapped_column(named(HTTPMethod), default=HTTPMethod.GET)
    request_headers: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    request_body: Mapped[str | None] = mapped_column(Text)
    auth: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    expected_status: Mapped[str] = mapped_column(String(200), default="200-399")
    follow_redirects: Mapped[bool] = mapped_column(Boolean, default=True)
    max_redirects: Mapped[int] = mapped_column(SmallInteger, default=10)
    verify_tls: Mapped[bool] = mapped_column(Boolean, default=True)
    address_family: Mapped[AddressFamily] = mapped_column(named(AddressFamily), default=AddressFamily.ANY)
    proxy: Mapped[str | None] = mapped_column(Text)
    degraded_after_ms: Mapped[float | None] = mapped_column(Float)
    expectations: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    down_after: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")  # DowntimeRule
    down_window: Mapped[int | None] = mapped_column(SmallInteger)
    up_after: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    group: Mapped[str | None] = mapped_column("group_name", String(100))
    regions: Mapped[list[str]] = mapped_column(JSON, default=list)
    period: Mapped[int | None] = mapped_column(Integer)  # seconds; this and the next three: heartbeats only
    cron: Mapped[str | None] = mapped_column(String(100))
    time_zone: Mapped[str | None] = mapped_column(String(64))
    grace: Mapped[int | None] = mapped_column(Integer)  # seconds
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow, index=True)
    enabled = synonym("is_active")

    monitor_checks: Mapped[list["MonitorCheck"]] = relationship(
        back_populates="website", cascade="all, delete-orphan", passive_deletes=True
    )
    downtime_windows: Mapped[list["DowntimeWindow"]] = relationship(
        back_populates="website", cascade="all, delete-orphan", passive_deletes=True
    )
    debug_sessions: Mapped[list["DebugSession"]] = relationship(
        back_populates="website", cascade="all, delete-orphan", passive_deletes=True
    )
    heartbeat: Mapped[Heartbeat | None] = relationship(cascade="all, delete-orphan", passive_deletes=True)


class MonitorCheck(Base):
    """What one check saw. By far the most rows: every column is a small integer, about 80 bytes in all."""

    __tablename__ = "monitor_checks"
    __table_args__ = (Index("ix_monitor_checks_website_time", "website_id", "checked_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    website_id: Mapped[int] = website_id()
    checked_at: Mapped[datetime] = mapped_column(EpochMicroseconds, default=utcnow)
    created_delay_ms: Mapped[int] = mapped_column(Id, default=0)  # stored that long after checked_at
    status: Mapped[MonitorStatus] = mapped_column(Code(MonitorStatus))
    http_status_code: Mapped[int | None] = mapped_column(SmallInteger)
    http_method: Mapped[HTTPMethod] = mapped_column(Code(HTTPMethod), default=HTTPMethod.GET)
    response_time_ms: Mapped[float | None] = mapped_column("response_time_us", Milliseconds)
    dns_time_ms: Mapped[float | None] = mapped_column("dns_time_us", Milliseconds)
    connect_time_ms: Mapped[float | None] = mapped_column("connect_time_us", Milliseconds)
    tls_time_ms: Mapped[float | None] = mapped_column("tls_time_us", Milliseconds)
    ttfb_ms: Mapped[float | None] = mapped_column("ttfb_us", Milliseconds)
    attempts: Mapped[int] = mapped_column(SmallInteger, default=1)
    cause: Mapped[Cause | None] = mapped_column(Code(Cause))
    phase: Mapped[Phase | None] = mapped_column(Code(Phase))
    error_message: Mapped[str | None] = mapped_column(Text)

    website: Mapped[Website] = relationship(back_populates="monitor_checks")

    @property
    def created_at(self) -> datetime:
        """When the check was stored (a millisecond's precision), aware UTC."""
        return self.checked_at + timedelta(milliseconds=self.created_delay_ms)

    @property
    def diagnosis(self) -> None:
        """Why it failed; None until there is one."""
        return None

    @property
    def is_available(self) -> bool:
        """True for UP and DEGRADED."""
        return self.status.is_available

    @property
    def transfer_time_ms(self) -> float | None:
        """First byte to last byte, in milliseconds: what the other phases leave of the whole."""
        if self.response_time_ms is None or self.ttfb_ms is None:
            return None
        others = (self.dns_time_ms, self.connect_time_ms, self.tls_time_ms, self.ttfb_ms)
        return max(0.0, round(self.response_time_ms - sum(other or 0.0 for other in others), 3))


class DowntimeWindow(Base):
    """From the first failed check to the recovery. A website has at most one that is going on."""

    __tablename__ = "downtime_windows"
    __table_args__ = (
        Index("ix_downtime_windows_website_time", "website_id", "started_at"),
        Index(
            "uq_downtime_windows_ongoing",
            "website_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    website_id: Mapped[int] = website_id()
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    initial_status: Mapped[MonitorStatus] = mapped_column(named(MonitorStatus), default=MonitorStatus.DOWN)
    recovery_status: Mapped[MonitorStatus | None] = mapped_column(named(MonitorStatus))
    affected_checks_count: Mapped[int] = mapped_column(Integer, default=0)
    root_cause: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow)

    website: Mapped[Website] = relationship(back_populates="downtime_windows")

    @property
    def is_ongoing(self) -> bool:
        """True while the website has not come back."""
        return self.ended_at is None

    @property
    def duration_seconds(self) -> float | None:
        """Seconds from the first failed check to the recovery; None while it is going on."""
        return None if self.ended_at is None else (self.ended_at - self.started_at).total_seconds()


class DebugSession(Base):
    """One recorded browser visit."""

    __tablename__ = "debug_sessions"
    __table_args__ = (Index("ix_debug_sessions_website_time", "website_id", "started_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    website_id: Mapped[int] = website_id()
    session_key: Mapped[str] = mapped_column(String(255), unique=True)
    user_agent: Mapped[str | None] = mapped_column(Text)
    browser_type: Mapped[str | None] = mapped_column(String(50))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    completed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    success: Mapped[bool | None] = mapped_column(Boolean)
    error_message: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    website: Mapped[Website] = relationship(back_populates="debug_sessions")
    network_events: Mapped[list["NetworkEvent"]] = relationship(
        back_populates="debug_session", cascade="all, delete-orphan", passive_deletes=True
    )


class NetworkEvent(Base):
    """One request, response, error, redirect or timeout of a debug session."""

    __tablename__ = "network_events"
    __table_args__ = (Index("ix_network_events_session_time", "debug_session_id", "timestamp"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    debug_session_id: Mapped[int] = mapped_column(Id, ForeignKey("debug_sessions.id", ondelete="CASCADE"))
    event_type: Mapped[NetworkEventType] = mapped_column(named(NetworkEventType))
    url: Mapped[str] = mapped_column(Text)
    method: Mapped[HTTPMethod | None] = mapped_column(named(HTTPMethod))
    status_code: Mapped[int | None] = mapped_column(SmallInteger)
    request_headers: Mapped[str | None] = mapped_column(Text)
    response_headers: Mapped[str | None] = mapped_column(Text)
    request_payload: Mapped[str | None] = mapped_column(Text)
    response_payload: Mapped[str | None] = mapped_column(Text)
    duration_ms: Mapped[float | None] = mapped_column(Float)
    error_message: Mapped[str | None] = mapped_column(Text)
    timestamp: Mapped[datetime] = mapped_column(EpochMicroseconds, default=utcnow)
    created_at: Mapped[datetime] = mapped_column(EpochMicroseconds, default=utcnow)

    debug_session: Mapped[DebugSession] = relationship(back_populates="network_events")
