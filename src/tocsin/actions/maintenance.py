"""What can be asked about maintenance windows: list, get, create, change, delete, preview, and their periods."""

from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from tocsin.actions.websites import find_website
from tocsin.errors import Invalid, NotFound
from tocsin.matching.matchers import Matcher, matches_all
from tocsin.matching.schedules import cron_fault, period_at, periods
from tocsin.model.maintenance import (
    Cron,
    MaintenanceFields,
    MaintenancePeriodRead,
    MaintenanceWindowCreate,
    MaintenanceWindowRead,
    MaintenanceWindowUpdate,
    MutePreview,
    Once,
    PeriodRead,
    Schedule,
)
from tocsin.model.pages import Page, PageQuery
from tocsin.model.times import utcnow
from tocsin.storage import maintenance
from tocsin.storage.database import Session
from tocsin.storage.history.periods import list_periods, websites_named_by
from tocsin.storage.mute_previews import preview_matching
from tocsin.storage.tables.alert_rules import MaintenanceWindow

PREVIEW_DAYS = 7
SHOWN_PERIODS = 5
LOOK_AHEAD = timedelta(days=400)


def list_windows(db: Session, query: PageQuery, now: datetime | None = None) -> Page[MaintenanceWindowRead]:
    """Return one page of the maintenance windows, newest first."""
    now = now or utcnow()
    rows, total = maintenance.list_windows(db, query.skip, query.page_size)
    return query.page_of([_read(row, now) for row in rows], total)


def get_window(db: Session, window_id: int, now: datetime | None = None) -> MaintenanceWindowRead:
    """Return a maintenance window.

    Raises:
        NotFound: there is none.
    """
    return _read(_find(db, window_id), now or utcnow())


def create_window(
    db: Session, window: MaintenanceWindowCreate, created_by: str = "", now: datetime | None = None
) -> MaintenanceWindowRead:
    """Store a maintenance window; it is in force from now on, and where it lies in the past, then.

    Raises:
        Invalid: a pattern or a cron expression is none, or a website does not exist.
    """
    now = now or utcnow()
    _check(db, window)
    row = MaintenanceWindow(**window.model_dump(mode="json"), created_by=created_by)
    maintenance.add_window(db, row, now)
    db.commit()
    return _read(row, now)


def update_window(
    db: Session, window_id: int, update: MaintenanceWindowUpdate, now: datetime | None = None
) -> MaintenanceWindowRead:
    """Change the fields that were given; what has passed is left alone.

    Raises:
        NotFound: there is none.
        Invalid: a pattern or a cron expression is none, a website does not exist, or it would concern nothing.
    """
    now = now or utcnow()
    row = _find(db, window_id)
    changes = update.changes()
    whole = {name: getattr(row, name) for name in MaintenanceFields.model_fields} | changes
    try:
        window = MaintenanceWindowCreate.model_validate(whole)
    except ValueError as error:
        raise Invalid(_first_fault(error)) from error
    _check(db, window)
    maintenance.change_window(db, row, changes, now)
    db.commit()
    return _read(row, now)


def delete_window(db: Session, window_id: int, now: datetime | None = None) -> None:
    """Delete a maintenance window; what has passed stays left out of the uptime.

    Raises:
        NotFound: there is none.
    """
    maintenance.delete_window(db, _find(db, window_id), now or utcnow())
    db.commit()


def preview_window(db: Session, window: MaintenanceWindowCreate, now: datetime | None = None) -> MutePreview:
    """Return which alerts of the last week a window would have muted, and when it is in force next.

    Raises:
        Invalid: a pattern or a cron expression is none, or a website does not exist.
    """
    now = now or utcnow()
    _check(db, window)
    websites = websites_named_by(db.connection(), window.model_dump())
    matchers = [Matcher(one.name, one.value, one.is_regex, one.is_equal) for one in window.matchers]

    def covers(labels: Any, website_id: int | None, at: datetime) -> bool:
        is_named = window.is_global or website_id in websites or (bool(matchers) and matches_all(matchers, labels))
        return is_named and period_at(window.schedule, window.time_zone, at) is not None

    count, muted = preview_matching(db, now - timedelta(days=PREVIEW_DAYS), covers)
    coming = _coming(window.schedule, window.time_zone, now)
    return MutePreview(days=PREVIEW_DAYS, muted_count=count, muted=muted, periods=coming)


def list_website_periods(db: Session, website_id: int, query: PageQuery) -> Page[MaintenancePeriodRead]:
    """Return one page of the periods in which a website was in maintenance, newest first.

    Raises:
        NotFound: there is no such website.
    """
    find_website(db, website_id)
    rows, total = list_periods(db, website_id, query.skip, query.page_size)
    return query.page_of([MaintenancePeriodRead.model_validate(row) for row in rows], total)


def _find(db: Session, window_id: int) -> MaintenanceWindow:
    row = maintenance.find_window(db, window_id)
    if row is None:
        raise NotFound(f"there is no maintenance window {window_id}")
    return row


def _read(row: MaintenanceWindow, now: datetime) -> MaintenanceWindowRead:
    read = MaintenanceWindowRead.model_validate(row)
    coming = _coming(read.schedule, read.time_zone, now)[:1] if row.is_enabled else []
    for one in coming:
        read.next_start_at, read.next_end_at = one.starts_at, one.ends_at
        read.is_in_force = one.starts_at <= now
    return read


def _coming(schedule: Schedule, time_zone: str, now: datetime) -> list[PeriodRead]:
    until = schedule.ends_at if isinstance(schedule, Once) else now + LOOK_AHEAD
    found = periods(schedule, time_zone, now, until)
    return [PeriodRead(starts_at=start, ends_at=end) for start, end in islice(found, SHOWN_PERIODS)]


def _check(db: Session, window: MaintenanceWindowCreate) -> None:
    if isinstance(window.schedule, Cron) and (fault := cron_fault(window.schedule.cron)):
        raise Invalid(f"{window.schedule.cron!r} is no cron expression: {fault}", field="schedule.cron")
    try:
        for one in window.matchers:
            Matcher(one.name, one.value, one.is_regex, one.is_equal)
    except ValueError as error:
        raise Invalid(str(error), field="matchers") from error
    strangers = set(window.website_ids) - maintenance.known_websites(db, window.website_ids)
    if strangers:
        raise Invalid(f"there is no website {min(strangers)}", field="website_ids")


def _first_fault(error: ValueError) -> str:
    faults = error.errors() if hasattr(error, "errors") else []
    return str(faults[0]["msg"]).removeprefix("Value error, ") if faults else str(error)
