"""Each way in which an HTTP answer can fail, made by a real server, and the cause it is given."""

import re
import socket
import time
import zlib

import pytest

from tests.integration.probes.conftest import Look
from tests.support.faults import (
    Handler,
    Server,
    answering,
    answering_then_hanging,
    answering_then_resetting,
    closed_port,
    deaf_server,
    ok,
    reset,
    serving,
)
from tocsin.model.enums import Cause, Phase
from tocsin.model.options import CheckOptions
from tocsin.probes import Tools
from tocsin.watch.once import look as look_once

CHUNK = b"%x\r\n" % 65536 + b"x" * 65536 + b"\r\n"
BROKEN_GZIP = b"\x1f\x8b\x08\x00" + b"\x00" * 6 + b"nonsense"


def resetting(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    reset(connection)


def banner(server: Server, connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    server.hang()


def tls_alert(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(bytes([21, 3, 3, 0, 2, 2, 70]))


def pouring(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not server.stopped.is_set():
        connection.sendall(CHUNK)


def dripping(head: bytes) -> Handler:
    def handler(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(head)
        while not server.stopped.wait(0.02):
            connection.sendall(b"X")

    return handler


NO_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
ENDLESS_HEADER = b"HTTP/1.1 200 OK\r\nX: " + b"y" * 400_000 + b"\r\n\r\n"
TRUNCATED = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"
HALF_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nhalf"
ENDED = [
    (answering(), Cause.EMPTY_REPLY, Phase.RESPONSE, "without a byte"),
    (resetting, Cause.RESET, Phase.RESPONSE, "connection reset by peer"),
    (answering_then_resetting(b"HTTP/1.1 200 OK\r\nContent-"), Cause.RESET, Phase.RESPONSE, "broke the connection"),
    (answering_then_resetting(TRUNCATED), Cause.RESET, Phase.BODY, "after 9 bytes"),
    (answering(b"HTTP/1.1 200 OK\r\n"), Cause.MALFORMED_REPLY, Phase.RESPONSE, "before the headers of its answer"),
    (answering(b"HTTP/1.1 200 OK\r\nA: b\r\nContent-"), Cause.MALFORMED_REPLY, Phase.RESPONSE, "before the headers"),
    (answering(TRUNCATED), Cause.TRUNCATED_BODY, Phase.BODY, "after 9 bytes"),
    (answering(HALF_CHUNK), Cause.TRUNCATED_BODY, Phase.BODY, "ended early"),
    (answering(NO_CHUNK), Cause.MALFORMED_REPLY, Phase.BODY, "HTTP"),
    (banner, Cause.MALFORMED_REPLY, Phase.RESPONSE, 'it sent "SSH-2.0-OpenSSH_9.2p1"'),
    (answering(b"\r\n\r\n"), Cause.MALFORMED_REPLY, Phase.RESPONSE, "does not speak HTTP"),
    (answering(b"HTTP/1.1 abc\r\n\r\n"), Cause.MALFORMED_REPLY, Phase.RESPONSE, "HTTP"),
    (answering(b"HTTP/7.3 200 OK\r\n\r\n"), Cause.MALFORMED_REPLY, Phase.RESPONSE, "not valid HTTP"),
    (answering(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"), Cause.MALFORMED_REPLY, Phase.RESPONSE, "not valid HTTP"),
    (answering(ENDLESS_HEADER), Cause.MALFORMED_REPLY, Phase.RESPONSE, "HTTP"),
    (tls_alert, Cause.PLAIN_ON_TLS_PORT, Phase.RESPONSE, "use https://"),
    (
        answering(ok(b"The plain HTTP request was sent to HTTPS port", status="400 Bad Request")),
        Cause.PLAIN_ON_TLS_PORT, Phase.RESPONSE, "expects TLS",
    ),
    (answering(ok(BROKEN_GZIP, "Content-Encoding: gzip")), Cause.BAD_ENCODING, Phase.BODY, "Content-Encoding"),
    (answering(ok(b"?", "Content-Encoding: zebra")), Cause.BAD_ENCODING, Phase.BODY, "Content-Encoding"),
    (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"), Cause.BODY_TOO_LARGE, Phase.BODY, "16 MiB"),
    (pouring, Cause.BODY_TOO_LARGE, Phase.BODY, "16 MiB"),
]  # fmt: skip


@pytest.mark.parametrize(("handler", "cause", "phase", "words"), ENDED)
async def test_an_answer_that_goes_wrong_is_named(
    look: Look, handler: Handler, cause: Cause, phase: Phase, words: str
) -> None:
    with serving(handler) as server:
        result = await look(server.url())
    assert (result.cause, result.phase) == (cause, phase)
    assert words in result.message
    assert result.status is None
    assert result.address == "127.0.0.1"


HUNG = [
    (answering_then_hanging(b""), Cause.TIMEOUT_FIRST_BYTE, Phase.RESPONSE, "no byte"),
    (answering_then_hanging(b"HTTP/1."), Cause.TIMEOUT_HEADERS, Phase.RESPONSE, "headers"),
    (answering_then_hanging(b"HTTP/1.1 200 OK\r\nA: b\r\n"), Cause.TIMEOUT_HEADERS, Phase.RESPONSE, "headers"),
    (dripping(b"HTTP/1.1 200 OK\r\nA: b\r\nC: "), Cause.TIMEOUT_HEADERS, Phase.RESPONSE, "headers"),
    (answering_then_hanging(b"HTTP/1.1 103 Early Hints\r\n\r\n"), Cause.TIMEOUT_HEADERS, Phase.RESPONSE, "headers"),
    (answering_then_hanging(TRUNCATED), Cause.TIMEOUT_BODY, Phase.BODY, "9 bytes had come"),
    (dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n"), Cause.TIMEOUT_BODY, Phase.BODY, "not complete"),
]


@pytest.mark.parametrize(("handler", "cause", "phase", "words"), HUNG)
async def test_a_time_out_says_what_was_waited_for(
    look: Look, handler: Handler, cause: Cause, phase: Phase, words: str
) -> None:
    with serving(handler) as server:
        began = time.monotonic()
        result = await look(server.url(), timeout_s=0.4)
        took = time.monotonic() - began
    assert (result.cause, result.phase) == (cause, phase)
    assert words in result.message
    assert "0.4 s" in result.message
    assert 0.4 <= took < 3
    assert result.phases.total_ms is not None
    assert result.phases.total_ms >= 400


async def test_a_refused_connection_names_the_port(look: Look) -> None:
    port = closed_port()
    result = await look(f"http://127.0.0.1:{port}/")
    assert (result.cause, result.phase) == (Cause.CONNECT_REFUSED, Phase.CONNECT)
    assert result.message == f"Nobody listens on 127.0.0.1:{port} (connection refused)"
    assert result.phases.connect_ms is not None
    assert result.phases.ttfb_ms is None


async def test_a_connection_that_nobody_accepts_times_out(look: Look) -> None:
    with deaf_server() as server:
        result = await look(server.url(), timeout_s=0.4)
    assert (result.cause, result.phase) == (Cause.CONNECT_TIMEOUT, Phase.CONNECT)
    assert f"127.0.0.1:{server.port}" in result.message


async def test_an_address_without_a_route_is_told_apart(look: Look) -> None:
    result = await look("http://255.255.255.255/")
    assert (result.cause, result.phase) == (Cause.NO_ROUTE, Phase.CONNECT)
    assert "no route to 255.255.255.255:80" in result.message


async def test_a_broken_body_still_shows_status_and_headers(look: Look) -> None:
    with serving(answering(TRUNCATED)) as server:
        result = await look(server.url())
    assert result.http_status_code == 200
    assert result.header("content-length") == "100"
    assert (result.body_head, result.body_bytes) == ("only this", 9)


async def test_reading_stops_at_the_cap(look: Look) -> None:
    squeezed = zlib.compress(b"\0" * 40_000_000, 9)
    with serving(answering(ok(squeezed, "Content-Encoding: deflate"))) as server:
        result = await look(server.url())
    assert result.cause is Cause.BODY_TOO_LARGE
    assert result.body_bytes is not None
    assert 15 * 2**20 < result.body_bytes < 17 * 2**20
    assert len(result.body_head) == 64 * 1024


async def test_an_attempt_cut_short_by_the_budget_says_so(tools: Tools) -> None:
    options = CheckOptions(timeout=1, max_retries=1)
    with serving(answering_then_hanging(b"")) as server:
        result = await look_once(server.url(), options, tools, budget=2.0)
    first, last = result.earlier[0], result
    assert first.message.endswith("sent no byte of an answer within 1 s")
    assert re.search(r"within 0\.\d\d? s, what was left of this check's time$", last.message)
