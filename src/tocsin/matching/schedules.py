"""When a maintenance window is in force: its occurrences, right in its own time zone on every day of the year. Pure.

Wall-clock times are taken in the window's zone. One that a day does not have (clocks go forward) is taken by the
offset before the change, so that 02:30 becomes 03:30. Of one that a day has twice (clocks go back) a start is the
first and an end the second, so that a window covers all that its words name.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from tocsin.model.maintenance import Cron, EveryNDays, Monthly, Once, Schedule, WallClock, Weekly

Period = tuple[datetime, datetime]
"""Start and end, aware UTC; never empty."""

_DAY = timedelta(days=1)
MOST_PERIODS = 10_000
"""More occurrences than this are never returned at once: a cron of every minute asked over years."""


def periods(schedule: Schedule, time_zone: str, start: datetime, end: datetime) -> Iterator[Period]:
    """Yield the occurrences of which any part lies between `start` and `end`, in order.

    Args:
        schedule: when it recurs.
        time_zone: IANA name in which its wall-clock times are meant.
        start: aware UTC.
        end: aware UTC; not itself included.
    """
    if isinstance(schedule, Once):
        found: Iterator[Period] = iter([(schedule.starts_at, schedule.ends_at)])
    elif isinstance(schedule, Cron):
        found = _of_cron(schedule, ZoneInfo(time_zone), start, end)
    else:
        found = _of_days(schedule, ZoneInfo(time_zone), start, end)
    count = 0
    for begins, ends in found:
        if begins >= end or count >= MOST_PERIODS:
            return
        if ends > start and ends > begins:
            count += 1
            yield begins, ends


def period_at(schedule: Schedule, time_zone: str, moment: datetime) -> Period | None:
    """Return the occurrence that `moment` lies in (of several the one that ends last), or None."""
    at_once = [
        one for one in periods(schedule, time_zone, moment, moment + timedelta(microseconds=1)) if one[0] <= moment
    ]
    return max(at_once, key=lambda one: one[1], default=None)


def cron_fault(text: str) -> str | None:
    """Return why `text` is no cron expression, or None where it is one that comes true some day."""
    try:
        found = next(CronSim(text, _EARLIEST), None)
    except CronSimError as error:
        return str(error)
    return "it never comes true" if found is None else None


def _of_cron(schedule: Cron, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Period]:
    lasts = timedelta(minutes=schedule.duration_minutes)
    # cronsim yields moments after the one given, so begin a minute early.
    moments = CronSim(schedule.cron, (start - lasts - timedelta(minutes=1)).astimezone(zone))
    while (begins := next(moments).astimezone(UTC)) < end:
        yield begins, begins + lasts


def _of_days(
    schedule: Weekly | Monthly | EveryNDays, zone: ZoneInfo, start: datetime, end: datetime
) -> Iterator[Period]:
    longest = timedelta(minutes=schedule.duration_minutes or 0) + 2 * _DAY
    day = (max(start, _EARLIEST) - longest).astimezone(zone).date()
    last = end.astimezone(zone).date()
    while day <= last:
        if is_on(schedule, day):
            yield _period_of(schedule, zone, day)
        day += _DAY


_EARLIEST = datetime(1970, 1, 10, tzinfo=UTC)


def is_on(schedule: Weekly | Monthly | EveryNDays, day: date) -> bool:
    """Return whether an occurrence begins on that day of the calendar."""
    if isinstance(schedule, Weekly):
        return day.isoweekday() in schedule.weekdays
    if isinstance(schedule, EveryNDays):
        gone = (day - schedule.first_day).days
        return gone >= 0 and gone % schedule.every_days == 0
    from_end = -(_days_in_month(day) - day.day + 1)
    return day.day in schedule.days or from_end in schedule.days


def _days_in_month(day: date) -> int:
    following = day.replace(day=28) + timedelta(days=4)
    return (following - timedelta(days=following.day)).day


def _period_of(schedule: WallClock, zone: ZoneInfo, day: date) -> Period:
    begins = _utc(day, schedule.start, zone, fold=0)
    if schedule.duration_minutes is not None:
        return begins, begins + timedelta(minutes=schedule.duration_minutes)
    clock = schedule.end or schedule.start
    end_day = day if clock > schedule.start else day + _DAY
    return begins, _utc(end_day, clock, zone, fold=1)


def _utc(day: date, clock: time, zone: ZoneInfo, *, fold: int) -> datetime:
    local = datetime.combine(day, clock, zone)
    there_and_back = local.astimezone(UTC).astimezone(zone)
    is_missing = there_and_back.replace(tzinfo=None) != local.replace(tzinfo=None)
    return local.replace(fold=0 if is_missing else fold).astimezone(UTC)
