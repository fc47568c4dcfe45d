"""Titles and messages that say what is wrong, by how much, and where."""

import pytest

from tocsin.alerts.making import application_error_alert, performance_alert, system_alert
from tocsin.alerts.texts import error_texts, metric_texts, number_text
from tocsin.errors import Invalid
from tocsin.model.alerts import AlertCategory, AlertPriority


@pytest.mark.parametrize(
    ("metric", "value", "threshold", "title", "message"),
    [
        ("cpu_percent", 92, 80, "High CPU Usage - web-1", "CPU is at 92% (threshold: 80%, exceeded by 15.0%)"),
        ("memory_percent", 88.25, 80.0, "High Memory Usage - web-1",
         "Memory is at 88.25% (threshold: 80%, exceeded by 10.3%)"),
        ("disk_free_percent", 5, 10, "Low Disk Free - web-1",
         "Disk Free is at 5% (threshold: 10%, below by 50.0%)"),
        ("api_response_time_ms", 1500.0, 1000, "High API Response Time - web-1",
         "API Response Time is at 1500 ms (threshold: 1000 ms, exceeded by 50.0%)"),
        ("failed.jobs", 3, 0, "High Failed Jobs - web-1", "Failed Jobs is at 3 (threshold: 0, exceeded by 3)"),
        ("balance-left", -3, 0, "Low Balance Left - web-1", "Balance Left is at -3 (threshold: 0, below by 3)"),
        ("load", 9, 4, "High Load - web-1", "Load is at 9 (threshold: 4, exceeded by 125.0%)"),
        ("_", 9, 4, "High _ - web-1", "_ is at 9 (threshold: 4, exceeded by 125.0%)"),
    ],
)  # fmt: skip
def test_a_metric_is_told_with_value_threshold_and_overage(
    metric: str, value: float, threshold: float, title: str, message: str
) -> None:
    texts = metric_texts(metric, value, threshold, "web-1")
    assert (texts.title, texts.message) == (title, message)


def test_a_percentile_is_named_and_a_resource_is_optional() -> None:
    texts = metric_texts("api_response_time_ms", 1500, 1000, None, "P95")
    assert texts.title == "High API Response Time (P95)"
    assert texts.message.startswith("P95 API Response Time is at 1500 ms")


@pytest.mark.parametrize(
    ("value", "text"),
    [(92, "92"), (92.0, "92"), (95.3, "95.3"), (0.0512, "0.0512"), (1.239, "1.24"), (float("inf"), "inf")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number_text(value) == text


def test_an_error_names_where_how_often_and_who_suffers() -> None:
    title, message = error_texts(
        error_type="StripeAPIError", error_message="Card declined", source="booking_service",
        affected_endpoint="POST /api/v1/bookings", affected_users=3, error_count=5,
    )  # fmt: skip
    assert title == "StripeAPIError in booking_service (POST /api/v1/bookings)"
    assert message == "Card declined (5 times, 3 users affected)"
    bare = error_texts(
        error_type="KeyError", error_message="", source=None, affected_endpoint=None, affected_users=1, error_count=1
    )
    assert bare == ("KeyError", "KeyError (1 user affected)")


def test_an_alert_of_a_metric_has_type_priority_and_figures() -> None:
    alert = system_alert("cpu_percent", 92, 80, "web-1", {"metadata": {"host": "a"}, "ttl_s": 60})
    assert alert.alert_type == "system_cpu_percent"
    assert alert.priority is AlertPriority.HIGH
    assert alert.metadata == {
        "metric_name": "cpu_percent", "current_value": 92, "threshold_value": 80, "overage_percent": 15.0, "host": "a"
    }  # fmt: skip
    assert alert.ttl_s == 60
    assert system_alert("jobs", 1, 0, "x", {}).metadata["overage_percent"] is None


def test_a_slow_thing_has_its_percentile() -> None:
    alert = performance_alert("api_response_time_ms", "1500", 1000, "/api", "P95", {})  # type: ignore[arg-type]
    assert alert.alert_type == "performance_api_response_time_ms"
    assert alert.category is AlertCategory.PERFORMANCE
    assert alert.metadata["percentile"] == "P95"
    assert "percentile" not in performance_alert("x", 1, 2, "/api", None, {}).metadata


def test_an_error_keeps_its_stack_trace() -> None:
    alert = application_error_alert(
        error_type="KeyError", error_message="'a'", stack_trace="Traceback", source="shop", affected_endpoint=None,
        affected_users=None, error_count=1, fields={"priority": AlertPriority.LOW},
    )  # fmt: skip
    assert alert.alert_type == "application_error_KeyError"
    assert alert.stack_trace == "Traceback"
    assert alert.resource == "shop"
    assert alert.priority is AlertPriority.LOW


def test_what_is_no_number_no_name_or_no_field_is_refused() -> None:
    with pytest.raises(Invalid, match="current_value must be a number"):
        system_alert("cpu_percent", "much", 80, "x", {})  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="metric_name must name something"):
        system_alert(" ", 1, 80, "x", {})
    with pytest.raises(TypeError, match="an alert has no field 'colour'"):
        system_alert("cpu", 1, 80, "x", {"colour": "red"})
