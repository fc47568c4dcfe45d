"""Sightings become alerts: one open at most of a fingerprint, whoever creates it, and every change a row."""

import multiprocessing
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from tests.support.alerts import NOON, changes, make, minutes, rows, see
from tests.support.history import add_site
from tocsin import AlertModel, AlertPriority, AlertService, AlertStatus, Database, Invalid, WebsiteCRUD
from tocsin.model.alerting.sightings import Ending
from tocsin.model.alerting.steps import FlappingPlan
from tocsin.model.alerts import fingerprint_of
from tocsin.storage.alerts import deciding
from tocsin.storage.alerts.deciding import Decision
from tocsin.storage.alerts.due import has_due, settle_due
from tocsin.storage.alerts.recording import Handling, record

TOLD = True
SILENT = False


def decide(database: Database, wanted: AlertStatus, *, at: float = 0, hours: float = 1) -> None:
    with database.write_transaction() as connection:
        until = minutes(at) + timedelta(hours=hours)
        deciding.decide(connection, 1, Decision(wanted, "maria", "a note", until), minutes(at))


def settle(database: Database, at: float, flapping: FlappingPlan | None = None) -> list[str]:
    with database.write_transaction() as connection:
        return [str(one.deed.step.kind) for one in settle_due(connection, minutes(at), flapping or FlappingPlan())]


def test_a_problem_is_one_alert_however_often_it_comes(database: Database) -> None:
    for minute in range(60):
        see(database, make(message=f"{minute} % left"), at=minutes(minute))
    (alert,) = rows(database)
    assert alert.notification_count == 60
    assert alert.first_seen_at == NOON
    assert alert.last_seen_at == minutes(59)
    assert alert.message == "59 % left"
    assert changes(database) == [("opened", "new", TOLD)]


def test_after_its_window_it_is_told_again(database: Database) -> None:
    see(database, make())
    see(database, make(), at=minutes(60))
    see(database, make(), at=minutes(61))
    see(database, make("other", dedup_window_s=60), at=minutes(61))
    see(database, make("other"), at=minutes(62))
    assert changes(database, 1) == [("opened", "new", TOLD), ("repeated", "window_over", TOLD)]
    assert changes(database, 2) == [("opened", "new", TOLD), ("repeated", "window_over", TOLD)]


def test_a_jump_in_severity_raises_the_same_alert_at_once(database: Database) -> None:
    see(database, make(priority=AlertPriority.MEDIUM))
    see(database, make(priority=AlertPriority.CRITICAL, title="Disk really full"), at=minutes(1))
    see(database, make(priority=AlertPriority.LOW, title="Disk a little full"), at=minutes(2))
    (alert,) = rows(database)
    assert (alert.priority, alert.title) == (AlertPriority.CRITICAL, "Disk really full")
    assert changes(database) == [("opened", "new", TOLD), ("raised", "more_severe", TOLD)]


def test_what_recurs_within_the_window_reopens_and_later_is_new(database: Database) -> None:
    see(database, make())
    decide(database, AlertStatus.ACKNOWLEDGED, at=1)
    decide(database, AlertStatus.RESOLVED, at=2)
    assert see(database, make(priority=AlertPriority.HIGH), at=minutes(61))[0].alert_id == 1
    (alert,) = rows(database)
    assert (alert.status, alert.priority, alert.reopened_count) == (AlertStatus.ACTIVE, AlertPriority.HIGH, 1)
    assert (alert.acknowledged_by, alert.resolved_by, alert.resolved_at) == (None, None, None)
    assert alert.starts_at == minutes(61)
    decide(database, AlertStatus.RESOLVED, at=62)
    assert see(database, make(), at=minutes(122))[0].alert_id == 2
    assert [change[0] for change in changes(database, 1)] == [
        "opened", "acknowledged", "resolved", "reopened", "resolved"
    ]  # fmt: skip


