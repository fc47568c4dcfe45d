"""What one check costs: CPU milliseconds of Tocsin's probes beside their peers, interleaved in one run.

    python -m benchmarks.probe_cost [--rounds 5] [--concurrency 50]

Every check is a fresh connection with a full TLS 1.3 handshake to an nginx of our own on loopback (a page of 1 KiB,
P-256 leaf and intermediate), which runs on CPU 0; the client runs on CPU 1. Each figure is the median of the rounds.
Each run has the next address of the target's, so that none finds the local ports used up by those before it.

Every engine records status, phases and the leaf certificate where it can; what each can is said in probe_peers.
Tocsin reads the whole chain and parses each certificate once; "chain when due" leaves that out. blackbox_exporter
runs as it is installed: the default log level, both CPUs, its own metrics for each probe; only its CPU is counted, not
that of who asks it (a bare loop over kept-alive connections). The C floor records nothing at all.

A peer that is not installed is left out, and said so. The bounds are those that Tocsin promises; exit 1 for a miss.
Those of "chain when due" are only printed.
"""

import argparse
import contextlib
import itertools
import json
import re
import select
import shutil
import socket
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.probe_target import Nginx, free_port, nginx, running

FLOOR, BLACKBOX = "C floor (system OpenSSL)", "blackbox_exporter"
TOCSIN, WHEN_DUE = "tocsin", "tocsin, chain when due"
COUNTS = {"https": 1000, "http": 4000}
SLOW = {"httpx", BLACKBOX}
BOUNDS = [
    ("https", TOCSIN, BLACKBOX, 0.75),
    ("https", TOCSIN, "httpx", 0.45),
    ("http", TOCSIN, BLACKBOX, 0.15),
]
INFORMATIVE = [("https", WHEN_DUE, BLACKBOX, 0.65), ("https", WHEN_DUE, "httpx", 0.35)]
BLACKBOX_MODULE = """
modules:
  page:
    prober: http
    http: {{preferred_ip_protocol: ip4, tls_config: {{ca_file: {ca}}}}}
"""

Run = Callable[[str, int], dict[str, float]]
"""Takes a URL and how many checks; returns the figures."""


def pinned(command: list[str]) -> str:
    done = subprocess.run(["taskset", "-c", "1", *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[:4]} failed:\n{done.stderr}")
    return done.stdout


def python_peer(engine: str, target: Nginx, concurrency: int) -> Run:
    def run(url: str, count: int) -> dict[str, float]:
        module = [sys.executable, "-m", "benchmarks.probe_peers"]
        line = pinned([*module, engine, url, str(count), str(concurrency), target.ca_bundle])
        figures: dict[str, float] = json.loads(line)
        return figures

    return run


def c_floor(target: Nginx) -> Run | None:
    binary, source = str(target.folder / "tls_floor"), str(Path(__file__).with_name("tls_floor.c"))
    if shutil.which("cc") is None:
        return None
    built = subprocess.run(["cc", "-O2", source, "-o", binary, "-lssl", "-lcrypto"], capture_output=True, check=False)
    if built.returncode:
        return None

    def run(url: str, count: int) -> dict[str, float]:
        where = urlsplit(url)
        command = [binary, where.scheme, str(where.hostname), str(where.port), str(count), target.ca_bundle]
        return {"cpu_ms": float(pinned(command)), "bad": 0}

    return run


def process_cpu_ms(pid: int) -> float:
    """Return user and system time of all threads of `pid`, as exact as getrusage is for the others.

    Source: the kernel's sched-stats.rst, first field of schedstat, in nanoseconds.
    """
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(one.read_text().split()[0]) for one in threads) / 1e6


def scrape(port: int, url: str, count: int, concurrency: int) -> int:
    """Ask the exporter for `count` probes, `concurrency` at a time over kept-alive connections; return the failed.

    A bare epoll loop, so that the exporter is what limits the rate, as our own engine is in its runs.
    """
    request = f"GET /probe?module=page&target={url} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    left, bad = count, 0
    waiting: dict[int, tuple[socket.socket, bytearray]] = {}
    with select.epoll() as epoll, contextlib.ExitStack() as stack:
        for _ in range(min(concurrency, count)):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            epoll.register(one.fileno(), select.EPOLLIN)
            waiting[one.fileno()] = (one, bytearray())
            one.sendall(request)
            left -= 1
        while waiting:
            for number, _ in epoll.poll():
                one, got = waiting[number]
                got += one.recv(65536)
                if not is_complete(got):
                    continue
                bad += b"\nprobe_success 1" not in got
                got.clear()
                if left > 0:
                    one.sendall(request)
                    left -= 1
                else:
                    del waiting[number]
                    epoll.unregister(number)
    return bad


