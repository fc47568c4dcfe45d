"""Tables of heartbeats: what their pings left, and the pings themselves."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from tocsin.model.enums import HTTPMethod
from tocsin.model.heartbeats.pings import PingKind
from tocsin.storage.tables.schema import Base, named
from tocsin.storage.tables.types import Code, EpochMicroseconds, Id, Milliseconds

_WAITED_FOR = text("deadline_at IS NOT NULL")


class Heartbeat(Base):
    """What the pings so far left of a heartbeat: `model.heartbeats.pings.HeartbeatState` as a row, one a website.

    The index on `deadline_at` is the queue of those whose time runs out.
    """

    __tablename__ = "heartbeats"
    __table_args__ = (
        Index("ix_heartbeats_deadline", "deadline_at", sqlite_where=_WAITED_FOR, postgresql_where=_WAITED_FOR),
    )

    website_id: Mapped[int] = mapped_column(Id, ForeignKey("websites.id", ondelete="CASCADE"), primary_key=True)
    pings_count: Mapped[int] = mapped_column(Id, default=0)
    counts_from: Mapped[datetime | None] = mapped_column(EpochMicroseconds)
    last_ping_at: Mapped[datetime | None] = mapped_column(EpochMicroseconds)
    last_start_at: Mapped[datetime | None] = mapped_column(EpochMicroseconds)
    last_start_rid: Mapped[str | None] = mapped_column(String(36))
    run_ends_by: Mapped[datetime | None] = mapped_column(EpochMicroseconds)
    due_at: Mapped[datetime | None] = mapped_column(EpochMicroseconds)
    deadline_at: Mapped[datetime | None] = mapped_column(EpochMicroseconds)


class HeartbeatPing(Base):
    """One ping. The last hundred of a heartbeat are kept: ping 101 takes the slot, and the row, of ping 1."""

    __tablename__ = "heartbeat_pings"

    website_id: Mapped[int] = mapped_column(Id, ForeignKey("websites.id", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)  # number modulo PINGS_KEPT
    number: Mapped[int] = mapped_column(Id)  # counted from 1 for each heartbeat
    kind: Mapped[PingKind] = mapped_column(named(PingKind))
    received_at: Mapped[datetime] = mapped_column(EpochMicroseconds)
    rid: Mapped[str | None] = mapped_column(String(36))
    exit_code: Mapped[int | None] = mapped_column(SmallInteger)
    duration_ms: Mapped[float | None] = mapped_column("duration_us", Milliseconds)
    method: Mapped[HTTPMethod] = mapped_column(Code(HTTPMethod))
    address: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(String(255))
    body_bytes: Mapped[int] = mapped_column(Integer, default=0)  # of the whole, of which the head is kept
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