@pytest.mark.parametrize("status", [AlertStatus.ACKNOWLEDGED, AlertStatus.SUPPRESSED])
def test_what_is_in_hand_or_mute_stays_so_when_it_repeats(database: Database, status: AlertStatus) -> None:
    see(database, make(), at=minutes(-90))
    decide(database, status)
    see(database, make(), at=minutes(30))
    (alert,) = rows(database)
    assert (alert.status, alert.notification_count) == (status, 2)
    assert changes(database)[1:] == [(status.lower(), status.lower(), SILENT)]


def test_metadata_of_repeats_is_added_to_what_others_wrote(database: Database) -> None:
    see(database, make(metadata={"value": 1}))
    with database.session() as db:
        AlertService(db).get_alert(1).metadata["top_processes"] = ["gunicorn"]
    see(database, make(metadata={"value": 2}, annotations={"summary": "s"}), at=minutes(1))
    (alert,) = rows(database)
    assert alert.alert_metadata == {"value": 2, "top_processes": ["gunicorn"]}
    assert alert.annotations == {"summary": "s"}


def test_an_end_that_is_past_resolves_and_one_to_come_is_the_clocks(database: Database) -> None:
    see(database, make(ends_at=minutes(5)))
    see(database, make(ends_at=minutes(10)), at=minutes(4))
    assert settle(database, 9) == []
    assert settle(database, 10) == ["resolved"]
    see(database, make(), at=minutes(11))
    see(database, make(ends_at=minutes(12)), at=minutes(12))
    assert rows(database)[0].status is AlertStatus.RESOLVED
    assert see(database, make("unheard", ends_at=NOON))[0].reason == "not_open"
    assert len(rows(database)) == 1


def test_a_ttl_expires_what_is_not_seen_again(database: Database) -> None:
    see(database, make(ttl_s=300))
    see(database, make(ttl_s=300), at=minutes(4))
    assert settle(database, 5) == []
    assert settle(database, 9) == ["expired"]
    (alert,) = rows(database)
    assert (alert.status, alert.due_at, alert.resolved_at) == (AlertStatus.EXPIRED, None, minutes(9))
    see(database, make(ttl_s=300), at=minutes(10))
    assert rows(database)[0].status is AlertStatus.ACTIVE


def test_a_suppression_ends_by_itself_and_is_told_to_be_back(database: Database) -> None:
    see(database, make())
    decide(database, AlertStatus.ACKNOWLEDGED)
    decide(database, AlertStatus.SUPPRESSED, hours=0.5)
    with database.engine.connect() as connection:
        assert not has_due(connection, minutes(29))
        assert has_due(connection, minutes(30))
    assert settle(database, 30) == ["returned"]
    assert settle(database, 30) == []
    (alert,) = rows(database)
    assert alert.status is AlertStatus.ACTIVE
    assert (alert.suppressed_by, alert.suppressed_until, alert.acknowledged_by) == (None, None, None)
    assert changes(database)[-1] == ("returned", "suppression_over", TOLD)


def test_what_comes_and_goes_is_told_once_as_flapping_and_once_as_settled(database: Database) -> None:
    plan = FlappingPlan(changes_count=3, window_s=600)
    for minute in range(8):
        ends_at = minutes(minute) if minute % 2 else None
        see(database, make(ends_at=ends_at), at=minutes(minute), handling=Handling(plan))
    told = [kind for kind, _, is_told in changes(database) if is_told]
    assert told == ["opened", "resolved", "reopened", "flapping"]
    silent = [(kind, reason) for kind, reason, is_told in changes(database) if not is_told]
    assert silent == [(kind, "flapping") for kind in ("resolved", "reopened", "resolved", "reopened", "resolved")]
    assert rows(database)[0].flapping_since == minutes(3)
    assert settle(database, 16, plan) == []
    assert settle(database, 17, plan) == ["settled"]
    (alert,) = rows(database)
    assert (alert.status, alert.flapping_since, alert.recent_changes) == (AlertStatus.RESOLVED, None, [])
    assert changes(database)[-1] == ("settled", "quiet", TOLD)


