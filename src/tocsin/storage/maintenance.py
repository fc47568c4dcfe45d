"""Maintenance windows: planned work. The periods in which they were in force are `history.periods`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tocsin.model.maintenance import Once
from tocsin.storage.history.periods import cut_short, record_periods, schedule_of
from tocsin.storage.tables import Website
from tocsin.storage.tables.alert_rules import MaintenanceWindow
from tocsin.storage.tables.schema import FRESH


def find_window(db: Session, window_id: int) -> MaintenanceWindow | None:
    """Return the window, or None."""
    return db.get(MaintenanceWindow, window_id, populate_existing=True)


def list_windows(db: Session, skip: int = 0, limit: int = 100) -> tuple[Sequence[MaintenanceWindow], int]:
    """Return one page of the windows, newest first, and how many there are."""
    total = db.scalar(select(func.count()).select_from(MaintenanceWindow)) or 0
    page = select(MaintenanceWindow).order_by(MaintenanceWindow.id.desc()).offset(skip).limit(limit)
    return db.scalars(page, execution_options=FRESH).all(), total


def known_websites(db: Session, website_ids: Sequence[int]) -> set[int]:
    """Return those of the ids that are a website's."""
    return set(db.scalars(select(Website.id).where(Website.id.in_(website_ids)))) if website_ids else set()


def add_window(db: Session, window: MaintenanceWindow, now: datetime) -> None:
    """Store a window; one that lies in the past already is recorded as it was meant. The caller commits."""
    schedule = schedule_of(window.schedule)
    window.recorded_until = min(now, schedule.starts_at) if isinstance(schedule, Once) else now
    db.add(window)
    db.flush()
    record_periods(db.connection(), now)


def change_window(db: Session, window: MaintenanceWindow, changes: Mapping[str, Any], now: datetime) -> None:
    """Change a window: what has passed stays, and from now on it is in force as it says now. The caller commits."""
    record_periods(db.connection(), now)
    cut_short(db.connection(), window.id, now)
    for name, value in changes.items():
        setattr(window, name, value)
    window.effective_from = window.recorded_until = now
    db.flush()
    record_periods(db.connection(), now)


def delete_window(db: Session, window: MaintenanceWindow, now: datetime) -> None:
    """Delete a window; what has passed stays left out of the uptime. The caller commits."""
    record_periods(db.connection(), now)
    cut_short(db.connection(), window.id, now)
    db.delete(window)
    db.flush()
