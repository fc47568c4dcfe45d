"""What is old goes, in batches; everything else stays."""

import random
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.support.history import (
    HOUR_US,
    add_site,
    fold_all,
    random_rows,
    record,
    saw,
    store_rows,
    stored_rollups,
    take_all,
)
from tocsin import Database, DebugSession, MonitorCheck, MonitorCheckCRUD, MonitorStatus, NetworkEvent, NetworkEventType
from tocsin.model.times import to_epoch_us
from tocsin.storage.evidence import good_evidence_of
from tocsin.storage.history import retention
from tocsin.storage.history.retention import Retention
from tocsin.storage.tables.records import CheckEvidence, DailyRollup, OutboxEvent, UnknownWindow

NOW = datetime(2026, 3, 20, 15, 30, tzinfo=UTC)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def test_the_defaults_are_those_that_were_promised() -> None:
    assert Retention() == Retention(
        checks_days=30, phases_days=60, hours_days=365, unknown_days=400, events_days=90, debug_days=90
    )
    assert retention.cut_off(NOW, 30) == days_ago(30)


def test_a_website_s_old_checks_go_in_batches_and_nothing_else(database: Database, db: Session) -> None:
    dice = random.Random(1)
    sites = [add_site(database), add_site(database)]
    rows = [row for site in sites for row in random_rows(site, dice, days_ago(60), NOW, 300)]
    store_rows(database, rows, NOW)
    before = stored_rollups(database)
    with database.engine.connect() as connection:
        assert retention.website_ids(connection) == sites
    limit = to_epoch_us(days_ago(30))
    old = sum(row.checked_at_us < limit and row.website_id == sites[0] for row in rows)
    removed = take_all(database, retention.website_trims(sites[0], NOW, Retention(phases_days=999)))
    assert removed == [50] * (old // 50) + ([old % 50] if old % 50 else [])
    kept = MonitorCheckCRUD.get_by_website(db, sites[0], limit=1000)[0]
    expected = sorted(row.checked_at_us for row in rows if row.website_id == sites[0] and row.checked_at_us >= limit)
    assert [to_epoch_us(check.checked_at) for check in reversed(kept)] == expected
    assert MonitorCheckCRUD.get_by_website(db, sites[1])[1] == 300
    assert stored_rollups(database) == before


def test_old_checks_of_all_websites_go_in_the_order_they_were_stored(database: Database, db: Session) -> None:
    dice = random.Random(4)
    sites = [add_site(database), add_site(database)]
    rows = [row for site in sites for row in random_rows(site, dice, days_ago(60), NOW, 200)]
    rows.sort(key=lambda row: row.checked_at_us)
    store_rows(database, rows, NOW)
    limit = to_epoch_us(days_ago(30))
    take_all(database, retention.common_trims(NOW, Retention()))
    left = sorted(map(to_epoch_us, db.scalars(select(MonitorCheck.checked_at))))
    assert left == [row.checked_at_us for row in rows if row.checked_at_us >= limit]


def test_an_old_check_that_was_stored_late_is_found_by_its_website(database: Database, db: Session, site: int) -> None:
    young = random_rows(site, random.Random(5), days_ago(20), NOW, 200)
    store_rows(database, [*young, *random_rows(site, random.Random(6), days_ago(50), days_ago(40), 10)], NOW)
    assert take_all(database, retention.common_trims(NOW, Retention())) == []
    take_all(database, retention.website_trims(site, NOW, Retention()))
    assert db.scalar(select(func.count(MonitorCheck.id))) == 200


def test_evidence_goes_with_its_check_but_the_last_good_one_stays(database: Database, db: Session, site: int) -> None:
    stored = record(
        database,
        site,
        saw(days_ago(40)),
        saw(days_ago(39), MonitorStatus.DOWN),
        saw(days_ago(1), MonitorStatus.DOWN),
    )
    assert take_all(database, retention.common_trims(NOW, Retention())) == [2]
    assert list(db.scalars(select(CheckEvidence.check_id))) == [stored[2].check_id]
    assert list(db.scalars(select(MonitorCheck.id))) == [stored[2].check_id]
    assert good_evidence_of(db, site) is not None


def test_phases_go_after_sixty_days_and_hours_after_a_year(database: Database, db: Session, site: int) -> None:
    rows = random_rows(site, random.Random(2), days_ago(400), NOW, 400)
    store_rows(database, rows, NOW)
    fold_all(database, NOW)
    before = stored_rollups(database)
    assert max(take_all(database, retention.website_trims(site, NOW, Retention()), limit=20)) == 20
    after = stored_rollups(database)
    assert after["days"] == before["days"]
    year, two_months = (to_epoch_us(days_ago(days)) // HOUR_US for days in (365, 60))
    assert set(after["hours"]) == {key for key in before["hours"] if key[1] >= year}
    for key, numbers in after["hours"].items():
        expected = dict(before["hours"][key])
        if key[1] < two_months:
            expected["phase_histograms"] = None
        assert numbers == expected
    assert db.scalar(select(func.count()).select_from(DailyRollup)) == len(before["days"])


def test_unknown_windows_go_after_their_time(database: Database, db: Session, site: int) -> None:
    record(database, site, *(saw(days_ago(days), MonitorStatus.UNKNOWN) for days in (402, 401, 3)))
    windows = select(UnknownWindow.reason, func.count()).group_by(UnknownWindow.reason).order_by(UnknownWindow.reason)
    assert db.execute(windows).all() == [("gap", 2), ("unknown", 3)]
    take_all(database, retention.website_trims(site, NOW, Retention(checks_days=9999)))
    assert db.execute(windows).all() == [("gap", 1), ("unknown", 1)]  # the gap ended three days ago


def test_events_go_once_they_are_handled_and_old(database: Database, db: Session, site: int) -> None:
    statuses = (MonitorStatus.UP, MonitorStatus.DOWN, MonitorStatus.UP, MonitorStatus.DOWN)
    record(database, site, *(saw(days_ago(200 - number), status) for number, status in enumerate(statuses)))
    first, second, third = db.scalars(select(OutboxEvent).order_by(OutboxEvent.id)).all()
    first.handled_at, second.handled_at = days_ago(91), days_ago(89)
    kept = [second.id, third.id]  # nobody has heard of the third yet
    db.commit()
    take_all(database, retention.common_trims(NOW, Retention(checks_days=9999)))
    assert db.scalars(select(OutboxEvent.id).order_by(OutboxEvent.id)).all() == kept


def test_debug_sessions_go_with_what_they_recorded(database: Database, db: Session, site: int) -> None:
    for key, days in (("old", 91), ("young", 89)):
        session = DebugSession(website_id=site, session_key=key, started_at=days_ago(days))
        session.network_events = [
            NetworkEvent(event_type=NetworkEventType.REQUEST, url=f"https://{key}.example") for _ in range(120)
        ]
        db.add(session)
    db.commit()
    assert take_all(database, retention.common_trims(NOW, Retention())) == [50, 50, 20, 1]
    assert db.scalars(select(DebugSession.session_key)).all() == ["young"]
    assert db.scalars(select(NetworkEvent.url).distinct()).all() == ["https://young.example"]


def test_free_pages_are_given_back(database: Database, site: int) -> None:
    store_rows(database, random_rows(site, random.Random(3), days_ago(60), days_ago(31), 3000), NOW)
    take_all(database, retention.common_trims(NOW, Retention()))
    with database.engine.connect() as connection:
        assert bool(retention.free_pages(connection)) is database.is_sqlite
        while left := retention.free_pages(connection):
            retention.release_pages(connection, 10)
            assert left - retention.free_pages(connection) <= 11  # a page of the map of pages may go with them
