"""Clients of the server that is measured: they ask for lists and pages while checks run."""

import http.client
import time
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Self
from urllib.parse import urlsplit

from tocsin.cli.measuring.punctuality import quantile

PATHS = ("/api/websites?page_size=50", "/api/websites?page_size=500", "/")
TIMEOUT_S = 30.0


@dataclass(slots=True)
class Asked:
    """How long one address took to answer, each time, in milliseconds, and how often it did not."""

    path: str
    first_ms: float | None = None  # it also makes templates and statements ready, and counts for itself
    answers_ms: list[float] = field(default_factory=list)
    failed_count: int = 0

    def to_dict(self) -> dict[str, object]:
        """Return the JSON-able form."""
        ordered = sorted(self.answers_ms)
        return {
            "path": self.path,
            "count": len(ordered),
            "first_ms": self.first_ms,
            "failed_count": self.failed_count,
            "p50_ms": quantile(ordered, 0.5),
            "p99_ms": quantile(ordered, 0.99),
            "max_ms": ordered[-1] if ordered else None,
        }


class Clients:
    """A thread a path that asks over a connection which stays open, as browsers and scripts do.

    Use as a context manager; `asked` is complete after it.
    """

    def __init__(self, url: str, paths: tuple[str, ...] = PATHS, *, each_per_s: float = 2.0) -> None:
        self._place = urlsplit(url)
        self._pause_s = 1 / each_per_s
        self._ended = Event()
        self.asked = [Asked(path) for path in paths]
        self._threads = [Thread(target=self._ask_on, args=(one,), daemon=True) for one in self.asked]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_fault: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _ask_on(self, one: Asked) -> None:
        connection = http.client.HTTPConnection(self._place.hostname or "", self._place.port, timeout=TIMEOUT_S)
        with closing(connection):
            while not self._ended.wait(self._pause_s):
                began = time.perf_counter()
                try:
                    connection.request("GET", one.path, headers={"Accept-Encoding": "gzip"})
                    answer = connection.getresponse()
                    answer.read()
                except (OSError, http.client.HTTPException):
                    connection.close()
                    one.failed_count += 1
                    continue
                took_ms = (time.perf_counter() - began) * 1000
                if one.first_ms is None:
                    one.first_ms = took_ms
                else:
                    one.answers_ms.append(took_ms)
                one.failed_count += answer.status != 200
