"""Uptime by checks and by time, against an account second by second."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from tocsin.model.times import EPOCH
from tocsin.model.uptime import TimeShare, clip, length, overlap, percent_of_checks, time_share, union

SECONDS = st.integers(0, 120)
STRETCHES = st.lists(st.tuples(SECONDS, SECONDS).map(lambda pair: (min(pair), max(pair))), max_size=6)


def at(second: float) -> datetime:
    return EPOCH + timedelta(seconds=second)


def covers(stretches: Sequence[tuple[float, float]], second: int) -> bool:
    return any(start <= second < end for start, end in stretches)


@given(SECONDS, SECONDS, st.none() | SECONDS, STRETCHES, st.none() | SECONDS, STRETCHES)
def test_time_share_is_what_a_count_of_seconds_says(
    start: int,
    duration: int,
    first: int | None,
    down: list[tuple[int, int]],
    still_down_since: int | None,
    unknown: list[tuple[int, int]],
) -> None:
    end = start + duration
    downtimes = [(at(a), at(b)) for a, b in down] + ([(at(still_down_since), None)] if still_down_since else [])
    share = time_share(
        (at(start), at(end)), None if first is None else at(first), downtimes, [(at(a), at(b)) for a, b in unknown]
    )

    down = down + ([(still_down_since, end)] if still_down_since else [])
    watched = [] if first is None else [second for second in range(start, end) if second >= first]
    told = [second for second in watched if not covers(unknown, second)]
    was_down = [second for second in told if covers(down, second)]
    assert share == TimeShare(len(told), len(was_down), len(watched) - len(told))
    assert share.percent == (pytest.approx(100 * (1 - len(was_down) / len(told))) if told else None)


@given(STRETCHES, STRETCHES)
def test_unions_and_overlaps_hold_exactly_the_right_moments(
    left: list[tuple[int, int]], right: list[tuple[int, int]]
) -> None:
    a, b = union(clip(left, 10, 100)), union(clip(right, 10, 100))
    seconds = range(121)
    assert [covers(a, second) for second in seconds] == [
        covers(left, second) and 10 <= second < 100 for second in seconds
    ]
    both = overlap(a, b)
    assert [covers(both, second) for second in seconds] == [
        covers(a, second) and covers(b, second) for second in seconds
    ]
    assert length(both) == sum(covers(both, second) for second in seconds)
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(a))


@pytest.mark.parametrize(
    ("available", "checks", "unknown", "percent"),
    [(0, 0, 0, None), (0, 5, 5, None), (5, 5, 0, 100.0), (3, 5, 1, 75.0), (0, 4, 0, 0.0)],
)
def test_unknown_checks_are_left_out(available: int, checks: int, unknown: int, percent: float | None) -> None:
    assert percent_of_checks(available, checks, unknown) == percent
