"""Rules held against real values in both databases, and the alerts they raise and clear."""

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.history import add_site, record, saw
from tocsin import Conflict, Database, Invalid, MonitorStatus, NotFound, WebsiteCRUD, WebsiteUpdate
from tocsin.alerts.rules.loop import RuleLoop, RulesPlan
from tocsin.alerts.rules.monitor import ThresholdMonitor
from tocsin.model.alerts import AlertCategory, AlertPriority, AlertStatus
from tocsin.model.results import Phases
from tocsin.model.times import utcnow
from tocsin.storage.tables.alert_rules import RuleState
from tocsin.storage.tables.alerts import AlertModel

MINUTE = timedelta(minutes=1)


@pytest.fixture
def monitor(db: Session) -> ThresholdMonitor:
    return ThresholdMonitor(db)


@pytest.fixture
def now() -> datetime:
    return utcnow()


def alerts(db: Session) -> list[AlertModel]:
    db.expire_all()
    return list(db.scalars(select(AlertModel).order_by(AlertModel.id)))


def check(database: Database, site: int, at: datetime, total_ms: float | None) -> None:
    """Store a check that took so long; None: it failed."""
    if total_ms is None:
        record(database, site, saw(at, MonitorStatus.DOWN))
    else:
        record(database, site, saw(at, phases=Phases(1, 2, 3, 4, 5, total_ms)))


def test_a_reported_number_that_crosses_becomes_an_alert_and_clears(
    db: Session, monitor: ThresholdMonitor, now: datetime
) -> None:
    monitor.create_rule(
        name="CPU", metric_name="cpu_percent", threshold=80, clear_threshold=70, category="SYSTEM", for_s=60
    )
    for minute, value in enumerate((92, 92, 75, 60)):
        at = now + minute * MINUTE
        monitor.record("cpu_percent", value, at, host="web1")
        monitor.record("cpu_percent", 10, at, host="web2")
        done = monitor.evaluate(at)
        assert (done.fired_count, done.cleared_count) == [(0, 0), (1, 0), (0, 0), (0, 1)][minute]
    (alert,) = alerts(db)
    assert (alert.title, alert.alert_type) == ("CPU - web1", "system_cpu_percent")
    assert alert.message == "cpu_percent is at 92% for 1 min (threshold: > 80%, exceeded by 15.0%)"
    assert (alert.priority, alert.category, alert.resource) == (AlertPriority.HIGH, AlertCategory.SYSTEM, "web1")
    assert (alert.status, alert.resolution_notes) == (AlertStatus.RESOLVED, "cpu_percent is 60 now")
    assert alert.alert_metadata["threshold_value"] == 80
    assert alert.alert_metadata["recommendations"]
    assert db.scalars(select(RuleState)).all() == []


def test_what_gets_worse_while_it_fires_raises_the_same_alert(
    db: Session, monitor: ThresholdMonitor, now: datetime
) -> None:
    monitor.create_rule(name="Errors", metric_name="errors", threshold=10, severity_map={"MEDIUM": 10, "CRITICAL": 100})
    for minute, value in enumerate((20, 30, 200, 150)):
        monitor.record("errors", value, now + minute * MINUTE, service="api")
        monitor.evaluate(now + minute * MINUTE)
        assert alerts(db)[0].priority == ("MEDIUM", "MEDIUM", "CRITICAL", "CRITICAL")[minute]
    assert len(alerts(db)) == 1


def test_websites_are_held_against_their_checks(database: Database, db: Session, monitor: ThresholdMonitor) -> None:
    now = utcnow()
    slow, fast = add_site(database, name="slow", tags=["shop"]), add_site(database, name="fast", tags=["shop"])
    other = add_site(database, name="other")
    for number in range(10):
        at = now - timedelta(seconds=290 - 10 * number)
        check(database, slow, at, 2000 if number > 6 else 100)
        check(database, fast, at, 20)
        check(database, other, at, 5000)
    monitor.create_rule(
        name="Slow", metric_name="website.response_time_ms", aggregation="p90", threshold=800, labels={"tag": "shop"}
    )
    monitor.create_rule(name="Avg", metric_name="website.response_time_ms", aggregation="avg", threshold=4000)
    assert monitor.evaluate(now).fired_count == 2
    assert [(one.title, one.website_id) for one in alerts(db)] == [("Slow - slow", slow), ("Avg - other", other)]
    assert (
        alerts(db)[0].message
        == "p90 of website.response_time_ms is at 2000 ms (threshold: > 800 ms, exceeded by 150.0%)"
    )
    assert alerts(db)[0].labels["website"] == "slow"
    WebsiteCRUD.update(db, slow, WebsiteUpdate(name="renamed"))
    assert monitor.evaluate(now + 6 * MINUTE).cleared_count == 0, "no check has come since: it stays as it was"
    assert monitor.evaluate(now).fired_count == 0, "a renamed website is the same series"


