"""What pings and missing pings mean, case by case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tocsin import Cause, MonitorStatus
from tocsin.model.heartbeats.pings import Beat, HeartbeatState, Ping, PingKind
from tocsin.model.heartbeats.schedules import Schedule
from tocsin.model.states import WatchState
from tocsin.watch.heartbeats.rules import (
    Step,
    StepReason,
    after_deadline,
    after_ping,
    gap_after,
    without_key,
    without_secrets,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
START, SUCCESS, FAIL, LOG = PingKind.START, PingKind.SUCCESS, PingKind.FAIL, PingKind.LOG
FIRST, SECOND_RUN = "0" * 8 + "-0000-4000-8000-" + "0" * 12, "1" * 8 + "-0000-4000-8000-" + "0" * 12
KEY = "heartbeat:nightly-backup"

NEW = Beat(KEY, True, Schedule(3600, grace_s=300), HeartbeatState(1))
WATCHED = WatchState(1)


def ping(beat: Beat, kind: PingKind, at: datetime = NOON, watch: WatchState = WATCHED, **facts: object) -> Step:
    return after_ping(beat, watch, Ping(kind=kind, at=at, **facts), at)  # type: ignore[arg-type]


def then(beat: Beat, step: Step) -> Beat:
    return replace(beat, state=step.state, is_active=beat.is_active or step.resumes)


def is_down(at: datetime = NOON) -> WatchState:
    return WatchState(1, MonitorStatus.DOWN, at, at, at)


UP_SINCE_NOON = then(NEW, ping(NEW, SUCCESS))


def test_success_is_recorded_and_the_next_ping_expected_a_period_later() -> None:
    step = ping(NEW, SUCCESS)
    assert step.reason is StepReason.SUCCEEDED
    assert step.result is not None
    assert (step.result.cause, step.result.started_at, step.duration_ms) == (None, NOON, None)
    assert (step.state.due_at, step.state.deadline_at) == (NOON + HOUR, NOON + HOUR + 5 * MINUTE)
    assert (step.state.pings_count, step.state.last_ping_at) == (1, NOON)


def test_failure_is_down_at_once_and_nothing_more_is_waited_for() -> None:
    step = ping(UP_SINCE_NOON, FAIL, NOON + MINUTE, exit_code=3, body=b"no space\n left  on disk")
    assert step.reason is StepReason.FAILED
    assert step.result is not None
    assert step.result.cause is Cause.HEARTBEAT_FAILED
    assert step.result.message == "The job ended with exit code 3: no space left on disk"
    assert step.state.deadline_at is None
    assert ping(NEW, FAIL).result.message == "The job said that it failed"  # type: ignore[union-attr]


def test_a_log_changes_nothing_but_is_counted() -> None:
    step = ping(UP_SINCE_NOON, LOG, NOON + MINUTE)
    assert (step.reason, step.result) == (StepReason.LOGGED, None)
    assert step.state == replace(UP_SINCE_NOON.state, pings_count=2)
    assert not ping(replace(UP_SINCE_NOON, is_active=False), LOG).resumes


def test_a_start_sets_a_timer_of_one_grace() -> None:
    step = ping(UP_SINCE_NOON, START, NOON + 10 * MINUTE)
    assert (step.reason, step.result) == (StepReason.STARTED, None)
    assert (step.state.due_at, step.state.deadline_at) == (NOON + HOUR, NOON + 15 * MINUTE)
    first = ping(NEW, START)
    assert (first.state.due_at, first.state.deadline_at) == (None, NOON + 5 * MINUTE)


def test_the_end_of_a_run_stops_its_timer_and_says_how_long_it_took() -> None:
    started = then(UP_SINCE_NOON, ping(UP_SINCE_NOON, START, NOON + HOUR))
    step = ping(started, SUCCESS, NOON + HOUR + 2 * MINUTE)
    assert step.duration_ms == 120_000
    assert step.result is not None
    assert step.result.phases.total_ms == 120_000
    assert (step.state.last_start_at, step.state.run_ends_by) == (None, None)
    assert step.state.deadline_at == NOON + 2 * HOUR + 7 * MINUTE


def test_success_of_another_run_does_not_stop_the_one_that_runs() -> None:
    started = then(UP_SINCE_NOON, ping(UP_SINCE_NOON, START, rid=FIRST))
    other = ping(started, SUCCESS, NOON + MINUTE, rid=SECOND_RUN)
    assert (other.duration_ms, other.state.last_start_at) == (None, NOON)
    assert other.state.deadline_at == NOON + 5 * MINUTE
    own = ping(then(started, other), SUCCESS, NOON + 2 * MINUTE, rid=FIRST)
    assert (own.duration_ms, own.state.last_start_at) == (120_000, None)


def test_success_without_a_run_id_and_any_failure_stop_the_run() -> None:
    started = then(UP_SINCE_NOON, ping(UP_SINCE_NOON, START, rid=FIRST))
    for step in (ping(started, SUCCESS, NOON + MINUTE), ping(started, FAIL, NOON + MINUTE, rid=SECOND_RUN)):
        assert (step.duration_ms, step.state.last_start_at, step.state.run_ends_by) == (None, None, None)


@pytest.mark.parametrize(("took", "is_known"), [(72 * HOUR - SECOND, True), (72 * HOUR, False), (-SECOND, False)])
def test_a_run_of_three_days_or_more_has_no_duration(took: timedelta, is_known: bool) -> None:
    started = then(NEW, ping(NEW, START))
    assert (ping(started, SUCCESS, NOON + took).duration_ms is not None) is is_known


def test_a_missing_ping_is_dated_at_the_moment_the_grace_ended() -> None:
    deadline = NOON + HOUR + 5 * MINUTE
    assert after_deadline(UP_SINCE_NOON, deadline - SECOND).reason is StepReason.NOT_DUE
    step = after_deadline(UP_SINCE_NOON, deadline + 9 * SECOND)
    assert step.reason is StepReason.MISSED
    assert step.result is not None
    assert (step.result.started_at, step.result.cause) == (deadline, Cause.HEARTBEAT_MISSED)
    assert step.result.message == (
        "No ping by 2026-03-01 13:05:00 UTC: expected at 2026-03-01 13:00:00 UTC, with 5 min of grace"
    )
    assert after_deadline(then(UP_SINCE_NOON, step), deadline + HOUR).reason is StepReason.NOT_DUE


def test_nothing_is_missing_before_the_first_ping_nor_while_paused() -> None:
    assert after_deadline(NEW, NOON + 99 * HOUR).reason is StepReason.NOT_DUE
    assert after_deadline(replace(UP_SINCE_NOON, is_active=False), NOON + 99 * HOUR).reason is StepReason.NOT_DUE


def test_a_run_that_does_not_end_within_the_grace_is_missing() -> None:
    started = then(NEW, ping(NEW, START))
    step = after_deadline(started, NOON + 6 * MINUTE)
    assert step.reason is StepReason.OVERRAN
    assert step.result is not None
    assert step.result.started_at == NOON + 5 * MINUTE
    assert step.result.message == "The run that started at 2026-03-01 12:00:00 UTC did not end within 5 min"
    ended = ping(then(started, step), SUCCESS, NOON + 20 * MINUTE, is_down(NOON + 5 * MINUTE))
    assert ended.duration_ms == 20 * 60_000, "the run that was too long still tells how long it took"


def test_a_run_that_was_too_long_does_not_take_the_next_one_down() -> None:
    started = then(NEW, ping(NEW, START, rid=FIRST))
    missed = then(started, after_deadline(started, NOON + 6 * MINUTE))
    other = ping(missed, SUCCESS, NOON + 10 * MINUTE, is_down(NOON + 5 * MINUTE), rid=SECOND_RUN)
    assert other.state.deadline_at == NOON + HOUR + 15 * MINUTE


def test_an_overrun_is_never_dated_before_the_last_check() -> None:
    started = then(UP_SINCE_NOON, ping(UP_SINCE_NOON, START, rid=FIRST))
    other = then(started, ping(started, SUCCESS, NOON + 6 * MINUTE, rid=SECOND_RUN))
    step = after_deadline(other, NOON + 7 * MINUTE)
    assert step.result is not None
    assert step.result.started_at == NOON + 6 * MINUTE


def test_a_start_while_it_is_down_is_timed_but_not_waited_for() -> None:
    failed = then(UP_SINCE_NOON, ping(UP_SINCE_NOON, FAIL, NOON))
    step = ping(failed, START, NOON + MINUTE, is_down())
    assert (step.state.last_start_at, step.state.deadline_at) == (NOON + MINUTE, None)
    ended = ping(then(failed, step), SUCCESS, NOON + 2 * MINUTE, is_down())
    assert ended.duration_ms == 60_000
    assert ended.state.deadline_at == NOON + HOUR + 7 * MINUTE


@pytest.mark.parametrize("kind", [START, SUCCESS, FAIL])
def test_any_ping_but_a_log_resumes_a_paused_heartbeat(kind: PingKind) -> None:
    paused = replace(UP_SINCE_NOON, is_active=False)
    step = ping(paused, kind, NOON + HOUR, is_down())
    assert step.resumes
    assert (step.state.deadline_at is None) is (kind is FAIL)
    assert not ping(UP_SINCE_NOON, kind, NOON + HOUR).resumes


def test_a_ping_that_is_recorded_after_a_later_one_moves_nothing() -> None:
    step = ping(UP_SINCE_NOON, SUCCESS, NOON - MINUTE)
    assert step.reason is StepReason.SUCCEEDED, "its time lies before the stored one and so does the present"
    late = after_ping(UP_SINCE_NOON, WATCHED, Ping(kind=FAIL, at=NOON - MINUTE), NOON + MINUTE)
    assert late.reason is StepReason.LATE_COMER
    assert late.result is not None
    assert late.state == replace(UP_SINCE_NOON.state, pings_count=2)


def test_a_ping_in_time_that_was_recorded_after_its_deadline_ends_the_downtime() -> None:
    deadline = NOON + HOUR + 5 * MINUTE
    missed = then(UP_SINCE_NOON, after_deadline(UP_SINCE_NOON, deadline))
    came = Ping(kind=SUCCESS, at=deadline - SECOND)
    step = after_ping(missed, is_down(deadline), came, deadline + SECOND)
    assert step.result is not None
    assert step.result.started_at == deadline
    assert step.state.deadline_at == came.at + HOUR + 5 * MINUTE


def test_up_lasts_until_the_next_ping_is_missing_and_down_until_the_next_ping() -> None:
    up = WatchState(1, MonitorStatus.UP, NOON, NOON, NOON)
    assert gap_after(UP_SINCE_NOON, up) == HOUR + 5 * MINUTE
    assert gap_after(UP_SINCE_NOON, is_down()) == timedelta.max
    assert gap_after(NEW, WATCHED) == timedelta.max
    assert gap_after(NEW, is_down()) == timedelta.max


def test_what_was_paused_while_down_is_not_down_all_the_while() -> None:
    paused = replace(UP_SINCE_NOON, is_active=False)
    assert gap_after(paused, is_down()) == HOUR + 5 * MINUTE
    resumed = replace(UP_SINCE_NOON, state=replace(UP_SINCE_NOON.state, counts_from=NOON + 9 * HOUR))
    assert gap_after(resumed, is_down()) == HOUR + 5 * MINUTE


def test_the_message_is_short_and_holds_neither_key_nor_secrets() -> None:
    body = b"curl http://me:pw@host/ping/NIGHTLY-backup failed; password=hunter2 " + b"x" * 5000
    result = ping(NEW, FAIL, body=body).result
    assert result is not None
    assert result.message.startswith(
        "The job said that it failed: curl http://********@host/ping/******** failed; password=********"
    )
    assert len(result.message) < 250
    assert result.url == "heartbeat:********"
    assert "NIGHTLY-backup" not in result.body_head


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc.def next", "Authorization: ******** next"),
        ('{"api_key": "s3cret", "n": 1}', '{"api_key": ********, "n": 1}'),
        ("https://me:pw@db.example/x", "https://********@db.example/x"),
        ("rows=5 took: 3 s", "rows=5 took: 3 s"),
    ],
)
def test_what_is_called_as_secrets_are_is_masked(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


def test_a_short_key_is_masked_as_a_word_only() -> None:
    assert without_key("back to back-up: backup", "heartbeat:back") == "******** to back-up: backup"


def test_bytes_that_are_no_text_do_not_matter() -> None:
    result = ping(NEW, FAIL, body=b"\xff\xfe\x00 disk").result
    assert result is not None
    assert result.message.endswith("disk")
