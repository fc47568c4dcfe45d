"""A downtime rule over the database: what is remembered between two checks, whoever makes them, and what is shown."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.history import add_site, record, saw
from tocsin import Database, DowntimeWindowCRUD, MonitorCheckCRUD, MonitorStatus, WebsiteCRUD, WebsiteUpdate
from tocsin.actions.websites import get_website
from tocsin.errors import Invalid
from tocsin.model.uptime import Uptime
from tocsin.model.websites import WebsiteRead
from tocsin.storage.history.uptime import uptime_of
from tocsin.storage.outbox import list_events
from tocsin.storage.tables import DowntimeWindow

START = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
UP, DOWN, DEGRADED, UNKNOWN = MonitorStatus.UP, MonitorStatus.DOWN, MonitorStatus.DEGRADED, MonitorStatus.UNKNOWN


def see(database: Database, website_id: int, first_minute: int, *statuses: MonitorStatus) -> None:
    results = [saw(START + (first_minute + number) * MINUTE, status) for number, status in enumerate(statuses)]
    record(database, website_id, *results)  # each with a writer and a transaction of its own: as after a restart


def shown(database: Database, website_id: int) -> WebsiteRead:
    with database.session() as db:
        return get_website(db, website_id)


def downtimes(database: Database, website_id: int) -> list[DowntimeWindow]:
    with database.session() as db:
        return list(reversed(DowntimeWindowCRUD.get_by_website(db, website_id)[0]))


def test_a_downtime_is_dated_at_the_first_failure_that_counts_and_ends_at_the_first_good_check(
    database: Database,
) -> None:
    site = add_site(database, down_after=3, down_window=5, up_after=2)
    see(database, site, 0, UP, DOWN, DOWN)
    suspect = shown(database, site)
    assert (suspect.status, suspect.last_check_status, suspect.pending_status) == (UP, DOWN, DOWN)
    assert (suspect.failing_checks_count, suspect.last_message) == (2, "nobody listens")
    assert suspect.pending_text == "2 failed, down from 3 within the last 5 checks on"
    assert downtimes(database, site) == []

    see(database, site, 3, UP, DOWN)
    down = shown(database, site)
    assert (down.status, down.pending_status, down.status_since) == (DOWN, None, START + MINUTE)
    [one] = downtimes(database, site)
    assert (one.started_at, one.ended_at, one.affected_checks_count) == (START + MINUTE, None, 3)

    see(database, site, 5, DOWN, DEGRADED)
    recovering = shown(database, site)
    assert (recovering.status, recovering.pending_status, recovering.recovering_checks_count) == (DOWN, DEGRADED, 1)
    see(database, site, 7, UP)
    back = shown(database, site)
    assert (back.status, back.pending_status, back.status_since) == (UP, None, START + 6 * MINUTE)
    [one] = downtimes(database, site)
    assert (one.ended_at, one.recovery_status, one.affected_checks_count) == (START + 6 * MINUTE, UP, 4)


def test_single_checks_keep_their_own_status_and_only_confirmed_changes_are_events(database: Database) -> None:
    site = add_site(database, down_after=2, up_after=2)
    see(database, site, 0, UP, DOWN, UP, DOWN, DOWN, UP, UP)
    with database.session() as db:
        rows = MonitorCheckCRUD.get_by_website(db, site)[0]
        events = [(one.from_status, one.to_status) for one in list_events(db, website_id=site)]
    assert [row.status for row in reversed(rows)] == [UP, DOWN, UP, DOWN, DOWN, UP, UP]
    assert events == [(UP, DOWN), (DOWN, UP)]


def test_uptime_by_checks_follows_the_checks_and_by_time_the_downtimes(database: Database) -> None:
    site = add_site(database, check_interval=60, down_after=2, up_after=2)
    see(database, site, 0, UP, UP, DOWN, UP, DOWN, DOWN, UP, UP, UP, UP)

    def uptime() -> Uptime:
        with database.session() as db:
            return uptime_of(db, site, 1, START + 10 * MINUTE)

    seen = uptime()
    assert seen.by_checks_percent == 70  # 3 of 10 failed
    assert seen.downtime_seconds == 120  # from the fifth check to the seventh: the lone failure is none
    assert seen.by_time_percent == 80


def test_a_rule_that_changes_counts_for_the_next_check(database: Database) -> None:
    site = add_site(database, down_after=5)
    see(database, site, 0, UP, DOWN, DOWN, DOWN)
    with database.session() as db:
        WebsiteCRUD.update(db, site, WebsiteUpdate(down_after=2))
    assert downtimes(database, site) == []
    see(database, site, 4, DOWN)
    [one] = downtimes(database, site)
    assert (one.started_at, one.affected_checks_count) == (START + 3 * MINUTE, 2)


def test_a_stored_rule_stays_one_that_can_be_fulfilled(database: Database) -> None:
    site = add_site(database, down_after=2, down_window=3)
    with database.session() as db, pytest.raises(Invalid, match="cannot lie within the last 3") as refused:
        WebsiteCRUD.update(db, site, WebsiteUpdate(down_after=4))
    assert refused.value.field == "down_after"
    assert shown(database, site).down_after == 2
