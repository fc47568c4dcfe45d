"""One run of one engine in a process of its own: `python -m benchmarks.probe_peers ENGINE URL COUNT CONCURRENCY CA`.

Prints JSON: CPU milliseconds a check (user and system, all threads), checks a second, the event loop's lag.

Every engine records what Tocsin does, as far as its public interface goes, and no more than that:
Tocsin    status, phases, body (its SHA-256 too), the chain that was sent
httpx     status, the moments of its `trace` extension, body, the leaf (DER) of the TLS stream's ssl object
aiohttp   status, the moments of a TraceConfig (connecting and TLS are one there), body; a small answer's connection is
          released before anyone may ask it for a certificate
"""

import asyncio
import json
import resource
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

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
    async with client.ClientSession(connector=connector, trace_configs=[_aiohttp_moments(client)]) as session:

        async def check() -> int:
            moments = {"started": time.perf_counter()}
            async with session.get(url, ssl=context, trace_request_ctx=moments) as answer:
                await answer.read()
            moments["ended"] = time.perf_counter()
            assert {"connected", "sent", "first_byte"} <= moments.keys()
            return answer.status

        yield check


def _aiohttp_moments(client: Any) -> Any:
    """Return a TraceConfig that notes the moments into the request's own context."""

    def noting(name: str) -> Callable[..., Awaitable[None]]:
        async def note(_session: object, context: Any, _params: object) -> None:
            context.trace_request_ctx[name] = time.perf_counter()

        return note

    config = client.TraceConfig()
    config.on_connection_create_start.append(noting("connecting"))
    config.on_connection_create_end.append(noting("connected"))
    config.on_request_headers_sent.append(noting("sent"))
    config.on_request_end.append(noting("first_byte"))
    return config


@asynccontextmanager
async def httpx(url: str, ca: str) -> AsyncIterator[Check]:
    import httpx as client

    limits = client.Limits(max_connections=None, max_keepalive_connections=0)
    is_tls = url.startswith("https:")
    async with client.AsyncClient(verify=ssl.create_default_context(cafile=ca), limits=limits) as session:

        async def check() -> int:
            moments = {"started": time.perf_counter()}
            leaf = b""

            async def trace(event: str, info: dict[str, Any]) -> None:
                nonlocal leaf
                moments[event] = time.perf_counter()
                if event == "connection.start_tls.complete":
                    leaf = info["return_value"].get_extra_info("ssl_object").getpeercert(binary_form=True)

            answer = await session.get(url, extensions={"trace": trace})
            moments["ended"] = time.perf_counter()
            assert bool(leaf) is is_tls
            assert "http11.receive_response_headers.complete" in moments
            return answer.status_code

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
        "tocsin": lambda: tocsin(url, ca, read_certificate=True),
        "tocsin, chain when due": lambda: tocsin(url, ca, read_certificate=False),
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
