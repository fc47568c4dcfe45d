"""Every website goes down within one interval, and comes back in the next: is each transition recorded once?

    python -m benchmarks.storm [--websites 10000] [--interval 60] [--how refused|500] [--json]

The target stops listening, or answers 500, for one interval and a little more. Expected: one downtime a website,
one event DOWN and one UP each, no due check missed. About 4 minutes at 60 s.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from benchmarks.reporting import begin, finish, ms, parser, say
from benchmarks.served import Peak, fill, query, seen_between
from tocsin.cli.measuring.processes import ADDRESSES, running_server
from tocsin.cli.measuring.punctuality import Punctuality
from tocsin.cli.measuring.target import ANSWER, listeners
from tocsin.logs import configure_logs
from tocsin.storage.tables.types import utc_of

RETRIES_S = 6
"""So much longer than an interval each half lasts: a check that fails is repeated for some seconds."""
BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 6\r\n\r\nbroken"


class SwitchedSite:
    """A website in a thread of its own that can be switched off and on."""

    def __init__(self, how: str) -> None:
        self._how = how
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self.answer = ANSWER
        sockets = listeners(list(ADDRESSES))
        self._places = [one.getsockname() for one in sockets]
        for one in sockets:
            one.close()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def url(self, number: int) -> str:
        """Return one of many URLs, spread over the addresses."""
        address, port = self._places[number % len(self._places)]
        return f"http://{address}:{port}/{number}"

    def switch(self, *, on: bool) -> None:
        """Be up, or down."""
        asyncio.run_coroutine_threadsafe(self._switch(on), self._loop).result()

    async def _switch(self, on: bool) -> None:
        self.answer = ANSWER if on else BROKEN
        if on and not self._servers:
            for address, port in self._places:
                self._servers.append(
                    await self._loop.create_server(lambda: Answering(self), address, port, backlog=4096)
                )
        elif not on and self._how == "refused":
            for server in self._servers:
                server.close()
            self._servers.clear()

    def close(self) -> None:
        """End the thread."""
        self._how = "refused"
        self.switch(on=False)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Answering(asyncio.Protocol):
    """Answers each request with what the site answers now."""

    def __init__(self, site: SwitchedSite) -> None:
        self._site = site
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer a request whose head is complete."""
        if data.endswith(b"\r\n\r\n"):
            self._transport.write(self._site.answer)


@contextmanager
def switched_site(how: str) -> Iterator[SwitchedSite]:
    """Yield a website that is up."""
    site = SwitchedSite(how)
    site.switch(on=True)
    try:
        yield site
    finally:
        site.close()


def faults_of(path: Path, websites_count: int) -> list[str]:
    """Return what is not as it must be: events, downtimes and states by website."""
    faults = []
    per_website = query(
        path,
        "SELECT website_id, group_concat(to_status) FROM (SELECT website_id, to_status FROM outbox_events"
        " WHERE kind = 'website.transition' ORDER BY id) GROUP BY website_id",
    )
    told = dict(per_website)
    wrong = {website: told.get(website) for website in range(1, websites_count + 1) if told.get(website) != "DOWN,UP"}
    if wrong:
        faults.append(f"{len(wrong)} websites were not told as DOWN, then UP: {dict(list(wrong.items())[:5])}")
    downtimes = query(path, "SELECT count(*), count(DISTINCT website_id), sum(ended_at IS NULL) FROM downtime_windows")
    if downtimes != [(websites_count, websites_count, 0)]:
        faults.append(f"downtimes, websites with one, and open ones: {downtimes[0]}")
    states = query(path, "SELECT count(*) FROM website_states WHERE status = 0")
    if states != [(websites_count,)]:
        faults.append(f"{states[0][0]} websites are UP in the end")
    return faults


def recorded_within_s(path: Path, status: str, switched_at: float) -> float:
    """Return how long after the switch the last event of that kind was stored, in seconds."""
    ((last,),) = query(path, f"SELECT max(created_at) FROM outbox_events WHERE to_status = '{status}'")
    return utc_of(last).timestamp() - switched_at if last else 0.0


@dataclass(frozen=True)
class Seen:
    """What the storm showed."""

    faults: list[str]
    punctuality: Punctuality
    last_down_s: float  # after the switch
    last_up_s: float
    before_mib: float
    peak_mib: float


def measure(path: Path, site: SwitchedSite, given: argparse.Namespace) -> Seen:
    """Let every website go down, then come back."""
    with running_server(path, interval_min_s=given.interval) as server:
        peak = Peak(server)
        peak.wait(given.interval + 2)
        before_mib, began = peak.mib, time.time()
        say(f"all checked once, {before_mib:.0f} MiB; now they go down")
        site.switch(on=False)
        down_at = time.time()
        peak.wait(given.interval + RETRIES_S)
        site.switch(on=True)
        up_at = time.time()
        say(f"{query(path, 'SELECT count(*) FROM downtime_windows')[0][0]} downtimes; now they come back")
        peak.wait(given.interval + RETRIES_S)
        ended = time.time() - RETRIES_S
    seen = seen_between(path, began, ended)
    faults = faults_of(path, given.websites)
    if seen.done_count != seen.due_count:
        faults.append(f"{seen.due_count - seen.done_count} due checks missed")
    last_down_s, last_up_s = recorded_within_s(path, "DOWN", down_at), recorded_within_s(path, "UP", up_at)
    return Seen(faults, seen, last_down_s, last_up_s, before_mib, peak.mib)


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--websites", type=int, default=10_000)
    arguments.add_argument("--interval", type=int, default=60)
    arguments.add_argument("--how", choices=("refused", "500"), default="refused")
    given = arguments.parse_args()
    configure_logs("ERROR")
    begin("A storm", 8 + 3 * given.interval + 2 * RETRIES_S)
    with tempfile.TemporaryDirectory() as name, switched_site(given.how) as site:
        path = Path(name) / "storm.db"
        fill(path, (site.url(number) for number in range(given.websites)), given.interval)
        seen = measure(path, site, given)
    on_time = seen.punctuality
    what = f"{given.websites} websites down ({given.how}) and up"
    rows = [
        (what, "; ".join(seen.faults) or "each told once, no fault", "0 faults"),
        ("last DOWN recorded after", f"{seen.last_down_s:.1f} s", f"{given.interval} s and its retries"),
        ("last UP recorded after", f"{seen.last_up_s:.1f} s", f"{given.interval} s"),
        ("due checks done", f"{on_time.done_count} of {on_time.due_count}", "all"),
        ("late", f"{ms(on_time.quantile(0.5))} / {ms(on_time.quantile(0.99))}", "500 ms"),
        ("memory", f"{seen.before_mib:.0f} MiB before, {seen.peak_mib:.0f} MiB at most", "300 MiB"),
    ]
    figures = {
        "faults": seen.faults,
        "last_down_recorded_s": seen.last_down_s,
        "last_up_recorded_s": seen.last_up_s,
        "due_count": on_time.due_count,
        "done_count": on_time.done_count,
        "lateness_p50_ms": on_time.quantile(0.5),
        "lateness_p99_ms": on_time.quantile(0.99),
        "memory_before_mib": seen.before_mib,
        "memory_mib": seen.peak_mib,
    }
    finish(rows, figures, as_json=given.json, is_good=not seen.faults)


if __name__ == "__main__":
    main()
