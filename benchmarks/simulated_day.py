"""A day of 2,000 websites on a fake clock, its uptimes against the truth. Expected: 0 differences.

    python -m benchmarks.simulated_day [--websites 2000] [--interval 180] [--day spring|autumn|month|all] [--json]

The target is a stub that answers as a script of outages says; the clock is the script's. Judging, the writer, the
rollups, their folding and `uptime_of` are the real ones. The truth is counted from the script, second by second.
The process stops for 37 minutes at noon and for 90 s in the night. Days: both on which the clocks of Europe/Berlin
are set, and one over a month's end. About 4 minutes at 2,000 websites, 180 s; at 60 s three times that.
"""

import os
import tempfile
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.reporting import begin, finish, parser, say
from benchmarks.writer import make_websites
from tests.support.simulated_day import HOUR, Play, Script, differences, make_script
from tocsin.storage.database import Database

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = {
    "spring": (datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 3, 30, tzinfo=BERLIN)),
    "autumn": (datetime(2026, 10, 25, tzinfo=BERLIN), datetime(2026, 10, 26, tzinfo=BERLIN)),
    "month": (datetime(2026, 1, 31, 12, tzinfo=BERLIN), datetime(2026, 2, 1, 12, tzinfo=BERLIN)),
}
STORED_PER_S = 9000
UPTIMES_PER_S = 350


def play_day(folder: Path, day: str, websites_count: int, interval_s: int) -> tuple[int, int, list[str]]:
    """Play one day; return how many checks were stored, how many uptimes compared, and every difference."""
    start, end = DAYS[day]
    seconds = int(end.timestamp() - start.timestamp())
    database = Database(folder / f"{day}.db")
    try:
        websites = make_websites(database, websites_count)
        with database.engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE websites SET check_interval = {interval_s}, timeout = 10")
        script: Script = make_script(websites, start, seconds, interval_s)
        play = Play(database, script)
        found: list[str] = []
        compared = since = 0
        for until in (*range(HOUR, seconds, HOUR), seconds):
            play.play(since, until)
            since = until
            if until % (8 * HOUR) == 0 or until == seconds:
                for hours in (1, seconds // HOUR, 48):
                    found.extend(differences(database, script, websites, hours, until))
                    compared += len(websites)
                say(f"{day}: {until // HOUR} h played, {play.stored_count:,} checks, {len(found)} differences")
        return play.stored_count, compared, found
    finally:
        database.dispose()


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--websites", type=int, default=2000)
    arguments.add_argument("--interval", type=int, default=180)
    arguments.add_argument("--day", choices=(*DAYS, "all"), default="all")
    given = arguments.parse_args()
    days = list(DAYS) if given.day == "all" else [given.day]
    checks = 86_400 / given.interval * given.websites
    begin("A simulated day", len(days) * (checks / STORED_PER_S + 12 * given.websites / UPTIMES_PER_S))
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    rows, figures = [], {}
    with tempfile.TemporaryDirectory() as name:
        for day in days:
            began = time.monotonic()
            stored, compared, found = play_day(Path(name), day, given.websites, given.interval)
            took = time.monotonic() - began
            rows.append((day, f"{stored:,} checks, {compared:,} uptimes, {len(found)} differences", "0 differences"))
            rows.extend(("", text, "") for text in found[:5])
            figures[day] = {"checks_count": stored, "uptimes_count": compared, "differences": found, "took_s": took}
    is_good = not any(one["differences"] for one in figures.values())
    finish(rows, figures, as_json=given.json, is_good=is_good)


if __name__ == "__main__":
    main()
