"""Checks against the grid of due moments, by hand."""

import pytest

from tocsin.cli.measuring.punctuality import punctuality, quantile
from tocsin.watch.jobs import next_due

START = 1_700_000_000.0


def moments(website_id: int, interval_s: int, count: int) -> list[float]:
    first = next_due(website_id, interval_s, START)
    return [first + number * interval_s for number in range(count)]


def test_every_check_on_its_moment_is_done_and_not_late() -> None:
    checks = [(website, at) for website in (1, 2) for at in moments(website, 10, 6)]
    seen = punctuality(checks, {1: 10, 2: 10}, (START, START + 60))
    assert (seen.due_count, seen.done_count, seen.done_ratio) == (12, 12, 1.0)
    assert seen.lateness_ms[-1] < 0.01


def test_lateness_is_counted_from_the_moment_it_was_due() -> None:
    first, second = moments(7, 10, 2)
    seen = punctuality([(7, first + 0.25), (7, second - 0.001)], {7: 10}, (START, START + 20))
    assert seen.lateness_ms == pytest.approx((0.0, 250.0), abs=0.01)
    assert seen.quantile(0.99) == pytest.approx(250.0, abs=0.01)


def test_a_missing_check_a_second_one_and_a_stranger_show() -> None:
    first, second = moments(7, 10, 2)
    checks = [(7, first), (7, first + 4), (8, second), (7, START - 30)]
    seen = punctuality(checks, {7: 10}, (START, START + 20))
    assert (seen.due_count, seen.done_count, seen.done_ratio) == (2, 1, 0.5)


def test_nothing_due_is_no_ratio() -> None:
    seen = punctuality([], {7: 3600}, (START, START))
    assert (seen.due_count, seen.done_ratio, seen.quantile(0.5), quantile([], 0.5)) == (0, None, None, None)
