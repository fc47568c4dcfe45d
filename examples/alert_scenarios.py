"""Eight problems as alerts that say what, where, by how much, why, and what to do.

    python examples/alert_scenarios.py

They go into a database in memory; give `AlertService` a Session of your own database, or of `get_db()`, instead.
"""

from collections.abc import Callable

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from tocsin import Alert, AlertCategory, AlertPriority, AlertService, Base, NotificationChannel


def database_slow_query(service: AlertService) -> int:
    """A query that reads a whole table for want of an index."""
    return service.create_alert(
        Alert(
            alert_type="database_slow_query",
            title="Slow query on orders: 4.8 s",
            message="The list of a customer's orders took 4.8 s (threshold: 1 s, exceeded by 380.0%)",
            priority=AlertPriority.HIGH,
            category=AlertCategory.DATABASE,
            resource="orders",
            metadata={
                "query": "SELECT * FROM orders WHERE customer_id = ?",
                "execution_plan": "Seq Scan on orders (80,000 rows)",
                "evidence": ["80,000 rows were read for 12 that matched", "There is no index on customer_id"],
            },
            recommendations=[
                "Add an index: CREATE INDEX CONCURRENTLY ix_orders_customer ON orders (customer_id)",
                "See the plan again afterwards: EXPLAIN (ANALYZE, BUFFERS) SELECT …",
            ],
            related_logs="/var/log/postgresql/slow_queries.log",
            affected_users=15,
        )
    ).id


def high_cpu(service: AlertService) -> int:
    """A busy machine, and who keeps it busy."""
    alert = service.create_system_alert(
        metric_name="cpu_percent", current_value=92, threshold_value=80, resource="web-server-01"
    )
    alert.metadata["top_processes"] = [{"name": "gunicorn", "cpu": 45.2, "pid": 12345}]
    alert.metadata["evidence"] = ["gunicorn (pid 12345) uses 45 % of the machine", "The load grows: 6.1, 7.2, 8.5"]
    return alert.id


def application_error(service: AlertService) -> int:
    """An exception that keeps people from paying."""
    return service.create_application_error_alert(
        error_type="PaymentAPIError",
        error_message="the provider answered 502",
        stack_trace='Traceback (most recent call last):\n  File "pay.py", line 41, in charge\nPaymentAPIError: 502',
        source="payments",
        affected_endpoint="POST /api/payments",
        affected_users=8,
        error_count=23,
        metadata={"evidence": ["23 failures within 5 minutes, all of one provider"]},
    ).id


def memory_leak(service: AlertService) -> int:
    """A process that only grows."""
    return service.create_alert(
        Alert(
            alert_type="system_memory_leak",
            title="The worker of reports leaks 180 MB an hour",
            message="Its memory grew from 0.4 to 1.9 GB in 8 hours and never fell; the machine is full in 6 hours",
            priority=AlertPriority.HIGH,
            category=AlertCategory.SYSTEM,
            resource="report-worker",
            metadata={"growth_mb_per_hour": 180, "evidence": ["No fall within 8 hours", "It began with release 41"]},
        )
    ).id


def slow_api(service: AlertService) -> int:
    """Response times that crept up."""
    return service.create_performance_alert(
        metric_name="api_response_time_ms",
        current_value=1850,
        threshold_value=1000,
        resource="/api/search",
        percentile="P95",
        metadata={
            "evidence": ["P50 stayed at 140 ms: only some requests are slow", "The pool is full half of the time"]
        },
    ).id


def service_unavailable(service: AlertService) -> int:
    """A database that does not answer."""
    return service.create_alert(
        Alert(
            alert_type="service_unavailable",
            title="PostgreSQL on db-1 is down",
            message="db-1:5432 has refused every connection for 90 s: bookings and payments stand still",
            priority=AlertPriority.CRITICAL,
            category=AlertCategory.AVAILABILITY,
            resource="postgresql",
            metadata={"evidence": ["Port 5432 refuses: nothing listens", "The machine itself answers"]},
            notification_channels=[NotificationChannel.SMS, NotificationChannel.SLACK],
        )
    ).id


def brute_force(service: AlertService) -> int:
    """Somebody who guesses passwords."""
    return service.create_alert(
        Alert(
            alert_type="security_brute_force",
            title="45 failed logins in 5 minutes from 203.0.113.42",
            message="One address has tried 45 passwords on 3 accounts (threshold: 10, exceeded by 350.0%)",
            priority=AlertPriority.CRITICAL,
            category=AlertCategory.SECURITY,
            resource="login",
            metadata={"address": "203.0.113.42", "evidence": ["3 accounts, all of administrators", "No try succeeded"]},
            related_logs="/var/log/app/auth.log",
        )
    ).id


def business_drop(service: AlertService) -> int:
    """Fewer bookings than on any other such day."""
    return service.create_alert(
        Alert(
            alert_type="business_conversion_drop",
            title="35 % fewer bookings than on other Saturdays",
            message="Of 1,000 visitors 22 have booked since noon, where 34 do on other Saturdays",
            priority=AlertPriority.HIGH,
            category=AlertCategory.BUSINESS,
            resource="booking funnel",
            metadata={"evidence": ["Visitors are as many as ever", "They leave at the step of payment"]},
        )
    ).id


SCENARIOS: tuple[Callable[[AlertService], int], ...] = (
    database_slow_query, high_cpu, application_error, memory_leak, slow_api, service_unavailable, brute_force,
    business_drop,
)  # fmt: skip


def main() -> None:
    engine = create_engine("sqlite:///:memory:")
    Base.metadata.create_all(engine)
    with Session(engine) as db:
        service = AlertService(db)
        for scenario in SCENARIOS:
            alert = service.get_alert(scenario(service))
            print(f"{alert.priority:9} {alert.title}\n          {alert.message}")
            for line in alert.metadata["evidence"]:
                print(f"          why: {line}")
            for line in alert.recommendations[:3]:
                print(f"          do:  {line}")
        patterns = service.get_alert_patterns(days=7)
        print(f"{patterns['total_alerts']} alerts, most at {patterns['peak_hour']}:00 UTC")


if __name__ == "__main__":
    main()
