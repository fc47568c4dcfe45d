"""The WebSocket probe: the upgrade verified, a ping answered, and each way in which either goes wrong."""

import asyncio
import socket
import threading
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection, serve

from tests.integration.probes.conftest import Look
from tests.integration.probes.test_tools import http_proxy
from tests.support.certificates import Authority
from tests.support.faults import (
    Handler,
    Server,
    answering,
    answering_then_hanging,
    ok,
    over_tls,
    redirect,
    reset,
    serving,
    tls_context,
)  # fmt: skip
from tests.support.websocket_server import CLOSE, PING, PONG, TEXT, frame, read_frame, switching, talking
from tocsin.model.enums import Cause, Phase

EXPECTING = {"expectations": [{"on": "body", "op": "contains", "value": "welcome"}]}


def url_of(server: Server, scheme: str = "ws", path: str = "/") -> str:
    return f"{scheme}://127.0.0.1:{server.port}{path}"


def opening(*pieces: bytes, hang: bool = False, is_reset: bool = False, headers: tuple[bytes, ...] = ()) -> Handler:
    def handler(server: Server, connection: socket.socket) -> None:
        connection.sendall(switching(server.read_request(connection), *headers))
        for piece in pieces:
            connection.sendall(piece)
        if hang:
            server.hang()
        read_frame(connection)  # the ping
        if is_reset:
            reset(connection)

    return handler


async def test_a_websocket_is_pinged_and_left_politely(look: Look) -> None:
    with serving(talking()) as server:
        result = await look(url_of(server, path="/live?a=b"))
        for _ in range(100):  # until its thread has read the goodbye
            if len(server.requests) == 3:
                break
            await asyncio.sleep(0.05)
    assert (result.cause, result.http_status_code, result.http_version) == (None, None, "1.1")
    assert result.header("upgrade") == "websocket"
    assert result.phases.ttfb_ms is not None
    request, ping, goodbye = server.requests
    assert request.startswith(b"GET /live?a=b HTTP/1.1\r\n")
    lines = request.lower().split(b"\r\n")
    assert [lines.count(line) for line in (b"connection: upgrade", b"upgrade: websocket")] == [1, 1]
    assert sum(line.startswith(b"sec-websocket-key:") for line in lines) == 1
    assert (ping[0], goodbye) == (PING, bytes([CLOSE]) + b"\x03\xe8")


async def test_a_server_that_others_wrote_is_understood(look: Look) -> None:
    seen: list[int | None] = []

    def handler(connection: ServerConnection) -> None:
        connection.send("welcome")
        for _ in connection:
            pass
        seen.append(connection.close_code)

    with serve(handler, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        result = await look(f"ws://127.0.0.1:{server.socket.getsockname()[1]}/", **EXPECTING)
        server.shutdown()
        thread.join(5)
    assert (result.cause, result.body_head) == (None, "welcome")
    assert seen == [1000]


async def test_headers_and_log_in_are_sent_along(look: Look) -> None:
    with serving(talking()) as server:
        auth = {"kind": "bearer", "token": "t0ken"}
        result = await look(url_of(server), request_headers={"Origin": "https://a.example", "Upgrade": "x"}, auth=auth)
    assert result.cause is None
    assert b"\r\nOrigin: https://a.example\r\n" in server.requests[0]
    assert b"\r\nAuthorization: Bearer t0ken\r\n" in server.requests[0]
    assert b"Upgrade: x" not in server.requests[0]


async def test_a_websocket_over_tls_shows_its_certificate(look: Look, authority: Authority, tmp_path: Path) -> None:
    context = tls_context(authority.leaf("127.0.0.1"), tmp_path)
    with serving(over_tls(context, talking())) as server:
        result = await look(url_of(server, "wss"))
    assert (result.cause, result.tls_version) == (None, "TLSv1.3")
    assert result.certificate is not None
    assert result.certificate.verified


async def test_the_first_message_is_waited_for_where_it_matters(look: Look) -> None:
    def late(server: Server, connection: socket.socket) -> None:
        connection.sendall(switching(server.read_request(connection)))
        _, payload = read_frame(connection)
        connection.sendall(frame(PONG, payload))
        server.stopped.wait(0.1)
        connection.sendall(frame(TEXT, b"wel", is_last=False) + frame(0, b"come"))
        read_frame(connection)

    with serving(late) as server:
        result = await look(url_of(server), **EXPECTING)
    assert result.cause is None
    assert result.body_head.startswith("wel")
    with serving(talking()) as server:
        silent = await look(url_of(server), timeout_s=0.4, **EXPECTING)
    assert (silent.cause, silent.phase) == (Cause.TIMEOUT_BODY, Phase.BODY)
    assert "opened the WebSocket but sent no message within 0.4 s" in silent.message


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        ("401 Unauthorized", Cause.HTTP_CLIENT_ERROR),
        ("426 Upgrade Required", Cause.HTTP_CLIENT_ERROR),
        ("503 Service Unavailable", Cause.HTTP_SERVER_ERROR),
        ("200 OK", Cause.EXPECTATION_FAILED),
    ],
)
async def test_a_page_instead_of_a_websocket_is_a_refusal(look: Look, status: str, cause: Cause) -> None:
    with serving(answering(ok(b"no", status=status))) as server:
        result = await look(url_of(server))
    assert (result.cause, result.phase, result.http_status_code) == (cause, Phase.RESPONSE, int(status[:3]))
    assert f"answered HTTP {status} instead of opening a WebSocket" in result.message


