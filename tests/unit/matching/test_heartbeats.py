"""When pings are expected: periods, cron expressions, time zones, and the two days a year on which clocks are set."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings, strategies as st

from tocsin import Invalid
from tocsin.matching.heartbeats import MACROS, check_schedule, holds_until, next_due, timed
from tocsin.model.heartbeats.pings import HeartbeatState
from tocsin.model.heartbeats.schedules import Schedule

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def upcoming(cron: str, zone: str, after: str, count: int = 3) -> list[str]:
    """The next moments of a cron expression, in UTC."""
    schedule, moment, found = Schedule(None, cron, zone), utc(after), []
    for _ in range(count):
        moment = next_due(schedule, moment)
        found.append(f"{moment:%m-%d %H:%M}")
    return found


def test_a_period_is_so_many_seconds_on_every_day() -> None:
    day = Schedule(86_400)
    assert next_due(day, utc("2026-03-28 12:00")) == utc("2026-03-29 12:00")  # spring: an hour later by the wall clock
    assert holds_until(day, NOON) == NOON + timedelta(days=1, seconds=300)


@pytest.mark.parametrize(
    ("cron", "zone", "after", "moments"),
    [
        # The hour from 2 to 3 is skipped: what falls into it comes right after, once.
        ("30 2 * * *", BERLIN, "2026-03-28 12:00", ["03-29 01:00", "03-30 00:30", "03-31 00:30"]),
        ("0 3 * * *", BERLIN, "2026-03-28 12:00", ["03-29 01:00", "03-30 01:00", "03-31 01:00"]),
        ("30 2 * * *", NEW_YORK, "2026-03-07 12:00", ["03-08 07:00", "03-09 06:30", "03-10 06:30"]),
        ("30 * * * *", BERLIN, "2026-03-29 00:00", ["03-29 00:30", "03-29 01:30", "03-29 02:30"]),
        # The hour from 2 to 3 comes twice: a job of the night runs the first time only, one of each hour both times.
        ("30 2 * * *", BERLIN, "2026-10-24 12:00", ["10-25 00:30", "10-26 01:30", "10-27 01:30"]),
        ("30 2 * * *", BERLIN, "2026-10-25 00:30", ["10-26 01:30", "10-27 01:30", "10-28 01:30"]),
        ("30 2 * * *", BERLIN, "2026-10-25 01:10", ["10-26 01:30", "10-27 01:30", "10-28 01:30"]),
        ("30 1 * * *", NEW_YORK, "2026-10-31 12:00", ["11-01 05:30", "11-02 06:30", "11-03 06:30"]),
        ("30 1 * * *", NEW_YORK, "2026-11-01 06:10", ["11-02 06:30", "11-03 06:30", "11-04 06:30"]),
        ("0 * * * *", NEW_YORK, "2026-11-01 05:00", ["11-01 06:00", "11-01 07:00", "11-01 08:00"]),
        # Borders of months and years.
        ("0 0 31 * *", "UTC", "2026-01-31 00:00", ["03-31 00:00", "05-31 00:00", "07-31 00:00"]),
        ("0 0 L * *", "UTC", "2026-02-01 00:00", ["02-28 00:00", "03-31 00:00", "04-30 00:00"]),
        ("0 0 29 2 *", "UTC", "2026-03-01 00:00", ["02-29 00:00", "02-29 00:00", "02-29 00:00"]),
        ("59 23 31 12 *", NEW_YORK, "2026-12-31 12:00", ["01-01 04:59", "01-01 04:59", "01-01 04:59"]),
        ("0 9 * * MON-FRI", BERLIN, "2026-03-27 08:00", ["03-30 07:00", "03-31 07:00", "04-01 07:00"]),
        ("@daily", "Asia/Kolkata", "2026-03-01 12:00", ["03-01 18:30", "03-02 18:30", "03-03 18:30"]),
    ],
)  # fmt: skip
def test_a_cron_expression_follows_the_wall_clock(cron: str, zone: str, after: str, moments: list[str]) -> None:
    assert upcoming(cron, zone, after) == moments


def test_every_macro_is_an_expression() -> None:
    for macro in MACROS:
        assert next_due(Schedule(None, macro.upper()), NOON) > NOON


@pytest.mark.parametrize("text", ["", "nightly", "* * * *", "* * * * * *", "61 * * * *", "0 0 30 2 *", "*/0 * * * *"])
def test_what_is_no_expression_says_how_to_write_one(text: str) -> None:
    with pytest.raises(Invalid, match="is no cron expression") as caught:
        check_schedule(Schedule(None, text), NOON)
    assert caught.value.field == "cron"


def test_an_expression_that_never_comes_true_says_so() -> None:
    with pytest.raises(Invalid, match="never comes true"):
        check_schedule(Schedule(None, "0 0 */31 1 MON#2"), NOON)  # the first of January, and the second Monday


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("0123456789*/-,#LWMONFEB? \0é"), max_size=30))
def test_whatever_is_written_is_a_schedule_or_invalid(text: str) -> None:
    try:
        due = next_due(Schedule(None, text, BERLIN), NOON)
    except Invalid:
        return
    assert due > NOON


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["30 2 * * *", "0 * * * *", "*/7 1-3 * * *", "15 2 * * SUN", "0 0 1 * *"]),
    st.sampled_from([BERLIN, NEW_YORK, "Australia/Lord_Howe", "UTC"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001 (made aware below)
)
def test_the_next_moment_always_lies_ahead(cron: str, zone: str, after: datetime) -> None:
    moment = after.replace(tzinfo=UTC)
    assert next_due(Schedule(None, cron, zone), moment) > moment


def test_nothing_is_due_before_the_first_ping() -> None:
    assert timed(HeartbeatState(1), Schedule(60), is_waited_for=True) == HeartbeatState(1)


def test_the_earlier_of_both_limits_is_the_deadline() -> None:
    state = HeartbeatState(1, counts_from=NOON, run_ends_by=NOON + timedelta(seconds=50))
    schedule = Schedule(60, grace_s=10)
    assert timed(state, schedule, is_waited_for=True).deadline_at == NOON + timedelta(seconds=50)
    late = HeartbeatState(1, counts_from=NOON, run_ends_by=NOON + timedelta(seconds=90))
    told = timed(late, schedule, is_waited_for=True)
    assert (told.due_at, told.deadline_at) == (NOON + timedelta(seconds=60), NOON + timedelta(seconds=70))
    assert timed(late, schedule, is_waited_for=False).deadline_at is None
