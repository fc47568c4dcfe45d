"""What a check means: its status, and what that changes. Pure; `now` and every fact are arguments."""

from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus

from tocsin.model.enums import Cause, MonitorStatus, Phase
from tocsin.model.expectations import Expectation
from tocsin.model.expected_status import parse_expected_status
from tocsin.model.options import CheckOptions
from tocsin.model.results import CheckResult
from tocsin.model.states import DowntimeStep, Judgement, Reason, Transition, WatchState
from tocsin.watch.breaker import Breaker
from tocsin.watch.downtimes import weigh
from tocsin.watch.expect import unmet_expectations

UP, DOWN, DEGRADED, UNKNOWN = (
    MonitorStatus.UP,
    MonitorStatus.DOWN,
    MonitorStatus.DEGRADED,
    MonitorStatus.UNKNOWN,
)

JITTER = timedelta(seconds=1)
"""Two UNKNOWN checks that come a little more than an interval apart leave no gap worth a row."""


def settle(result: CheckResult, options: CheckOptions, now: datetime) -> CheckResult:
    """Return `result` with its status, and with the cause and message that explain anything but UP.

    No usable answer or 5xx is DOWN; any other code outside `expected_status` is DEGRADED, one within is UP.
    A failed expectation on content makes it DOWN, one on latency, or `degraded_after_ms`, DEGRADED. That holds for
    kinds without codes too. Where several apply, the worst one does.
    """
    settled = _settled(result, options, now)
    return settled if settled.judged_body is None else settled.evolve(judged_body=None)


def _settled(result: CheckResult, options: CheckOptions, now: datetime) -> CheckResult:
    if result.cause is Cause.VANTAGE_BLIND:
        return result.evolve(status=UNKNOWN)
    if result.cause is not None:
        return result.evolve(status=DOWN)
    code = result.http_status_code
    is_expected = code is None or code in parse_expected_status(options.expected_status)
    if code is not None and code >= 500 and not is_expected:
        return _unexpected_code(result, code, options, [])
    unmet = unmet_expectations(result, options.expectations, now) if options.expectations else []
    if code is not None and not is_expected:
        return _unexpected_code(result, code, options, unmet)
    return _measured_against(result, options, unmet)


def _measured_against(result: CheckResult, options: CheckOptions, unmet: list[tuple[Expectation, str]]) -> CheckResult:
    """Return a result with an expected code, or without any, settled by its expectations and its duration."""
    wrong = [text for expectation, text in unmet if not expectation.is_latency]
    if wrong:
        return result.evolve(status=DOWN, cause=Cause.EXPECTATION_FAILED, phase=Phase.CONTENT, message="; ".join(wrong))
    slow = [text for expectation, text in unmet if expectation.is_latency]
    total_ms = result.phases.total_ms or 0.0
    if options.degraded_after_ms is not None and total_ms > options.degraded_after_ms:
        slow.append(f"Took {total_ms:.0f} ms; slow from {options.degraded_after_ms:g} ms on")
    if slow:
        return result.evolve(status=DEGRADED, cause=Cause.SLOW, phase=Phase.LATENCY, message="; ".join(slow))
    return result.evolve(status=UP)


def _unexpected_code(
    result: CheckResult, code: int, options: CheckOptions, unmet: list[tuple[Expectation, str]]
) -> CheckResult:
    wrong = [text for expectation, text in unmet if not expectation.is_latency]
    status = DOWN if code >= 500 or wrong else DEGRADED
    if code >= 500:
        cause = Cause.HTTP_SERVER_ERROR
    elif code >= 400:
        cause = Cause.HTTP_CLIENT_ERROR
    else:
        cause = Cause.EXPECTATION_FAILED
    message = "; ".join([f"HTTP {code}{_phrase(code)}; expected {options.expected_status}", *wrong])
    return result.evolve(status=status, cause=cause, phase=Phase.RESPONSE, message=message)


def _phrase(code: int) -> str:
    """Return what a code means in words, where it has a registered meaning."""
    try:
        return f" {HTTPStatus(code).phrase}"
    except ValueError:
        return ""