async def test_a_redirect_is_told_and_not_followed(look: Look) -> None:
    with serving(answering(redirect("wss://other.example/live"))) as server:
        result = await look(url_of(server))
    assert (result.cause, result.http_status_code) == (Cause.EXPECTATION_FAILED, 302)
    assert "it points to wss://other.example/live" in result.message
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"Upgrade: websocket", b"Upgrade: other", "Upgrade does not say websocket"),
        (b"Connection: Upgrade", b"Connection: close", "Connection does not say Upgrade"),
        (b"Sec-WebSocket-Accept: ", b"Sec-WebSocket-Accept: x", "does not fit our key"),
        (b"Upgrade: websocket", b"Sec-WebSocket-Extensions: x\r\nUpgrade: websocket", "an extension"),
        (b"Upgrade: websocket", b"Sec-WebSocket-Protocol: x\r\nUpgrade: websocket", "the subprotocol 'x'"),
    ],
)
async def test_an_upgrade_that_does_not_keep_the_rules_is_none(look: Look, old: bytes, new: bytes, words: str) -> None:
    def handler(server: Server, connection: socket.socket) -> None:
        connection.sendall(switching(server.read_request(connection)).replace(old, new))
        _, payload = read_frame(connection)
        connection.sendall(frame(PONG, payload))

    with serving(handler) as server:
        result = await look(url_of(server))
    assert (result.cause, result.phase, result.http_status_code) == (Cause.MALFORMED_REPLY, Phase.RESPONSE, 101)
    assert words in result.message


async def test_a_subprotocol_that_was_offered_may_be_chosen(look: Look) -> None:
    def handler(server: Server, connection: socket.socket) -> None:
        connection.sendall(switching(server.read_request(connection), b"Sec-WebSocket-Protocol: mqtt"))
        _, payload = read_frame(connection)
        connection.sendall(frame(PONG, payload))

    with serving(handler) as server:
        result = await look(url_of(server), request_headers={"Sec-WebSocket-Protocol": "stomp, mqtt"})
    assert result.cause is None


@pytest.mark.parametrize(
    ("handler", "cause", "words"),
    [
        (opening(hang=True), Cause.TIMEOUT_BODY, "did not answer a ping within 0.5 s"),
        (opening(), Cause.TRUNCATED_BODY, "closed the connection; it did not answer a ping"),
        (opening(is_reset=True), Cause.RESET, "broke the connection; it did not answer a ping"),
        (opening(frame(CLOSE, b"\x03\xf0no room")), Cause.TRUNCATED_BODY, "closed it at once: 1008 no room"),
        (opening(frame(CLOSE, b"\x03\xe9")), Cause.TRUNCATED_BODY, "closed it at once: 1001 going away"),
        (opening(b"\xff\xff\xff\xff"), Cause.MALFORMED_REPLY, "is not valid"),
        (opening(frame(PONG, b"others"), hang=True), Cause.TIMEOUT_BODY, "did not answer a ping"),
    ],
)
async def test_what_goes_wrong_after_the_upgrade_is_told(
    look: Look, handler: Handler, cause: Cause, words: str
) -> None:
    with serving(handler) as server:
        result = await look(url_of(server), timeout_s=0.5)
    assert (result.cause, result.phase) == (cause, Phase.BODY)
    assert words in result.message


async def test_an_upgrade_that_is_not_finished_is_late(look: Look) -> None:
    with serving(answering_then_hanging(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n")) as server:
        result = await look(url_of(server), timeout_s=0.4)
    assert (result.cause, result.phase) == (Cause.TIMEOUT_HEADERS, Phase.RESPONSE)


async def test_a_tls_port_without_tls_in_the_url_is_told(look: Look, authority: Authority, tmp_path: Path) -> None:
    with serving(over_tls(tls_context(authority.leaf("127.0.0.1"), tmp_path), talking())) as server:
        result = await look(url_of(server))
    assert result.cause is Cause.PLAIN_ON_TLS_PORT
    assert "begins with ws://; use wss://" in result.message


async def test_a_websocket_is_reached_through_a_tunnel(look: Look) -> None:
    with serving(talking()) as server, serving(http_proxy) as proxy:
        result = await look(f"ws://site.example:{server.port}/", proxy=f"http://127.0.0.1:{proxy.port}")
    assert result.cause is None
    assert proxy.requests[0].startswith(b"CONNECT site.example")


async def test_checks_of_pages_go_on_as_before_after_a_websocket(look: Look) -> None:
    for _ in range(3):
        with serving(talking()) as server:
            assert (await look(url_of(server))).cause is None
        with serving(answering(ok(b"page"))) as server:
            result = await look(server.url())
        assert (result.cause, result.http_status_code, result.body_head) == (None, 200, "page")
        assert b"websocket" not in server.requests[0].lower()


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n", Cause.EMPTY_REPLY),
        (b"HTTP/1.1 101 Switching Protocols\r\n", Cause.MALFORMED_REPLY),
    ],
)
async def test_an_answer_that_ends_too_early_is_no_websocket(look: Look, answer: bytes, cause: Cause) -> None:
    with serving(answering(answer)) as server:
        result = await look(url_of(server))
    assert (result.cause, result.phase) == (cause, Phase.RESPONSE)
