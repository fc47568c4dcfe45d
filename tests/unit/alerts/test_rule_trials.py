"""A rule tried on the past, and what aggregations make of points."""

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.alerts.rules.decide import Bound
from tocsin.alerts.rules.trial import Points, quantile, try_on
from tocsin.model.alert_rules import Aggregation, Comparison
from tocsin.model.alerts import AlertPriority
from tocsin.model.series_values import Watched, aggregate, series_key

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def series(*values: float | None) -> Points:
    return [(NOW + number * MINUTE, value) for number, value in enumerate(values)]


def severity(value: float) -> AlertPriority:
    return AlertPriority.CRITICAL if value > 95 else AlertPriority.HIGH


def test_every_firing_is_named_with_its_worst_value_newest_first() -> None:
    past = try_on(
        Bound(Comparison.GREATER, 80), {"a": series(90, 97, 85, 10, 10, 91), "b": series(1, 2)}, severity, NOW
    )
    assert [(one.series, one.started_at, one.ended_at, one.worst_value, one.priority) for one in past.firings] == [
        ("a", NOW + 5 * MINUTE, None, 91, AlertPriority.HIGH),
        ("a", NOW, NOW + 3 * MINUTE, 97, AlertPriority.CRITICAL),
    ]
    assert past.points_count == 8


def test_where_less_is_worse_the_smallest_value_is_the_worst() -> None:
    past = try_on(Bound(Comparison.LESS, 10), {"a": series(5, 2, None, 20)}, severity, NOW)
    assert [one.worst_value for one in past.firings] == [2]
    assert past.suggested_threshold == pytest.approx(2 / 1.2, abs=0.01)


def test_a_threshold_of_p95_and_a_fifth_more_is_suggested() -> None:
    past = try_on(Bound(Comparison.GREATER, 1000), {"a": series(*range(1, 101))}, severity, NOW)
    assert (past.p95, past.suggested_threshold, past.firings) == (95, 114, [])
    assert try_on(Bound(Comparison.GREATER, 1), {}, severity, NOW).suggested_threshold is None


def test_a_for_is_suggested_where_many_firings_were_short() -> None:
    short = series(*([90, 90, 10] * 6))
    assert try_on(Bound(Comparison.GREATER, 80), {"a": short}, severity, NOW).suggested_for_s == 120
    once = series(90, 90, 10)
    assert try_on(Bound(Comparison.GREATER, 80), {"a": once}, severity, NOW).suggested_for_s is None
    long = [(NOW + number * timedelta(hours=3), value) for number, value in enumerate([90, 10] * 5)]
    assert try_on(Bound(Comparison.GREATER, 80), {"a": long}, severity, NOW + timedelta(days=9)).suggested_for_s is None


def test_a_firing_without_a_value_counts_as_the_threshold() -> None:
    from tocsin.model.alert_rules import NoData

    past = try_on(Bound(Comparison.GREATER, 80, no_data=NoData.ALERT), {"a": series(None, 10)}, severity, NOW)
    assert past.firings[0].worst_value == 80


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        (Aggregation.LAST, 4), (Aggregation.AVG, 3), (Aggregation.MIN, 1), (Aggregation.MAX, 5), (Aggregation.SUM, 15),
        (Aggregation.COUNT, 5), (Aggregation.P50, 3), (Aggregation.P90, 5), (Aggregation.P99, 5),
    ],
)  # fmt: skip
def test_each_aggregation_makes_its_own_of_the_points(aggregation: Aggregation, expected: float) -> None:
    points = list(zip(range(5), (3.0, 1.0, 5.0, 2.0, 4.0), strict=True))
    assert aggregate(points, aggregation) == expected


def test_a_rate_heeds_resets_and_needs_two_moments() -> None:
    assert aggregate([(0, 10), (10, 30), (20, 5)], Aggregation.RATE) == 25 / 20
    assert aggregate([(0, 10)], Aggregation.RATE) is None
    assert aggregate([(5, 10), (5, 11)], Aggregation.RATE) is None


def test_a_series_is_known_by_its_labels_in_order() -> None:
    assert series_key({"b": "2", "a": "1"}) == "a=1,b=2"
    assert len(series_key({"a": "x" * 999})) == 255
    website = Watched(1, {"website": "shop", "website_id": "1"}, frozenset({"eu"}))
    assert website.resource == "shop"
    assert website.matches({"tag": "eu", "website": "shop"})
    assert not website.matches({"tag": "us"})


def test_a_quantile_of_nothing_is_nothing() -> None:
    assert quantile([], 0.5) is None
    assert quantile([1], 0.05) == 1
