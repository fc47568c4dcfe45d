"""What the benchmarks with a server of their own share: filling its database, waiting for it, looking at it."""

import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from tocsin.cli.measuring.processes import Server, usage_of
from tocsin.cli.measuring.punctuality import Punctuality, punctuality, read_checks, read_intervals
from tocsin.model.websites import INTERVAL_BOUNDS, WebsiteCreate
from tocsin.storage.database import Database
from tocsin.storage.websites import WebsiteCRUD


def fill(path: Path, urls: Iterable[str], interval_s: int, **options: Any) -> None:
    """Make the database, or add to it: a website a URL."""
    INTERVAL_BOUNDS.min_s = min(INTERVAL_BOUNDS.min_s, interval_s)
    database = Database(path)
    try:
        with database.session() as db:
            many = (WebsiteCreate(url=url, check_interval=interval_s, **options) for url in urls)
            WebsiteCRUD.create_many(db, many)
    finally:
        database.dispose()


def query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """Return what SQL finds in an SQLite file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def seen_between(path: Path, start: float, end: float, websites: range | None = None, after_id: int = 0) -> Punctuality:
    """Return how punctual the checks of some websites were between two moments."""
    intervals = read_intervals(path)
    if websites is not None:
        intervals = {website: interval for website, interval in intervals.items() if website in websites}
    return punctuality(read_checks(path, after_id), intervals, (start, end))


class Peak:
    """The most memory that a server has held whenever it was looked at."""

    def __init__(self, server: Server) -> None:
        self._pid = server.pid
        self.resident_bytes = 0

    @property
    def mib(self) -> float:
        """The same in MiB."""
        return self.resident_bytes / 1024**2

    def wait(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Look at it ten times a second, until the time is over or something is so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            self.resident_bytes = max(self.resident_bytes, usage_of(self._pid).resident_bytes)
            time.sleep(0.1)
