"""The processes of a measurement: they end with a pipe of ours, so none outlives it, however it ends."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tocsin.errors import TocsinError
from tocsin.probes.certificates.facts import write_self_signed

ADDRESSES = tuple(f"127.0.0.{number}" for number in range(1, 9))
"""Each address and port allows some 28,000 connections a minute, for as long is a port not used again."""


@dataclass(frozen=True, slots=True)
class Site:
    """A website to check: the first part of its URLs, the authority to trust, and what answers."""

    bases: tuple[str, ...]
    ca_bundle: str
    made_by: str  # "nginx" or "Python"
    pid: int

    def url(self, number: int) -> str:
        """Return one of many URLs, spread over the addresses."""
        return f"{self.bases[number % len(self.bases)]}/{number}"


def find_nginx() -> str | None:
    """Return the path of nginx, or None where it is not installed."""
    return shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


@contextmanager
def running_site(
    folder: Path, *, is_https: bool, nginx: str | None, addresses: Sequence[str] = ADDRESSES
) -> Iterator[Site]:
    """Yield a website on this machine in a process of its own: that nginx, or one in Python.

    Raises:
        TocsinError: it did not start.
    """
    files = [str(path) for path in write_self_signed(addresses, folder)] if is_https else []
    place = {"addresses": list(addresses), "files": files, "nginx": nginx, "folder": str(folder)}
    with started("tocsin.cli.measuring.target", place) as process:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise TocsinError("the website to measure with did not start")
        scheme = "https" if is_https else "http"
        bases = tuple(f"{scheme}://{address}:{int(line)}" for address in addresses)
        yield Site(bases, files[0] if files else "", "nginx" if nginx else "Python", process.pid)


class Server:
    """A running server: its address, and what it and the system say of it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.url: str = self._read()["url"]

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def ask(self) -> dict[str, Any]:
        """Return the watch in figures and the names of the threads."""
        assert self._process.stdin is not None  # noqa: S101 (it is a pipe)
        self._process.stdin.write("figures\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise TocsinError("the server that is measured ended")
        said: dict[str, Any] = json.loads(line)
        return said


@contextmanager
def running_server(
    database: Path, *, interval_min_s: int = 60, ca_bundle: str = "", **more: object
) -> Iterator[Server]:
    """Yield a server on that SQLite file and a free port, once it is ready; `more` are further settings by field.

    Raises:
        TocsinError: it did not start.
    """
    settings = {
        "data_dir": database.parent,
        "database_url": f"sqlite:///{database}",
        "port": 0,
        "check_interval_min": interval_min_s,
        "ca_bundle": ca_bundle,
        "log_level": "ERROR",
        **more,
    }
    words = {f"TOCSIN_{name.upper()}": str(value) for name, value in settings.items()}
    with started("tocsin.cli.measuring.server", words) as process:
        yield Server(process)


@contextmanager
def started(module: str, given: object) -> Iterator["subprocess.Popen[str]"]:
    """Yield a process that runs a module of ours with one JSON argument; it ends with its standard input."""
    words = [sys.executable, "-m", module, json.dumps(given)]
    pipe = subprocess.PIPE
    # In a process group of its own it misses the terminal's Ctrl-C, which would come before its input ends.
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, process_group=0) as process:  # noqa: S603
        yield process


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used: CPU seconds in all and by thread, and its resident memory now."""

    cpu_s: float
    threads_s: dict[int, float]
    resident_bytes: int


def usage_of(pid: int, *, with_children: bool = False) -> Usage:
    """Return what a process has used so far, its children's CPU included where wanted."""
    process = psutil.Process(pid)
    times = process.cpu_times()
    cpu_s = times.user + times.system
    for child in process.children(recursive=True) if with_children else ():
        used = child.cpu_times()
        cpu_s += used.user + used.system
    threads = {one.id: one.user_time + one.system_time for one in process.threads()}
    return Usage(cpu_s, threads, process.memory_info().rss)


LABELS = {
    "MainThread": "event loop",
    "tocsin-probes": "probe engine",
    "tocsin-recorder": "recorder",
    "AnyIO worker thread": "requests",
    "APScheduler": "calendar",
}


def by_thread(before: Usage, after: Usage, names: dict[str, str]) -> dict[str, float]:
    """Return the CPU seconds in between, by what a thread is for; those of threads that ended meanwhile are lost."""
    spent: dict[str, float] = {}
    for number, seconds in after.threads_s.items():
        name = names.get(str(number), "others")
        label = next((label for known, label in LABELS.items() if name.startswith(known)), "others")
        spent[label] = spent.get(label, 0.0) + seconds - before.threads_s.get(number, 0.0)
    return dict(sorted(spent.items(), key=lambda one: -one[1]))
