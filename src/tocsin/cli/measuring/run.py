"""The measuring behind `tocsin bench`: a target, a database, a server for a while, and the figures. Leaves nothing."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from tocsin.cli.measuring.asking import Asked, Clients
from tocsin.cli.measuring.processes import (
    Server,
    Site,
    Usage,
    by_thread,
    find_nginx,
    running_server,
    running_site,
    usage_of,
)
from tocsin.cli.measuring.punctuality import (
    Punctuality,
    check_bytes,
    count_up,
    last_check_id,
    punctuality,
    read_checks,
    read_intervals,
)
from tocsin.model.websites import INTERVAL_BOUNDS, WebsiteCreate
from tocsin.storage.database import Database
from tocsin.storage.websites import WebsiteCRUD

GLANCE_S = 0.2
"""How often progress is told."""
SETTLE_S = 1.5
"""So long after the last moment that counts its checks are stored."""

OnProgress = Callable[[str, float], None]
"""Is told what is being done, and which share of it is done (0 to 1)."""


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """What to measure; durations in seconds.

    The first interval is not measured: every website is checked for the first time in it. In the first half of
    `seconds` the server only checks; in the second half, if `asks_per_s` is not 0, lists and pages are asked for
    as well, each so often.
    """

    websites_count: int = 1000
    interval_s: int = 20
    seconds: float = 40.0
    is_https: bool = False
    asks_per_s: float = 2.0

    @property
    def estimated_s(self) -> float:
        """About how long it takes in all."""
        return 4 + self.websites_count / 4000 + self.interval_s + self.seconds + SETTLE_S


@dataclass(frozen=True, slots=True)
class BenchResult:
    """What was measured."""

    websites_count: int
    interval_s: int
    seconds: float
    is_https: bool
    asks_per_s: float
    target: str  # "nginx" or "Python"
    due_count: int
    done_count: int
    missed_count: int  # by the server's own account, from its start
    done_ratio: float | None  # of the checks that came due, by the rows
    up_count: int
    lateness_p50_ms: float | None  # from due to started, by the rows
    lateness_p99_ms: float | None
    asked_lateness_p99_ms: float | None  # of the half in which lists are asked for
    cpu_ms_per_check: float | None  # of the server, writing included, in the quiet half; not the target's
    cpu_percent: float  # of one core
    threads_percent: dict[str, float]  # the same by thread
    first_cpu_ms_per_check: float | None  # the start and each website's first check, by check
    target_cpu_percent: float
    machine_cpu_percent: float  # of all cores, whoever used them
    waiting_count: int  # results not stored yet at the end
    memory_mib: float  # resident, the most that was seen
    check_bytes: float | None  # a check's row with its index; None where SQLite cannot tell
    database_bytes: int  # the whole file at the end
    asked: list[dict[str, Any]]  # path, count, first_ms, failed_count, p50_ms, p99_ms, max_ms

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON-able form."""
        return asdict(self)


def run_bench(plan: BenchPlan, on_progress: OnProgress) -> BenchResult:
    """Measure this installation; blocks for about `plan.estimated_s`. Its files are gone afterwards.

    Raises:
        TocsinError: the target or the server did not start.
    """
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as name:
        folder = Path(name)
        path = folder / "bench.db"
        with running_site(folder, is_https=plan.is_https, nginx=find_nginx()) as site:
            fill(path, plan, site, on_progress)
            with running_server(path, interval_min_s=plan.interval_s, ca_bundle=site.ca_bundle) as server:
                seen = _Watching(plan, path, site, server, on_progress).watch()
        return _result(plan, seen, path, site)


def fill(path: Path, plan: BenchPlan, site: Site, on_progress: OnProgress) -> None:
    """Make the database and store the websites, each with a path of its own."""
    on_progress(f"adding {plan.websites_count} websites", 0.0)
    INTERVAL_BOUNDS.min_s = min(INTERVAL_BOUNDS.min_s, plan.interval_s)
    database = Database(path)
    try:
        wanted = (
            WebsiteCreate(url=site.url(number), check_interval=plan.interval_s) for number in range(plan.websites_count)
        )
        with database.session() as db:
            WebsiteCRUD.create_many(db, wanted)
    finally:
        database.dispose()


