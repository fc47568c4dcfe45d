"""Were the checks done that were due, and how late? Told by the rows alone, not by the counters of who did them."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import floor
from pathlib import Path

from tocsin.watch.jobs import next_due, offset_of

CHECK_TABLES = ("monitor_checks", "ix_monitor_checks_website_time")
_EARLY_S = 0.002
"""Two readings of a clock in a row may differ by their rounding; nothing is done before it is due."""

Check = tuple[int, float]
"""Website, and when its check started, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Punctuality:
    """Of the checks that came due in a stretch of time, those done and how late each began, in ascending order."""

    due_count: int
    lateness_ms: tuple[float, ...]

    @property
    def done_count(self) -> int:
        """Checks done of those due."""
        return len(self.lateness_ms)

    @property
    def done_ratio(self) -> float | None:
        """Their share; None where none was due."""
        return self.done_count / self.due_count if self.due_count else None

    def quantile(self, share: float) -> float | None:
        """Return the lateness that this share of the checks stays below, in milliseconds."""
        return quantile(self.lateness_ms, share)


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the value in an ascending sequence at that share; None where it is empty."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def punctuality(checks: Iterable[Check], intervals_s: Mapping[int, int], stretch: tuple[float, float]) -> Punctuality:
    """Compare checks with the grid of due moments between the two ends of `stretch` (seconds since 1970)."""
    start, end = stretch
    due = 0
    for website_id, interval_s in intervals_s.items():
        first = next_due(website_id, interval_s, start)
        due += max(0, floor((end - first) / interval_s) + 1) if first <= end else 0
    lateness: dict[tuple[int, int], float] = {}
    for website_id, at in checks:
        if website_id not in intervals_s:
            continue
        interval_s = intervals_s[website_id]
        offset = offset_of(website_id, interval_s)
        number = floor((at + _EARLY_S - offset) / interval_s)
        moment = number * interval_s + offset
        if start < moment <= end:
            late = max(0.0, at - moment) * 1000
            lateness[(website_id, number)] = min(late, lateness.get((website_id, number), late))
    return Punctuality(due, tuple(sorted(lateness.values())))


def last_check_id(path: Path) -> int:
    """Return the highest number of a check in an SQLite file, 0 where there is none."""
    with closing(sqlite3.connect(path)) as connection:
        (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM monitor_checks").fetchone()
    return int(last)


def read_checks(path: Path, after_id: int = 0) -> list[Check]:
    """Return the checks in an SQLite file that were stored after a certain one."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT website_id, checked_at FROM monitor_checks WHERE id > ?", (after_id,))
        return [(website_id, at / 1e6) for website_id, at in rows]


def read_intervals(path: Path) -> dict[int, int]:
    """Return the interval of each active website in an SQLite file, in seconds."""
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT id, check_interval FROM websites WHERE is_active").fetchall())


def count_up(path: Path, after_id: int = 0) -> int:
    """Return how many of the checks stored after a certain one were UP."""
    with closing(sqlite3.connect(path)) as connection:
        sql = "SELECT count(*) FROM monitor_checks WHERE id > ? AND status = 0"
        (number,) = connection.execute(sql, (after_id,)).fetchone()
    return int(number)


def check_bytes(path: Path) -> float | None:
    """Return the bytes that a check's row takes in an SQLite file, index included; None where it cannot be told.

    Source: https://sqlite.org/dbstat.html
    """
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM monitor_checks").fetchone()
        try:
            (used,) = connection.execute("SELECT sum(pgsize) FROM dbstat WHERE name IN (?, ?)", CHECK_TABLES).fetchone()
        except sqlite3.OperationalError:  # this SQLite was built without dbstat
            return None
    return used / count if count else None
