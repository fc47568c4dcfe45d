"""What one value means for one series of one rule."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from tocsin.alerts.rules.decide import Bound, Standing, State, Verdict, decide
from tocsin.model.alert_rules import Comparison, NoData

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ABOVE = Bound(Comparison.GREATER, 80, clear_threshold=70, lasting=2 * MINUTE)


def verdicts(bound: Bound, values: list[float | None]) -> list[Verdict]:
    standing, seen = Standing(), []
    for number, value in enumerate(values):
        decision = decide(bound, standing, value, NOW + number * MINUTE)
        standing = decision.standing
        seen.append(decision.verdict)
    return seen


def test_it_fires_only_when_crossed_for_long_enough() -> None:
    assert verdicts(ABOVE, [90, 90, 60, 90, 90, 90, 90]) == [
        Verdict.CROSSED_NOT_LONG_ENOUGH, Verdict.CROSSED_NOT_LONG_ENOUGH, Verdict.NOT_CROSSED,
        Verdict.CROSSED_NOT_LONG_ENOUGH, Verdict.CROSSED_NOT_LONG_ENOUGH, Verdict.FIRED, Verdict.STILL_FIRING,
    ]  # fmt: skip


def test_once_fired_it_clears_only_beyond_the_clear_threshold() -> None:
    seen = verdicts(ABOVE, [90, 90, 90, 75, 71, 85, 70, 75])
    assert seen[2:] == [
        Verdict.FIRED, Verdict.HELD_BY_HYSTERESIS, Verdict.HELD_BY_HYSTERESIS, Verdict.STILL_FIRING, Verdict.CLEARED,
        Verdict.NOT_CROSSED,
    ]  # fmt: skip


def test_without_a_for_the_first_value_fires() -> None:
    assert verdicts(Bound(Comparison.LESS_OR_EQUAL, 10), [11, 10, 11]) == [
        Verdict.NOT_CROSSED, Verdict.FIRED, Verdict.CLEARED,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("no_data", "expected"),
    [
        (
            NoData.KEEP,
            [Verdict.FIRED, Verdict.NO_DATA_KEPT, Verdict.NO_DATA_KEPT, Verdict.CLEARED, Verdict.NO_DATA_KEPT],
        ),
        (
            NoData.OK,
            [Verdict.FIRED, Verdict.NO_DATA_CLEARED, Verdict.NOT_CROSSED, Verdict.NOT_CROSSED, Verdict.NOT_CROSSED],
        ),
        (
            NoData.ALERT,
            [Verdict.FIRED, Verdict.STILL_FIRING, Verdict.STILL_FIRING, Verdict.CLEARED, Verdict.NO_DATA_FIRED],
        ),
    ],
)
def test_no_data_means_what_the_rule_says(no_data: NoData, expected: list[Verdict]) -> None:
    assert verdicts(Bound(Comparison.GREATER, 80, no_data=no_data), [90, None, float("nan"), 10, None]) == expected


def test_no_data_counts_towards_the_for() -> None:
    bound = Bound(Comparison.GREATER, 80, lasting=2 * MINUTE, no_data=NoData.ALERT)
    assert verdicts(bound, [None, None, None])[-1] is Verdict.NO_DATA_FIRED


@given(
    values=st.lists(st.one_of(st.none(), st.floats(0, 100)), max_size=60),
    lasting=st.integers(0, 4),
    no_data=st.sampled_from(NoData),
)
def test_firing_and_clearing_take_turns_and_a_pending_series_never_clears(
    values: list[float | None], lasting: int, no_data: NoData
) -> None:
    bound = Bound(Comparison.GREATER, 80, 70, lasting * MINUTE, no_data)
    standing, news = Standing(), []
    for number, value in enumerate(values):
        before, decision = standing, decide(bound, standing, value, NOW + number * MINUTE)
        standing = decision.standing
        if decision.is_news:
            news.append(decision.is_end)
            assert decision.is_end is (before.state is State.FIRING)
    assert news[:1] in ([], [False])
    assert all(first is not second for first, second in pairwise(news))
