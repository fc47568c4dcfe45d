"""Do bad neighbours make healthy websites' checks late? Sites that hang until their timeout, and dead name servers.

    python -m benchmarks.neighbours [--websites 1000] [--hanging 1000] [--names 40] [--interval 20] [--seconds 40]

Three runs: healthy websites alone; beside as many that accept a connection and then say nothing for the whole
timeout (10 s, again and again until the check's time is over, no circuit breaker); beside names whose name server is
dead. Goals: the 99th percentile of the healthy ones' lateness moves by at most 250 ms and 20 ms. About 4 minutes.
"""

import argparse
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from benchmarks.reporting import begin, finish, ms, parser, say
from benchmarks.served import Peak, fill, seen_between
from tocsin.cli.measuring.processes import ADDRESSES, find_nginx, running_server, running_site
from tocsin.cli.measuring.punctuality import Punctuality
from tocsin.cli.measuring.target import listeners
from tocsin.logs import configure_logs

HANGING_GOAL_MS = 250.0
NAMES_GOAL_MS = 20.0
TIMEOUT_S = 10
HELD = 8000


@contextmanager
def hanging_site(count: int) -> Iterator[list[str]]:
    """Yield URLs of a website that accepts every connection and never says a word."""
    sockets = listeners(list(ADDRESSES))

    def hold(one: socket.socket) -> None:
        held: list[socket.socket] = []
        while True:
            try:
                held.append(one.accept()[0])
            except OSError:
                return
            if len(held) > HELD // len(ADDRESSES):
                held.pop(0).close()

    for one in sockets:
        one.listen(4096)
        Thread(target=hold, args=(one,), daemon=True).start()
    bases = [f"http://{one.getsockname()[0]}:{one.getsockname()[1]}" for one in sockets]
    try:
        yield [f"{bases[number % len(bases)]}/{number}" for number in range(count)]
    finally:
        for one in sockets:
            one.shutdown(socket.SHUT_RDWR)
            one.close()


def measure(
    folder: Path, healthy: list[str], bad: list[str], name_servers: str, interval_s: int, seconds: float
) -> tuple[Punctuality, float]:
    """Return how punctual the healthy websites were beside the bad ones, and the most memory in MiB."""
    path = folder / f"{time.time_ns()}.db"
    fill(path, healthy, interval_s)
    if bad:
        fill(path, bad, interval_s, timeout=TIMEOUT_S)
    with running_server(
        path, interval_min_s=interval_s, breaker_failures=1_000_000, name_servers=name_servers
    ) as server:
        peak = Peak(server)
        peak.wait(1.5 * interval_s)  # in the first interval they are checked for the first time; by then many hang
        start = time.time()
        peak.wait(seconds)
        end = time.time()
        said = server.ask()["watch"]
        peak.wait(2)
    seen = seen_between(path, start, end, range(1, len(healthy) + 1))
    say(
        f"healthy: {seen.done_count} of {seen.due_count} done, late {ms(seen.quantile(0.5))} /"
        f" {ms(seen.quantile(0.99))}; {said['in_flight_count']} checks in flight, {peak.mib:.0f} MiB"
    )
    return seen, peak.mib


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--websites", type=int, default=1000)
    arguments.add_argument("--hanging", type=int, default=1000)
    arguments.add_argument("--names", type=int, default=40)
    arguments.add_argument("--interval", type=int, default=20)
    arguments.add_argument("--seconds", type=float, default=40)
    given = arguments.parse_args()
    configure_logs("ERROR")
    begin("Bad neighbours", 3 * (5 + 1.5 * given.interval + given.seconds + 2))
    with tempfile.TemporaryDirectory() as name, socket.socket(type=socket.SOCK_DGRAM) as dead:
        folder = Path(name)
        dead.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{dead.getsockname()[1]}"
        with running_site(folder, is_https=False, nginx=find_nginx()) as site, hanging_site(given.hanging) as hanging:
            healthy = [site.url(number) for number in range(given.websites)]
            names = [f"http://shop-{number}.bench.example/" for number in range(given.names)]
            rest = (server, given.interval, given.seconds)
            runs = {
                "alone": measure(folder, healthy, [], *rest),
                "beside hanging": measure(folder, healthy, hanging, *rest),
                "beside dead names": measure(folder, healthy, names, *rest),
            }
    report(runs, given)


def report(runs: dict[str, tuple[Punctuality, float]], given: argparse.Namespace) -> None:
    """Print what each run showed, and how far from the first."""
    alone = runs["alone"][0].quantile(0.99) or 0.0
    goals = {"alone": 0.0, "beside hanging": HANGING_GOAL_MS, "beside dead names": NAMES_GOAL_MS}
    rows, figures, is_good = [], {}, True
    for label, (seen, memory) in runs.items():
        moved = (seen.quantile(0.99) or 0.0) - alone
        late = f"late {ms(seen.quantile(0.5))} / {ms(seen.quantile(0.99))}"
        measured = f"{100 * (seen.done_ratio or 0):.2f} % done, {late}, {memory:.0f} MiB"
        goal = f"99th percentile moves by {moved:+.1f} ms, goal {goals[label]:.0f}" if goals[label] else ""
        rows.append((f"{given.websites} healthy, {label}", measured, goal))
        figures[label] = {
            "due_count": seen.due_count,
            "done_count": seen.done_count,
            "lateness_p50_ms": seen.quantile(0.5),
            "lateness_p99_ms": seen.quantile(0.99),
            "moved_p99_ms": moved,
            "memory_mib": memory,
        }
        is_good &= seen.done_count == seen.due_count and (not goals[label] or moved <= goals[label])
    finish(rows, figures, as_json=given.json, is_good=is_good)


if __name__ == "__main__":
    main()
