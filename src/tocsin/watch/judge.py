"""What a check means: its status, and what that changes. Pure; `now` and every fact are arguments."""

from datetime import datetime, timedelta
from http import HTTPStatus

from tocsin.model.enums import Cause, MonitorStatus, Phase
from tocsin.model.expectations import Expectation
from tocsin.model.expected_status import parse_expected_status
from tocsin.model.options import CheckOptions
from tocsin.model.results import CheckResult
from tocsin.model.states import DowntimeStep, Judgement, Reason, Transition, WatchState
from tocsin.watch.breaker import Breaker
from tocsin.watch.expect import unmet_expectations

UP, DOWN, DEGRADED, UNKNOWN = (
    MonitorStatus.UP,
    MonitorStatus.DOWN,
    MonitorStatus.DEGRADED,
    MonitorStatus.UNKNOWN,
)


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
    result: CheckResult, state: WatchState, breaker: Breaker, now: datetime, *, gap_after: timedelta
) -> Judgement:
    """Return what a settled result changes.

    Only DOWN opens a downtime, UP or DEGRADED closes it, UNKNOWN does neither.

    Args:
        result: with its status.
        state: the website as the checks before left it.
        breaker: counts this failure.
        now: when the check is recorded.
        gap_after: without a check for longer than this, nobody knows how the website was.
    """
    status = result.status or UNKNOWN
    at = result.started_at
    # A stored time that lies ahead of us comes from a clock that was set back since: not from a later check.
    if state.last_checked_at is not None and at < state.last_checked_at <= now:
        return Judgement(state, Reason.OUT_OF_ORDER)
    failures = _failures(state.consecutive_failures, status)
    changed = status is not state.status
    downtime = _downtime_step(status, is_open=state.downtime_id is not None)
    reason = _reason(state.status, status, downtime)
    after = WatchState(
        website_id=state.website_id,
        status=status,
        status_since=at if changed or state.status_since is None else state.status_since,
        first_checked_at=state.first_checked_at or at,
        last_checked_at=at,
        consecutive_failures=failures,
        breaker_open_until=breaker.after(failures, now) if status is DOWN else _unless_available(state, status),
        downtime_id=state.downtime_id,
        downtime_started_at=state.downtime_started_at,
    )
    return Judgement(after, reason, downtime, _transition(state.status, status, reason), _gap(state, at, gap_after))


def _failures(before: int, status: MonitorStatus) -> int:
    if status is DOWN:
        return before + 1
    return before if status is UNKNOWN else 0


def _unless_available(state: WatchState, status: MonitorStatus) -> datetime | None:
    return None if status.is_available else state.breaker_open_until


def _downtime_step(status: MonitorStatus, *, is_open: bool) -> DowntimeStep:
    if status is DOWN:
        return DowntimeStep.COUNT if is_open else DowntimeStep.OPEN
    if status.is_available and is_open:
        return DowntimeStep.CLOSE
    return DowntimeStep.NONE


def _reason(before: MonitorStatus | None, after: MonitorStatus, downtime: DowntimeStep) -> Reason:
    if downtime is DowntimeStep.CLOSE:
        return Reason.RECOVERED
    if downtime is DowntimeStep.OPEN:
        return Reason.FIRST_FAILURE if before is None else Reason.WENT_DOWN
    if before is after:
        return Reason.UNCHANGED
    if after is UP:
        return _BACK_UP_FROM[before]
    return _BECAME[after]


_BACK_UP_FROM = {
    None: Reason.FIRST_UP,
    DEGRADED: Reason.NO_LONGER_DEGRADED,
    UNKNOWN: Reason.KNOWN_AGAIN,
    DOWN: Reason.RECOVERED,
}
_BECAME = {DEGRADED: Reason.DEGRADED, UNKNOWN: Reason.BECAME_UNKNOWN, DOWN: Reason.KNOWN_AGAIN}


def _transition(before: MonitorStatus | None, after: MonitorStatus, reason: Reason) -> Transition | None:
    if reason in (Reason.UNCHANGED, Reason.FIRST_UP):
        return None
    return Transition(before or UNKNOWN, after, reason)


def _gap(state: WatchState, at: datetime, gap_after: timedelta) -> tuple[datetime, datetime] | None:
    """Return the stretch nobody looked in: from one allowance after the check before to this one."""
    last = state.last_checked_at
    if last is None or at - last <= gap_after:
        return None
    return last + gap_after, at
