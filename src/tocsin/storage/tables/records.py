"""Tables of what Tocsin keeps beside the nouns: state, evidence, certificates, rollups, gaps and the outbox."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tocsin.model.enums import Cause, MonitorStatus
from tocsin.model.states import decode_recent
from tocsin.model.times import utcnow
from tocsin.storage.tables.schema import Base, named, website_id
from tocsin.storage.tables.types import Code, EpochMicroseconds, Id, Milliseconds, UTCDateTime


class WebsiteState(Base):
    """The last thing known of a website, so that no page and no judgement reads its checks.

    `status` is what is shown of the website, `last_status` that of its last check: they differ while the downtime
    rule wants to see more.
    """

    __tablename__ = "website_states"

    website_id: Mapped[int] = mapped_column(Id, ForeignKey("websites.id", ondelete="CASCADE"), primary_key=True)
    status: Mapped[MonitorStatus] = mapped_column(Code(MonitorStatus))
    status_since: Mapped[datetime] = mapped_column(EpochMicroseconds)
    first_checked_at: Mapped[datetime] = mapped_column(EpochMicroseconds)
    last_checked_at: Mapped[datetime] = mapped_column(EpochMicroseconds)
    last_check_id: Mapped[int | None] = mapped_column(Id)
    last_response_time_ms: Mapped[float | None] = mapped_column("last_response_time_us", Milliseconds)
    last_cause: Mapped[Cause | None] = mapped_column(Code(Cause))
    last_message: Mapped[str | None] = mapped_column(Text)
    consecutive_failures: Mapped[int] = mapped_column(Integer, default=0)
    breaker_open_until: Mapped[datetime | None] = mapped_column(EpochMicroseconds)
    skipped_checks_count: Mapped[int] = mapped_column(Integer, default=0)
    last_status: Mapped[MonitorStatus | None] = mapped_column(Code(MonitorStatus))
    recent_results: Mapped[str | None] = mapped_column(Text)  # model.states.encode_recent
    recovering_since: Mapped[datetime | None] = mapped_column(EpochMicroseconds)
    recovering_checks_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")

    @property
    def failing_checks_count(self) -> int:
        """Failed checks that wait for more, before they are a downtime."""
        return sum(moment is not None for moment in decode_recent(self.recent_results))

    @property
    def pending_status(self) -> MonitorStatus | None:
        """What the website becomes if its next checks say the same as the last; None where nothing is pending."""
        if self.recovering_checks_count:
            return self.last_status
        return MonitorStatus.DOWN if self.recent_results else None


class CheckEvidence(Base):
    """What a failed check saw in full; zlib-compressed JSON."""

    __tablename__ = "check_evidence"

    check_id: Mapped[int] = mapped_column(Id, ForeignKey("monitor_checks.id", ondelete="CASCADE"), primary_key=True)
    website_id: Mapped[int] = mapped_column(
        Id, ForeignKey("websites.id", ondelete="CASCADE"), nullable=False, index=True
    )
    payload: Mapped[bytes] = mapped_column(LargeBinary)


class GoodEvidence(Base):
    """What the last good check of a website saw in full, to compare a failure with."""

    __tablename__ = "good_evidence"

    website_id: Mapped[int] = mapped_column(Id, ForeignKey("websites.id", ondelete="CASCADE"), primary_key=True)
    check_id: Mapped[int] = mapped_column(Id)
    fingerprint: Mapped[str] = mapped_column(String(64))  # equal where nothing that matters has changed
    recorded_at: Mapped[datetime] = mapped_column(EpochMicroseconds)
    payload: Mapped[bytes] = mapped_column(LargeBinary)


class CertificateRecord(Base):
    """An X.509 certificate, once, by the SHA-256 of its DER form."""

    __tablename__ = "certificates"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    subject: Mapped[str] = mapped_column(Text)
    issuer: Mapped[str] = mapped_column(Text)
    sans: Mapped[list[str]] = mapped_column(JSON)
    serial: Mapped[str] = mapped_column(String(64))
    not_before: Mapped[datetime] = mapped_column(UTCDateTime)
    not_after: Mapped[datetime] = mapped_column(UTCDateTime)
    der: Mapped[bytes] = mapped_column(LargeBinary)
    first_seen_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class WebsiteCertificate(Base):
    """The chain a website served when it was read last, and what was told of its expiry."""

    __tablename__ = "website_certificates"

    website_id: Mapped[int] = mapped_column(Id, ForeignKey("websites.id", ondelete="CASCADE"), primary_key=True)
    chain: Mapped[list[str]] = mapped_column(JSON)  # SHA-256 of each certificate, leaf first
    not_after: Mapped[datetime] = mapped_column(UTCDateTime)  # of the leaf
    verify_error: Mapped[str | None] = mapped_column(Text)
    read_at: Mapped[datetime] = mapped_column(UTCDateTime)
    warned_days: Mapped[dict[str, list[int]] | None] = mapped_column(JSON(none_as_null=True))  # by the leaf's SHA-256
    warned_sha256: Mapped[str | None] = mapped_column(String(64))  # the leaf warned of, until it is replaced


class UnknownWindow(Base):
    """A stretch of time in which nobody could tell how a website was; uptime leaves it out."""

    __tablename__ = "unknown_windows"
    __table_args__ = (Index("ix_unknown_windows_website_time", "website_id", "started_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    website_id: Mapped[int] = website_id()
    started_at: Mapped[datetime] = mapped_column(EpochMicroseconds)
    ended_at: Mapped[datetime] = mapped_column(EpochMicroseconds)
    reason: Mapped[str] = mapped_column(String(20))  # "gap": nobody looked; "unknown": a check could not tell


class _Rollup:
    """Counts, sums and histograms of one website's checks in one period.

    Counts and sums are added to as each check is stored. Histograms are made when the period is over
    (null until then: the raw checks are still there) and added to by whatever comes later.
    """

    website_id: Mapped[int] = mapped_column(Id, ForeignKey("websites.id", ondelete="CASCADE"), primary_key=True)
    period: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)  # hours or days since 1970
    up_count: Mapped[int] = mapped_column(Integer, default=0)
    down_count: Mapped[int] = mapped_column(Integer, default=0)
    degraded_count: Mapped[int] = mapped_column(Integer, default=0)
    unknown_count: Mapped[int] = mapped_column(Integer, default=0)
    unknown_seconds: Mapped[int] = mapped_column(Integer, default=0)
    timed_count: Mapped[int] = mapped_column(Integer, default=0)  # available checks with a response time
    total_us: Mapped[int] = mapped_column(Id, default=0)  # sums over those, microseconds
    dns_us: Mapped[int] = mapped_column(Id, default=0)
    connect_us: Mapped[int] = mapped_column(Id, default=0)
    tls_us: Mapped[int] = mapped_column(Id, default=0)
    ttfb_us: Mapped[int] = mapped_column(Id, default=0)
    transfer_us: Mapped[int] = mapped_column(Id, default=0)
    total_histogram: Mapped[bytes | None] = mapped_column(LargeBinary)  # model.histograms
    phase_histograms: Mapped[bytes | None] = mapped_column(LargeBinary)  # of the five phases, joined


def _open_index(name: str) -> Index:
    """Return the index by which folding finds what is not folded yet; it holds those few rows only."""
    still_open = text("total_histogram IS NULL")
    return Index(name, "period", sqlite_where=still_open, postgresql_where=still_open)


class HourlyRollup(_Rollup, Base):
    """A website's hour; `period` is hours since 1970-01-01 UTC."""

    __tablename__ = "hourly_rollups"
    __table_args__ = (_open_index("ix_hourly_rollups_open"), {"sqlite_with_rowid": False})


