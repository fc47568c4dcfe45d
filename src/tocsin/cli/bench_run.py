"""The measuring behind `tocsin bench`: a target, a database, a watch for a while, and the figures. Leaves nothing."""

import asyncio
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from tocsin.errors import TocsinError
from tocsin.model.enums import MonitorStatus
from tocsin.model.websites import INTERVAL_BOUNDS, WebsiteCreate
from tocsin.probes.certificates.facts import write_self_signed
from tocsin.storage.database import Database
from tocsin.storage.websites import WebsiteCRUD
from tocsin.watch.live import LiveHub
from tocsin.watch.service import Watch, WatchOverview, WatchPlan

LOOPBACK = "127.0.0.1"
GLANCE_S = 0.2
"""How often progress is told."""
CHECK_TABLES = ("monitor_checks", "ix_monitor_checks_website_time")

OnProgress = Callable[[str, float], None]
"""Is told what is being done, and which share of it is done (0 to 1)."""


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """What to measure; durations in seconds."""

    websites_count: int = 1000
    interval_s: int = 60
    seconds: float = 60.0
    is_https: bool = False


@dataclass(frozen=True, slots=True)
class BenchResult:
    """What was measured."""

    websites_count: int
    interval_s: int
    seconds: float
    is_https: bool
    due_count: int
    done_count: int
    missed_count: int
    done_ratio: float | None  # of the checks that came due, those done or still under way at the end
    up_count: int
    lateness_p50_ms: float | None  # from due to started
    lateness_p99_ms: float | None
    cpu_ms_per_check: float | None  # of this process, writing included; not the target's
    cpu_percent: float  # of one core
    memory_mib: float  # resident, at the end
    check_bytes: float | None  # a check's row with its index; None where SQLite cannot tell
    database_bytes: int  # the whole file at the end

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON-able form."""
        return asdict(self)


def run_bench(plan: BenchPlan, on_progress: OnProgress) -> BenchResult:
    """Measure this installation; blocks for `plan.seconds` and a little more. Its files are gone afterwards.

    Raises:
        TocsinError: the target did not start.
    """
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as name:
        folder = Path(name)
        files = write_self_signed(LOOPBACK, folder) if plan.is_https else ()
        path = folder / "bench.db"
        with target(files) as port, ExitStack() as stack:
            database = Database(path)
            stack.callback(database.dispose)
            fill(database, plan, f"{'https' if plan.is_https else 'http'}://{LOOPBACK}:{port}", on_progress)
            seen = asyncio.run(_watch(database, plan, str(files[0]) if files else "", on_progress))
        return _result(plan, *seen, path)


@contextmanager
def target(files: tuple[Path, ...]) -> Iterator[int]:
    """Yield the port of a website in a process of its own, with TLS where `files` are certificate and key."""
    words = [sys.executable, "-m", "tocsin.cli.bench_target", *map(str, files)]
    pipe = subprocess.PIPE
    # In a process group of its own it misses the terminal's Ctrl-C; it ends when its standard input does.
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, process_group=0) as process:  # noqa: S603
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise TocsinError("the website to measure with did not start")
        yield int(line)


def fill(database: Database, plan: BenchPlan, url: str, on_progress: OnProgress) -> None:
    """Store the websites, each with a path of its own."""
    INTERVAL_BOUNDS.min_s = min(INTERVAL_BOUNDS.min_s, plan.interval_s)
    with database.session() as db:
        for number in range(plan.websites_count):
            website = WebsiteCreate(url=f"{url}/{number}", check_interval=plan.interval_s)
            WebsiteCRUD.create(db, website)
            if number % 100 == 0:
                on_progress(f"adding {plan.websites_count} websites", number / plan.websites_count)


async def _watch(
    database: Database, plan: BenchPlan, ca_bundle: str, on_progress: OnProgress
) -> tuple[WatchOverview, float, float]:
    """Watch for a while; return what the watch says, the CPU seconds and the seconds it took."""
    watch = Watch(database, LiveHub(), WatchPlan(ca_bundle=ca_bundle))
    cpu_s, began_at = time.process_time(), time.monotonic()
    try:
        await watch.start()
        while (gone_s := time.monotonic() - began_at) < plan.seconds:
            seen = watch.overview()
            on_progress(f"{seen.done_count} of {seen.due_count} due checks done", gone_s / plan.seconds)
            await asyncio.sleep(min(GLANCE_S, plan.seconds - gone_s))
        overview = watch.overview()
    finally:
        await watch.stop()
    return overview, time.process_time() - cpu_s, time.monotonic() - began_at


def _result(plan: BenchPlan, seen: WatchOverview, cpu_s: float, took_s: float, path: Path) -> BenchResult:
    kept = seen.done_count + seen.in_flight_count
    return BenchResult(
        **asdict(plan),
        due_count=seen.due_count,
        done_count=seen.done_count,
        missed_count=seen.missed_count,
        done_ratio=min(1.0, kept / seen.due_count) if seen.due_count else None,
        up_count=seen.status_counts.get(MonitorStatus.UP, 0),
        lateness_p50_ms=seen.lateness_p50_ms,
        lateness_p99_ms=seen.lateness_p99_ms,
        cpu_ms_per_check=1000 * cpu_s / seen.done_count if seen.done_count else None,
        cpu_percent=100 * cpu_s / took_s,
        memory_mib=psutil.Process().memory_info().rss / 1024**2,
        check_bytes=check_bytes(path),
        database_bytes=path.stat().st_size,
    )


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
