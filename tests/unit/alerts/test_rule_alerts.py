"""The alert that a rule raises: how much it matters."""

from tocsin.alerts.rules.alerting import priority_of
from tocsin.alerts.rules.rule import rule_from
from tocsin.model.alert_rules import AlertRuleCreate
from tocsin.model.alerts import AlertPriority


def priority(value: float | None, **fields: object) -> AlertPriority:
    rule = AlertRuleCreate.model_validate({"name": "r", "metric_name": "queue", "threshold": 10, **fields})
    return priority_of(rule_from(rule), value)


def test_a_rule_that_names_a_priority_gives_it_whatever_the_value() -> None:
    assert priority(1000, priority="LOW") is AlertPriority.LOW
    assert priority(None, priority="LOW") is AlertPriority.LOW


def test_values_reach_the_priorities_of_a_severity_map_from_either_side() -> None:
    steps = {"severity_map": {"HIGH": 50, "CRITICAL": 100}}
    assert [priority(one, **steps) for one in (20, 50, 400)] == ["MEDIUM", "HIGH", "CRITICAL"]
    low = {"severity_map": {"HIGH": 5, "CRITICAL": 1}, "comparison": "<"}
    assert [priority(one, **low) for one in (8, 5, 0.5)] == ["MEDIUM", "HIGH", "CRITICAL"]


def test_without_either_it_is_how_far_the_threshold_is_crossed_that_counts() -> None:
    assert [priority(one) for one in (11, 13, 100, None)] == ["MEDIUM", "HIGH", "HIGH", "HIGH"]
    assert priority(96, metric_name="cpu_percent", threshold=80, category="SYSTEM") is AlertPriority.CRITICAL
