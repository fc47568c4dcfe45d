"""Uptime of a website, by checks and by time, from rollups, downtimes and unknown windows."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tocsin.errors import NotFound
from tocsin.matching.heartbeats import holds_until
from tocsin.model.enums import MonitorStatus
from tocsin.model.heartbeats.keys import is_heartbeat
from tocsin.model.heartbeats.schedules import schedule_of
from tocsin.model.times import as_utc, utcnow
from tocsin.model.uptime import Uptime, percent_of_checks, time_share
from tocsin.storage.downtimes import DowntimeWindowCRUD
from tocsin.storage.history.counts import CheckCounts, count_between
from tocsin.storage.history.periods import periods_of
from tocsin.storage.tables import DowntimeWindow, Website
from tocsin.storage.tables.alert_rules import MaintenancePeriod
from tocsin.storage.tables.records import WebsiteState
from tocsin.storage.unknown_windows import unknown_between

Stretch = tuple[datetime, datetime]

_MICROSECOND = timedelta(microseconds=1)


def gap_allowance(check_interval_s: float, timeout_s: float, breaker_pause_s: float = 0.0) -> timedelta:
    """Return for how long after a check its status is taken to last.

    Two intervals and the time a check may take: one missed tick is no gap. While the circuit breaker leaves a
    failing website alone, its pause comes on top. A heartbeat's lasts until its next ping is missing, see
    `matching.heartbeats.holds_until`.
    """
    return timedelta(seconds=2 * check_interval_s + min(check_interval_s, 2 * timeout_s) + breaker_pause_s)


def uptime_of(db: Session, website_id: int, hours: int, now: datetime | None = None) -> Uptime:
    """Return how available a website was over the last `hours`.

    Raises:
        NotFound: there is no such website.
    """
    website = db.get(Website, website_id)
    if website is None:
        raise NotFound(f"there is no website {website_id}")
    end = as_utc(now or utcnow())  # in a zone whose clock is set, an hour less is not an hour ago
    start = end - timedelta(hours=hours)
    seen = count_between(db, website_id, start, end)
    state = db.get(WebsiteState, website_id)
    downtimes = DowntimeWindowCRUD.get_overlapping(db, website_id, start, end)
    unknown = unknown_between(db, website_id, start, end)
    if state is not None and (tail := _tail(state, website, end)) is not None:
        unknown.append(tail)
    planned = periods_of(db, website_id, start, end)
    seen.leave_out(_counts_within(db, website_id, planned, start, end))
    share = time_share(
        (start, end),
        _observed_from(db, website_id, state),
        [(one.started_at, one.ended_at) for one in downtimes],
        unknown,
        [(one.started_at, one.ended_at) for one in planned],
    )
    return Uptime(
        website_id=website_id,
        hours=hours,
        by_checks_percent=_rounded(percent_of_checks(seen.available, seen.total, seen.unknown)),
        by_time_percent=_rounded(share.percent),
        checks_count=seen.total,
        up_count=seen.available,
        unknown_seconds=round(share.unknown_s, 3),
        downtime_seconds=round(share.downtime_s, 3),
    )


def _counts_within(
    db: Session, website_id: int, planned: Sequence[MaintenancePeriod], start: datetime, end: datetime
) -> CheckCounts:
    """Return the checks made during maintenance: as counted when a period was over, else counted now.

    Periods that overlap are counted as one stretch, so that no check is left out twice.
    """
    seen = CheckCounts()
    stretches: list[list[MaintenancePeriod]] = []
    until = start
    for one in planned:
        if not stretches or one.started_at > until:
            stretches.append([])
        stretches[-1].append(one)
        until = max(until, one.ended_at)
    for stretch in stretches:
        begins = max(start, stretch[0].started_at)
        ends = min(end, max(one.ended_at for one in stretch))
        only = stretch[0] if len(stretch) == 1 else None
        if only is not None and only.checks_count is not None and start <= only.started_at and only.ended_at <= end:
            seen.add_counted(only.checks_count, only.up_count or 0, only.unknown_count or 0)
        else:  # a check in the moment it ends belongs to what comes after
            seen.add(count_between(db, website_id, begins, ends - _MICROSECOND if ends < end else ends))
    return seen


def _rounded(percent: float | None) -> float | None:
    return None if percent is None else round(percent, 6)


def _tail(state: WebsiteState, website: Website, end: datetime) -> Stretch | None:
    """Return the stretch up to now in which no check has come, if there is one."""
    if is_heartbeat(website.url):
        return _heartbeat_tail(state, website, end)
    pause = state.breaker_open_until - state.last_checked_at if state.breaker_open_until else timedelta(0)
    lasts = gap_allowance(website.check_interval, website.timeout, max(0.0, pause.total_seconds()))
    if state.last_status is MonitorStatus.UNKNOWN:  # its own unknown window ends there
        lasts = min(lasts, timedelta(seconds=website.check_interval))
    since = state.last_checked_at + lasts
    return (since, end) if since < end else None


def _heartbeat_tail(state: WebsiteState, website: Website, end: datetime) -> Stretch | None:
    """Return the stretch up to now of which a heartbeat says nothing: its time ran out, and nobody waited for it."""
    if state.status is MonitorStatus.DOWN and website.is_active:
        return None  # until the next ping
    since = holds_until(schedule_of(website), state.last_checked_at)
    return (since, end) if since < end else None


def _observed_from(db: Session, website_id: int, state: WebsiteState | None) -> datetime | None:
    first_down = db.scalar(select(func.min(DowntimeWindow.started_at)).where(DowntimeWindow.website_id == website_id))
    moments = [moment for moment in (first_down, state.first_checked_at if state else None) if moment is not None]
    return min(moments, default=None)
