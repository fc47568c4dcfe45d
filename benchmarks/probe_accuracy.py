"""Whether the probes' clocks tell the truth: injected delays against reported phases, time-outs, a dead name server.

    python -m benchmarks.probe_accuracy [--repeat 7]

Servers of our own on loopback delay one step each by a known time. Each figure is the median of the repeats, one check
at a time; exit 1 where one is off by more than 5 ms (phases), 3 % (time-outs) or 20 ms (the healthy name).
"""

import argparse
import asyncio
import contextlib
import socket
import ssl
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.support.certificates import make_authority
from tests.support.dns_server import SILENT, NameServer, name_server
from tests.support.faults import (
    Handler,
    Server,
    answering,
    answering_then_hanging,
    deaf_server,
    ok,
    serving,
    tls_context,
)
from tocsin.model.options import CheckOptions
from tocsin.model.results import CheckResult
from tocsin.probes import Target, Tools, open_tools, probe

DELAY_MS = 60.0
LIMIT_S = 1.0
PHASE_BOUND_MS, TIMEOUT_BOUND, DEAD_DNS_BOUND_MS = 5.0, 0.03, 20.0
DEAD_NAMES = 40


def slow_answer(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    time.sleep(DELAY_MS / 1e3)
    answer = ok(b"x" * 100)
    connection.sendall(answer[:-50])
    time.sleep(DELAY_MS / 1e3)
    connection.sendall(answer[-50:])


def slow_tls(context: ssl.SSLContext) -> Handler:
    def handler(server: Server, connection: socket.socket) -> None:
        time.sleep(DELAY_MS / 1e3)
        with context.wrap_socket(connection, server_side=True) as secure:
            answering(ok())(server, secure)

    return handler


def hang(server: Server, connection: socket.socket) -> None:
    del connection
    server.hang()


async def check(tools: Tools, url: str, limit_s: float = 10.0) -> CheckResult:
    return await probe(Target(url, CheckOptions(address_family="ipv4"), limit_s), tools)


async def phase(tools: Tools, url: str, name: str, repeat: int) -> float:
    results = [await check(tools, url) for _ in range(repeat)]
    return float(statistics.median(getattr(result.phases, name) for result in results))


def told(what: str, got: float, wanted: float, bound: float, unit: str = "ms") -> bool:
    good = abs(got - wanted) <= bound
    print(
        f"{what:44} wanted {wanted:8.1f} {unit}, got {got:8.1f} (off by at most {bound:g}) {'ok' if good else 'MISSED'}"
    )
    return good


async def phases(tools: Tools, dns: NameServer, context: ssl.SSLContext, repeat: int) -> bool:
    dns.zone["slow.example"] = ["127.0.0.1"]
    dns.delay_s["slow.example"] = DELAY_MS / 1e3
    with contextlib.ExitStack() as servers:
        plain = servers.enter_context(serving(slow_answer))
        secure = servers.enter_context(serving(slow_tls(context)))
        urls = {
            "dns_ms": plain.url(host="slow.example"),
            "tls_ms": secure.url(scheme="https"),
            "ttfb_ms": plain.url(),
            "transfer_ms": plain.url(),
        }
        good = [
            told(f"phase {name}", await phase(tools, url, name, repeat), DELAY_MS, PHASE_BOUND_MS)
            for name, url in urls.items()
        ]
        idle = await phase(tools, plain.url(), "connect_ms", repeat)
    return all([*good, told("phase connect_ms, loopback", idle, 0.0, PHASE_BOUND_MS), await slow_connect(tools)])


async def slow_connect(tools: Tools) -> bool:
    """Let a full queue drop the first SYN and take its repetition, a second later (TCP's first time-out)."""
    with deaf_server() as server:
        began = time.perf_counter()
        task = asyncio.ensure_future(check(tools, server.url(), 0.9))
        result = await task
        took = (time.perf_counter() - began) * 1e3
    return told("phase connect_ms, unanswered for 900 ms", result.phases.connect_ms or 0, took, PHASE_BOUND_MS)


async def timeouts(tools: Tools, dns: NameServer, repeat: int) -> bool:
    dns.zone["silent.example"] = SILENT
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n"
    with contextlib.ExitStack() as servers:
        hung = servers.enter_context(serving(hang))
        deaf = servers.enter_context(deaf_server())
        headers = servers.enter_context(serving(answering_then_hanging(half)))
        body = servers.enter_context(serving(answering_then_hanging(half + b"\r\nabc")))
        cases = {
            "dns_timeout": "http://silent.example/",
            "connect_timeout": deaf.url(),
            "tls_timeout": hung.url(scheme="https"),
            "timeout_first_byte": hung.url(),
            "timeout_headers": headers.url(),
            "timeout_body": body.url(),
        }
        good = True
        for cause, url in cases.items():
            times = []
            for _ in range(min(repeat, 3)):
                began = time.perf_counter()
                result = await check(tools, url, LIMIT_S)
                times.append((time.perf_counter() - began) * 1e3)
                good &= result.cause == cause
            good &= told(cause, statistics.median(times), LIMIT_S * 1e3, LIMIT_S * 1e3 * TIMEOUT_BOUND)
    return good


async def dead_names(tools: Tools, dns: NameServer, repeat: int) -> bool:
    dns.zone |= {"*.dead.example": SILENT, "site.example": ["127.0.0.1"]}
    with serving(answering(ok())) as server:
        url = server.url(host="site.example")
        alone = statistics.median([(await check(tools, url)).phases.total_ms or 0 for _ in range(repeat)])
        dead = [asyncio.ensure_future(check(tools, f"http://n{n}.dead.example/", 2.0)) for n in range(DEAD_NAMES)]
        await asyncio.sleep(0.2)
        beside = statistics.median([(await check(tools, url)).phases.total_ms or 0 for _ in range(repeat)])
        causes = {result.cause for result in await asyncio.gather(*dead)}
    assert causes == {"dns_timeout"}, causes
    return told(f"a healthy name beside {DEAD_NAMES} dead ones", beside, alone, DEAD_DNS_BOUND_MS)


async def main(repeat: int) -> bool:
    authority = make_authority("Accuracy")
    with tempfile.TemporaryDirectory() as name, name_server() as dns:
        folder = Path(name)
        context = tls_context(authority.leaf("127.0.0.1"), folder)
        async with open_tools(ca_bundle=authority.bundle(folder), name_servers=[dns.address]) as tools:
            with serving(answering(ok())) as server:  # the first check of a process loads what the others find
                await check(tools, server.url())
            good = [
                await phases(tools, dns, context, repeat),
                await timeouts(tools, dns, repeat),
                await dead_names(tools, dns, repeat),
            ]
    return all(good)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeat", type=int, default=7)
    sys.exit(0 if asyncio.run(main(options.parse_args().repeat)) else 1)