class DailyRollup(_Rollup, Base):
    """A website's UTC day; `period` is days since 1970-01-01."""

    __tablename__ = "daily_rollups"
    __table_args__ = (_open_index("ix_daily_rollups_open"), {"sqlite_with_rowid": False})


class OutboxEvent(Base):
    """A change that somebody may have to be told of, committed together with what changed.

    "website.transition": a website changed its status. "vantage.blind": Tocsin itself could not see, or sees again;
    no website and no statuses then.
    """

    __tablename__ = "outbox_events"
    __table_args__ = (
        Index("ix_outbox_events_website_time", "website_id", "occurred_at"),
        Index(  # what alerting has not taken in yet
            "ix_outbox_events_unhandled",
            "id",
            sqlite_where=text("handled_at IS NULL"),
            postgresql_where=text("handled_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},  # who has heard of event 7 must hear of every later one
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))  # storage.outbox: a transition, a certificate, our own vantage
    website_id: Mapped[int | None] = mapped_column(Id, ForeignKey("websites.id", ondelete="CASCADE"))
    check_id: Mapped[int | None] = mapped_column(Id)
    downtime_id: Mapped[int | None] = mapped_column(Id)
    from_status: Mapped[MonitorStatus | None] = mapped_column(named(MonitorStatus))
    to_status: Mapped[MonitorStatus | None] = mapped_column(named(MonitorStatus))
    reason: Mapped[str] = mapped_column(String(40))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    occurred_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    claimed_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    handled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