def is_complete(answer: bytearray) -> bool:
    """Tell whether an HTTP/1.1 answer of the exporter has come whole."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n")


def blackbox(port: int, pid: int, concurrency: int) -> Run:
    def run(url: str, count: int) -> dict[str, float]:
        scrape(port, url, 300, concurrency)
        before = process_cpu_ms(pid)
        bad = scrape(port, url, count, concurrency)
        return {"cpu_ms": (process_cpu_ms(pid) - before) / count, "bad": bad}

    return run


def measure(peers: dict[str, Run], target: Nginx, rounds: int) -> dict[tuple[str, str], list[dict[str, float]]]:
    """Run every peer once a round, one after another, so that the machine's moods hit all alike."""
    seen: defaultdict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    runs = itertools.count()
    for number in range(rounds):
        for scheme, count in COUNTS.items():
            for name, run in peers.items():
                if scheme == "http" and name == WHEN_DUE:
                    continue
                url = target.url(scheme, next(runs))
                seen[scheme, name].append(run(url, count // 2 if name in SLOW else count))
        print(f"round {number + 1} of {rounds} done", file=sys.stderr)
    return seen


def report(seen: dict[tuple[str, str], list[dict[str, float]]]) -> bool:
    """Print the table and the bounds; return whether all of them hold."""
    cost = {key: statistics.median(run["cpu_ms"] for run in runs) for key, runs in seen.items()}
    print(f"{'':6} {'engine':28} {'CPU ms':>8} {'min':>7} {'max':>7} {'checks/s':>9} {'lag p99 ms':>11} {'bad':>4}")
    for (scheme, name), runs in seen.items():
        times = [run["cpu_ms"] for run in runs]
        rate = statistics.median(run.get("rate", 0) for run in runs)
        lag = statistics.median(run.get("lag_p99_ms", 0) for run in runs)
        bad = sum(run["bad"] for run in runs)
        spread = f"{cost[scheme, name]:8.3f} {min(times):7.3f} {max(times):7.3f}"
        print(f"{scheme:6} {name:28} {spread} {rate or '':9.0f} {lag:11.1f} {bad:4.0f}" if rate else
              f"{scheme:6} {name:28} {spread} {'':9} {'':11} {bad:4.0f}")  # fmt: skip
    good = not any(run["bad"] for runs in seen.values() for run in runs)
    for scheme, ours, theirs, bound in BOUNDS + INFORMATIVE:
        if (scheme, theirs) in cost:
            ratio = cost[scheme, ours] / cost[scheme, theirs]
            promised = (scheme, ours, theirs, bound) in BOUNDS
            good &= ratio <= bound or not promised
            verdict = "ok" if ratio <= bound else "MISSED" if promised else "above"
            print(f"{scheme}: {ours} / {theirs} = {ratio:.3f} (at most {bound}) {verdict}")
    return good


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--concurrency", type=int, default=50)
    asked = options.parse_args()
    with nginx() as target:
        peers: dict[str, Run] = {name: python_peer(name, target, asked.concurrency) for name in (TOCSIN, WHEN_DUE)}
        for name in ("aiohttp", "httpx"):
            if find_spec(name) is None:
                print(f"NOT MEASURED: {name} is not installed", file=sys.stderr)
            else:
                peers[name] = python_peer(name, target, asked.concurrency)
        floor = c_floor(target)
        if floor is None:
            print("NOT MEASURED: the C floor needs cc and the OpenSSL headers", file=sys.stderr)
        else:
            peers[FLOOR] = floor
        exporter = shutil.which("prometheus-blackbox-exporter") or shutil.which("blackbox_exporter")
        if exporter is None:
            print("NOT MEASURED: blackbox_exporter is not installed", file=sys.stderr)
            sys.exit(0 if report(measure(peers, target, asked.rounds)) else 1)
        settings, port = target.folder / "blackbox.yml", free_port()
        settings.write_text(BLACKBOX_MODULE.format(ca=target.ca_bundle))
        command = [exporter, f"--config.file={settings}", f"--web.listen-address=127.0.0.1:{port}"]
        with running(command, port) as process:
            peers[BLACKBOX] = blackbox(port, process.pid, asked.concurrency)
            good = report(measure(peers, target, asked.rounds))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
