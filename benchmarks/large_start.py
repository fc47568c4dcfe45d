"""A start with 10,000 websites and 30 million checks in SQLite, then its pages, and what they do to the checks.

    python -m benchmarks.large_start [--websites 10000] [--checks 30000000] [--interval 60] [--seconds 60] [--json]

The history is made by bulk SQL in a temporary folder (75 bytes a check; TMPDIR says where) and deleted in the end.
Goals: ready in under 3 s; every website checked once within one interval of the start; each list in under 150 ms;
loading them moves the 99th percentile of the checks' lateness by under 50 ms. About 5 minutes.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.history_maker import BYTES_PER_CHECK, CHECKS_PER_S, make_history
from benchmarks.reporting import begin, finish, ms, parser, say
from benchmarks.served import Peak, fill, query, seen_between
from tocsin.cli.measuring.asking import Asked, Clients
from tocsin.cli.measuring.processes import find_nginx, running_server, running_site
from tocsin.cli.measuring.punctuality import last_check_id, quantile
from tocsin.logs import configure_logs

LISTS = ("/", "/api/websites?page_size=50", "/api/websites?page_size=500", "/?page=90", "/?status=up")
ONE = ("/websites/50", "/api/websites/50/uptime?hours=720", "/api/websites/50/checks?page_size=50")
READY_GOAL_S = 3.0
PAGE_GOAL_MS = 150.0
MOVED_GOAL_MS = 50.0


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
        sys.exit(f"{needed / 1e9:.1f} GB are needed in {tempfile.gettempdir()}, {free / 1e9:.1f} are free: use --checks")
    begin("A large start", given.checks / CHECKS_PER_S + 15 + given.interval + 2 * given.seconds)
    with tempfile.TemporaryDirectory() as name, running_site(Path(name), is_https=False, nginx=find_nginx()) as site:
        path = Path(name) / "large.db"
        fill(path, (site.url(number) for number in range(given.websites)), given.interval)
        make_history(path, given.checks, given.interval, time.time(), say)
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
        first = seen_between(path, ready_at, ready_at + given.interval, after_id=before_id)
        checked = query(path, f"SELECT count(DISTINCT website_id) FROM monitor_checks WHERE id > {before_id}"
                              f" AND checked_at < {int((ready_at + given.interval) * 1e6)}")[0][0]  # fmt: skip
        quiet = seen_between(path, quiet_from, quiet_to, after_id=before_id)
        loaded = seen_between(path, quiet_to, ended, after_id=before_id)
    moved = (loaded.quantile(0.99) or 0.0) - (quiet.quantile(0.99) or 0.0)
    lists = [one for one in clients.asked if one.path in LISTS]
    slow = max(p99_of(one) for one in lists)
    rows = [
        (f"start with {before_id:,} checks ({size / 1e9:.1f} GB)", f"ready in {ready_s:.2f} s", f"{READY_GOAL_S:.0f} s"),
        ("checked within an interval of it", f"{checked} of {given.websites} websites", "all"),
        ("checks due in that interval", f"{first.done_count} of {first.due_count}, late {ms(first.quantile(0.99))}", "all"),
        ("late, quiet", f"{ms(quiet.quantile(0.5))} / {ms(quiet.quantile(0.99))}", ""),
        ("late, loading pages", f"{ms(loaded.quantile(0.5))} / {ms(loaded.quantile(0.99))}", f"moved by < {MOVED_GOAL_MS:.0f} ms"),
        *((f"GET {one.path}", _times(one), f"{PAGE_GOAL_MS:.0f} ms" if one.path in LISTS else "") for one in clients.asked),
        ("memory", f"{peak.mib:.0f} MiB at most", "300 MiB"),
    ]  # fmt: skip
    figures = {
        "checks_count": before_id,
        "database_bytes": size,
        "ready_s": ready_s,
        "checked_count": checked,
        "first_due_count": first.due_count,
        "first_done_count": first.done_count,
        "lateness_p99_ms": quiet.quantile(0.99),
        "loaded_lateness_p99_ms": loaded.quantile(0.99),
        "asked": [one.to_dict() for one in clients.asked],
        "memory_mib": peak.mib,
    }
    is_good = ready_s < READY_GOAL_S and checked == given.websites and slow < PAGE_GOAL_MS and moved < MOVED_GOAL_MS
    finish(rows, figures, as_json=given.json, is_good=is_good)


def p99_of(one: Asked) -> float:
    """Return the 99th percentile of the answers; the first one is told apart."""
    return quantile(sorted(one.answers_ms), 0.99) or 0.0


def _times(one: Asked) -> str:
    ordered = sorted(one.answers_ms)
    failed = f", {one.failed_count} failed" if one.failed_count else ""
    return f"{ms(quantile(ordered, 0.5))} / {ms(p99_of(one))}, first {ms(one.first_ms)}{failed}"


if __name__ == "__main__":
    main()
