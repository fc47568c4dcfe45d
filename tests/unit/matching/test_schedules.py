"""Occurrences of maintenance windows, on the days on which clocks change above all."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, strategies as st

from tocsin.matching.schedules import MOST_PERIODS, Period, is_on, period_at, periods
from tocsin.model.maintenance import Cron, EveryNDays, Monthly, Once, Schedule, Weekly

BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def between(schedule: Schedule, zone: str, start: str, end: str) -> list[Period]:
    return list(periods(schedule, zone, at(start), at(end)))


def test_once_is_from_one_moment_to_another() -> None:
    once = Once(starts_at=at("2026-03-01 10:00"), ends_at=at("2026-03-01 12:00"))
    assert between(once, BERLIN, "2026-03-01 11:59", "2026-03-09") == [(once.starts_at, once.ends_at)]
    assert between(once, BERLIN, "2026-03-01 12:00", "2026-03-09") == []
    assert between(once, BERLIN, "2026-02-01", "2026-03-01 10:00") == []


def test_weekly_windows_lie_at_the_same_local_hour_in_summer_and_winter() -> None:
    weekly = Weekly(weekdays=("Sunday",), start=time(2), end=time(4))
    assert between(weekly, BERLIN, "2026-01-03", "2026-01-12") == [
        (at("2026-01-04 01:00"), at("2026-01-04 03:00")),
        (at("2026-01-11 01:00"), at("2026-01-11 03:00")),
    ]
    assert between(weekly, BERLIN, "2026-07-04", "2026-07-06") == [(at("2026-07-05 00:00"), at("2026-07-05 02:00"))]


def test_the_night_on_which_clocks_go_forward_is_shorter() -> None:
    night = Weekly(weekdays=(6,), start=time(22), end=time(6))  # Saturday to Sunday, 29 March 2026
    assert between(night, BERLIN, "2026-03-28", "2026-03-30") == [(at("2026-03-28 21:00"), at("2026-03-29 04:00"))]
    missing = Weekly(weekdays=(7,), start=time(2, 30), end=time(5))
    assert between(missing, BERLIN, "2026-03-29", "2026-03-30") == [(at("2026-03-29 01:30"), at("2026-03-29 03:00"))]


def test_the_night_on_which_clocks_go_back_is_longer_and_covered_whole() -> None:
    night = Weekly(weekdays=(6,), start=time(22), end=time(6))  # to Sunday, 25 October 2026
    assert between(night, BERLIN, "2026-10-24", "2026-10-26") == [(at("2026-10-24 20:00"), at("2026-10-25 05:00"))]
    twice = Weekly(weekdays=(7,), start=time(2, 15), end=time(2, 45))
    assert between(twice, BERLIN, "2026-10-25", "2026-10-26") == [(at("2026-10-25 00:15"), at("2026-10-25 01:45"))]


def test_a_duration_is_elapsed_time_on_every_night() -> None:
    nightly = Weekly(weekdays=(7,), start=time(1), duration_minutes=240)
    for day in ("2026-03-29", "2026-10-25", "2026-06-07"):
        ((start, end),) = between(nightly, BERLIN, f"{day} 00:00", f"{day} 23:00")
        assert end - start == timedelta(hours=4)


def test_a_window_across_midnight_belongs_to_the_day_it_begins_on() -> None:
    friday = Weekly(weekdays=("fri",), start=time(23), end=time(1))
    assert period_at(friday, "UTC", at("2026-03-07 00:30")) == (at("2026-03-06 23:00"), at("2026-03-07 01:00"))
    assert period_at(friday, "UTC", at("2026-03-08 00:30")) is None
    whole = Weekly(weekdays=(5,), start=time(10, 30), end=time(10, 30))
    assert period_at(whole, "UTC", at("2026-03-07 10:29")) == (at("2026-03-06 10:30"), at("2026-03-07 10:30"))


def test_monthly_windows_count_from_either_end_and_skip_months_that_are_too_short() -> None:
    monthly = Monthly(days=(31, -1), start=time(0), duration_minutes=60)
    starts = [start.date() for start, _ in between(monthly, "UTC", "2026-01-01", "2026-06-01")]
    assert starts == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]
    assert is_on(Monthly(days=(-1,), start=time(0), duration_minutes=1), date(2028, 2, 29))


def test_every_three_days_goes_on_across_months_and_not_before_the_first() -> None:
    third = EveryNDays(every_days=3, first_day=date(2026, 2, 26), start=time(12), duration_minutes=30)
    starts = [start.date().isoformat() for start, _ in between(third, "UTC", "2026-01-01", "2026-03-08")]
    assert starts == ["2026-02-26", "2026-03-01", "2026-03-04", "2026-03-07"]


def test_a_cron_expression_is_meant_in_the_windows_zone() -> None:
    cron = Cron(cron="0 3 * * 0", duration_minutes=90)
    assert between(cron, BERLIN, "2026-07-04", "2026-07-06") == [(at("2026-07-05 01:00"), at("2026-07-05 02:30"))]
    assert period_at(cron, BERLIN, at("2026-07-05 02:29")) == (at("2026-07-05 01:00"), at("2026-07-05 02:30"))
    assert period_at(cron, BERLIN, at("2026-07-05 02:30")) is None


def test_of_windows_that_overlap_themselves_the_one_that_ends_last_counts() -> None:
    often = Cron(cron="*/10 * * * *", duration_minutes=25)
    assert period_at(often, "UTC", at("2026-07-05 02:35")) == (at("2026-07-05 02:30"), at("2026-07-05 02:55"))


def test_a_schedule_of_every_minute_is_not_followed_for_ever() -> None:
    every = Cron(cron="* * * * *", duration_minutes=1)
    assert len(between(every, "UTC", "2026-01-01", "2027-01-01")) == MOST_PERIODS


def test_moments_near_the_beginning_of_time_are_harmless() -> None:
    assert between(Weekly(weekdays=(1,), start=time(0), end=time(1)), "UTC", "0001-01-02", "0001-02-02") == []


NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("zone", [BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
@given(minute=st.integers(0, 2 * 365 * 24 * 60), hour=st.integers(0, 23))
def test_a_daily_window_holds_exactly_the_moments_its_clock_says(zone: str, minute: int, hour: int) -> None:
    moment = NEW_YEAR + timedelta(minutes=minute)
    around = [moment + timedelta(hours=hours) for hours in (-6, 0, 6)]
    assume(len({one.astimezone(ZoneInfo(zone)).utcoffset() for one in around}) == 1)
    begins, ends = time(hour, 15), time((hour + 3) % 24, 45)
    daily = Weekly(weekdays=(1, 2, 3, 4, 5, 6, 7), start=begins, end=ends)
    clock = moment.astimezone(ZoneInfo(zone)).time()
    says = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
    assert (period_at(daily, zone, moment) is not None) is says
