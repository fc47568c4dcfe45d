"""Words of heartbeats: keys, durations, schedules, and what a website shows of one."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from tocsin import MonitorStatus, WebsiteCreate, WebsiteUpdate
from tocsin.model.heartbeats.keys import (
    complete_url,
    hidden_path,
    hidden_url,
    is_heartbeat,
    key_of,
    ping_path,
    url_of_key,
)
from tocsin.model.heartbeats.pings import HeartbeatState, facts_of
from tocsin.model.heartbeats.schedules import (
    Schedule,
    changed,
    fields_of,
    heartbeat_name,
    parse_span,
    schedule_of,
    settled,
    span_text,
)
from tocsin.model.urls import check_url, normalise_url

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UUID = re.compile(r"heartbeat:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_a_heartbeat_without_a_key_is_given_one_that_nobody_can_guess() -> None:
    first, second = check_url("heartbeat:"), check_url(" HeartBeat: ")
    assert UUID.fullmatch(first)
    assert UUID.fullmatch(second)
    assert first != second


def test_a_key_of_ones_own_is_the_same_in_any_case() -> None:
    assert complete_url("heartbeat:Nightly_Backup-1") == "heartbeat:nightly_backup-1"
    assert normalise_url("HEARTBEAT:Nightly_Backup-1") == "heartbeat:nightly_backup-1"
    assert url_of_key("Nightly_Backup-1") == "heartbeat:nightly_backup-1"
    assert key_of("heartbeat:abcd") == "abcd"


@pytest.mark.parametrize("url", ["heartbeat:abc", "heartbeat://nightly", "heartbeat:a/../b", "heartbeat:-abcd",
                                 "heartbeat:" + "a" * 101, "heartbeat:tür-auf", "heartbeat:abcd?x=1"])  # fmt: skip
def test_what_is_no_key_says_what_one_is(url: str) -> None:
    with pytest.raises(ValueError, match="4 to 100 letters, digits, - and _"):
        check_url(url)


@given(st.text(max_size=120))
def test_any_text_is_a_key_or_none(text: str) -> None:
    url = url_of_key(text)
    assert url is None or normalise_url(url) == url


def test_only_the_path_and_the_url_hold_the_key() -> None:
    assert ping_path("heartbeat:Nightly") == "/ping/nightly"
    assert ping_path("https://example.com") is None
    assert hidden_url("heartbeat:nightly") == "heartbeat:********"
    assert hidden_url("https://example.com") == "https://example.com"
    assert hidden_path("/ping/nightly/fail") == "/ping/********/fail"
    assert hidden_path("/api/websites/1") == "/api/websites/1"
    assert not is_heartbeat("https://heartbeat:1@example.com")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("15m", 900), ("15 min", 900), (" 1H ", 3600), ("1d", 86_400), ("2w", 1_209_600)],
)
def test_durations_are_written_as_people_do(text: str, seconds: int) -> None:
    assert parse_span(text) == seconds
    assert parse_span(seconds) == seconds


@pytest.mark.parametrize("text", ["", "d", "1x", "-1d", "1.5h", "1d2h", "٣d"])
def test_what_is_no_duration_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration: write seconds"):
        parse_span(text)


def test_durations_are_said_in_two_units() -> None:
    assert [span_text(one) for one in (0, 45, 60, 5400, 90_000, 86_399)] == [
        "0 s", "45 s", "1 min", "1 h 30 min", "1 d 1 h", "23 h 59 min"]  # fmt: skip


def test_what_is_left_out_is_filled_in() -> None:
    made = WebsiteCreate(url="heartbeat:")
    assert (made.period, made.cron, made.time_zone, made.grace, made.name) == (
        86_400, None, None, 300, "Heartbeat every 1 d")  # fmt: skip
    by_cron = WebsiteCreate(url="heartbeat:", cron="0 3 * * *", grace="1h")
    assert (by_cron.period, by_cron.time_zone, by_cron.grace, by_cron.name) == (
        None, "UTC", 3600, "Heartbeat, 0 3 * * *")  # fmt: skip
    assert WebsiteCreate(url="heartbeat:", check_interval=600).period == 600
    assert WebsiteCreate(url="heartbeat:", check_interval=600, period=60).period == 60
    assert WebsiteCreate(url="heartbeat:", name="Backup", time_zone=None, grace=None).name == "Backup"


def test_a_name_that_is_made_up_holds_no_key() -> None:
    assert "nightly-secret" not in WebsiteCreate(url="heartbeat:nightly-secret").name
    assert heartbeat_name(Schedule(None, "@daily")) == "Heartbeat, @daily"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"period": 60, "cron": "0 3 * * *"}, "a period or a cron expression, not both"),
        ({"period": 60, "time_zone": "Europe/Berlin"}, "a time zone belongs to a cron expression"),
        ({"period": 59}, "the period must be 1 min to 365 d"),
        ({"period": "366d"}, "the period must be 1 min to 365 d"),
        ({"period": "often"}, "is no duration"),
        ({"grace": 0}, "the grace must be 1 second to 365 days"),
        ({"cron": "0 3 * * *", "time_zone": "Berlin"}, "'Berlin' is no time zone"),
        ({"cron": "0 3 * * *", "time_zone": "../etc/passwd"}, "is no time zone"),
        ({"request_headers": {"Accept": "text/html"}}, "heartbeat: checks have no use for request_headers"),
        ({"degraded_after_ms": 5}, "degraded_after_ms: a heartbeat is not looked at"),
        ({"expectations": [{"on": "body", "op": "contains", "value": "ok"}]}, "expectations: a heartbeat"),
    ],
)
def test_contradictions_are_refused_with_what_is_wrong(fields: dict[str, object], fault: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(fault)):
        WebsiteCreate.model_validate({"url": "heartbeat:", **fields})


def test_a_website_that_is_looked_at_has_no_schedule() -> None:
    with pytest.raises(ValidationError, match="period and grace: only heartbeats have this"):
        WebsiteCreate(url="https://example.com", period=60, grace=60)


def test_an_update_holds_only_what_was_given() -> None:
    assert WebsiteUpdate(period="2h").changes() == {"period": 7200}
    assert WebsiteUpdate.model_validate({"period": None, "cron": "@daily"}).changes() == {
        "period": None, "cron": "@daily"}  # fmt: skip


STORED = {"period": 60, "cron": None, "time_zone": None, "grace": 5}
TOKYO = {"period": None, "cron": "@daily", "time_zone": "Asia/Tokyo"}


@pytest.mark.parametrize(
    ("stored", "changes", "after"),
    [
        (STORED, {"grace": 7}, Schedule(60, grace_s=7)),
        (STORED, {"grace": None}, Schedule(60, grace_s=300)),
        (STORED, {"cron": "@daily"}, Schedule(None, "@daily", "UTC", 5)),
        (STORED, TOKYO, Schedule(None, "@daily", "Asia/Tokyo", 5)),
        ({**STORED, **TOKYO}, {"period": 90}, Schedule(90, grace_s=5)),
        ({**STORED, "period": None, "cron": "@daily", "time_zone": "UTC"}, {"time_zone": "Asia/Tokyo"},
         Schedule(None, "@daily", "Asia/Tokyo", 5)),
    ],
)  # fmt: skip
def test_a_period_and_a_cron_expression_take_each_others_place(
    stored: dict[str, object], changes: dict[str, object], after: Schedule
) -> None:
    assert changed(stored, changes) == after
    assert settled(fields_of(after)) == after


def test_a_heartbeat_always_has_a_schedule() -> None:
    with pytest.raises(ValueError, match="needs a period or a cron expression"):
        changed(STORED, {"period": None})


def test_a_row_without_a_grace_has_the_usual_one() -> None:
    row = SimpleNamespace(period=60, cron=None, time_zone=None, grace=None)
    assert schedule_of(row) == Schedule(60)
    assert Schedule(60).grace == timedelta(minutes=5)


def facts(
    status: MonitorStatus = MonitorStatus.UP, now: datetime = NOON, *, is_active: bool = True
) -> tuple[object, ...]:
    state = HeartbeatState(
        1, 3, NOON, NOON, last_start_at=NOON, due_at=NOON + timedelta(hours=1), deadline_at=NOON + timedelta(hours=2)
    )
    shown = facts_of("heartbeat:abcd", state, is_active=is_active, status=status, now=now)
    return shown.ping_url, shown.next_expected_at, shown.deadline_at, shown.is_late, shown.is_started


def test_a_website_shows_when_the_next_ping_is_expected_and_whether_it_is_late() -> None:
    due, deadline = NOON + timedelta(hours=1), NOON + timedelta(hours=2)
    assert facts() == ("/ping/abcd", due, deadline, False, True)
    assert facts(now=due) == ("/ping/abcd", due, deadline, True, True)
    assert facts(MonitorStatus.DOWN, deadline) == ("/ping/abcd", due, None, False, True)
    assert facts(is_active=False, now=due) == ("/ping/abcd", None, None, False, True)


def test_a_website_that_is_none_shows_nothing_of_it() -> None:
    shown = facts_of("https://example.com", None, is_active=True, status=MonitorStatus.UP, now=NOON)
    assert not any(dict(shown).values())
