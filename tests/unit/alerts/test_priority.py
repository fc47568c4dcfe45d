"""How much a crossed threshold or an error matters."""

import pytest

from tocsin.alerts.priority import (
    certificate_priority,
    error_priority,
    is_less_worse,
    overage,
    performance_priority,
    system_priority,
)
from tocsin.model.alerts import AlertPriority

CRITICAL, HIGH, MEDIUM, LOW, INFO = AlertPriority


@pytest.mark.parametrize(
    ("metric", "value", "threshold", "priority"),
    [
        ("cpu_percent", 92, 80, HIGH),  # 60 % of the headroom
        ("cpu_percent", 95, 80, CRITICAL),  # 75 %
        ("cpu_percent", 95.3, 80.0, CRITICAL),
        ("cpu_percent", 89.9, 80, MEDIUM),
        ("cpu_percent", 70, 80, MEDIUM),
        ("disk_free_percent", 5, 10, HIGH),
        ("disk_free_percent", 2, 10, CRITICAL),
        ("uptime_percent", 97, 99, MEDIUM),
        ("disk_free_percent", 5, 0, MEDIUM),
        ("cpu_percent", 160, 100, CRITICAL),  # no bound above it: 60 % over
        ("queue_length", 151, 100, CRITICAL),
        ("queue_length", 150, 100, HIGH),
        ("queue_length", 120, 100, MEDIUM),
        ("conversion_rate", 0.4, 1.0, CRITICAL),
        ("error_rate", 0.4, 1.0, MEDIUM),
        ("failed_jobs", 1, 0, CRITICAL),
        ("failed_jobs", 0, 0, MEDIUM),
        ("balance_available", -1, 0, CRITICAL),
    ],
)
def test_metrics_by_their_headroom_or_by_how_far_they_are_over(
    metric: str, value: float, threshold: float, priority: AlertPriority
) -> None:
    assert system_priority(metric, value, threshold) is priority


def test_a_metric_whose_words_say_nothing_goes_by_its_side_of_the_threshold() -> None:
    assert is_less_worse("workers", 1, 4)
    assert not is_less_worse("workers", 5, 4)
    assert is_less_worse("disk_free", 5, 4)
    assert not is_less_worse("error_rate", 1, 4)


@pytest.mark.parametrize(
    ("metric", "value", "threshold", "priority"),
    [
        ("api_response_time_ms", 9000, 1000, HIGH),
        ("api_response_time_ms", 1200, 1000, MEDIUM),
        ("throughput", 10, 100, HIGH),
        ("errors", 1, 0, HIGH),
    ],
)
def test_slowness_is_at_most_high(metric: str, value: float, threshold: float, priority: AlertPriority) -> None:
    assert performance_priority(metric, value, threshold) is priority


@pytest.mark.parametrize(
    ("error_type", "users", "count", "priority"),
    [
        ("DatabaseError", None, None, CRITICAL),
        ("psycopg.DATABASEisgone", 0, 1, CRITICAL),
        ("ValueError", 11, 1, CRITICAL),
        ("ValueError", 10, 6, HIGH),
        ("StripeAPIError", 3, 5, MEDIUM),
    ],
)
def test_errors_by_their_impact(error_type: str, users: int | None, count: int | None, priority: AlertPriority) -> None:
    assert error_priority(error_type, users, count) is priority


def test_a_certificate_matters_more_the_sooner_it_ends() -> None:
    assert [certificate_priority(days) for days in (-1, 1, 1.5, 3, 4, 30)] == [
        CRITICAL, CRITICAL, HIGH, HIGH, MEDIUM, MEDIUM
    ]  # fmt: skip


def test_overage_is_a_share_of_the_threshold() -> None:
    assert overage(92, 80) == pytest.approx(0.15)
    assert overage(-3, -2) == pytest.approx(-0.5)
    assert overage(1, 0) is None
