"""A start with 10,000 websites and 30 million checks in SQLite, then its pages, and what they do to the checks.

    python -m benchmarks.large_start [--websites 10000] [--checks 30000000] [--interval 60] [--seconds 60] [--json]

The history is made by bulk SQL in a temporary folder (75 bytes a check; TMPDIR says where) and deleted in the end.
Goals: ready in under 3 s; every website checked once within one interval of the start; each list in under 150 ms;
loading them moves the 99th percentile of the checks' lateness by under 50 ms. About 5 minutes.
"""

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.history_maker import BYTES_PER_CHECK, CHECKS_PER_S, make_history
from benchmarks.reporting import begin, finish, ms, parser, say
from benchmarks.served import Peak, fill, query, seen_between
from tocsin.cli.measuring.asking import Asked, Clients
from tocsin.cli.measuring.processes import find_nginx, running_server, running_site
from tocsin.cli.measuring.punctuality import Punctuality, last_check_id, quantile
from tocsin.logs import configure_logs

LISTS = ("/", "/api/websites?page_size=50", "/api/websites?page_size=500", "/?page=90", "/?status=up")
ONE = ("/websites/50", "/api/websites/50/uptime?hours=720", "/api/websites/50/checks?page_size=50")
READY_GOAL_S = 3.0
PAGE_GOAL_MS = 150.0
MOVED_GOAL_MS = 50.0


@dataclass(frozen=True)
class Seen:
    """What one start showed."""

    checks_count: int
    database_bytes: int
    ready_s: float
    checked_count: int  # websites checked within one interval of the start
    first: Punctuality  # of that interval
    quiet: Punctuality
    loaded: Punctuality
    asked: list[Asked]
    peak_mib: float

    @property
    def moved_ms(self) -> float:
        """By how much loading pages moved the 99th percentile of lateness."""
        return (self.loaded.quantile(0.99) or 0.0) - (self.quiet.quantile(0.99) or 0.0)

    def is_good(self, websites_count: int) -> bool:
        """Tell whether every goal is met."""
        slowest = max(p99_of(one) for one in self.asked if one.path in LISTS)
        return (
            self.ready_s < READY_GOAL_S
            and self.checked_count == websites_count
            and slowest < PAGE_GOAL_MS
            and self.moved_ms < MOVED_GOAL_MS
        )


def measure(path: Path, given: argparse.Namespace) -> Seen:
    """Start a server on a database with a long history, and look at it for a while."""
    before_id, size = last_check_id(path), path.stat().st_size
    say(f"{before_id:,} checks, {size / 1e9:.2f} GB; starting")
    began = time.monotonic()
    with running_server(path, interval_min_s=given.interval) as server:
        ready_s, ready_at = time.monotonic() - began, time.time()
        say(f"ready after {ready_s:.2f} s")
        peak = Peak(server)
        peak.wait(given.interval + 2)
        quiet_from = time.time()
        peak.wait(given.seconds)
        quiet_to = time.time()
        with Clients(server.url, LISTS + ONE, each_per_s=1.0) as clients:
            peak.wait(given.seconds)
        ended = time.time()
        peak.wait(2)
    first_until = ready_at + given.interval
    sql = f"SELECT count(DISTINCT website_id) FROM monitor_checks WHERE id > {before_id}"
    ((checked_count,),) = query(path, f"{sql} AND checked_at < {int(first_until * 1e6)}")
    return Seen(
        checks_count=before_id,
        database_bytes=size,
        ready_s=ready_s,
        checked_count=checked_count,
        first=seen_between(path, ready_at, first_until, after_id=before_id),
        quiet=seen_between(path, quiet_from, quiet_to, after_id=before_id),
        loaded=seen_between(path, quiet_to, ended, after_id=before_id),
        asked=clients.asked,
        peak_mib=peak.mib,
    )


def p99_of(one: Asked) -> float:
    """Return the 99th percentile of the answers; the first one is told apart."""
    return quantile(sorted(one.answers_ms), 0.99) or 0.0


def rows_of(seen: Seen, websites_count: int) -> list[tuple[str, str, str]]:
    """Return the table."""
    first = seen.first
    rows = [
        (
            f"start with {seen.checks_count:,} checks ({seen.database_bytes / 1e9:.1f} GB)",
            f"ready in {seen.ready_s:.2f} s",
            f"{READY_GOAL_S:.0f} s",
        ),
        ("checked within an interval of it", f"{seen.checked_count} of {websites_count} websites", "all"),
        ("due in that interval", f"{first.done_count} of {first.due_count}, late {ms(first.quantile(0.99))}", "all"),
        ("late, quiet", f"{ms(seen.quiet.quantile(0.5))} / {ms(seen.quiet.quantile(0.99))}", ""),
        (
            "late, loading pages",
            f"{ms(seen.loaded.quantile(0.5))} / {ms(seen.loaded.quantile(0.99))}",
            f"moved by < {MOVED_GOAL_MS:.0f} ms",
        ),
    ]
    for one in seen.asked:
        failed = f", {one.failed_count} failed" if one.failed_count else ""
        times = f"{ms(quantile(sorted(one.answers_ms), 0.5))} / {ms(p99_of(one))}, first {ms(one.first_ms)}{failed}"
        rows.append((f"GET {one.path}", times, f"{PAGE_GOAL_MS:.0f} ms" if one.path in LISTS else ""))
    return [*rows, ("memory", f"{seen.peak_mib:.0f} MiB at most", "300 MiB")]


def figures_of(seen: Seen) -> dict[str, Any]:
    """Return the JSON-able form."""
    return {
        "checks_count": seen.checks_count,
        "database_bytes": seen.database_bytes,
        "ready_s": seen.ready_s,
        "checked_count": seen.checked_count,
        "first_due_count": seen.first.due_count,
        "first_done_count": seen.first.done_count,
        "lateness_p99_ms": seen.quiet.quantile(0.99),
        "loaded_lateness_p99_ms": seen.loaded.quantile(0.99),
        "asked": [one.to_dict() for one in seen.asked],
        "memory_mib": seen.peak_mib,
    }


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--websites", type=int, default=10_000)
    arguments.add_argument("--checks", type=int, default=30_000_000)
    arguments.add_argument("--interval", type=int, default=60)
    arguments.add_argument("--seconds", type=float, default=60, help="of quiet, and again of loading pages")
    given = arguments.parse_args()
    configure_logs("ERROR")
    needed = given.checks * BYTES_PER_CHECK * 1.3
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < needed * 1.2:
        sys.exit(f"{tempfile.gettempdir()} has {free / 1e9:.1f} GB free, {needed / 1e9:.1f} are needed: use --checks")
    begin("A large start", given.checks / CHECKS_PER_S + 15 + given.interval + 2 * given.seconds)
    with tempfile.TemporaryDirectory() as name, running_site(Path(name), is_https=False, nginx=find_nginx()) as site:
        path = Path(name) / "large.db"
        fill(path, (site.url(number) for number in range(given.websites)), given.interval)
        make_history(path, given.checks, given.interval, time.time(), say)
        seen = measure(path, given)
    rows = rows_of(seen, given.websites)
    finish(rows, figures_of(seen), as_json=given.json, is_good=seen.is_good(given.websites))


if __name__ == "__main__":
    main()