@pytest.mark.parametrize(
    ("metric", "comparison", "threshold", "expected"),
    [
        ("website.error_rate_percent", ">", 30, "is at 40%"),
        ("website.uptime_percent", "<", 99, "is at 60%"),
        ("website.consecutive_failures", ">=", 4, "is at 4 "),
        ("website.up", "<", 1, "is at 0 "),
        ("website.checks_count", ">", 5, "is at 10 "),
        ("website.ttfb_ms", ">", 3, "is at 4 ms"),
    ],
)
def test_each_metric_of_a_website_has_its_value(  # noqa: PLR0917
    database: Database,
    monitor: ThresholdMonitor,
    db: Session,
    metric: str,
    comparison: str,
    threshold: float,
    expected: str,
) -> None:
    now, site = utcnow(), add_site(database)
    for number in range(10):
        check(database, site, now - timedelta(seconds=200 - 10 * number), None if number > 5 else 50)
    monitor.create_rule(name="r", metric_name=metric, comparison=comparison, threshold=threshold)
    assert monitor.evaluate(now).fired_count == 1
    assert expected in alerts(db)[0].message


def test_a_series_that_stops_is_no_data(monitor: ThresholdMonitor, db: Session, now: datetime) -> None:
    monitor.create_rule(name="dead", metric_name="queue", threshold=10, window_s=60, no_data="alert", ttl_s=3600)
    monitor.record("queue", 1, now, service="mail")
    assert monitor.evaluate(now).fired_count == 0
    assert monitor.evaluate(now + 5 * MINUTE).fired_count == 1
    (alert,) = alerts(db)
    assert alert.message == "there is no data of queue (looked back 60 s)"
    assert (alert.priority, alert.resource) == (AlertPriority.HIGH, "service=mail")
    monitor.record("queue", 2, now + 6 * MINUTE, service="mail")
    assert monitor.evaluate(now + 6 * MINUTE).cleared_count == 1


def test_a_metric_nobody_reported_is_no_data_of_the_rule(monitor: ThresholdMonitor, db: Session, now: datetime) -> None:
    monitor.create_rule(name="never", metric_name="nothing", threshold=1, no_data="alert")
    monitor.create_rule(name="quiet", metric_name="nothing", threshold=1)
    assert monitor.evaluate(now).fired_count == 1
    assert alerts(db)[0].title == "never - nothing"


def test_a_rule_that_is_deleted_or_switched_off_ends_its_alerts(
    monitor: ThresholdMonitor, db: Session, now: datetime
) -> None:
    gone = monitor.create_rule(name="gone", metric_name="m", threshold=1)
    off = monitor.create_rule(name="off", metric_name="m", threshold=1)
    monitor.record("m", 5, now)
    assert monitor.evaluate(now).fired_count == 2
    monitor.delete_rule(gone.id)
    monitor.update_rule(off.id, is_enabled=False)
    monitor.evaluate(now + MINUTE)
    assert [one.status for one in alerts(db)] == [AlertStatus.RESOLVED] * 2
    assert db.scalars(select(RuleState)).all() == []
    with pytest.raises(NotFound):
        monitor.delete_rule(gone.id)


def test_another_evaluator_goes_on_where_the_last_one_ended(database: Database, db: Session, now: datetime) -> None:
    first = ThresholdMonitor(db)
    first.create_rule(name="m", metric_name="m", threshold=1, for_s=120)
    for minute in range(4):
        with database.session() as other:
            again = ThresholdMonitor(other)
            again.record("m", 5, now + minute * MINUTE)
            assert again.evaluate(now + minute * MINUTE).fired_count == (minute == 2)
    assert len(alerts(db)) == 1


