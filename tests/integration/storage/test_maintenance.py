"""Maintenance windows and their periods in the database; what uptime leaves out, and what is muted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.support.history import add_site, record, saw
from tocsin import Database, MonitorStatus, WebsiteCRUD
from tocsin.actions import maintenance
from tocsin.errors import Invalid
from tocsin.model.maintenance import MaintenanceWindowCreate, MaintenanceWindowUpdate
from tocsin.model.times import isoformat
from tocsin.storage.history import periods
from tocsin.storage.history.uptime import uptime_of
from tocsin.storage.mutes import load_mutes
from tocsin.storage.tables.alert_rules import MaintenancePeriod

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)  # a Sunday
HOUR = timedelta(hours=1)


def once(start: datetime, end: datetime) -> dict[str, Any]:
    return {"kind": "once", "starts_at": isoformat(start), "ends_at": isoformat(end)}


def plan(db: Session, now: datetime, **fields: Any) -> int:
    window = MaintenanceWindowCreate.model_validate({"name": "planned", **fields})
    return maintenance.create_window(db, window, now=now).id


def recorded(db: Session, website_id: int) -> list[tuple[datetime, datetime]]:
    found = periods.periods_of(db, website_id, NOON - 1000 * HOUR, NOON + 1000 * HOUR)
    return [(one.started_at, one.ended_at) for one in found]


def checks(database: Database, site: int, start: datetime, statuses: str) -> None:
    """Store a check every 5 minutes: U up, D down, ? unknown."""
    names = {"U": MonitorStatus.UP, "D": MonitorStatus.DOWN, "?": MonitorStatus.UNKNOWN}
    at = [start + timedelta(minutes=5 * number) for number in range(len(statuses))]
    record(database, site, *(saw(moment, names[letter]) for moment, letter in zip(at, statuses, strict=True)))


def test_uptime_leaves_maintenance_out_by_time_and_by_checks(database: Database, db: Session, site: int) -> None:
    checks(database, site, NOON, "UUUUUUDDDDDDUUUUUUUUUUUUU")  # down from 12:30 to 13:00
    end = NOON + 2 * HOUR
    before = uptime_of(db, site, 2, end)
    assert (before.checks_count, before.up_count, before.downtime_seconds) == (25, 19, 1800)
    plan(db, end, schedule=once(NOON + HOUR / 2, NOON + HOUR), website_ids=[site])
    after = uptime_of(db, site, 2, end)
    assert (after.checks_count, after.up_count, after.downtime_seconds) == (19, 19, 0)
    assert (after.by_checks_percent, after.by_time_percent, after.unknown_seconds) == (100.0, 100.0, 0)


def test_what_was_counted_at_its_end_is_left_out_when_the_checks_are_gone(
    database: Database, db: Session, site: int
) -> None:
    checks(database, site, NOON, "UUUUUUDDDDDDUUUUUU?UUUUUU")
    end = NOON + 2 * HOUR
    plan(db, end, schedule=once(NOON + HOUR / 2, NOON + HOUR), website_ids=[site])
    plan(db, end, schedule=once(NOON + 3 * HOUR / 2, NOON + 7 * HOUR / 4), website_ids=[site])
    fresh = uptime_of(db, site, 2, end)
    assert (fresh.checks_count, fresh.up_count) == (16, 16)
    assert periods.count_periods(db, end + HOUR) == 2
    db.commit()
    assert periods.count_periods(db, end + HOUR) == 0
    counted = [(one.checks_count, one.up_count, one.unknown_count) for one in db.query(MaintenancePeriod)]
    assert sorted(counted) == [(3, 2, 1), (6, 0, 0)]
    assert uptime_of(db, site, 2, end) == fresh
    assert uptime_of(db, site, 3, end + HOUR / 2).checks_count == 16
    assert uptime_of(db, site, 1, end).checks_count == 10, "of a period that is cut by the window only the part within"


def test_windows_that_overlap_are_left_out_once(database: Database, db: Session, site: int) -> None:
    checks(database, site, NOON, "U" * 25)
    end = NOON + 2 * HOUR
    for shift in (0, 10, 20):
        start = NOON + timedelta(minutes=30 + shift)
        plan(db, end, schedule=once(start, start + HOUR / 2), website_ids=[site])
    periods.count_periods(db, end + HOUR)
    assert uptime_of(db, site, 2, end).checks_count == 25 - 10
    assert uptime_of(db, site, 2, end).by_time_percent == 100


def test_a_downtime_that_goes_on_counts_from_the_end_of_the_window(database: Database, db: Session, site: int) -> None:
    checks(database, site, NOON, "UUUUUU" + "D" * 19)
    plan(db, NOON + 2 * HOUR, schedule=once(NOON + HOUR / 2, NOON + HOUR), website_ids=[site])
    seen = uptime_of(db, site, 2, NOON + 2 * HOUR)
    assert (seen.checks_count, seen.up_count, seen.downtime_seconds) == (19, 6, 3600)


def test_a_recurring_window_is_recorded_as_its_time_comes_and_afterwards(db: Session, site: int) -> None:
    nightly = {"kind": "weekly", "weekdays": [1, 2, 3, 4, 5, 6, 7], "start": "02:00", "end": "04:00"}
    plan(db, NOON, schedule=nightly, website_ids=[site])
    assert recorded(db, site) == [], "what was before it was planned was no maintenance"
    periods.record_periods(db.connection(), NOON + 15 * HOUR)  # amid the first
    night = NOON + 14 * HOUR
    assert recorded(db, site) == [(night, night + 2 * HOUR)]
    periods.record_periods(db.connection(), NOON + 66 * HOUR)  # nobody was there for two nights
    assert len(recorded(db, site)) == 3
    periods.record_periods(db.connection(), NOON + 66 * HOUR)
    assert len(recorded(db, site)) == 3


def test_editing_a_window_leaves_the_past_alone_and_goes_on_from_now(db: Session, site: int) -> None:
    window = plan(db, NOON, schedule=once(NOON - HOUR, NOON + HOUR), website_ids=[site])
    assert recorded(db, site) == [(NOON - HOUR, NOON + HOUR)]
    longer = MaintenanceWindowUpdate.model_validate({"schedule": once(NOON - HOUR, NOON + 3 * HOUR)})
    assert maintenance.update_window(db, window, longer, now=NOON).is_in_force
    assert recorded(db, site) == [(NOON - HOUR, NOON), (NOON, NOON + 3 * HOUR)]
    off = MaintenanceWindowUpdate.model_validate({"is_enabled": False})
    assert not maintenance.update_window(db, window, off, now=NOON + HOUR).is_in_force
    assert recorded(db, site) == [(NOON - HOUR, NOON), (NOON, NOON + HOUR)]


def test_a_deleted_window_ends_now_and_what_has_passed_stays(db: Session, site: int) -> None:
    window = plan(db, NOON, schedule=once(NOON - HOUR, NOON + HOUR), website_ids=[site])
    maintenance.delete_window(db, window, now=NOON)
    assert recorded(db, site) == [(NOON - HOUR, NOON)]
    WebsiteCRUD.delete(db, site)
    assert recorded(db, site) == []


def test_websites_are_named_by_id_tag_group_or_all_together(database: Database, db: Session) -> None:
    tagged, grouped, other = (
        add_site(database, tags=["shop", "eu"]),
        add_site(database, group="internal"),
        add_site(database),
    )
    window = {"schedule": once(NOON, NOON + HOUR)}
    for scope, expected in (
        ({"tags": ["shop"]}, {tagged}),
        ({"groups": ["internal"], "tags": ["eu"]}, {tagged, grouped}),
        ({"website_ids": [other], "tags": ["shop"]}, {tagged, other}),
        ({"is_global": True}, {tagged, grouped, other}),
    ):
        plan(db, NOON, **window, **scope)
        muting = load_mutes(db.connection(), NOON).mutings[-1]
        assert muting.website_ids == expected


def test_what_is_in_force_is_muted_and_nothing_else(db: Session, site: int) -> None:
    matcher = {"name": "service", "value": "billing"}
    plan(db, NOON, schedule=once(NOON, NOON + HOUR), website_ids=[site], matchers=[matcher])
    during, after = load_mutes(db.connection(), NOON), load_mutes(db.connection(), NOON + HOUR)
    mute = during.verdict({}, site, NOON)
    assert mute is not None
    assert (mute.kind, mute.text, mute.until) == ("maintenance", "planned", NOON + HOUR)
    assert during.verdict({"service": "billing"}, None, NOON) is not None
    assert during.verdict({"service": "search"}, None, NOON) is None
    assert after.mutings == ()


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"website_ids": [99]}, "there is no website 99"),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, "no regular expression"),
        (
            {"schedule": {"kind": "cron", "cron": "0 0 30 2 *", "duration_minutes": 5}, "tags": ["a"]},
            "no cron expression",
        ),
    ],
)
def test_what_cannot_come_true_is_refused(db: Session, fields: dict[str, Any], fault: str) -> None:
    with pytest.raises(Invalid, match=fault):
        plan(db, NOON, **{"schedule": once(NOON, NOON + HOUR), **fields})
