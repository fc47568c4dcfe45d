"""When a downtime begins and ends: N failed of the last M checks open it, K good ones in a row close it. Pure.

A check counts for one downtime at most: the window is empty after each. UNKNOWN checks are as if they had not been.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.model.enums import MonitorStatus
from tocsin.model.states import DowntimeStep, WatchState


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a check does to the downtime, and what is remembered for the next one."""

    step: DowntimeStep = DowntimeStep.NONE
    at: datetime | None = None  # when the downtime began that it opens, or ended that it closes
    failed_checks_count: int = 0  # of the downtime that it opens
    recent: tuple[datetime | None, ...] = ()
    recovering_since: datetime | None = None
    recovering_checks_count: int = 0


def weigh(state: WatchState, status: MonitorStatus, at: datetime, *, gap_after: timedelta) -> Weighed:
    """Return what a check of that status, started at `at`, does to the website's downtime.

    What was seen before a stretch without any check that is longer than the rule could span does not count any more.
    """
    is_open = state.downtime_id is not None
    if status is MonitorStatus.UNKNOWN:
        return Weighed(
            recent=state.recent,
            recovering_since=state.recovering_since,
            recovering_checks_count=state.recovering_checks_count,
        )
    rule = state.rule
    span = gap_after * max(rule.window, rule.up_after)
    is_stale = state.last_checked_at is not None and at - state.last_checked_at > span
    if is_open:
        if status is MonitorStatus.DOWN:
            return Weighed(DowntimeStep.COUNT)
        return _recovering(state, at, is_stale=is_stale)
    recent = () if is_stale else state.recent
    if status is MonitorStatus.DOWN:
        return _failing(state, at, recent)
    return Weighed(recent=_trimmed((None, *recent), rule.window))


def _failing(state: WatchState, at: datetime, recent: tuple[datetime | None, ...]) -> Weighed:
    window = _trimmed((at, *recent), state.rule.window)
    failed = [moment for moment in window if moment is not None]
    if len(failed) < state.rule.down_after:
        return Weighed(recent=window)
    return Weighed(DowntimeStep.OPEN, min(failed), len(failed))  # the oldest, were the clock not set back


def _recovering(state: WatchState, at: datetime, *, is_stale: bool) -> Weighed:
    since, count = (None, 0) if is_stale else (state.recovering_since, state.recovering_checks_count)
    since, count = min(since or at, at), count + 1
    if count >= state.rule.up_after:
        return Weighed(DowntimeStep.CLOSE, since)
    return Weighed(recovering_since=since, recovering_checks_count=count)


def _trimmed(recent: tuple[datetime | None, ...], window: int) -> tuple[datetime | None, ...]:
    """Return what the window still shows; good checks at its end leave no trace."""
    kept = recent[:window]
    while kept and kept[-1] is None:
        kept = kept[:-1]
    return kept
