"""How long does a writer wait while retention deletes? `python -m benchmarks.retention [--checks N] [--seconds S]`

Fills an SQLite file (or the PostgreSQL of --database) with old checks, a share of them with evidence, then lets
retention work while a writer commits a few rows every few milliseconds, and prints how long the writer's commits took:
beside nothing else, beside retention, and how many old rows went meanwhile.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Self

from sqlalchemy import text

from tocsin import Database, WebsiteCreate, WebsiteCRUD
from tocsin.model.times import to_epoch_us, utcnow
from tocsin.watch.housekeeping import Housekeeping, Keeping

WEBSITES = 1000
EVIDENCE_SHARE = 0.02
EVIDENCE_BYTES = 1500
WRITE_EVERY_S = 0.005
ROWS_A_WRITE = 20

_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT {first} UNION ALL SELECT x + 1 FROM n WHERE x < {last})",
    "postgresql": "WITH n(x) AS (SELECT generate_series({first}::bigint, {last}::bigint))",
}
_BYTES = {"sqlite": "randomblob({count})", "postgresql": "decode(repeat('a1', {count}), 'hex')"}


def fill(database: Database, checks: int) -> None:
    """Store that many checks of 31 to 60 days ago, round robin over the websites, and a few of today."""
    with database.session() as db:
        for number in range(WEBSITES):
            WebsiteCRUD.create(db, WebsiteCreate(url=f"https://{number}.example"))
    kind = database.engine.dialect.name
    start_us = to_epoch_us(utcnow() - timedelta(days=60))
    step_us = int(29 * 86400e6 / checks)
    for first in range(0, checks, 500_000):
        numbers = _NUMBERS[kind].format(first=first, last=min(first + 500_000, checks) - 1)
        with database.write_transaction() as connection:
            connection.execute(
                text(
                    "INSERT INTO monitor_checks (website_id, checked_at, created_delay_ms, status, http_status_code,"
                    f" http_method, response_time_us, attempts) {numbers}"
                    f" SELECT 1 + x % {WEBSITES}, {start_us} + x * {step_us}, 1, 0, 200, 0, 90000, 1 FROM n"
                )
            )
    every = round(1 / EVIDENCE_SHARE)
    with database.write_transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO check_evidence (check_id, website_id, payload) SELECT id, website_id,"
                f" {_BYTES[kind].format(count=EVIDENCE_BYTES)} FROM monitor_checks WHERE id % {every} = 0"
            )
        )
    if kind == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


class Writer:
    """Commits a few rows every few milliseconds in a thread, and keeps how long each commit took, in ms."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ending = threading.Event()
        self.waits_ms: list[float] = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        values = ", ".join(f"({1 + n}, :at + {n}, 1, 0, 200, 0, 90000, 1)" for n in range(ROWS_A_WRITE))
        statement = text(
            "INSERT INTO monitor_checks (website_id, checked_at, created_delay_ms, status, http_status_code,"
            f" http_method, response_time_us, attempts) VALUES {values}"
        )
        while not self._ending.wait(WRITE_EVERY_S):
            started = time.perf_counter()
            with self._database.write_transaction() as connection:
                connection.execute(statement, {"at": to_epoch_us(utcnow())})
            self.waits_ms.append((time.perf_counter() - started) * 1000)

    def report(self, beside: str) -> str:
        """Return the figures as a line."""
        ordered = sorted(self.waits_ms)
        p50, p99 = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99))
        over = sum(one > 100 for one in ordered)
        return (
            f"{beside:24} {len(ordered):7} commits   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms"
            f"   longest {ordered[-1]:7.1f} ms   over 100 ms: {over}"
        )


def measure(database: Database, beside: str, seconds: float, work: Callable[[], object] | None = None) -> None:
    """Write for that long, beside `work`, and print what the writer waited."""
    with Writer(database) as writer:
        worker = threading.Thread(target=work) if work else None
        if worker:
            worker.start()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and (worker is None or worker.is_alive()):
            time.sleep(0.05)
    print(writer.report(beside))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checks", type=int, default=5_000_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--database", help="an empty PostgreSQL; else a temporary SQLite file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(given.database or Path(folder) / "retention.db")
        started = time.monotonic()
        fill(database, given.checks)
        print(f"{given.checks} old checks of {WEBSITES} websites stored in {time.monotonic() - started:.0f} s")
        measure(database, "beside nothing", min(10, given.seconds))
        housekeeping = Housekeeping(database, Keeping())
        measure(database, "beside retention", given.seconds, housekeeping.let_go)
        housekeeping.stop()
        cut = to_epoch_us(utcnow() - timedelta(days=30))
        with database.engine.connect() as connection:
            left = connection.scalar(text(f"SELECT count(*) FROM monitor_checks WHERE checked_at < {cut}"))
        print(f"{given.checks - left} old checks went meanwhile")
        database.dispose()


if __name__ == "__main__":
    main()
