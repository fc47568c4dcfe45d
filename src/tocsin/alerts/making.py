"""Alerts made of figures and errors: type, title, message, priority and metadata from what a program knows. Pure."""

from collections.abc import Mapping
from typing import Any

from tocsin.alerts.priority import error_priority, overage, performance_priority, system_priority
from tocsin.alerts.texts import error_texts, metric_texts
from tocsin.errors import Invalid
from tocsin.model.alerts import Alert, AlertCategory

TYPE_LIMIT = 255


def system_alert(
    metric_name: str, current_value: float, threshold_value: float, resource: str, fields: Mapping[str, Any]
) -> Alert:
    """Return the alert of a metric that crossed its threshold."""
    name = _name(metric_name, "metric_name")
    value, threshold = _number(current_value, "current_value"), _number(threshold_value, "threshold_value")
    texts = metric_texts(name, value, threshold, resource)
    alert = Alert(
        alert_type=f"system_{name}"[:TYPE_LIMIT],
        title=texts.title,
        message=texts.message,
        priority=system_priority(name, value, threshold),
        category=AlertCategory.SYSTEM,
        resource=resource,
        metadata=_measured(name, value, threshold),
    )
    return _with(alert, fields)


def performance_alert(
    metric_name: str,
    current_value: float,
    threshold_value: float,
    resource: str,
    percentile: str | None,
    fields: Mapping[str, Any],
) -> Alert:
    """Return the alert of something slow."""
    name = _name(metric_name, "metric_name")
    value, threshold = _number(current_value, "current_value"), _number(threshold_value, "threshold_value")
    texts = metric_texts(name, value, threshold, resource, percentile)
    metadata = _measured(name, value, threshold)
    if percentile:
        metadata["percentile"] = percentile
    alert = Alert(
        alert_type=f"performance_{name}"[:TYPE_LIMIT],
        title=texts.title,
        message=texts.message,
        priority=performance_priority(name, value, threshold),
        category=AlertCategory.PERFORMANCE,
        resource=resource,
        metadata=metadata,
    )
    return _with(alert, fields)


def application_error_alert(  # noqa: PLR0913 (all that is known of an error, by name)
    *,
    error_type: str,
    error_message: str,
    stack_trace: str | None,
    source: str | None,
    affected_endpoint: str | None,
    affected_users: int | None,
    error_count: int,
    fields: Mapping[str, Any],
) -> Alert:
    """Return the alert of an error in an application."""
    name = _name(error_type, "error_type")
    title, message = error_texts(
        error_type=name,
        error_message=str(error_message or ""),
        source=source,
        affected_endpoint=affected_endpoint,
        affected_users=affected_users,
        error_count=error_count,
    )
    facts = {
        "error_type": name,
        "error_message": error_message,
        "source": source,
        "affected_endpoint": affected_endpoint,
        "error_count": error_count,
    }
    alert = Alert(
        alert_type=f"application_error_{name}"[:TYPE_LIMIT],
        title=title,
        message=message,
        priority=error_priority(name, affected_users, error_count),
        category=AlertCategory.APPLICATION,
        resource=source,
        metadata={name: value for name, value in facts.items() if value is not None},
        stack_trace=stack_trace,
        affected_users=affected_users,
    )
    return _with(alert, fields)


def _measured(name: str, value: float, threshold: float) -> dict[str, Any]:
    over = overage(value, threshold)
    return {
        "metric_name": name,
        "current_value": value,
        "threshold_value": threshold,
        "overage_percent": None if over is None else round(over * 100, 1),
    }


def _with(alert: Alert, fields: Mapping[str, Any]) -> Alert:
    """Set further fields; metadata is added to what is there."""
    for name, value in fields.items():
        if not hasattr(alert, name):
            raise TypeError(f"an alert has no field {name!r}")
        setattr(alert, name, {**alert.metadata, **value} if name == "metadata" else value)
    return alert


def _name(value: object, field: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Invalid(f"{field} must name something", field=field)
    return value.strip()


def _number(value: Any, field: str) -> float:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise Invalid(f"{field} must be a number, not {value!r}", field=field) from error
