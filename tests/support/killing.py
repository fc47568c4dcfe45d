"""A server that is killed, and what must be true of its database whenever that happens."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError

from sqlalchemy import Connection

from tests.support.target import Site
from tests.support.watching import add_website
from tocsin import Database

DOWN = 1
HOUR_US = 3_600_000_000
FLAP_S = 3


def flapping(path: str) -> tuple[int, float]:
    """Return 500 or 200 by path and time: each site changes its mind every few seconds, at a moment of its own."""
    seed = zlib.crc32(path.encode())
    turn = int((time.time() + seed % FLAP_S) / FLAP_S)
    return (500 if random.Random(seed * 1_000_003 + turn).random() < 0.4 else 200), 0.0


def seed_websites(data_dir: Path, site: Site, count: int) -> None:
    """Make the server's database with `count` websites, each checked every second."""
    database = Database(data_dir / "tocsin.db")
    for number in range(count):
        add_website(database, site.url(f"/{number}"))
    database.dispose()


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass
class Server:
    """A `tocsin serve` of its own, started again after each kill."""

    data_dir: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None
    starts_s: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start it and wait until it is ready; note how long that took."""
        began = time.monotonic()
        environ = {
            **os.environ,
            "TOCSIN_DATA_DIR": str(self.data_dir),
            "TOCSIN_CHECK_INTERVAL_MIN": "1",
            "TOCSIN_BREAKER_FAILURES": "1000000",
        }
        command = [sys.executable, "-m", "tocsin", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
        while not self.is_ready():
            assert self.process.poll() is None, "the server ended"
            assert time.monotonic() - began < 30, "the server is not ready after 30 s"
            time.sleep(0.02)
        self.starts_s.append(time.monotonic() - began)

    def is_ready(self) -> bool:
        """Ask /readyz."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Pull the plug."""
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(timeout=15)


@contextmanager
def server_in(data_dir: Path) -> Iterator[Server]:
    """Yield a server that was not started yet; whatever runs at the end is killed."""
    server = Server(data_dir)
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill()


def faults_in(data_dir: Path) -> list[str]:
    """Return every contradiction in the database of a server that does not run."""
    database = Database(data_dir / "tocsin.db", create=False)
    try:
        with database.engine.connect() as connection:
            return [
                *_file_faults(connection),
                *_rollup_faults(connection),
                *(fault for website in _ids(connection) for fault in _website_faults(connection, website)),
            ]
    finally:
        database.dispose()


def _rows(connection: Connection, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.exec_driver_sql(sql)]


def _ids(connection: Connection) -> list[int]:
    return [row[0] for row in _rows(connection, "SELECT id FROM websites")]


def _file_faults(connection: Connection) -> list[str]:
    faults = [f"file: {row}" for row in _rows(connection, "PRAGMA integrity_check") if row != ("ok",)]
    return faults + [f"foreign key: {row}" for row in _rows(connection, "PRAGMA foreign_key_check")]


def _rollup_faults(connection: Connection) -> list[str]:
    counted = _rows(connection, "SELECT website_id, period, up_count, down_count FROM hourly_rollups")
    raw = _rows(
        connection,
        f"SELECT website_id, checked_at / {HOUR_US}, sum(status = 0), sum(status = {DOWN})"
        " FROM monitor_checks GROUP BY 1, 2",
    )
    return [f"rollup: {row} on one side only" for row in set(counted) ^ set(raw)]


def _website_faults(connection: Connection, website: int) -> list[str]:
    faults = []
    checks = _rows(
        connection, f"SELECT id, status, checked_at FROM monitor_checks WHERE website_id = {website} ORDER BY id"
    )
    events = _rows(
        connection,
        f"SELECT check_id, to_status, downtime_id FROM outbox_events WHERE website_id = {website} ORDER BY id",
    )
    expected = [
        (check[0], "DOWN" if check[1] == DOWN else "UP")
        for position, check in enumerate(checks)
        if check[1] != (checks[position - 1][1] if position else 0)
    ]
    if [row[:2] for row in events] != expected:
        faults.append(f"website {website}: events {events} where the checks make {expected}")
    downtimes = _rows(
        connection,
        "SELECT id, ended_at IS NULL, affected_checks_count FROM downtime_windows"
        f" WHERE website_id = {website} ORDER BY id",
    )
    for downtime, is_open, affected in downtimes:
        told = [row[1] for row in events if row[2] == downtime]
        if told != (["DOWN"] if is_open else ["DOWN", "UP"]):
            faults.append(f"website {website}: downtime {downtime} was told as {told}")
        if affected < 1:
            faults.append(f"website {website}: downtime {downtime} has no failed check")
    if sum(row[2] for row in downtimes) != sum(check[1] == DOWN for check in checks):
        faults.append(f"website {website}: failed checks outside downtimes")
    is_down = bool(checks) and checks[-1][1] == DOWN
    if is_down != any(row[1] for row in downtimes):
        faults.append(f"website {website}: last check down is {is_down}, downtimes {downtimes}")
    faults += _alert_faults(connection, website)
    state = _rows(connection, f"SELECT last_check_id FROM website_states WHERE website_id = {website}")
    if state != ([(checks[-1][0],)] if checks else []):
        faults.append(f"website {website}: state {state} is not that of the last check")
    return faults


def _alert_faults(connection: Connection, website: int) -> list[str]:
    """What was taken in has opened or resolved the website's alert, each once; what was not, has not."""
    taken = _rows(
        connection,
        f"SELECT to_status FROM outbox_events WHERE website_id = {website} AND handled_at IS NOT NULL ORDER BY id",
    )
    changed = _rows(
        connection,
        "SELECT CASE c.kind WHEN 'resolved' THEN 'UP' ELSE 'DOWN' END FROM alert_changes c JOIN monitoring_alerts a"
        f" ON a.id = c.alert_id WHERE a.website_id = {website} AND c.kind IN ('opened', 'reopened', 'resolved')"
        " ORDER BY c.id",
    )
    return [] if taken == changed else [f"website {website}: events {taken} were taken in as {changed}"]


def totals(data_dir: Path) -> dict[str, int]:
    """Return how much happened: checks, downtimes, events."""
    database = Database(data_dir / "tocsin.db", create=False)
    try:
        with database.engine.connect() as connection:
            tables = ("monitor_checks", "downtime_windows", "outbox_events", "alert_changes")
            return {name: _rows(connection, f"SELECT count(*) FROM {name}")[0][0] for name in tables}
    finally:
        database.dispose()