def test_a_rule_is_tried_on_the_past(database: Database, monitor: ThresholdMonitor) -> None:
    now, site = utcnow(), add_site(database, name="shop")
    for number in range(120):
        check(database, site, now - (120 - number) * MINUTE, 900 if number in (10, 11, 50, 51, 52) else 100)
    seen = monitor.try_rule(1, now, metric_name="website.response_time_ms", threshold=800)
    assert (seen.fired_count, seen.series_count, seen.points_count, seen.step_s) == (2, 1, 120, 60)
    assert [(one.series, one.worst_value) for one in seen.firings] == [("shop", 900)] * 2
    patient = monitor.try_rule(1, now, metric_name="website.response_time_ms", threshold=800, for_s=120)
    assert patient.fired_count == 1
    average = {"aggregation": "avg", "window_s": 600}
    assert monitor.try_rule(1, now, metric_name="website.response_time_ms", threshold=800, **average).fired_count == 0
    with pytest.raises(Invalid, match="is not kept"):
        monitor.try_rule(1, now, metric_name="website.certificate_days", threshold=8)


@pytest.mark.parametrize(
    ("fields", "fired"),
    [
        ({"metric_name": "website.error_rate_percent", "threshold": 30, "window_s": 600}, 1),
        ({"metric_name": "website.uptime_percent", "threshold": 70, "comparison": "<", "window_s": 600}, 1),
        ({"metric_name": "website.checks_count", "threshold": 9.5, "window_s": 600}, 1),
        ({"metric_name": "website.consecutive_failures", "threshold": 2}, 1),
        ({"metric_name": "website.up", "threshold": 1, "comparison": "<"}, 1),
    ],
)
def test_every_kind_of_metric_has_a_past(
    database: Database, monitor: ThresholdMonitor, fields: dict[str, Any], fired: int
) -> None:
    now, site = utcnow(), add_site(database)
    for number in range(60):
        check(database, site, now - (60 - number) * MINUTE, None if 20 <= number < 25 else 100)
    assert monitor.try_rule(1, now, **fields).fired_count == fired


def test_a_reported_metric_has_a_past_too(monitor: ThresholdMonitor, now: datetime) -> None:
    for minute in range(20):
        monitor.record("queue", 50 if minute in (5, 6) else 1, now - (20 - minute) * MINUTE, service="mail", zone="a")
    assert monitor.try_rule(1, now, metric_name="queue", threshold=10).fired_count == 1
    assert monitor.try_rule(1, now, metric_name="queue", threshold=10, labels={"zone": "b"}).series_count == 0


def test_a_rule_that_makes_no_sense_names_every_fault(monitor: ThresholdMonitor) -> None:
    monitor.create_rule(name="a", metric_name="m", threshold=1)
    with pytest.raises(Conflict, match="there is a rule 'a' already"):
        monitor.create_rule(name="a", metric_name="m", threshold=1)
    with pytest.raises(Invalid, match="would still cross > 80"):
        monitor.create_rule(name="b", metric_name="m", threshold=80, clear_threshold=90)
    with pytest.raises(Invalid, match=r"there is no metric 'website\.speed'"):
        monitor.create_rule(name="b", metric_name="website.speed", threshold=80)
    with pytest.raises(Invalid, match=r"aggregation: .*; threshold: "):
        monitor.create_rule(name="b", metric_name="m", aggregation="mode", threshold="high")
    assert [one.name for one in monitor.list_rules()] == ["a"]


def test_a_running_server_samples_itself_and_evaluates(database: Database, tmp_path: Path) -> None:
    told = []
    with database.session() as db:
        ThresholdMonitor(db).create_rule(name="memory", metric_name="memory_percent", comparison=">=", threshold=0)
        ThresholdMonitor(db).create_rule(name="lag", metric_name="tocsin.event_loop_lag_ms", threshold=1)
    plan = RulesPlan(every_s=0.05, data_dir=tmp_path / "not" / "yet")
    loop = RuleLoop(database, plan, lambda: {"tocsin.event_loop_lag_ms": 7.0}, lambda: told.append(1))
    second = RuleLoop(database, plan, dict, lambda: None)
    loop.start()
    try:
        deadline = time.monotonic() + 20
        while not told and time.monotonic() < deadline:
            time.sleep(0.01)
        assert second.round() is None, "one evaluates at a time"
    finally:
        loop.stop()
    with database.session() as db:
        assert sorted(one.alert_type for one in alerts(db)) == [
            "performance_memory_percent", "performance_tocsin.event_loop_lag_ms",
        ]  # fmt: skip
    taken_over = second.round()
    assert taken_over is not None
    assert taken_over.fired_count == 0, "what fires already is known to the next one"
    second.stop()
