"""A day of checks, stored as real ones are, has the uptime of its script: on DST days, over gaps, at a month's end."""

import os
import time
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.support.history import add_site
from tests.support.simulated_day import HOUR, Play, differences, make_script
from tocsin import Database

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = {
    "spring": (datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 3, 30, tzinfo=BERLIN)),
    "autumn": (datetime(2026, 10, 25, tzinfo=BERLIN), datetime(2026, 10, 26, tzinfo=BERLIN)),
    "month": (datetime(2026, 1, 31, 12, tzinfo=BERLIN), datetime(2026, 2, 1, 12, tzinfo=BERLIN)),
}


@pytest.fixture(autouse=True)
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the process's own time zone have a clock that is set twice a year: nothing may depend on it."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    os.environ.setdefault("TZ", "UTC")
    time.tzset()


@pytest.mark.parametrize("day", DAYS)
def test_uptime_is_that_of_the_script_at_every_moment(database: Database, day: str) -> None:
    start, end = DAYS[day]
    seconds = int(end.timestamp() - start.timestamp())
    assert seconds // HOUR == {"spring": 23, "autumn": 25, "month": 24}[day]
    websites = [add_site(database, check_interval=300, timeout=10) for _ in range(20)]
    script = make_script(websites, start, seconds, 300, seed=len(day))
    play = Play(database, script)
    found: list[str] = []
    since = 0
    for until in (HOUR, 12 * HOUR + 1000, seconds):
        play.play(since, until)
        since = until
        for hours in (1, 6, seconds // HOUR, 48, 30 * 24):
            found.extend(differences(database, script, websites, hours, until))
    assert found == []
    assert play.stored_count > 3000
