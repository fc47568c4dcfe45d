"""Uptime of a website, by checks and by time, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from tests.support.history import add_site, record, saw
from tocsin import Database, DowntimeWindowCreate, DowntimeWindowCRUD, MonitorStatus, NotFound
from tocsin.model.uptime import Uptime
from tocsin.storage.history.uptime import gap_allowance, uptime_of
from tocsin.watch.breaker import Breaker

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
UP, DOWN, DEGRADED, UNKNOWN = MonitorStatus.UP, MonitorStatus.DOWN, MonitorStatus.DEGRADED, MonitorStatus.UNKNOWN


def watched(database: Database, site: int, statuses: str, *, every_minutes: int = 5) -> datetime:
    """Record a check for each letter (u, d, g, x; a space is a check that never came); return the last one's moment."""
    known = {"u": UP, "d": DOWN, "g": DEGRADED, "x": UNKNOWN}
    moment = START
    for position, letter in enumerate(statuses):
        if letter in known:
            moment = START + position * every_minutes * MINUTE
            record(database, site, saw(moment, known[letter]))
    return moment


def look(database: Database, site: int, at: datetime, hours: int = 24) -> Uptime:
    with database.session() as db:
        return uptime_of(db, site, hours, at)


def test_a_website_nobody_has_checked_has_no_uptime(database: Database, site: int) -> None:
    assert look(database, site, START).model_dump() == {
        "website_id": site,
        "hours": 24,
        "by_checks_percent": None,
        "by_time_percent": None,
        "checks_count": 0,
        "up_count": 0,
        "unknown_seconds": 0,
        "downtime_seconds": 0,
    }


def test_a_website_that_is_not_there_is_not_found(db: Session) -> None:
    with pytest.raises(NotFound, match="no website 99"):
        uptime_of(db, 99, 24)


@pytest.mark.parametrize(
    ("statuses", "by_checks", "by_time", "minutes"),
    [
        ("uuuuu", 100.0, 100.0, (0, 0)),
        ("ggggg", 100.0, 100.0, (0, 0)),
        ("uuddu", 60.0, 50.0, (10, 0)),
        ("ddddd", 0.0, 0.0, (20, 0)),
        ("xxxxx", None, None, (0, 20)),
        ("uxxuu", 100.0, 100.0, (0, 10)),
        ("udxdu", 50.0, 100 / 3, (10, 5)),
        ("ddugu", 60.0, 50.0, (10, 0)),
    ],
)
def test_a_history_has_the_uptime_that_one_would_say(
    database: Database,
    site: int,
    statuses: str,
    by_checks: float | None,
    by_time: float | None,
    minutes: tuple[int, int],
) -> None:
    last = watched(database, site, statuses)
    uptime = look(database, site, last)
    assert uptime.by_checks_percent == (None if by_checks is None else pytest.approx(by_checks, abs=1e-5))
    assert uptime.by_time_percent == (None if by_time is None else pytest.approx(by_time, abs=1e-5))
    assert (uptime.downtime_seconds, uptime.unknown_seconds) == (minutes[0] * 60, minutes[1] * 60)
    assert uptime.checks_count == len(statuses)


def test_what_nobody_saw_is_left_out_of_the_time(database: Database, site: int) -> None:
    last = watched(database, site, "uu" + " " * 24 + "uuu")
    uptime = look(database, site, last)
    gap_s = (25 * 5 * MINUTE).total_seconds()
    assert 0 < uptime.unknown_seconds <= gap_s
    assert uptime.by_time_percent == 100.0


def test_while_checks_stop_coming_the_time_is_unknown(database: Database, site: int) -> None:
    last = watched(database, site, "uudd")
    allowance = gap_allowance(300, 30)
    assert allowance == timedelta(seconds=660)
    soon = look(database, site, last + allowance)
    assert soon.unknown_seconds == 0
    assert soon.downtime_seconds == 300 + 660
    later = look(database, site, last + allowance + timedelta(hours=2))
    assert later.unknown_seconds == 7200
    assert later.by_time_percent == soon.by_time_percent


def test_a_pause_of_the_breaker_is_downtime_and_no_gap(database: Database, site: int) -> None:
    breaker = Breaker(failures=2, pause=timedelta(hours=1))
    failed = [saw(START + minute * MINUTE, DOWN) for minute in (0, 5)]
    record(database, site, *failed, breaker=breaker)
    at_trial = START + 5 * MINUTE + timedelta(hours=1)
    uptime = look(database, site, at_trial)
    assert uptime.unknown_seconds == 0
    assert uptime.by_time_percent == 0.0
    assert look(database, site, at_trial + timedelta(hours=1)).unknown_seconds > 0


def test_only_the_hours_asked_for_count(database: Database, site: int) -> None:
    last = watched(database, site, "d" * 12 + "u" * 25)
    assert look(database, site, last, hours=1).by_time_percent == 100.0
    assert look(database, site, last, hours=3).by_time_percent == pytest.approx(100 * 2 / 3)
    assert look(database, site, last, hours=8760).by_time_percent == pytest.approx(100 * 2 / 3)


def test_a_downtime_recorded_by_hand_counts_from_its_start(database: Database, site: int) -> None:
    with database.session() as db:
        DowntimeWindowCRUD.create(
            db, DowntimeWindowCreate(website_id=site, started_at=START, ended_at=START + 30 * MINUTE)
        )
    uptime = look(database, site, START + 60 * MINUTE)
    assert (uptime.by_time_percent, uptime.by_checks_percent, uptime.downtime_seconds) == (50.0, None, 1800)


def test_a_downtime_that_goes_on_lasts_until_now(database: Database) -> None:
    site = add_site(database, check_interval=3600)
    watched(database, site, "ud", every_minutes=60)
    uptime = look(database, site, START + timedelta(hours=2))
    assert uptime.downtime_seconds == 3600
    assert uptime.by_time_percent == 50.0


def test_a_short_interval_makes_a_short_allowance() -> None:
    assert gap_allowance(60, 30) == timedelta(seconds=180)
    assert gap_allowance(60, 5) == timedelta(seconds=130)
    assert gap_allowance(60, 5, 300) == timedelta(seconds=430)
