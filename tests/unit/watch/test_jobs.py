"""When a website is due."""

from itertools import pairwise

import pytest

from tocsin.watch.jobs import next_due, offset_of


@pytest.mark.parametrize("count", [10, 97, 1000])
def test_websites_are_spread_evenly_over_the_interval(count: int) -> None:
    offsets = sorted(offset_of(website_id, 60) for website_id in range(1, count + 1))
    gaps = [b - a for a, b in pairwise([*offsets, offsets[0] + 60])]
    assert max(gaps) <= 3 * 60 / count


def test_a_website_keeps_its_place_over_restarts() -> None:
    first = next_due(42, 300, 1_000_000.0)
    assert next_due(42, 300, first - 0.001) == pytest.approx(first)
    assert next_due(42, 300, first) == pytest.approx(first + 300)
    assert (first - offset_of(42, 300)) % 300 == pytest.approx(0, abs=1e-6)


def test_missed_times_are_skipped_not_made_up_for() -> None:
    first = next_due(7, 60, 5000.0)
    assert next_due(7, 60, first + 10_000) - (first + 10_000) <= 60
