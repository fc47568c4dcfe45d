"""The fifth document's calls, as its readers will type them: on a plain engine and on `get_db`."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from tocsin import (
    Alert,
    AlertCategory,
    AlertModel,
    AlertPriority,
    AlertRule,
    AlertService,
    AlertStatus,
    Base,
    NotificationChannel,
    get_db,
)
from tocsin.storage.configured import default_database


@pytest.fixture(params=["plain engine", "get_db"])
def db(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    if request.param == "plain engine":
        engine = create_engine("sqlite:///:memory:")
        Base.metadata.create_all(engine)
        with Session(engine) as opened:
            yield opened
        engine.dispose()
        return
    monkeypatch.setenv("TOCSIN_DATA_DIR", str(tmp_path / "data"))
    default_database.cache_clear()
    yield from get_db()
    default_database().dispose()
    default_database.cache_clear()


@pytest.fixture
def alert_service(db: Session) -> AlertService:
    return AlertService(db)


def put(db: Session, alert_id: int) -> None:
    """An alert with the id that the document happens to name."""
    row = AlertModel(id=alert_id, alert_type="database_slow_query", title="Slow", message="It is.")
    row.priority, row.category, row.resource = AlertPriority.HIGH, AlertCategory.DATABASE, f"table {alert_id}"
    db.add(row)
    db.commit()


def test_the_tables_have_the_names_of_the_document() -> None:
    assert AlertModel.__tablename__ == "monitoring_alerts"
    assert AlertRule.__tablename__ == "monitoring_alert_rules"
    indexes = [*AlertModel.__table__.indexes, *AlertRule.__table__.indexes]  # type: ignore[attr-defined]
    assert len(indexes) > 10


def test_the_first_alert_is_as_the_comments_say(alert_service: AlertService) -> None:
    alert = alert_service.create_system_alert(
        metric_name="cpu_percent",
        current_value=92,
        threshold_value=80,
        resource="web-server-01",
    )
    assert alert.title == "High CPU Usage - web-server-01"
    assert alert.message == "CPU is at 92% (threshold: 80%, exceeded by 15.0%)"
    assert alert.priority == AlertPriority.HIGH
    assert any("runaway processes" in text for text in alert.recommendations)
    assert any("Review deployments" in text for text in alert.recommendations)


def test_example_one_a_slow_query(alert_service: AlertService) -> None:
    alert = Alert(
        alert_type="database_slow_query",
        title="Slow Database Query on Bookings Table",
        message="Query took 5.23 seconds (threshold: 1.0s, exceeded by 423%)",
        priority=AlertPriority.HIGH,
        category=AlertCategory.DATABASE,
        resource="bookings table",
        metadata={
            "query": "SELECT * FROM bookings WHERE customer_id = ?",
            "execution_plan": "Seq Scan on bookings (50,000 rows)",
            "rows_scanned": 50000,
        },
        recommendations=[
            "✅ Add index: CREATE INDEX idx_bookings_customer_id ON bookings(customer_id)",
            "✅ Review execution plan: EXPLAIN ANALYZE SELECT ...",
            "⚠️ Current sequential scan is reading all 50k rows",
        ],
        related_logs="/var/log/postgresql/slow_queries.log",
        affected_users=15,
    )
    db_alert = alert_service.create_alert(alert)
    assert db_alert.recommendations == alert.recommendations
    assert db_alert.metadata["rows_scanned"] == 50000
    assert db_alert.metadata["related_logs"] == db_alert.related_logs == "/var/log/postgresql/slow_queries.log"
    assert db_alert.metadata["affected_users"] == db_alert.affected_users == 15


def test_example_two_details_survive_a_new_session(db: Session, alert_service: AlertService) -> None:
    alert = alert_service.create_system_alert(
        metric_name="cpu_percent",
        current_value=95.3,
        threshold_value=80.0,
        resource="web-server-01",
    )
    alert.metadata.update({
        "top_processes": [
            {"name": "gunicorn", "cpu": 45.2, "pid": 12345},
            {"name": "celery", "cpu": 30.1, "pid": 12346},
        ],
        "load_average": [8.5, 7.2, 6.1],
    })  # fmt: skip
    assert alert.priority == AlertPriority.CRITICAL
    bind = db.get_bind()
    if str(bind.engine.url) == "sqlite:///:memory:":
        db.expire_all()
        kept = AlertService(db).get_alert(alert.id).metadata
    else:
        with Session(bind) as fresh:
            kept = AlertService(fresh).get_alert(alert.id).metadata
    assert kept["top_processes"][0]["pid"] == 12345
    assert kept["load_average"] == [8.5, 7.2, 6.1]
    assert kept["recommendations"]


def test_example_three_an_error_with_its_stack_trace(alert_service: AlertService) -> None:
    alert = alert_service.create_application_error_alert(
        error_type="StripeAPIError",
        error_message="Card declined: insufficient_funds",
        stack_trace="Traceback...\n  File booking_service.py...\n  StripeAPIError...",
        source="booking_service",
        affected_endpoint="POST /api/v1/bookings",
        affected_users=3,
        error_count=5,
    )
    assert alert.alert_type == "application_error_StripeAPIError"
    assert "Card declined: insufficient_funds" in alert.message
    assert alert.metadata["stack_trace"] == alert.stack_trace
    assert alert.metadata["affected_users"] == 3
    assert any("Stripe's status" in text for text in alert.recommendations)
    assert any("retry" in text for text in alert.recommendations)
    assert alert.priority == AlertPriority.MEDIUM


def test_channels_are_named_by_kind(alert_service: AlertService) -> None:
    alert = Alert(
        alert_type="x",
        title="t",
        message="m",
        notification_channels=[
            NotificationChannel.EMAIL,
            NotificationChannel.SMS,
            NotificationChannel.SLACK,
            NotificationChannel.WEBHOOK,
            NotificationChannel.DISCORD,
            NotificationChannel.DASHBOARD,
        ],
    )
    assert alert_service.create_alert(alert).notification_channels == alert.notification_channels
    assert NotificationChannel.TEAMS.value == "TEAMS"


def test_the_life_cycle_as_written(db: Session, alert_service: AlertService) -> None:
    put(db, 123)
    put(db, 456)
    alert_service.acknowledge_alert(
        alert_id=123,
        acknowledged_by="admin@myhibachi.com",
        notes="Investigating slow query, checking execution plan",
    )
    alert_service.resolve_alert(
        alert_id=123,
        resolved_by="admin@myhibachi.com",
        resolution_notes="Added composite index on (customer_id, status). Query now takes 45ms.",
    )
    alert_service.suppress_alert(
        alert_id=456,
        suppressed_by="admin@myhibachi.com",
        reason="Planned database maintenance",
        duration_hours=2,
    )
    assert alert_service.get_alert(123).status == AlertStatus.RESOLVED
    assert alert_service.get_alert(456).status == AlertStatus.SUPPRESSED


def test_patterns_are_printed_as_written(alert_service: AlertService, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(6):
        alert_service.create_system_alert("cpu_percent", 95, 80, f"web-{number}")
    patterns = alert_service.get_alert_patterns(days=7)

    print(f"Total alerts: {patterns['total_alerts']}")
    print(f"Most common: {patterns['most_common_type']}")
    print(f"Peak hour: {patterns['peak_hour']}:00")
    print(f"Avg resolution: {patterns['avg_resolution_time_minutes']} minutes")
    for alert_type, count in patterns["type_distribution"].items():
        print(f"  {alert_type}: {count}")
    for hour, count in enumerate(patterns["hourly_distribution"]):
        if count > 5:
            print(f"⚠️ High alert volume at {hour}:00 ({count} alerts)")

    told = capsys.readouterr().out
    assert "Total alerts: 6" in told
    assert "Most common: system_cpu_percent" in told
    assert "  system_cpu_percent: 6" in told


def test_metadata_may_be_assigned_as_a_whole(alert_service: AlertService) -> None:
    alert = alert_service.create_system_alert("cpu_percent", 95, 80, "web-1")
    alert.metadata = {
        "query": "SELECT * FROM...",
        "execution_plan": "Seq Scan...",
        "recommendations": [...],
        "stack_trace": "...",
        "related_logs": "/var/log/...",
        "affected_users": 15,
        "top_processes": [...],
    }
    assert alert_service.get_alert(alert.id).metadata["affected_users"] == 15


def test_a_health_monitor_of_ones_own(db: Session) -> None:
    psutil = SimpleNamespace(cpu_percent=lambda: 97.0)
    socket = SimpleNamespace(gethostname=lambda: "here")

    class SystemHealthMonitor:
        cpu_threshold = 80

        def __init__(self) -> None:
            self.alert_service = AlertService(db)

        def check_cpu(self) -> None:
            cpu_percent = psutil.cpu_percent()

            if cpu_percent > self.cpu_threshold:
                self.alert_service.create_system_alert(
                    metric_name="cpu_percent",
                    current_value=cpu_percent,
                    threshold_value=self.cpu_threshold,
                    resource=socket.gethostname(),
                )

    SystemHealthMonitor().check_cpu()
    assert AlertService(db).get_alert(1).resource == "here"


def test_prometheus_metrics_as_written(alert_service: AlertService) -> None:
    def get_p95_response_time() -> float:
        return 1.25

    p95 = get_p95_response_time()

    if p95 > 1.0:
        alert_service.create_performance_alert(
            metric_name="api_response_time_ms",
            current_value=p95 * 1000,
            threshold_value=1000,
            resource="/api/bookings",
            percentile="P95",
        )
    alert = alert_service.get_alert(1)
    assert alert.alert_type == "performance_api_response_time_ms"
    assert alert.message == "P95 API Response Time is at 1250 ms (threshold: 1000 ms, exceeded by 25.0%)"
    assert alert.priority == AlertPriority.HIGH


def test_sentrys_hook_as_written(alert_service: AlertService) -> None:
    def sentry_before_send(event: Any, hint: Any) -> Any:
        alert_service.create_application_error_alert(
            error_type=event["exception"]["values"][0]["type"],
            error_message=event["exception"]["values"][0]["value"],
            stack_trace=str(hint["exc_info"]),
            source=event["request"]["url"],
        )
        return event

    event = {"exception": {"values": [{"type": "KeyError", "value": "'id'"}]}, "request": {"url": "https://x/y"}}
    assert sentry_before_send(event, {"exc_info": (KeyError, KeyError("id"), None)}) is event
    assert alert_service.get_alert(1).resource == "https://x/y"


def test_the_documents_own_tests(db: Session) -> None:
    service = AlertService(db)

    alert = service.create_system_alert(
        metric_name="cpu_percent",
        current_value=95,
        threshold_value=80,
        resource="test-server",
    )

    assert alert.priority == AlertPriority.CRITICAL
    assert "exceeded by" in alert.message
    assert len(alert.metadata["recommendations"]) > 0

    alert1 = service.create_system_alert("memory_percent", 90, 80, "test-server")
    alert2 = service.create_system_alert("memory_percent", 90, 80, "test-server")

    assert alert1.id == alert2.id
    assert alert2.notification_count == 2
