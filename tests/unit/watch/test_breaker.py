"""When a website is left alone."""

from datetime import UTC, datetime, timedelta

from tocsin.watch.breaker import Breaker

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_it_opens_at_the_fifth_failure_in_a_row_for_five_minutes() -> None:
    breaker = Breaker()
    assert breaker.after(4, NOW) is None
    assert breaker.after(5, NOW) == NOW + timedelta(minutes=5)


def test_it_is_open_until_the_pause_is_over() -> None:
    breaker = Breaker(failures=1, pause=timedelta(seconds=10))
    until = breaker.after(1, NOW)
    assert breaker.is_open(until, NOW + timedelta(seconds=9))
    assert not breaker.is_open(until, NOW + timedelta(seconds=10))
    assert not breaker.is_open(None, NOW)


def test_a_failed_trial_opens_it_again() -> None:
    later = NOW + timedelta(minutes=5)
    assert Breaker().after(6, later) == later + timedelta(minutes=5)
