"""From the outbox to alerts: once, in order, and whole, whatever happens in between."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from tests.support.alerts import NOON, changes, make, minutes, rows, see
from tests.support.heartbeats import KEY, add_heartbeat
from tests.support.history import add_site, record, saw
from tocsin import AlertPriority, AlertStatus, Database, MonitorStatus
from tocsin.alerts.alerting import Alerting, AlertingPlan
from tocsin.alerts.clock import do_due
from tocsin.alerts.intake import take_in
from tocsin.model.alerting.steps import FlappingPlan
from tocsin.model.enums import Cause, Phase
from tocsin.model.times import utcnow
from tocsin.storage.alerts.recording import Handling
from tocsin.storage.alerts.tail import LIMIT, REMEMBERED, Tail
from tocsin.storage.rules.values import watched_websites
from tocsin.storage.tables.records import OutboxEvent

UP, DOWN, DEGRADED = MonitorStatus.UP, MonitorStatus.DOWN, MonitorStatus.DEGRADED
HANDLING = Handling()


def look(database: Database, site: int, *statuses: MonitorStatus, start: float = 0) -> None:
    """Record one check a minute."""
    facts: dict[MonitorStatus, dict[str, Any]] = {
        DOWN: {"address": "192.0.2.14", "addresses": ("192.0.2.14",)},
        DEGRADED: {"cause": Cause.SLOW, "phase": Phase.LATENCY, "message": "Took 900 ms"},
    }
    for number, status in enumerate(statuses):
        record(database, site, saw(minutes(start + number), status, **facts.get(status, {})))


def unhandled(database: Database) -> list[int]:
    with database.session() as db:
        return list(db.scalars(select(OutboxEvent.id).where(OutboxEvent.handled_at.is_(None))))


def test_a_website_that_goes_down_and_comes_back_is_one_alert(database: Database) -> None:
    site = add_site(database, name="Shop", tags=["a"])
    look(database, site, UP, DOWN, DOWN, UP)
    assert take_in(database, minutes(9), HANDLING) == 2
    (alert,) = rows(database)
    assert alert.title == "Shop is down since 12:01 UTC"
    assert alert.message == "nobody listens"
    assert (alert.status, alert.priority, alert.source) == (AlertStatus.RESOLVED, AlertPriority.CRITICAL, "website")
    assert (alert.first_seen_at, alert.resolved_at) == (minutes(1), minutes(3))
    assert alert.resolution_notes == "It was down for 2 min; it answers HTTP 200 in 20 ms"
    assert alert.alert_metadata["address"] == "192.0.2.14"
    assert alert.alert_metadata["last_good_at"] == "2026-03-01T12:00:00Z"
    assert "The last good check was at 2026-03-01 12:00:00 UTC, 1 min before" in alert.alert_metadata["evidence"]
    assert any("ss -ltnp" in one for one in alert.alert_metadata["recommendations"])
    assert changes(database) == [("opened", "new", True), ("resolved", "recovered", True)]
    assert unhandled(database) == []
    assert take_in(database, minutes(9), HANDLING) == 0


def test_a_heartbeats_key_is_in_no_alert_and_no_rules_labels(database: Database) -> None:
    site = add_heartbeat(database, name="Backup")
    record(database, site, saw(minutes(0), UP))
    record(database, site, saw(minutes(1), DOWN, cause=Cause.HEARTBEAT_MISSED, message=""))
    assert take_in(database, minutes(9), HANDLING) == 1
    (alert,) = rows(database)
    told = (alert.title, alert.message, alert.labels, alert.alert_metadata, alert.group_key)
    assert KEY not in repr(told)
    assert alert.alert_metadata["url"] == "heartbeat:********"
    with database.engine.connect() as connection:
        assert KEY not in repr(watched_websites(connection))


def test_degraded_then_down_then_degraded_again(database: Database) -> None:
    site = add_site(database)
    look(database, site, UP, DEGRADED, DOWN, DEGRADED, UP)
    take_in(database, minutes(9), HANDLING)
    degraded, down = rows(database)
    assert (degraded.alert_type, down.alert_type) == ("website_degraded", "website_down")
    assert degraded.status is down.status is AlertStatus.RESOLVED
    assert changes(database, degraded.id) == [
        ("opened", "new", True), ("resolved", "superseded", False),
        ("reopened", "recurred_within_window", True), ("resolved", "recovered", True),
    ]  # fmt: skip


def test_events_of_before_an_outage_are_told_late(database: Database) -> None:
    site = add_site(database)
    look(database, site, UP, DOWN)
    take_in(database, minutes(60 * 24), HANDLING)
    (alert,) = rows(database)
    assert (alert.status, alert.first_seen_at) == (AlertStatus.ACTIVE, minutes(1))
    assert changes(database) == [("opened", "new", True)]


def test_websites_of_one_address_have_one_group(database: Database) -> None:
    for _ in range(2):
        look(database, add_site(database), UP, DOWN)
    take_in(database, minutes(9), HANDLING)
    assert {alert.group_key for alert in rows(database)} == {"website:192.0.2.14"}


def test_a_website_that_was_renamed_while_down_still_resolves(database: Database) -> None:
    site = add_site(database, name="Old")
    look(database, site, UP, DOWN)
    take_in(database, minutes(2), HANDLING)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE websites SET name = 'New', url = 'https://new.example'"))
    look(database, site, UP, start=3)
    take_in(database, minutes(4), HANDLING)
    assert [alert.status for alert in rows(database)] == [AlertStatus.RESOLVED]


def put_event(database: Database, site: int, kind: str, reason: str, details: dict[str, Any]) -> None:
    with database.write_transaction() as connection:
        values = {"kind": kind, "website_id": site, "reason": reason, "details": details, "occurred_at": NOON}
        connection.execute(insert(OutboxEvent).values(from_status=UP, to_status=UP, **values))


def test_certificates_rise_as_their_days_run_out_and_resolve_when_renewed(database: Database) -> None:
    site = add_site(database, name="Shop")
    for days in (14, 3, 1):
        details = {"days_left": days, "not_after": "2026-03-15T12:00:00Z"}
        put_event(database, site, "website.certificate", "certificate_expires", details)
    take_in(database, minutes(1), HANDLING)
    (alert,) = rows(database)
    assert (alert.alert_type, alert.priority, alert.website_id) == ("certificate_expiry", AlertPriority.CRITICAL, site)
    assert [change[0] for change in changes(database)] == ["opened", "raised", "raised"]
    put_event(database, site, "website.certificate", "certificate_renewed", {})
    take_in(database, minutes(2), HANDLING)
    assert rows(database)[0].status is AlertStatus.RESOLVED


def test_our_own_blindness_is_one_alert(database: Database) -> None:
    site = add_site(database)
    for _ in range(2):
        put_event(database, site, "vantage.blind", "vantage_blind", {})
    take_in(database, minutes(1), HANDLING)
    (alert,) = rows(database)
    assert (alert.priority, alert.notification_count) == (AlertPriority.HIGH, 2)
    put_event(database, site, "vantage.blind", "vantage_sees_again", {})
    put_event(database, site, "something.else", "whatever", {})
    assert take_in(database, minutes(2), HANDLING) == 2
    assert rows(database)[0].status is AlertStatus.RESOLVED
    assert unhandled(database) == []


def test_a_broken_event_is_left_alone_and_holds_up_nobody(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    broken, well = add_site(database), add_site(database)
    look(database, broken, UP, DOWN)
    look(database, well, UP, DOWN)
    with database.engine.begin() as connection:
        first = connection.scalar(select(OutboxEvent.id).where(OutboxEvent.website_id == broken))
        connection.execute(update(OutboxEvent).where(OutboxEvent.id == first).values(details=["no", "mapping"]))
    assert take_in(database, minutes(9), HANDLING) == 1
    assert [alert.website_id for alert in rows(database)] == [well]
    assert f"event {first} could not be taken in; it is tried again in 5 minutes" in caplog.text
    assert take_in(database, minutes(13), HANDLING) == 0
    with database.engine.begin() as connection:
        connection.execute(update(OutboxEvent).where(OutboxEvent.id == first).values(details={}))
    assert take_in(database, minutes(14), HANDLING) == 1
    assert len(rows(database)) == 2


def test_of_two_processes_one_takes_events_in_at_a_time(postgres_url: str) -> None:
    database = Database(postgres_url)
    look(database, add_site(database), UP, DOWN)
    others = []

    def meanwhile(point: str) -> None:
        if point == "taken":
            others.append(take_in(database, minutes(9), HANDLING))

    assert take_in(database, minutes(9), HANDLING, at=meanwhile) == 1
    assert others == [0]
    assert len(changes(database)) == 1
    database.dispose()


KILLED = """
    import os, signal, sys
    from datetime import datetime
    from tocsin import Database
    from tocsin.alerts.intake import take_in
    from tocsin.storage.alerts.recording import Handling

    def die(point):
        if point == sys.argv[2]:
            os.kill(os.getpid(), signal.SIGKILL)

    take_in(Database(sys.argv[1]), datetime.fromisoformat(sys.argv[3]), Handling(), at=die)
