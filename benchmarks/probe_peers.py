"""One run of one engine in a process of its own: `python -m benchmarks.probe_peers ENGINE URL COUNT CONCURRENCY CA`.

Prints JSON: CPU milliseconds a check (user and system, all threads), checks a second, the event loop's lag.
"""

import asyncio
import json
import resource
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tocsin.model.options import CheckOptions

Check = Callable[[], Awaitable[int]]
WARM_UP = 60


@asynccontextmanager
async def tocsin(url: str, ca: str, *, read_certificate: bool) -> AsyncIterator[Check]:
    from tocsin.probes import Target, open_tools, probe

    options = CheckOptions()
    async with open_tools(ca_bundle=ca) as tools:

        async def check() -> int:
            result = await probe(Target(url, options, 10.0, read_certificate), tools)
            assert not read_certificate or result.certificate or url.startswith("http:")
            return result.http_status_code or 0

        yield check


@asynccontextmanager
async def aiohttp(url: str, ca: str) -> AsyncIterator[Check]:
    import aiohttp as client

    context = ssl.create_default_context(cafile=ca)
    connector = client.TCPConnector(force_close=True, limit=0)
    async with client.ClientSession(connector=connector) as session:

        async def check() -> int:
            async with session.get(url, ssl=context) as answer:
                await answer.read()
                return answer.status

        yield check


@asynccontextmanager
async def httpx(url: str, ca: str) -> AsyncIterator[Check]:
    import httpx as client

    limits = client.Limits(max_connections=None, max_keepalive_connections=0)
    async with client.AsyncClient(verify=ssl.create_default_context(cafile=ca), limits=limits) as session:

        async def check() -> int:
            return (await session.get(url)).status_code

        yield check


async def _lag(samples: list[float]) -> None:
    while True:
        due = time.perf_counter() + 0.005
        await asyncio.sleep(0.005)
        samples.append((time.perf_counter() - due) * 1e3)


async def _many(check: Check, count: int, concurrency: int) -> int:
    left, bad = count, 0

    async def worker() -> None:
        nonlocal left, bad
        while left > 0:
            left -= 1
            bad += await check() != 200

    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return bad


def _cpu_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e3


async def main(engine: str, url: str, count: int, concurrency: int, ca: str) -> dict[str, float]:
    """Run `count` checks and return the figures."""
    opened = {
        "tocsin": lambda: tocsin(url, ca, read_certificate=False),
        "tocsin, chain each time": lambda: tocsin(url, ca, read_certificate=True),
        "aiohttp": lambda: aiohttp(url, ca),
        "httpx": lambda: httpx(url, ca),
    }[engine]()
    async with opened as check:
        await _many(check, WARM_UP, min(concurrency, 20))
        lags: list[float] = []
        watcher = asyncio.create_task(_lag(lags))
        cpu, wall = _cpu_ms(), time.perf_counter()
        bad = await _many(check, count, concurrency)
        spent, took = _cpu_ms() - cpu, time.perf_counter() - wall
        watcher.cancel()
    lags.sort()
    p99 = lags[int(len(lags) * 0.99)] if lags else 0.0
    return {"cpu_ms": spent / count, "rate": count / took, "bad": bad, "lag_p99_ms": p99}


if __name__ == "__main__":
    engine, url, count, concurrency, ca = sys.argv[1:]
    print(json.dumps(asyncio.run(main(engine, url, int(count), int(concurrency), ca))))
