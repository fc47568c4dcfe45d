"""AlertService in somebody's program: on any Session, each call committed, metadata that is stored as it is written."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from tests.support.alerts import changes, make, rows
from tocsin import (
    AlertCategory,
    AlertModel,
    AlertPriority,
    AlertService,
    AlertStatus,
    Base,
    Conflict,
    Database,
    Invalid,
    NotFound,
    StorageUnavailable,
)
from tocsin.model.times import utcnow


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    with database.session() as opened:
        yield opened


@pytest.fixture
def service(db: Session) -> AlertService:
    return AlertService(db)


def cpu(service: AlertService, value: float = 92, **fields: Any) -> Any:
    return service.create_system_alert("cpu_percent", value, 80, "web-server-01", **fields)


def test_an_alert_of_a_metric_is_what_was_promised(service: AlertService) -> None:
    alert = cpu(service)
    assert alert.title == "High CPU Usage - web-server-01"
    assert alert.message == "CPU is at 92% (threshold: 80%, exceeded by 15.0%)"
    assert (alert.priority, alert.category, alert.status) == (
        AlertPriority.HIGH, AlertCategory.SYSTEM, AlertStatus.ACTIVE
    )  # fmt: skip
    assert alert.alert_type == "system_cpu_percent"
    assert alert.recommendations == alert.metadata["recommendations"]
    assert len(alert.recommendations) > 2
    assert alert.first_seen_at.tzinfo is not None
    assert alert.is_open
    assert alert.duration_seconds is None
    assert "ACTIVE HIGH" in repr(alert)


def test_each_call_is_committed(service: AlertService, database: Database) -> None:
    cpu(service)
    assert len(rows(database)) == 1
    service.acknowledge_alert(1, "maria", "Looking")
    assert rows(database)[0].acknowledged_by == "maria"


def test_the_same_again_is_the_same_alert(service: AlertService) -> None:
    first, second = cpu(service), cpu(service)
    assert first.id == second.id
    assert second.notification_count == 2


@pytest.mark.parametrize(
    ("write", "found"),
    [
        (lambda one: one.metadata.update({"load": [8.5, 7.2]}), {"load": [8.5, 7.2]}),
        (lambda one: one.metadata.setdefault("processes", []).append({"pid": 1}), {"processes": [{"pid": 1}]}),
        (lambda one: setattr(one, "metadata", {"only": "this"}), {"only": "this"}),
        (lambda one: one.metadata.__setitem__("at", Decimal("1.5")), {"at": "1.5"}),
        (lambda one: one.metadata.pop("value"), {}),
    ],
)
def test_metadata_is_stored_as_it_is_written(
    service: AlertService, database: Database, write: Any, found: dict[str, Any]
) -> None:
    alert = service.create_alert(make(metadata={"value": 1}, recommendations=[]))
    write(alert)
    stored = rows(database)[0].alert_metadata
    assert {name: value for name, value in stored.items() if name not in ("value", "recommendations")} == found
    with database.session() as other:
        assert AlertService(other).get_alert(alert.id).metadata == stored


def test_metadata_assigned_as_a_whole_replaces_it_and_in_place_union_adds(service: AlertService) -> None:
    alert = service.create_alert(make(metadata={"a": 1}, recommendations=[]))
    alert.metadata |= {"b": 2}
    assert service.get_alert(alert.id).metadata == {"a": 1, "b": 2, "recommendations": []}
    alert.metadata = {"c": 3}
    assert service.get_alert(alert.id).metadata == {"c": 3}


def test_two_writers_of_metadata_keep_each_others_keys(database: Database) -> None:
    with database.session() as one, database.session() as other:
        ours = AlertService(one).create_alert(make())
        theirs = AlertService(other).get_alert(ours.id)
        theirs.metadata["theirs"] = {"n": 1}
        ours.metadata["ours"] = 2
        assert ours.metadata["theirs"] == {"n": 1}
        ours.metadata["theirs"]["n"] = 2
    stored = rows(database)[0].alert_metadata
    assert (stored["ours"], stored["theirs"]) == (2, {"n": 2})


def test_writing_to_the_metadata_of_an_alert_that_is_gone_says_so(service: AlertService, db: Session) -> None:
    alert = service.create_alert(make())
    db.execute(text("DELETE FROM monitoring_alerts"))
    db.commit()
    with pytest.raises(NotFound, match="there is no alert 1"):
        alert.metadata["x"] = 1


def test_a_life_with_its_history(service: AlertService) -> None:
    alert = service.create_alert(make())
    service.acknowledge_alert(alert.id, acknowledged_by="maria", notes="Looking")
    with pytest.raises(Conflict, match="alert 1 is acknowledged already by maria at"):
        service.acknowledge_alert(alert.id, acknowledged_by="chen")
    done = service.resolve_alert(alert.id, resolved_by="chen", resolution_notes="Mended")
    assert done.duration_seconds is not None
    assert done.status is AlertStatus.RESOLVED
    with pytest.raises(Conflict, match="was resolved by chen"):
        service.suppress_alert(alert.id, "maria", "late")
    history = service.get_alert_history(alert.id)
    assert [(one.kind, one.actor, one.from_status, one.to_status, one.note) for one in history] == [
        ("opened", "tocsin", None, "ACTIVE", None),
        ("acknowledged", "maria", "ACTIVE", "ACKNOWLEDGED", "Looking"),
        ("resolved", "chen", "ACKNOWLEDGED", "RESOLVED", "Mended"),
    ]


def test_a_suppression_lasts_the_hours_that_were_given(service: AlertService) -> None:
    alert = service.create_alert(make())
    muted = service.suppress_alert(alert.id, suppressed_by="maria", reason="Planned work", duration_hours=2)
    assert muted.suppressed_until is not None
    assert timedelta(hours=1.9) < muted.suppressed_until - utcnow() <= timedelta(hours=2)
    for hours in (0, -1, float("inf"), float("nan")):
        with pytest.raises(Invalid):
            service.suppress_alert(alert.id, "maria", "x", hours)


def test_whoever_decides_must_be_named_and_what_is_not_there_is_not_found(service: AlertService) -> None:
    alert = service.create_alert(make())
    for name in ("", " ", "x" * 256):
        with pytest.raises(Invalid):
            service.resolve_alert(alert.id, name)
    for call in (service.get_alert, service.get_alert_history, lambda one: service.resolve_alert(one, "maria")):
        with pytest.raises(NotFound, match="there is no alert 99"):
            call(99)


def test_alerts_are_listed_by_what_is_asked(service: AlertService) -> None:
    service.create_alert(make("a", priority=AlertPriority.LOW))
    service.create_alert(make("b", priority=AlertPriority.CRITICAL, category=AlertCategory.DATABASE))
    service.create_alert(make("c", title="100% wrong", source="cli"))
    service.resolve_alert(3, "maria")
    assert [one.alert_type for one in service.get_active_alerts()] == ["b", "a"]
    assert [one.alert_type for one in service.get_active_alerts(limit=1)] == ["b"]
    assert [one.alert_type for one in service.get_alerts()] == ["c", "b", "a"]
    assert [one.alert_type for one in service.get_alerts(skip=1, limit=1)] == ["b"]
    assert service.count_alerts() == 3
    for filters, types in (
        ({"status": "resolved"}, ["c"]),
        ({"status": [AlertStatus.ACTIVE]}, ["b", "a"]),
        ({"priority": "low"}, ["a"]),
        ({"category": AlertCategory.DATABASE}, ["b"]),
        ({"alert_type": "a"}, ["a"]),
        ({"resource": "db-1", "source": "cli"}, ["c"]),
        ({"text": "100%"}, ["c"]),
        ({"text": "%"}, ["c"]),
        ({"since": utcnow() + timedelta(hours=1)}, []),
        ({"until": utcnow() + timedelta(hours=1)}, ["c", "b", "a"]),
        ({"is_flapping": True}, []),
        ({"website_id": 1}, []),
    ):
        assert [one.alert_type for one in service.get_alerts(**filters)] == types, filters


def test_what_ended_before_it_was_open_cannot_be_reported(service: AlertService) -> None:
    with pytest.raises(Invalid, match="ends_at lies in the past"):
        service.create_alert(make(ends_at=utcnow() - timedelta(hours=1)))


def test_a_call_that_fails_leaves_nothing_behind(service: AlertService, db: Session) -> None:
    db.add(AlertModel(alert_type="x", title="t", message="m", priority="HIGH", category="SYSTEM"))
    with pytest.raises(NotFound):
        service.resolve_alert(99, "maria")
    assert service.count_alerts() == 0


def test_ones_own_recommendations_come_from_a_file(db: Session, tmp_path: Path) -> None:
    book = tmp_path / "advice.toml"
    book.write_text('"system_cpu*" = ["Call the team of {resource}"]\n', encoding="utf-8")
    alert = AlertService(db, recommendations=book).create_system_alert("cpu_percent", 92, 80, "web-1")
    assert alert.recommendations[0] == "Call the team of web-1"
    (tmp_path / "advice.json").write_text('{"cpu_*": "{colour}"}', encoding="utf-8")
    with pytest.raises(Invalid, match=r"advice\.json: 'cpu_\*'.*there is no \{colour\}"):
        AlertService(db, recommendations=str(tmp_path / "advice.json"))
    with pytest.raises(Invalid, match="nothing-here"):
        AlertService(db, recommendations=tmp_path / "nothing-here.toml")


def test_an_engine_in_memory_that_knows_nothing_of_tocsin_is_enough() -> None:
    engine = create_engine("sqlite:///:memory:")
    Base.metadata.create_all(engine)
    with Session(engine) as db:
        alert = AlertService(db).create_application_error_alert("KeyError", "'id'", source="shop", error_count=7)
        assert alert.priority is AlertPriority.HIGH
        alert.metadata["seen"] = True
        assert AlertService(db).get_alert(alert.id).metadata["seen"] is True
    engine.dispose()


def test_a_database_that_is_held_for_too_long_is_unavailable(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}", connect_args={"timeout": 0.01})
    Base.metadata.create_all(engine)
    with engine.connect() as holder, Session(engine) as db:
        holder.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable, match="locked"):
            AlertService(db).create_alert(make())
        holder.rollback()
        assert AlertService(db).create_alert(make()).id == 1
    engine.dispose()


def test_patterns_are_read_from_the_database(service: AlertService, database: Database) -> None:
    for value in (90, 91, 92, 93, 95):
        alert = service.create_system_alert("queue_length", value, 80, f"web-{value}")
        service.resolve_alert(alert.id, "maria")
    cpu(service)
    found = service.get_alert_patterns(days=7)
    assert found["total_alerts"] == 6
    assert found["most_common_type"] == "system_queue_length"
    now = utcnow()
    assert found["peak_hour"] in (now.hour, (now - timedelta(minutes=1)).hour)
    assert sum(map(sum, found["weekday_hour_matrix"])) == 6
    assert found["weekday_hour_matrix"][now.weekday()][now.hour] == 6 or now.minute == 0
    assert found["avg_resolution_time_minutes"] == pytest.approx(0, abs=1)
    assert found["noise_share"] == 1.0
    (suggestion,) = [row for row in found["suggestions"] if row["alert_type"] == "system_queue_length"]
    assert suggestion["suggested_threshold"] == pytest.approx(94.6 * 1.2, abs=0.1)
    assert found["resources_count"] == 6
    for days in (0, -1, 9999):
        with pytest.raises(Invalid, match="days must be more than 0"):
            service.get_alert_patterns(days)
    assert len(changes(database)) == 11
