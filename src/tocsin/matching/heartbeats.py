"""When a heartbeat is due and until when a ping is waited for: cron expressions, time zones, daylight saving. Pure.

A period is so many seconds, on every day of the year; a cron expression is meant in its time zone's wall clock, as
cron itself has it: what falls into the hour that spring skips runs right after it, and what falls into the one that
autumn repeats runs once, the first time.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from tocsin.errors import Invalid
from tocsin.model.heartbeats.pings import HeartbeatState
from tocsin.model.heartbeats.schedules import Schedule

MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_EXAMPLE = "write minute, hour, day of month, month and day of week, for example 0 3 * * * for 03:00 every day"


def check_schedule(schedule: Schedule, now: datetime) -> None:
    """Return where the schedule has a next moment.

    Raises:
        Invalid: its cron expression is none, or never comes true.
    """
    next_due(schedule, now)


def next_due(schedule: Schedule, after: datetime) -> datetime:
    """Return the first moment after `after` at which a ping is expected, aware UTC.

    Raises:
        Invalid: the cron expression is none, or never comes true.
    """
    if schedule.cron is None:
        return after + timedelta(seconds=schedule.period_s or 0)
    expression = MACROS.get(schedule.cron.strip().lower(), schedule.cron)
    if len(expression.split()) != 5:
        raise Invalid(f"{schedule.cron!r} is no cron expression: {_EXAMPLE}", field="cron")
    try:
        for moment in CronSim(expression, after.astimezone(ZoneInfo(schedule.time_zone))):
            # In autumn's repeated hour cronsim may name the first of the two, which is over.
            if (due := moment.astimezone(UTC)) > after:
                return due
    except CronSimError as error:
        raise Invalid(f"{schedule.cron!r} is no cron expression ({error}): {_EXAMPLE}", field="cron") from error
    raise Invalid(f"{schedule.cron!r} never comes true", field="cron")


def holds_until(schedule: Schedule, since: datetime) -> datetime:
    """Return until when a ping at `since` says that all is well: the next expected moment and the grace."""
    return next_due(schedule, since) + schedule.grace


def timed(state: HeartbeatState, schedule: Schedule, *, is_waited_for: bool) -> HeartbeatState:
    """Return a state with the moments that follow from it: when the next ping is due, and when it is missing.

    Args:
        state: the rest of it is right.
        schedule: of the heartbeat.
        is_waited_for: False where no ping can be missing, since it is paused or DOWN already.
    """
    due_at = None if state.counts_from is None else next_due(schedule, state.counts_from)
    limits = [due_at + schedule.grace] if due_at is not None else []
    if state.run_ends_by is not None:
        limits.append(state.run_ends_by)
    return replace(state, due_at=due_at, deadline_at=min(limits, default=None) if is_waited_for else None)
