"""The alert that a rule raises for a series: how much it matters, what it says, and its identity. Pure."""

from datetime import datetime

from tocsin.alerts.priority import overage, performance_priority, system_priority
from tocsin.alerts.rules.decide import Decision, Verdict
from tocsin.alerts.rules.rule import Rule
from tocsin.alerts.texts import crossed_text, number_text
from tocsin.model.alert_rules import METRICS, Aggregation
from tocsin.model.alerts import Alert, AlertCategory, AlertPriority, fingerprint_of
from tocsin.model.series_values import Value


def fingerprint_for(rule_id: int, series: str) -> str:
    """Return the identity of a rule's alert on a series."""
    return fingerprint_of("", None, identity_of(rule_id, series))


def identity_of(rule_id: int, series: str) -> dict[str, str]:
    """Return the labels that make up that identity: a rule or a website that is renamed stays the same."""
    return {"rule_id": str(rule_id), "series": series}


def priority_of(rule: Rule, value: float | None) -> AlertPriority:
    """Return how much a value matters: as the rule says, by its severity map, else by how far it is crossed."""
    if rule.priority is not None:
        return rule.priority
    if value is None:
        return AlertPriority.HIGH
    reached = [
        one
        for one, begins in rule.severity_map.items()
        if (value <= begins if rule.bound.comparison.less_is_worse else value >= begins)
    ]
    if rule.severity_map:
        return min(reached, key=lambda one: one.rank, default=AlertPriority.MEDIUM)
    by = system_priority if rule.category is AlertCategory.SYSTEM else performance_priority
    return by(rule.metric_name, value, rule.bound.threshold)


def alert_of(rule: Rule, one: Value, decision: Decision, now: datetime) -> Alert:
    """Return the alert of a rule that fires for a series."""
    resource = one.resource or one.series or rule.metric_name
    threshold = rule.bound.threshold
    over = None if one.value is None else overage(one.value, threshold)
    return Alert(
        alert_type=_type_of(rule),
        title=f"{rule.name} - {resource}",
        message=_message(rule, one.value, decision),
        priority=priority_of(rule, one.value),
        category=rule.category,
        resource=resource,
        metadata={
            "metric_name": rule.metric_name,
            "aggregation": rule.ask.aggregation.value,
            "window_s": rule.ask.window_s,
            "current_value": one.value,
            "threshold_value": threshold,
            "overage_percent": None if over is None else round(over * 100, 1),
            "rule": rule.name,
            "verdict": str(decision.verdict),
        },
        notification_channels=list(rule.notification_channels),
        labels={"alertname": rule.name, "metric": rule.metric_name, **one.labels, **identity_of(rule.id, one.series)},
        fingerprint=fingerprint_for(rule.id, one.series),
        annotations={"description": rule.description} if rule.description else {},
        source="rule",
        website_id=one.website_id,
        rule_id=rule.id,
        runbook_url=rule.runbook_url,
        dedup_window_s=rule.dedup_window_s,
        ttl_s=rule.ttl_s,
        starts_at=now,
    )


def _type_of(rule: Rule) -> str:
    prefix = {AlertCategory.SYSTEM: "system_", AlertCategory.PERFORMANCE: "performance_"}.get(rule.category, "")
    return f"{prefix}{rule.metric_name}"


def _message(rule: Rule, value: float | None, decision: Decision) -> str:
    what = (
        rule.metric_name
        if rule.ask.aggregation is Aggregation.LAST
        else f"{rule.ask.aggregation} of {rule.metric_name}"
    )
    if decision.verdict is Verdict.NO_DATA_FIRED or value is None:
        return f"there is no data of {what} (looked back {number_text(rule.ask.window_s)} s)"
    unit = METRICS[rule.metric_name].unit if rule.metric_name in METRICS else ""
    space = "" if unit in ("", "%") else " "
    lasting = rule.bound.lasting.total_seconds()
    since = f" for {number_text(lasting / 60)} min" if lasting else ""
    crossed = crossed_text(value, rule.bound.threshold)
    bound = f"{rule.bound.comparison} {number_text(rule.bound.threshold)}{space}{unit}"
    return f"{what} is at {number_text(value)}{space}{unit}{since} (threshold: {bound}, {crossed})"
