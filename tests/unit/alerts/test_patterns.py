"""What is concluded from figures."""

import pytest

from tocsin.alerts.patterns import conclude, quantile, suggested_for, suggested_threshold
from tocsin.model.alerting.figures import Ended, Figures, FlappingAlert, Observed, TypeCount


def counted(alert_type: str, count: int, closed: int = 0, noise: int = 0, rule_id: int | None = None) -> TypeCount:
    return TypeCount(alert_type, rule_id, count, count * 2, closed, noise, 3, 6000.0)


def test_no_alerts_have_no_patterns_but_every_key() -> None:
    found = conclude(Figures(days=7))
    assert found["total_alerts"] == 0
    assert found["most_common_type"] is None
    assert found["peak_hour"] is None
    assert found["avg_resolution_time_minutes"] is None
    assert found["noise_share"] is None
    assert found["hourly_distribution"] == [0] * 24
    assert found["weekday_hour_matrix"] == [[0] * 24] * 7
    assert (found["suggestions"], found["together"], found["noise"]) == ([], [], [])


def test_alerts_are_counted_by_type_hour_and_weekday() -> None:
    found = conclude(
        Figures(
            days=7,
            types=[counted("slow", 3), counted("slow", 2, rule_id=4), counted("cpu", 4)],
            hours=[(0, 14, 5), (3, 14, 1), (3, 9, 3)],
            resources_count=2,
            flapping=[FlappingAlert(7, "CPU", "web-1", 4, True)],
        )
    )
    assert found["total_alerts"] == 9
    assert found["total_sightings"] == 18
    assert found["most_common_type"] == "slow"
    assert found["type_distribution"] == {"slow": 5, "cpu": 4}
    assert found["peak_hour"] == 14
    assert found["hourly_distribution"][14] == 6
    assert found["weekday_hour_matrix"][3][9] == 3
    assert found["flapping"][0]["alert_id"] == 7


def test_times_are_of_resolved_alerts_alone() -> None:
    ended = [Ended("a", None, True, 60.0, seconds) for seconds in (600.0, 1200.0, 4200.0)]
    found = conclude(Figures(days=1, types=[counted("a", 4, 4)], ended=[*ended, Ended("a", None, False, None, 9e9)]))
    assert found["avg_resolution_time_minutes"] == pytest.approx(33.33)  # of all, the others of the newest
    assert found["median_resolution_time_minutes"] == 20
    assert found["p95_resolution_time_minutes"] == pytest.approx(65)
    assert found["median_acknowledge_time_minutes"] == 1


def test_noise_is_what_ended_and_nobody_had_acknowledged() -> None:
    found = conclude(Figures(days=1, types=[counted("a", 10, 8, 6), counted("b", 5, 2, 0), counted("c", 9, 9, 9, 3)]))
    assert [(row["alert_type"], row["share"]) for row in found["noise"]] == [("c", 1.0), ("a", 0.75)]
    assert found["noise_share"] == pytest.approx(15 / 19, abs=0.001)


def test_types_that_begin_together_more_than_once_are_a_pair() -> None:
    began = [(1, "db"), (1, "api"), (2, "db"), (2, "api"), (3, "db"), (3, "disk")]
    found = conclude(Figures(days=1, together=began))
    assert found["together"] == [{"types": ("api", "db"), "count": 2, "share": 1.0}]


def test_quantiles_lie_between_values_where_need_be() -> None:
    assert quantile([], 0.5) is None
    assert quantile([3], 0.95) == 3
    assert quantile([1, 2, 3, 4], 0.5) == 2.5


def test_a_threshold_is_the_95th_percentile_and_a_fifth() -> None:
    assert suggested_threshold("system_queue_length", [100.0] * 9) == 120
    assert suggested_threshold("performance_x_ms", [1.0] * 4) is None
    assert suggested_threshold("system_cpu_percent", [90.0] * 5) == 92
    assert suggested_threshold("system_disk_free_percent", [10.0] * 5) == 8
    assert suggested_threshold("conversion_rate", [2.0] * 5) == 1.6


def test_waiting_is_suggested_by_what_ends_by_itself_so_soon() -> None:
    assert suggested_for([40.0] * 4) is None
    assert suggested_for([40.0] * 5) == 45
    assert suggested_for([0.0] * 5) == 15
    assert suggested_for([200.0] * 5) == 210
    assert suggested_for([500.0] * 5) == 540


def test_suggestions_are_made_per_type_and_rule() -> None:
    found = conclude(
        Figures(
            days=1,
            types=[counted("system_queue", 5, rule_id=2), counted("quiet", 1)],
            values=[Observed("system_queue", 2, 100.0)] * 5,
            ended=[Ended("system_queue", 2, True, None, 30.0)] * 5 + [Ended("quiet", None, True, None, 9999.0)],
        )
    )
    (row,) = found["suggestions"]
    assert (row["rule_id"], row["p95_value"], row["suggested_threshold"], row["suggested_for_s"]) == (2, 100, 120, 30)
    assert row["short_lived_count"] == 5
