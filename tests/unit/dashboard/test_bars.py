"""The shapes that the server draws."""

import re
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given, strategies as st

from tocsin.actions.overview import HourCounts
from tocsin.dashboard.bars import HEIGHT, hour_bars, phase_bars

FIRST = datetime(2026, 3, 13, 16, tzinfo=UTC)
RECTANGLE = re.compile(r"M(\d+) (\d+)h4v(\d+)h-4z")
UP = HourCounts(up=12, down=0, degraded=0, unknown=0)

counts = st.builds(
    HourCounts, up=st.integers(0, 60), down=st.integers(0, 60), degraded=st.integers(0, 60), unknown=st.integers(0, 60)
)


def test_a_good_day_is_one_even_line_with_nothing_to_say() -> None:
    bars = hour_bars([UP] * 24, FIRST)
    assert set(bars.paths) == {"up"}
    assert len({match[2] for match in RECTANGLE.finditer(bars.paths["up"])}) == 1
    assert bars.hours == []
    assert bars.summary == "Of 24 hours with checks: all up"


def test_the_worse_an_hour_was_the_taller_its_bar() -> None:
    hours = [HourCounts(1, 0, 0, 0), HourCounts(1, 0, 1, 0), HourCounts(1, 1, 0, 0)]
    tops = [
        min(int(top) for path in bars.paths.values() for _, top, _ in RECTANGLE.findall(path))
        for bars in (hour_bars([one], FIRST) for one in hours)
    ]
    assert tops[0] > tops[1] > tops[2] == 0


def test_one_failed_check_among_many_is_still_seen() -> None:
    bars = hour_bars([HourCounts(up=59, down=1, degraded=0, unknown=0)], FIRST)
    ((_, _, height),) = RECTANGLE.findall(bars.paths["down"])
    assert int(height) >= 4


def test_an_hour_that_was_not_simply_up_has_its_words_and_its_moment() -> None:
    bars = hour_bars([UP, HourCounts(up=9, down=2, degraded=1, unknown=0), None], FIRST)
    assert [(hour.x, hour.moment.hour, hour.text) for hour in bars.hours] == [(5, 17, "2 down, 1 degraded, 9 up")]
    assert bars.summary == "Of 2 hours with checks: 1 with down checks"


def test_hours_without_checks_are_said_to_have_none() -> None:
    bars = hour_bars([None] * 24, FIRST)
    assert set(bars.paths) == {"none"}
    assert bars.summary == "No checks in the last 24 hours"
    assert set(hour_bars([HourCounts(0, 0, 0, 0)], FIRST).paths) == {"none"}


@given(st.lists(st.none() | counts, min_size=1, max_size=24))
def test_bars_stand_on_the_ground_and_shares_do_not_overlap(hours: list[HourCounts | None]) -> None:
    bars = hour_bars(hours, FIRST)
    columns: dict[int, list[tuple[int, int]]] = {}
    for path in bars.paths.values():
        for x, y, height in RECTANGLE.findall(path):
            columns.setdefault(int(x), []).append((int(y), int(height)))
    assert sorted(columns) == [5 * index for index in range(len(hours))]
    for parts in columns.values():
        assert all(height > 0 for _, height in parts)
        edges = sorted(parts)
        assert all(y + height == below for (y, height), (below, _) in pairwise(edges))
        assert edges[-1][0] + edges[-1][1] == HEIGHT
        assert edges[0][0] >= 0


def test_phases_follow_each_other_and_fill_the_whole() -> None:
    bars = phase_bars([("dns", "Name", 10.0), ("connect", "Connect", None), ("ttfb", "First byte", 30.0)])
    assert [(bar.name, bar.start_percent, bar.width_percent) for bar in bars] == [("dns", 0, 25), ("ttfb", 25, 75)]


def test_a_phase_too_short_to_see_is_drawn_all_the_same() -> None:
    bars = phase_bars([("dns", "Name", 0.0), ("ttfb", "First byte", 500.0)])
    assert bars[0].width_percent > 0
    assert phase_bars([]) == []
    assert phase_bars([("dns", "Name", 0.0)])[0].start_percent == 0
