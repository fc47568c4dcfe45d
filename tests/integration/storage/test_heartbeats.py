"""Heartbeats in both databases: made, edited, paused, and let go."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.heartbeats import KEY, add_heartbeat, ping, send, state_of
from tocsin import Conflict, Database, Invalid, MonitorStatus, WebsiteCreate, WebsiteCRUD, WebsiteUpdate
from tocsin.model.heartbeats.pings import HeartbeatState, PingKind
from tocsin.model.times import utcnow
from tocsin.storage import heartbeats
from tocsin.storage.history.uptime import uptime_of
from tocsin.storage.states import load_states

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, MINUTE, SECOND, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1), timedelta(days=1)


def change(database: Database, website_id: int, **fields: Any) -> None:
    with database.session() as db:
        WebsiteCRUD.update(db, website_id, WebsiteUpdate.model_validate(fields))


def overdue(database: Database, now: datetime) -> Sequence[int]:
    with database.engine.connect() as connection:
        return heartbeats.list_overdue(connection, now, 10)


def test_a_new_heartbeat_waits_for_its_first_ping_without_an_alarm(database: Database) -> None:
    site = add_heartbeat(database)
    assert state_of(database, site) == HeartbeatState(site)
    assert overdue(database, NOON + 365 * DAY) == []


def test_one_key_is_one_heartbeat_in_any_case_and_the_refusal_does_not_say_it(database: Database) -> None:
    add_heartbeat(database)
    with pytest.raises(Conflict, match=r"heartbeat:\*{8} is watched already"):
        add_heartbeat(database, KEY.upper())


def test_a_cron_expression_that_is_none_is_refused_when_made_and_when_changed(database: Database) -> None:
    with pytest.raises(Invalid, match="is no cron expression"):
        add_heartbeat(database, cron="every night")
    site = add_heartbeat(database, cron="0 3 * * *", time_zone="Europe/Berlin")
    with pytest.raises(Invalid, match="is no cron expression"):
        change(database, site, cron="0 30 * *")
    with database.session() as db:
        row = WebsiteCRUD.get_by_id(db, site)
        assert row is not None
        assert (row.cron, row.time_zone, row.period, row.grace) == ("0 3 * * *", "Europe/Berlin", None, 60)


def test_a_website_stays_what_it_is(database: Database) -> None:
    site = add_heartbeat(database)
    with pytest.raises(Invalid, match="cannot become a website that is looked at"):
        change(database, site, url="https://example.com")
    with pytest.raises(Invalid, match="expectations: a heartbeat is not looked at"):
        change(database, site, expectations=[{"on": "body", "op": "contains", "value": "x"}])
    with database.session() as db:
        other = WebsiteCRUD.create(db, WebsiteCreate(url="https://example.com")).id
    with pytest.raises(Invalid, match="it cannot become a heartbeat"):
        change(database, other, url="heartbeat:")
    with pytest.raises(Invalid, match="period: only heartbeats have this"):
        change(database, other, period=60)
    with pytest.raises(Invalid, match="needs a period or a cron"):
        change(database, site, period=None)


def test_a_rename_keeps_key_history_and_deadline(database: Database) -> None:
    site = add_heartbeat(database)
    send(database, site, ping())
    before = state_of(database, site)
    change(database, site, name="Nightly backup of the shop", tags=["backup"], description="moved")
    assert state_of(database, site) == before
    with database.session() as db:
        row = WebsiteCRUD.get_by_id(db, site)
        assert row is not None
        assert (row.url, row.url_key) == (f"heartbeat:{KEY}", f"heartbeat:{KEY}")
    with database.engine.connect() as connection:
        assert heartbeats.find_heartbeat(connection, f"heartbeat:{KEY}") == site


def test_a_new_key_takes_the_old_ones_place(database: Database) -> None:
    site = add_heartbeat(database)
    change(database, site, url="heartbeat:")
    with database.engine.connect() as connection:
        assert heartbeats.find_heartbeat(connection, f"heartbeat:{KEY}") is None


def test_the_last_hundred_pings_are_kept(database: Database) -> None:
    site, other = add_heartbeat(database), add_heartbeat(database, "other-job")
    send(database, other, ping(body=b"other"))
    send(database, site, *(ping(PingKind.LOG, NOON + number * SECOND, body=b"%d" % number) for number in range(1, 131)))
    with database.session() as db:
        rows, total = heartbeats.list_pings(db, site, 0, 500)
        assert (total, [row.number for row in rows]) == (100, list(range(130, 30, -1)))
        assert [row.body for row in rows[:2]] == [b"130", b"129"]
        second_page = heartbeats.list_pings(db, site, 98, 50)[0]
        assert [row.number for row in second_page] == [32, 31]
        assert heartbeats.get_ping(db, site, 30) is None
        assert heartbeats.get_ping(db, site, 31) is not None
        assert heartbeats.list_pings(db, other, 0, 500)[1] == 1


def test_a_new_schedule_moves_the_deadline_at_once_but_never_into_the_past(database: Database) -> None:
    site = add_heartbeat(database, period=7200)
    now = utcnow()
    send(database, site, ping(at=now - HOUR))
    change(database, site, period="6h")
    assert state_of(database, site).deadline_at == now + 5 * HOUR + MINUTE
    change(database, site, period="30m", grace=120)
    state = state_of(database, site)
    assert state.due_at == now - 30 * MINUTE
    assert state.deadline_at is not None
    assert timedelta(0) <= state.deadline_at - now - 2 * MINUTE < MINUTE, "one grace from the change on"
    change(database, site, cron="0 3 * * *", time_zone="America/New_York")
    state = state_of(database, site)
    assert state.due_at is not None
    assert state.due_at.hour in (7, 8)


def test_a_new_grace_moves_the_end_of_a_run_too(database: Database) -> None:
    site = add_heartbeat(database)
    now = utcnow()
    send(database, site, ping(PingKind.START, now))
    change(database, site, grace=600)
    assert state_of(database, site).run_ends_by == now + 10 * MINUTE
    assert state_of(database, site).deadline_at is not None


def test_a_paused_heartbeat_is_not_waited_for_and_a_resumed_one_counts_anew(database: Database) -> None:
    site = add_heartbeat(database)
    send(database, site, ping(at=utcnow() - 2 * DAY), ping(PingKind.START, utcnow() - DAY))
    change(database, site, is_active=False)
    assert state_of(database, site).deadline_at is None
    before = utcnow()
    change(database, site, is_active=True)
    state = state_of(database, site)
    assert state.counts_from is not None
    assert before <= state.counts_from <= utcnow()
    assert state.deadline_at == state.counts_from + HOUR + MINUTE
    assert (state.last_start_at, state.last_ping_at is None) == (None, False)


def test_many_that_are_paused_and_resumed_at_once_count_anew_too(database: Database) -> None:
    sites = [add_heartbeat(database, f"job-{number}") for number in range(3)]
    for site in sites:
        send(database, site, ping(at=utcnow() - 2 * DAY))
    with database.session() as db:
        looked_at = WebsiteCRUD.create(db, WebsiteCreate(url="https://example.com")).id
        assert WebsiteCRUD.switch(db, [looked_at, *sites], is_active=False) == sorted([looked_at, *sites])
        assert [state_of(database, site).deadline_at for site in sites] == [None] * 3
        before = utcnow()
        WebsiteCRUD.switch(db, sites[:2], is_active=True)
    for site in sites[:2]:
        deadline = state_of(database, site).deadline_at
        assert deadline is not None
        assert deadline >= before + HOUR + MINUTE
    assert state_of(database, sites[2]).deadline_at is None


def test_a_new_one_that_was_paused_still_waits_for_its_first_ping(database: Database) -> None:
    site = add_heartbeat(database)
    change(database, site, is_active=False)
    change(database, site, is_active=True)
    assert state_of(database, site) == HeartbeatState(site)


def test_one_that_is_down_is_not_waited_for_after_an_edit(database: Database) -> None:
    site = add_heartbeat(database)
    send(database, site, ping(PingKind.FAIL))
    change(database, site, period=7200)
    assert state_of(database, site).deadline_at is None


def test_an_edit_of_a_website_without_pings_rows_is_harmless(database: Database) -> None:
    site = add_heartbeat(database)
    with database.write_transaction() as connection:
        connection.exec_driver_sql("DELETE FROM heartbeats")
    change(database, site, period=7200)
    with database.write_transaction() as connection:
        assert heartbeats.lock_beats(connection, [site]) == {}


def test_after_a_gap_every_heartbeat_has_at_least_its_grace(database: Database) -> None:
    near, far, new = (add_heartbeat(database, key, grace=90) for key in ("near", "far-off", "brand-new"))
    now = utcnow()
    send(database, near, ping(at=now - 5 * HOUR))
    send(database, far, ping(at=now))
    with database.write_transaction() as connection:
        assert heartbeats.allow_for_gap(connection, now) == 1
    assert state_of(database, near).deadline_at == now + 90 * SECOND
    assert state_of(database, far).deadline_at == now + HOUR + 90 * SECOND
    assert state_of(database, new).deadline_at is None
    with database.engine.connect() as connection:
        assert heartbeats.next_deadline(connection, now) == now + 90 * SECOND
    assert overdue(database, now + 2 * HOUR) == [near, far]


def test_those_that_are_paused_are_not_overdue_whoever_paused_them(database: Database) -> None:
    site = add_heartbeat(database)
    send(database, site, ping(at=utcnow() - DAY))
    assert overdue(database, utcnow()) == [site]
    with database.write_transaction() as connection:
        connection.exec_driver_sql("UPDATE websites SET is_active = false")
    assert overdue(database, utcnow()) == []


def test_a_daily_job_is_up_all_day_in_its_uptime(database: Database) -> None:
    site = add_heartbeat(database, period="1d", grace=300)
    send(database, site, *(ping(at=NOON + number * DAY) for number in range(4)))
    with database.session() as db:
        uptime = uptime_of(db, site, 24, NOON + 3 * DAY + 23 * HOUR)
        assert (uptime.by_time_percent, uptime.unknown_seconds, uptime.downtime_seconds) == (100, 0, 0)
        assert uptime_of(db, site, 96, NOON + 3 * DAY + 23 * HOUR).unknown_seconds == 0


def test_a_job_that_is_missing_is_down_until_its_next_ping_in_its_uptime(database: Database) -> None:
    site = add_heartbeat(database, period="1d", grace=3600)
    send(database, site, ping(at=NOON))
    send(database, site, None, now=NOON + 26 * HOUR)
    with database.session() as db:
        uptime = uptime_of(db, site, 48, NOON + 60 * HOUR)
        assert (uptime.downtime_seconds, uptime.unknown_seconds) == (35 * 3600, 0)
    send(database, site, ping(at=NOON + 60 * HOUR))
    with database.session() as db:
        uptime = uptime_of(db, site, 72, NOON + 61 * HOUR)
        assert (uptime.downtime_seconds, uptime.unknown_seconds) == (35 * 3600, 0)
        assert uptime.by_time_percent == round(100 * 26 / 61, 6)


def test_what_nobody_waited_for_is_unknown_in_its_uptime(database: Database) -> None:
    site = add_heartbeat(database, period=3600, grace=3600)
    send(database, site, ping(at=NOON))
    with database.session() as db:
        assert uptime_of(db, site, 24, NOON + 6 * HOUR).unknown_seconds == 4 * 3600
    send(database, site, ping(at=NOON + 6 * HOUR))
    with database.session() as db:
        uptime = uptime_of(db, site, 24, NOON + 7 * HOUR)
        assert (uptime.unknown_seconds, uptime.downtime_seconds) == (4 * 3600, 0)


def test_deleting_the_website_takes_everything_along(database: Database) -> None:
    site = add_heartbeat(database)
    send(database, site, ping(body=b"x"))
    with database.session() as db:
        assert WebsiteCRUD.delete(db, site)
        assert heartbeats.list_pings(db, site, 0, 10) == ([], 0)
        assert heartbeats.heartbeats_of(db, [site]) == {}


def test_heartbeats_are_not_among_the_websites_to_be_looked_at(database: Database) -> None:
    add_heartbeat(database)
    with database.session() as db:
        looked_at = WebsiteCRUD.create(db, WebsiteCreate(url="https://example.com")).id
        assert WebsiteCRUD.get_active_ids(db) == {looked_at}
        assert WebsiteCRUD.count_active(db) == 1
        assert len(WebsiteCRUD.get_active_websites(db)) == 2


def test_what_is_stored_is_what_was_decided(database: Database) -> None:
    site = add_heartbeat(database)
    rid = "123e4567-e89b-42d3-a456-426614174000"
    start = ping(PingKind.START, NOON, rid=rid, address="192.0.2.7", user_agent="curl/8.5.0")
    end = ping(PingKind.FAIL, NOON + 2 * SECOND, rid=rid, exit_code=3, body=b"\x00\xff" * 60_000, body_bytes=2**40)
    decided = send(database, site, start, end)
    assert state_of(database, site) == decided[-1].step.state
    with database.session() as db:
        last, first = heartbeats.list_pings(db, site, 0, 10)[0]
        assert (first.kind, first.rid, first.address, first.user_agent) == (
            PingKind.START, rid, "192.0.2.7", "curl/8.5.0")  # fmt: skip
        assert (last.kind, last.exit_code, last.duration_ms, last.received_at) == (PingKind.FAIL, 3, 2000, end.at)
        assert last.body == (b"\x00\xff" * 60_000)[:100_000]
        assert last.body_bytes == 2**31 - 1
        assert load_states(db.connection(), [site])[site].status is MonitorStatus.DOWN