@dataclass(slots=True)
class Seen:
    """What was read while the server ran. Each mark is a moment (seconds since 1970) and what was used until then."""

    marks: list[tuple[float, Usage, float]]  # begin, half, end; the last number is the target's CPU seconds
    first_count: int  # checks stored before the first mark
    machine_percent: float
    watch: dict[str, Any]
    names: dict[str, str]
    peak_bytes: int
    asked: list[Asked]


class _Watching:
    """One server, watched through the three parts of a measurement."""

    def __init__(self, plan: BenchPlan, path: Path, site: Site, server: Server, on_progress: OnProgress) -> None:
        self._plan = plan
        self._path = path
        self._site = site
        self._server = server
        self._on_progress = on_progress
        self._peak_bytes = 0
        self._began_at = time.monotonic()

    def watch(self) -> Seen:
        """Let it run: one interval to come into its stride, half the time alone, half the time with clients."""
        plan = self._plan
        self._wait(plan.interval_s)
        first_count = last_check_id(self._path)
        marks = [self._mark()]
        psutil.cpu_percent()
        self._wait(plan.seconds / 2)
        machine_percent = psutil.cpu_percent()  # since the call before
        marks.append(self._mark())
        asked: list[Asked] = []
        if plan.asks_per_s:
            with Clients(self._server.url, each_per_s=plan.asks_per_s) as clients:
                self._wait(plan.seconds / 2)
            asked = clients.asked
        else:
            self._wait(plan.seconds / 2)
        marks.append(self._mark())
        said = self._server.ask()
        self._wait(SETTLE_S)
        return Seen(marks, first_count, machine_percent, said["watch"], said["threads"], self._peak_bytes, asked)

    def _mark(self) -> tuple[float, Usage, float]:
        return time.time(), usage_of(self._server.pid), usage_of(self._site.pid, with_children=True).cpu_s

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        whole = self._plan.interval_s + self._plan.seconds + SETTLE_S
        while (left := until - time.monotonic()) > 0:
            self._peak_bytes = max(self._peak_bytes, usage_of(self._server.pid).resident_bytes)
            share = min(1.0, (time.monotonic() - self._began_at) / whole)
            self._on_progress(f"{last_check_id(self._path)} checks done", share)
            time.sleep(min(GLANCE_S, left))


def _result(plan: BenchPlan, seen: Seen, path: Path, site: Site) -> BenchResult:
    (begin, before, target_before), (half, middle, target_middle), (end, _, _) = seen.marks
    checks, intervals = read_checks(path), read_intervals(path)
    whole = punctuality(checks, intervals, (begin, end))
    quiet = punctuality(checks, intervals, (begin, half))
    asked: Punctuality | None = punctuality(checks, intervals, (half, end)) if seen.asked else None
    cpu_s, took_s = middle.cpu_s - before.cpu_s, half - begin
    threads = by_thread(before, middle, seen.names)
    return BenchResult(
        **asdict(plan),
        target=site.made_by,
        due_count=whole.due_count,
        done_count=whole.done_count,
        missed_count=seen.watch["missed_count"],
        done_ratio=whole.done_ratio,
        up_count=count_up(path),
        lateness_p50_ms=whole.quantile(0.5),
        lateness_p99_ms=whole.quantile(0.99),
        asked_lateness_p99_ms=asked.quantile(0.99) if asked else None,
        cpu_ms_per_check=1000 * cpu_s / quiet.done_count if quiet.done_count else None,
        cpu_percent=100 * cpu_s / took_s,
        threads_percent={label: 100 * seconds / took_s for label, seconds in threads.items()},
        first_cpu_ms_per_check=1000 * before.cpu_s / seen.first_count if seen.first_count else None,
        target_cpu_percent=100 * (target_middle - target_before) / took_s,
        machine_cpu_percent=seen.machine_percent,
        waiting_count=seen.watch["write_queue_count"],
        memory_mib=seen.peak_bytes / 1024**2,
        check_bytes=check_bytes(path),
        database_bytes=path.stat().st_size,
        asked=[one.to_dict() for one in seen.asked],
    )
