"""Alerts a second that are durable before the answer, against an endpoint that does nothing, on the same server.

    python -m benchmarks.accepting_alerts [--alerts 10000] [--rounds 3]

Each round posts distinct alerts (6 labels, 2 annotations, about 340 bytes) over keep-alive connections, one request in
flight on each. "no-op" is an ASGI application that reads and parses the body and answers 200. Both run under uvicorn
with uvloop and httptools, one process each, never at the same time. Accepted means: a row that survives `kill -9`
("process") or a power cut ("power", the disk is waited for); "worked in" is when the last one is an alert.
"""

import argparse
import asyncio
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import psutil
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

HEAD = "POST /api/v2/alerts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
COLUMNS = "{:22}{:10}{:>10}{:>9}{:>9}{:>20}{:>14}{:>10}"
SHAPES = ((1, 1), (1, 16), (64, 1), (64, 4))  # alerts a request, connections


async def no_op(scope: Scope, receive: Receive, send: Send) -> None:
    """Read and parse a body, and answer 200."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = (await receive()).get("body", b"")
    orjson.loads(body or b"null")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


@contextmanager
def server(kind: str, folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    """Yield the port and the process of a server of that kind."""
    words = [sys.executable, "-m", "benchmarks.accepting_alerts", "--serve", kind]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    own = {"TOCSIN_DATA_DIR": str(folder), "TOCSIN_SCHEDULER_ENABLED": "false", "TOCSIN_LOG_LEVEL": "ERROR"}
    durability = {"TOCSIN_ALERT_DURABILITY": kind} if kind != "no-op" else {}
    process = subprocess.Popen(words, env={**plain, **own, **durability}, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    try:
        wait_for(port)
        yield port, psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        process.stdout.close()


def wait_for(port: int) -> None:
    import urllib.error
    import urllib.request

    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz")
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the server did not start")


def serve(kind: str) -> None:
    import socket

    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    app: ASGIApp = no_op
    if kind != "no-op":
        from tocsin.app import create_app

        app = create_app()
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run([listener])


def bodies(first: int, count: int, batch: int) -> list[bytes]:
    def one(number: int) -> dict[str, object]:
        labels = {
            "alertname": "HighLatency", "instance": f"web-{number}:9100", "job": "node", "severity": "warning",
            "team": "platform", "region": "eu-central-1",
        }  # fmt: skip
        text = {"summary": f"latency of web-{number} is high", "description": "p99 above 500 ms for 5 minutes"}
        return {"labels": labels, "annotations": text, "startsAt": "2026-03-01T12:00:00.000Z"}

    numbers = range(first, first + count, batch)
    return [json.dumps([one(at + more) for more in range(batch)]).encode() for at in numbers]


async def post_all(port: int, sent: list[bytes], connections: int) -> tuple[float, list[float]]:
    """Post every body; return the seconds it took, and each request's milliseconds."""
    waiting, took = iter(sent), []

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for body in waiting:
            head = f"{HEAD}Content-Length: {len(body)}\r\n\r\n"
            began = time.perf_counter()
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            took.append((time.perf_counter() - began) * 1e3)
            assert answer.startswith(b"HTTP/1.1 200"), answer
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one_connection() for _ in range(connections)))
    return time.perf_counter() - began, took


def until_worked_in(folder: Path, wanted: int, deadline_s: float = 120) -> float:
    began = time.perf_counter()
    with sqlite3.connect(folder / "tocsin.db") as connection:
        while time.perf_counter() - began < deadline_s:
            if connection.execute("SELECT count(*) FROM alert_inbox").fetchone()[0] == 0:
                count = connection.execute("SELECT count(*) FROM monitoring_alerts").fetchone()[0]
                assert count == wanted, f"{count} alerts of {wanted}"
                return time.perf_counter() - began
            time.sleep(0.02)
    raise SystemExit("the alerts were not worked in")


def measure(kind: str, batch: int, connections: int, count: int) -> tuple[float, ...]:
    """Return alerts a second, p50 and p99 of a request in ms, seconds until the last was worked in, server CPU µs."""
    import uvloop

    with tempfile.TemporaryDirectory() as name, server(kind, Path(name)) as (port, process):
        uvloop.run(post_all(port, bodies(10_000_000, 200, 1), 4))  # warm
        sent = bodies(0, count, batch)
        before = sum(process.cpu_times()[:2])
        took_s, each = uvloop.run(post_all(port, sent, connections))
        accepting = sum(process.cpu_times()[:2]) - before
        late_s = until_worked_in(Path(name), len(sent) * batch + 200) if kind != "no-op" else 0.0
    each.sort()
    return (
        len(sent) * batch / took_s,
        statistics.median(each),
        each[int(0.99 * len(each))],
        late_s,
        accepting * 1e6 / len(sent) / batch,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
        return
    print(
        COLUMNS.format(
            "batch x connections",
            "kind",
            "alerts/s",
            "p50 ms",
            "p99 ms",
            "worked in s later",
            "CPU us/alert",
            "to no-op",
        )
    )
    for batch, connections in SHAPES:
        seen: dict[str, list[tuple[float, ...]]] = {"no-op": [], "process": [], "power": []}
        for _ in range(arguments.rounds):
            for kind, rounds in seen.items():
                rounds.append(measure(kind, batch, connections, arguments.alerts))
        middle = {
            kind: [statistics.median(column) for column in zip(*rounds, strict=True)] for kind, rounds in seen.items()
        }
        for kind, (rate, p50, p99, late_s, cpu) in middle.items():
            ratio = rate / middle["no-op"][0]
            row = (f"{rate:,.0f}", f"{p50:.2f}", f"{p99:.2f}", f"{late_s:.2f}", f"{cpu:.0f}", f"{ratio:.2f}")
            print(COLUMNS.format(f"{batch} x {connections}", kind, *row))


if __name__ == "__main__":
    main()