def judge(
    result: CheckResult,
    state: WatchState,
    breaker: Breaker,
    now: datetime,
    *,
    gap_after: timedelta,
    unknown_for: timedelta | None = None,
) -> Judgement:
    """Return what a settled result changes.

    The website's rule says how many DOWN checks open a downtime, and how many UP or DEGRADED ones close it; UNKNOWN
    does neither. Until the rule is fulfilled the website is shown as before.

    Args:
        result: with its status.
        state: the website as the checks before left it.
        breaker: counts this failure. It stays closed while a downtime is not confirmed, or the checks that would
            confirm it came too rarely.
        now: when the check is recorded.
        gap_after: without a check for longer than this, nobody knows how the website was.
        unknown_for: how long an UNKNOWN check leaves us in the dark, where that is less.
    """
    status = result.status or UNKNOWN
    at = result.started_at
    # A stored time that lies ahead of us comes from a clock that was set back since: not from a later check.
    if state.last_checked_at is not None and at < state.last_checked_at <= now:
        return Judgement(state, Reason.OUT_OF_ORDER)
    weighed = weigh(state, status, at, gap_after=gap_after)
    is_down = _is_down_after(state, weighed.step)
    shown = _shown(state.status, status, is_down=is_down)
    reason = _reason(state.status, status, shown, weighed.step, is_down=is_down)
    failures = _failures(state.consecutive_failures, status)
    after = replace(
        state,
        status=shown,
        status_since=state.status_since if shown is state.status and state.status_since else weighed.at or at,
        first_checked_at=state.first_checked_at or at,
        last_checked_at=at,
        last_status=status,
        consecutive_failures=failures,
        breaker_open_until=_breaker_until(state, status, breaker.after(failures, now) if is_down else None),
        recent=weighed.recent,
        recovering_since=weighed.recovering_since,
        recovering_checks_count=weighed.recovering_checks_count,
    )
    return Judgement(
        after,
        reason,
        weighed.step,
        downtime_at=weighed.at,
        failed_checks_count=weighed.failed_checks_count,
        transition=_transition(state.status, shown, reason),
        gap=_gap(state, at, gap_after, unknown_for),
    )


def _is_down_after(state: WatchState, step: DowntimeStep) -> bool:
    """Return whether a downtime goes on after the check."""
    if step is DowntimeStep.NONE:
        return state.downtime_id is not None
    return step is not DowntimeStep.CLOSE


def _shown(before: MonitorStatus | None, status: MonitorStatus, *, is_down: bool) -> MonitorStatus:
    """Return how the website is shown after a check of that status."""
    if status is UNKNOWN:
        return UNKNOWN
    if is_down:
        return DOWN
    return (before or UNKNOWN) if status is DOWN else status


def _failures(before: int, status: MonitorStatus) -> int:
    if status is DOWN:
        return before + 1
    return before if status is UNKNOWN else 0


def _breaker_until(state: WatchState, status: MonitorStatus, until: datetime | None) -> datetime | None:
    """Return until when checks are left out; an UNKNOWN one changes nothing in that."""
    if status is UNKNOWN:
        return state.breaker_open_until
    return until if status is DOWN else None


def _reason(
    before: MonitorStatus | None, status: MonitorStatus, shown: MonitorStatus, step: DowntimeStep, *, is_down: bool
) -> Reason:
    if step is DowntimeStep.CLOSE:
        return Reason.RECOVERED
    if step is DowntimeStep.OPEN:
        return Reason.FIRST_FAILURE if before is None else Reason.WENT_DOWN
    if status is DOWN and not is_down:
        return Reason.UNCONFIRMED
    if status.is_available and is_down:
        return Reason.RECOVERING
    if before is shown:
        return Reason.UNCHANGED
    return _BACK_UP_FROM[before] if shown is UP else _BECAME[shown]


_BACK_UP_FROM = {
    None: Reason.FIRST_UP,
    DEGRADED: Reason.NO_LONGER_DEGRADED,
    UNKNOWN: Reason.KNOWN_AGAIN,
    DOWN: Reason.RECOVERED,
}
_BECAME = {DEGRADED: Reason.DEGRADED, UNKNOWN: Reason.BECAME_UNKNOWN, DOWN: Reason.KNOWN_AGAIN}


def _transition(before: MonitorStatus | None, after: MonitorStatus, reason: Reason) -> Transition | None:
    is_still_down = reason is Reason.RECOVERING and before is DOWN
    if is_still_down or reason in (Reason.UNCHANGED, Reason.FIRST_UP, Reason.UNCONFIRMED):
        return None
    return Transition(before or UNKNOWN, after, reason)


def _gap(
    state: WatchState, at: datetime, gap_after: timedelta, unknown_for: timedelta | None
) -> tuple[datetime, datetime] | None:
    """Return the stretch nobody looked in: from when the check before tells nothing any more, to this one."""
    last = state.last_checked_at
    if last is None:
        return None
    lasts, slack = gap_after, timedelta(0)
    if unknown_for is not None and state.last_status is UNKNOWN:
        lasts, slack = min(unknown_for, gap_after), JITTER  # its own unknown window ends there
    return (last + lasts, at) if at - last > lasts + slack else None
