"""Silences: mutes by matcher, from one moment to another. One that is over is kept for a while."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, delete, func, select
from sqlalchemy.orm import Session

from tocsin.model.silences import SilenceState
from tocsin.storage.tables.alert_rules import Silence
from tocsin.storage.tables.schema import FRESH

KEEP_EXPIRED = timedelta(hours=120)
"""Source: Alertmanager's `data.retention`."""


def add_silence(db: Session, silence: Silence) -> Silence:
    """Store a silence under a new key and return it; the caller commits."""
    silence.key = str(uuid.uuid4())
    db.add(silence)
    db.flush()
    return silence


def find_silence(db: Session, silence_id: int) -> Silence | None:
    """Return the silence of that id, or None."""
    return db.get(Silence, silence_id, populate_existing=True)


def find_by_key(db: Session, key: str) -> Silence | None:
    """Return the silence of that UUID, or None."""
    return db.scalars(select(Silence).where(Silence.key == key), execution_options=FRESH).one_or_none()


def list_silences(
    db: Session, now: datetime, state: SilenceState | None = None, skip: int = 0, limit: int = 100
) -> tuple[Sequence[Silence], int]:
    """Return one page of the silences, and how many there are: active ones, then pending, then expired ones.

    Among active ones the first to end comes first, among pending ones the first to begin, then the last that ended.
    """
    wanted = select(Silence)
    if state is not None:
        wanted = wanted.where(_is_in(state, now))
    total = db.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rank = case((_is_in(SilenceState.ACTIVE, now), 0), (_is_in(SilenceState.PENDING, now), 1), else_=2)
    order = (
        rank,
        case((rank == 0, Silence.ends_at)),
        case((rank == 1, Silence.starts_at)),
        Silence.ends_at.desc(),
        Silence.id.desc(),
    )
    return db.scalars(wanted.order_by(*order).offset(skip).limit(limit), execution_options=FRESH).all(), total


def _is_in(state: SilenceState, now: datetime) -> ColumnElement[bool]:
    if state is SilenceState.EXPIRED:
        return Silence.ends_at <= now
    if state is SilenceState.PENDING:
        return and_(Silence.ends_at > now, Silence.starts_at > now)
    return and_(Silence.ends_at > now, Silence.starts_at <= now)


def trim_silences(db: Session, now: datetime) -> int:
    """Delete the silences that have been over for long; return how many. The caller commits."""
    old = delete(Silence).where(Silence.ends_at < now - KEEP_EXPIRED)
    return db.execute(old).rowcount  # type: ignore[attr-defined,no-any-return]
