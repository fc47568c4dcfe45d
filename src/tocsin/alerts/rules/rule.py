"""A rule as it is evaluated: the stored row, with its parts ready to use. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tocsin.alerts.rules.decide import Bound
from tocsin.model.alert_rules import METRICS, Aggregation, AlertRuleFields, Comparison, NoData
from tocsin.model.alerts import AlertCategory, AlertPriority, NotificationChannel
from tocsin.model.series_values import Ask


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, ready to be held against values."""

    id: int
    name: str
    description: str | None
    metric_name: str
    labels: Mapping[str, str]
    ask: Ask
    bound: Bound
    priority: AlertPriority | None
    severity_map: Mapping[AlertPriority, float]
    category: AlertCategory
    notification_channels: tuple[NotificationChannel, ...]
    ttl_s: float | None
    dedup_window_s: float
    runbook_url: str | None

    @property
    def is_about_websites(self) -> bool:
        """True where its values come from websites' checks."""
        return self.metric_name.startswith("website.") and self.metric_name in METRICS


def rule_of(row: Mapping[str, Any]) -> Rule:
    """Return the rule of a stored row (by column) or of a schema's fields."""
    return Rule(
        id=row["id"],
        name=row["name"],
        description=row["description"],
        metric_name=row["metric_name"],
        labels=row["labels"],
        ask=Ask(row["metric_name"], Aggregation(row["aggregation"]), row["window_s"]),
        bound=Bound(
            Comparison(row["comparison"]),
            row["threshold"],
            row["clear_threshold"],
            timedelta(seconds=row["for_s"]),
            NoData(row["no_data"]),
        ),
        priority=None if row["priority"] is None else AlertPriority(row["priority"]),
        severity_map={AlertPriority(name): value for name, value in row["severity_map"].items()},
        category=AlertCategory(row["category"]),
        notification_channels=tuple(NotificationChannel(one) for one in row["notification_channels"]),
        ttl_s=row["ttl_s"],
        dedup_window_s=row["dedup_window_s"],
        runbook_url=row["runbook_url"],
    )


def rule_from(fields: AlertRuleFields, rule_id: int = 0) -> Rule:
    """Return the rule of fields that may not be stored."""
    return rule_of({"id": rule_id, **fields.model_dump()})