"""


@pytest.mark.parametrize(("point", "left"), [("taken", 2), ("recorded", 2), ("marked", 2), ("committed", 0)])
def test_a_kill_at_any_point_loses_nothing_and_doubles_nothing(database: Database, point: str, left: int) -> None:
    look(database, add_site(database), UP, DOWN, UP)
    url = database.url.render_as_string(hide_password=False)
    now = minutes(9).isoformat()
    code = textwrap.dedent(KILLED)
    done = subprocess.run([sys.executable, "-c", code, url, point, now], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert len(unhandled(database)) == left
    assert take_in(database, minutes(10), HANDLING) == left
    (alert,) = rows(database)
    assert (alert.status, alert.notification_count) == (AlertStatus.RESOLVED, 1)
    assert [change[0] for change in changes(database)] == ["opened", "resolved"]


def test_the_clock_works_in_batches(database: Database) -> None:
    see(database, *(make(f"t{number}", ttl_s=60) for number in range(25)))
    assert do_due(database, minutes(1), FlappingPlan(), limit=10) == 25
    assert do_due(database, minutes(1), FlappingPlan(), limit=10) == 0
    assert {alert.status for alert in rows(database)} == {AlertStatus.EXPIRED}


def wait_for(condition: Any) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not happen within 20 s"
        time.sleep(0.02)


def test_alerting_takes_in_what_waits_does_what_is_due_and_tells_every_change(database: Database) -> None:
    look(database, add_site(database, name="Shop"), UP, DOWN)
    told: list[dict[str, Any]] = []
    alerting = Alerting(database, AlertingPlan(poll_s=0.05), told.extend)
    alerting.start()
    try:
        wait_for(lambda: told)
        see(database, make(ttl_s=0.1), at=utcnow())  # as another process would
        alerting.wake()
        wait_for(lambda: len(told) == 3)
    finally:
        alerting.stop()
    assert [(one["change"], one["status"], one["alert_type"]) for one in told] == [
        ("opened", "ACTIVE", "website_down"), ("opened", "ACTIVE", "disk_full"), ("expired", "EXPIRED", "disk_full")
    ]  # fmt: skip
    assert told[0]["title"] == "Shop is down since 12:01 UTC"
    assert told[0]["website_id"] is not None


def test_a_storm_is_told_change_by_change_each_once(database: Database) -> None:
    with database.engine.connect() as connection:
        tail = Tail(connection)
    for first in range(0, 8000, 2000):
        see(database, *(make(f"storm_{number}") for number in range(first, first + 2000)))
    heard: list[int] = []
    while True:
        with database.engine.connect() as connection:
            batch = tail.read(connection)
        if not batch:
            break
        heard += [one["change_id"] for one in batch]
    assert len(heard) == len(set(heard)) == 8000
    assert len(tail._told) <= REMEMBERED + LIMIT


def test_alerting_outlives_a_database_that_fails(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    database = Database(tmp_path / "x.db")
    alerting = Alerting(database, AlertingPlan(poll_s=0.02))
    alerting.start()
    hidden = tmp_path / "hidden"
    database.dispose()
    for suffix in ("", "-wal", "-shm"):
        if (tmp_path / f"x.db{suffix}").exists():
            os.rename(tmp_path / f"x.db{suffix}", f"{hidden}{suffix}")  # noqa: PTH104 (two names of one file)
    (tmp_path / "x.db").mkdir()
    wait_for(lambda: "alerting waits for the database" in caplog.text)
    alerting.stop()
    assert not alerting._thread.is_alive()
    database.dispose()


def test_an_alerting_that_never_started_stops_at_once(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db")
    alerting = Alerting(database)
    assert alerting.step() is False
    alerting.stop()
    database.dispose()