def test_thousands_of_sightings_are_one_transaction(database: Database) -> None:
    storm = [make(f"type_{number % 3000}") for number in range(6000)]
    done = see(database, *storm)
    assert len({one.alert_id for one in done}) == 3000
    assert [one.alert_id for one in done[:3000]] == [one.alert_id for one in done[3000:]]
    assert all(alert.notification_count == 2 for alert in rows(database))
    assert len(changes(database)) == 3000


def test_a_batch_keeps_its_order(database: Database) -> None:
    fingerprint = fingerprint_of("disk_full", "db-1")
    done = see(database, make(), make(ends_at=NOON), make())
    assert [str(one.kind) for one in done] == ["opened", "resolved", "reopened"]
    with database.write_transaction() as connection:
        ended = record(connection, [Ending(fingerprint, NOON, "mended", "by hand"), Ending("no", NOON, "x")], NOON)
    assert [one.reason for one in ended] == ["mended", "not_open"]
    assert rows(database)[0].resolution_notes == "by hand"


def test_a_bad_alert_leaves_its_batch_unwritten(database: Database) -> None:
    with pytest.raises(Invalid, match="an alert needs a title"):
        see(database, make(), make(title=""))
    assert rows(database) == []


def test_advice_is_asked_for_where_an_alert_opens_and_never_again(database: Database) -> None:
    asked: list[str] = []

    def advise(alert: object, at: object) -> list[str]:
        asked.append("asked")
        return ["do it"]

    handling = Handling(advise=advise)
    see(database, make(), make(), make("own", recommendations=[]), handling=handling)
    see(database, make(), handling=handling)
    assert asked == ["asked"]
    assert [alert.alert_metadata["recommendations"] for alert in rows(database)] == [["do it"], []]


def test_an_alert_made_by_hand_has_an_identity(database: Database) -> None:
    with database.session() as db:
        db.add(AlertModel(id=123, alert_type="disk_full", title="t", message="m", priority="HIGH", category="SYSTEM",
                          resource="db-1"))  # fmt: skip
        db.commit()
    assert see(database, make())[0].alert_id == 123


def test_a_fingerprint_has_one_open_alert_even_where_another_process_was_faster(postgres_url: str) -> None:
    database = Database(postgres_url)
    ours = database.engine.connect()
    from tocsin.storage.alerts.recording import record_alerts

    record_alerts(ours, [make()], NOON)
    pool = multiprocessing.get_context("spawn").Pool(1)
    try:
        theirs = pool.apply_async(_create, (postgres_url, 1))
        with pytest.raises(multiprocessing.TimeoutError):
            theirs.get(timeout=3)  # it waits for our transaction
        ours.commit()
        theirs.get(timeout=60)
    finally:
        pool.terminate()
        ours.close()
    (alert,) = rows(database)
    assert alert.notification_count == 2
    database.dispose()


def _create(url: str, times: int) -> None:
    opened = Database(url)
    for _ in range(times):
        with opened.session() as db:
            AlertService(db).create_alert(make())
    opened.dispose()


@pytest.mark.slow
def test_processes_that_create_the_same_alert_at_once_make_one(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.starmap(_create, [(url, 50)] * 4)
    (alert,) = rows(database)
    assert alert.notification_count == 200
    assert changes(database) == [("opened", "new", TOLD)]


def test_the_alerts_of_a_website_that_is_deleted_resolve_and_stay(database: Database) -> None:
    site = add_site(database)
    see(database, make("website_down", website_id=site), make("other"))
    with database.session() as db:
        WebsiteCRUD.delete(db, site)
    down, other = rows(database)
    assert (down.status, down.resolution_notes, down.website_id) == (AlertStatus.RESOLVED, "website deleted", None)
    assert other.status is AlertStatus.ACTIVE
    assert changes(database, down.id)[-1] == ("resolved", "website_deleted", TOLD)


def test_the_database_itself_refuses_a_second_open_alert(database: Database) -> None:
    see(database, make())
    table = AlertModel.__table__
    with database.engine.connect() as connection:
        row = dict(connection.execute(select(table)).mappings().one())
        with pytest.raises(Exception, match=r"(?i)unique"):
            connection.execute(insert(table), {**row, "id": 99})  # type: ignore[arg-type]
