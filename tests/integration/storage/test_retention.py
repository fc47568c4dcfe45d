"""What is old goes, in batches; everything else stays."""

import random
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from tests.support.history import HOUR_US, add_site, fold_all, random_rows, record, saw, store_rows, stored_rollups
from tocsin import Database, MonitorCheck, MonitorCheckCRUD, MonitorStatus
from tocsin.model.times import to_epoch_us
from tocsin.storage.evidence import good_evidence_of
from tocsin.storage.history import retention
from tocsin.storage.history.retention import Retention
from tocsin.storage.tables.records import CheckEvidence, DailyRollup

NOW = datetime(2026, 3, 20, 15, 30, tzinfo=UTC)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def test_the_defaults_are_those_that_were_promised() -> None:
    assert Retention() == Retention(checks_days=30, phases_days=60, hours_days=365)
    assert retention.cut_off(NOW, 30) == days_ago(30)


def test_old_checks_go_in_batches_and_nothing_else(database: Database, db: Session) -> None:
    dice = random.Random(1)
    sites = [add_site(database), add_site(database)]
    rows = [row for site in sites for row in random_rows(site, dice, days_ago(60), NOW, 300)]
    store_rows(database, rows, NOW)
    before = stored_rollups(database)
    with database.engine.connect() as connection:
        assert retention.website_ids(connection) == sites
    limit = to_epoch_us(days_ago(30))
    old = sum(row.checked_at_us < limit and row.website_id == sites[0] for row in rows)
    removed: list[int] = []
    while not removed or removed[-1]:
        with database.write_transaction() as connection:
            removed.append(retention.trim_checks(connection, sites[0], days_ago(30), limit=50))
    assert removed == [50] * (old // 50) + ([old % 50] if old % 50 else []) + [0]
    kept = MonitorCheckCRUD.get_by_website(db, sites[0], limit=1000)[0]
    expected = sorted(row.checked_at_us for row in rows if row.website_id == sites[0] and row.checked_at_us >= limit)
    assert [to_epoch_us(check.checked_at) for check in reversed(kept)] == expected
    assert MonitorCheckCRUD.get_by_website(db, sites[1])[1] == 300
    assert stored_rollups(database) == before


def test_evidence_goes_with_its_check_but_the_last_good_one_stays(database: Database, db: Session, site: int) -> None:
    stored = record(
        database,
        site,
        saw(days_ago(40)),
        saw(days_ago(39), MonitorStatus.DOWN),
        saw(days_ago(1), MonitorStatus.DOWN),
    )
    with database.write_transaction() as connection:
        assert retention.trim_checks(connection, site, days_ago(30)) == 2
    assert list(db.scalars(select(CheckEvidence.check_id))) == [stored[2].check_id]
    assert list(db.scalars(select(MonitorCheck.id))) == [stored[2].check_id]
    assert good_evidence_of(db, site) is not None


def trim(connection: Connection, limit: int = 100) -> int:
    return retention.trim_rollups(connection, NOW, Retention(), limit=limit)


def test_phases_go_after_sixty_days_and_hours_after_a_year(database: Database, db: Session, site: int) -> None:
    rows = random_rows(site, random.Random(2), days_ago(400), NOW, 400)
    store_rows(database, rows, NOW)
    fold_all(database, NOW)
    before = stored_rollups(database)
    changed: list[int] = []
    while not changed or changed[-1]:
        with database.write_transaction() as connection:
            changed.append(trim(connection, limit=20))
    assert max(changed) <= 40
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


def test_free_pages_are_given_back(database: Database, site: int) -> None:
    store_rows(database, random_rows(site, random.Random(3), days_ago(60), NOW, 3000), NOW)
    with database.write_transaction() as connection:
        retention.trim_checks(connection, site, NOW, limit=5000)
    with database.engine.connect() as connection:
        while retention.release_pages(connection):
            pass
        if database.is_sqlite:
            assert connection.exec_driver_sql("PRAGMA freelist_count").scalar_one() == 0
