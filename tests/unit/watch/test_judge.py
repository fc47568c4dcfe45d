"""What a check means, case by case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tocsin import Cause, CheckResult, MonitorStatus, Phase
from tocsin.model.expectations import Expectation
from tocsin.model.options import CheckOptions
from tocsin.model.results import Phases
from tocsin.model.states import DowntimeStep, Judgement, Reason, WatchState
from tocsin.watch.breaker import Breaker
from tocsin.watch.judge import judge, settle

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
UP, DOWN, DEGRADED, UNKNOWN = MonitorStatus.UP, MonitorStatus.DOWN, MonitorStatus.DEGRADED, MonitorStatus.UNKNOWN
MINUTE = timedelta(minutes=1)


def answer(code: int = 200, total_ms: float = 100.0, **more: object) -> CheckResult:
    phases = Phases(total_ms=total_ms, ttfb_ms=total_ms / 2)
    return CheckResult(url="https://example.com/", started_at=NOW, http_status_code=code, phases=phases).evolve(**more)


def failure(cause: Cause = Cause.CONNECT_REFUSED) -> CheckResult:
    return CheckResult(url="https://example.com/", started_at=NOW, cause=cause, phase=Phase.CONNECT, message="refused")


@pytest.mark.parametrize(
    ("code", "expected", "status", "cause"),
    [
        (200, "200-399", UP, None),
        (302, "200-399", UP, None),
        (404, "200-399", DEGRADED, Cause.HTTP_CLIENT_ERROR),
        (404, "404", UP, None),
        (503, "200-399", DOWN, Cause.HTTP_SERVER_ERROR),
        (503, "503", UP, None),
        (204, "200", DEGRADED, Cause.EXPECTATION_FAILED),
    ],
)
def test_the_code_decides_the_status(code: int, expected: str, status: MonitorStatus, cause: Cause | None) -> None:
    settled = settle(answer(code), CheckOptions(expected_status=expected), NOW)
    assert (settled.status, settled.cause) == (status, cause)
    assert (settled.message == "") is (status is UP)


def test_a_code_is_said_in_words_where_it_has_some() -> None:
    assert settle(answer(404), CheckOptions(), NOW).message == "HTTP 404 Not Found; expected 200-399"
    assert settle(answer(599), CheckOptions(), NOW).message == "HTTP 599; expected 200-399"


def test_no_usable_answer_is_down_whatever_was_expected() -> None:
    options = CheckOptions(expectations=[Expectation(on="body", op="not_contains", value="error")])
    assert settle(failure(), options, NOW).status is DOWN


def test_our_own_blindness_is_unknown() -> None:
    assert settle(failure(Cause.VANTAGE_BLIND), CheckOptions(), NOW).status is UNKNOWN


def test_a_probe_without_codes_that_succeeded_is_up() -> None:
    assert settle(answer().evolve(http_status_code=None), CheckOptions(), NOW).status is UP


def test_slower_than_allowed_is_degraded_and_says_by_how_much() -> None:
    settled = settle(answer(total_ms=2400), CheckOptions(degraded_after_ms=1000), NOW)
    assert (settled.status, settled.cause, settled.phase) == (DEGRADED, Cause.SLOW, Phase.LATENCY)
    assert settled.message == "Took 2400 ms; slow from 1000 ms on"


def test_exactly_as_slow_as_allowed_is_up() -> None:
    assert settle(answer(total_ms=1000), CheckOptions(degraded_after_ms=1000), NOW).status is UP


def test_a_failed_content_expectation_is_down_and_outweighs_a_slow_phase() -> None:
    slow = Expectation(on="ttfb_ms", op="<", value=1)
    text = Expectation(on="body", op="contains", value="Welcome")
    settled = settle(answer(body_head="Bye"), CheckOptions(expectations=[slow, text]), NOW)
    assert (settled.status, settled.cause) == (DOWN, Cause.EXPECTATION_FAILED)
    assert settled.message == "expected body contains 'Welcome' (got 'Bye')"


def test_a_failed_latency_expectation_is_degraded() -> None:
    settled = settle(answer(), CheckOptions(expectations=[Expectation(on="ttfb_ms", op="<", value=1)]), NOW)
    assert (settled.status, settled.cause) == (DEGRADED, Cause.SLOW)
    assert settled.message == "expected ttfb_ms < 1 (got 50)"


def test_expectations_and_slowness_count_without_a_code_too() -> None:
    records = answer(total_ms=300, body_head="192.0.2.1").evolve(http_status_code=None)
    wrong = Expectation(on="body", op="contains", value="192.0.2.9")
    settled = settle(records, CheckOptions(expectations=[wrong]), NOW)
    assert (settled.status, settled.cause) == (DOWN, Cause.EXPECTATION_FAILED)
    assert settle(records, CheckOptions(degraded_after_ms=200), NOW).status is DEGRADED
    header = Expectation(on="header", name="Server", op="not_contains", value="x")
    settled = settle(records, CheckOptions(expectations=[header]), NOW)
    assert (settled.status, settled.message) == (DOWN, "expected header Server not contains 'x' (got nothing)")


def test_wrong_content_makes_an_unexpected_code_worse_and_slowness_does_not() -> None:
    text = Expectation(on="body", op="contains", value="Welcome")
    slow = Expectation(on="ttfb_ms", op="<", value=1)
    settled = settle(answer(404, body_head="Bye"), CheckOptions(expectations=[slow, text]), NOW)
    assert (settled.status, settled.cause) == (DOWN, Cause.HTTP_CLIENT_ERROR)
    assert settled.message == "HTTP 404 Not Found; expected 200-399; expected body contains 'Welcome' (got 'Bye')"
    assert settle(answer(404), CheckOptions(expectations=[slow]), NOW).status is DEGRADED
    failed = settle(answer(503), CheckOptions(expectations=[text]), NOW)
    assert failed.message == "HTTP 503 Service Unavailable; expected 200-399"


def test_several_unmet_conditions_are_all_said() -> None:
    both = [Expectation(on="body", op="contains", value=one) for one in ("a", "b")]
    settled = settle(answer(body_head="x"), CheckOptions(expectations=both), NOW)
    assert settled.message == "expected body contains 'a' (got 'x'); expected body contains 'b' (got 'x')"


def test_what_was_kept_only_to_be_judged_goes_no_further() -> None:
    text = Expectation(on="body", op="contains", value="end")
    long = answer(body_head="x", judged_body="x" * 70_000 + "end", body_bytes=70_003)
    settled = settle(long, CheckOptions(expectations=[text]), NOW)
    assert (settled.status, settled.judged_body) == (UP, None)


def state(status: MonitorStatus | None, *, is_down: bool = False, failures: int = 0) -> WatchState:
    if status is None:
        return WatchState(1)
    before = NOW - MINUTE
    return WatchState(
        1, status, before, before, before, failures, None, 7 if is_down else None, before if is_down else None
    )


def judged(status: MonitorStatus, before: WatchState, at: datetime = NOW, now: datetime = NOW) -> Judgement:
    result = answer().evolve(status=status, started_at=at)
    return judge(result, before, Breaker(), now, gap_after=timedelta(minutes=3))


@pytest.mark.parametrize(
    ("before", "is_down", "after", "reason", "step"),
    [
        (None, False, UP, Reason.FIRST_UP, DowntimeStep.NONE),
        (None, False, DOWN, Reason.FIRST_FAILURE, DowntimeStep.OPEN),
        (None, False, DEGRADED, Reason.DEGRADED, DowntimeStep.NONE),
        (None, False, UNKNOWN, Reason.BECAME_UNKNOWN, DowntimeStep.NONE),
        (UP, False, UP, Reason.UNCHANGED, DowntimeStep.NONE),
        (UP, False, DOWN, Reason.WENT_DOWN, DowntimeStep.OPEN),
        (UP, False, DEGRADED, Reason.DEGRADED, DowntimeStep.NONE),
        (UP, False, UNKNOWN, Reason.BECAME_UNKNOWN, DowntimeStep.NONE),
        (DOWN, True, DOWN, Reason.UNCHANGED, DowntimeStep.COUNT),
        (DOWN, True, UP, Reason.RECOVERED, DowntimeStep.CLOSE),
        (DOWN, True, DEGRADED, Reason.RECOVERED, DowntimeStep.CLOSE),
        (DOWN, True, UNKNOWN, Reason.BECAME_UNKNOWN, DowntimeStep.NONE),
        (DOWN, False, DOWN, Reason.WENT_DOWN, DowntimeStep.OPEN),  # the downtime was ended by hand
        (DOWN, False, UP, Reason.RECOVERED, DowntimeStep.NONE),
        (DEGRADED, False, UP, Reason.NO_LONGER_DEGRADED, DowntimeStep.NONE),
        (DEGRADED, False, DOWN, Reason.WENT_DOWN, DowntimeStep.OPEN),
        (UNKNOWN, False, UP, Reason.KNOWN_AGAIN, DowntimeStep.NONE),
        (UNKNOWN, True, UP, Reason.RECOVERED, DowntimeStep.CLOSE),
        (UNKNOWN, True, DOWN, Reason.KNOWN_AGAIN, DowntimeStep.COUNT),
        (UNKNOWN, False, DOWN, Reason.WENT_DOWN, DowntimeStep.OPEN),
    ],
)
def test_each_step_has_its_reason(
    before: MonitorStatus | None, is_down: bool, after: MonitorStatus, reason: Reason, step: DowntimeStep
) -> None:
    judgement = judged(after, state(before, is_down=is_down))
    assert (judgement.reason, judgement.downtime) == (reason, step)
    is_silent = reason in (Reason.UNCHANGED, Reason.FIRST_UP)
    assert (judgement.transition is None) is is_silent
    if judgement.transition is not None:
        assert judgement.transition.from_status is (before or UNKNOWN)
        assert judgement.transition.to_status is after


def test_the_status_keeps_its_start_until_it_changes() -> None:
    assert judged(UP, state(UP)).state.status_since == NOW - MINUTE
    assert judged(DOWN, state(UP)).state.status_since == NOW


def test_failures_are_counted_by_checks_and_forgotten_on_success() -> None:
    assert judged(DOWN, state(DOWN, is_down=True, failures=3)).state.consecutive_failures == 4
    assert judged(UNKNOWN, state(DOWN, is_down=True, failures=3)).state.consecutive_failures == 3
    assert judged(DEGRADED, state(DOWN, is_down=True, failures=3)).state.consecutive_failures == 0


def test_the_fifth_failure_opens_the_breaker_and_success_closes_it() -> None:
    assert judged(DOWN, state(DOWN, is_down=True, failures=3)).state.breaker_open_until is None
    opened = judged(DOWN, state(DOWN, is_down=True, failures=4)).state
    assert opened.breaker_open_until == NOW + timedelta(minutes=5)
    assert judged(UP, opened, at=NOW + MINUTE, now=NOW + MINUTE).state.breaker_open_until is None
    kept = judged(UNKNOWN, opened, at=NOW + MINUTE, now=NOW + MINUTE).state
    assert kept.breaker_open_until == opened.breaker_open_until


def test_an_older_check_that_comes_late_changes_nothing() -> None:
    before = state(UP)
    judgement = judged(DOWN, before, at=NOW - timedelta(minutes=2))
    assert (judgement.state, judgement.reason) == (before, Reason.OUT_OF_ORDER)
    assert (judgement.downtime, judgement.transition) == (DowntimeStep.NONE, None)


def test_a_clock_that_was_set_back_does_not_blind_us() -> None:
    ahead = state(UP)
    hour_ago = NOW - timedelta(hours=1)
    assert judged(DOWN, ahead, at=hour_ago, now=hour_ago).reason is Reason.WENT_DOWN


def test_what_an_unknown_check_left_in_the_dark_lasts_until_the_next_one() -> None:
    blind = replace(state(UNKNOWN), last_status=UNKNOWN)

    def gap(after: timedelta) -> object:
        at = NOW - MINUTE + after
        result = answer().evolve(status=UP, started_at=at)
        return judge(result, blind, Breaker(), at, gap_after=3 * MINUTE, unknown_for=MINUTE).gap

    assert gap(MINUTE) is None
    assert gap(MINUTE + timedelta(seconds=0.9)) is None  # checks are never on time to the microsecond
    assert gap(2 * MINUTE) == (NOW, NOW + MINUTE)
    assert gap(9 * MINUTE) == (NOW, NOW + 8 * MINUTE)


def test_a_gap_begins_one_allowance_after_the_check_before() -> None:
    assert judged(UP, state(UP), at=NOW + 2 * MINUTE).gap is None
    later = NOW + timedelta(hours=1)
    assert judged(UP, state(UP), at=later, now=later).gap == (NOW + 2 * MINUTE, later)
    assert judged(UP, state(None)).gap is None
