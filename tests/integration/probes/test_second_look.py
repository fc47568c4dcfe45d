"""Plain HTTP sent to ports that speak TLS, and to those that merely fail: real servers of both kinds."""

import asyncio
import contextlib
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.probes.conftest import Look
from tests.support.certificates import Authority
from tests.support.faults import Handler, Server, answering, closed_port, ok, over_tls, reset, serving, tls_context
from tocsin.model.enums import Cause, Phase


def lazily(context: ssl.SSLContext) -> Handler:
    """Shake hands only at the first read, and close on whatever fails."""

    def handler(server: Server, connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secure:
            secure.recv(4096)

    return handler


@contextlib.contextmanager
def accepting_over_tls(context: ssl.SSLContext) -> Iterator[int]:
    """A listener that shakes hands within accept(), as socketserver and http.server do."""

    def serve(secure: ssl.SSLSocket) -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                secure.accept()[0].close()

    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener, context.wrap_socket(listener, server_side=True) as secure:
        secure.settimeout(0.1)
        thread = threading.Thread(target=serve, args=(secure,), daemon=True)
        thread.start()
        yield secure.getsockname()[1]
        over.set()
        thread.join(5)


@pytest.mark.parametrize("make", [over_tls, lambda context, _: lazily(context)])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_plain_http_on_a_tls_port_is_found_though_nothing_was_answered(
    look: Look, authority: Authority, tmp_path: Path, make: object, host: str
) -> None:
    assert callable(make)
    with serving(make(tls_context(authority.leaf("localhost"), tmp_path), answering(ok()))) as server:
        result = await look(server.url(host=host))
    assert (result.cause, result.phase) == (Cause.PLAIN_ON_TLS_PORT, Phase.RESPONSE)
    assert result.message == f"127.0.0.1:{server.port} speaks TLS, but the URL begins with http://; use https://"


async def test_a_handshake_within_accept_is_found_too(look: Look, authority: Authority, tmp_path: Path) -> None:
    with accepting_over_tls(tls_context(authority.leaf("localhost"), tmp_path)) as port:
        result = await look(f"http://127.0.0.1:{port}/")
    assert result.cause is Cause.PLAIN_ON_TLS_PORT


async def test_the_servers_alert_is_enough(look: Look, authority: Authority, tmp_path: Path) -> None:
    context = tls_context(authority.leaf("localhost"), tmp_path)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES256-SHA256")  # none that the certificate's key can serve
    with serving(over_tls(context, answering(ok()))) as server:
        result = await look(server.url())
    assert result.cause is Cause.PLAIN_ON_TLS_PORT


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program")
async def test_openssl_s_server_is_found(look: Look, authority: Authority, tmp_path: Path) -> None:
    chain, key = authority.leaf("localhost").write(tmp_path)
    port = closed_port()
    command = ["openssl", "s_server", "-accept", str(port), "-cert", str(chain), "-key", str(key), "-quiet"]
    null = asyncio.subprocess.DEVNULL
    one = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, stdout=null, stderr=null)
    try:
        deadline = time.monotonic() + 10
        while (result := await look(f"http://127.0.0.1:{port}/")).cause is Cause.CONNECT_REFUSED:
            assert time.monotonic() < deadline
    finally:
        one.kill()
        await one.wait()
    assert result.cause is Cause.PLAIN_ON_TLS_PORT


def closing(server: Server, connection: socket.socket) -> None:
    server.requests.append(connection.recv(65536))


def resetting(server: Server, connection: socket.socket) -> None:
    server.requests.append(connection.recv(65536))
    reset(connection)


def echoing(server: Server, connection: socket.socket) -> None:
    server.requests.append(connection.recv(65536))
    connection.sendall(server.requests[-1])


def saying(answer: bytes) -> Handler:
    def handler(server: Server, connection: socket.socket) -> None:
        server.requests.append(connection.recv(65536))
        connection.sendall(answer)

    return handler


def silent_later(server: Server, connection: socket.socket) -> None:
    server.requests.append(connection.recv(65536))
    if len(server.requests) > 1:
        server.hang()


PLAIN = [
    (closing, Cause.EMPTY_REPLY),
    (resetting, Cause.RESET),
    (echoing, Cause.MALFORMED_REPLY),
    (saying(b"220 mail.example ESMTP\r\n"), Cause.MALFORMED_REPLY),
    (saying(b"\x16\x02\x00\x00\x05\x02\x00\x00"), Cause.MALFORMED_REPLY),
    (silent_later, Cause.EMPTY_REPLY),
]


@pytest.mark.parametrize(("handler", "cause"), PLAIN)
async def test_a_plain_server_that_fails_is_not_taken_for_tls(look: Look, handler: Handler, cause: Cause) -> None:
    with serving(handler) as server:
        result = await look(server.url(), timeout_s=0.8)
    assert result.cause is cause
    assert len(server.requests) == 2
    assert server.requests[1][:2] == b"\x16\x03"


async def test_a_second_look_costs_no_more_than_what_is_left_and_is_in_no_phase(look: Look) -> None:
    with serving(silent_later) as server:
        began = time.monotonic()
        result = await look(server.url(), timeout_s=0.8)
        took = time.monotonic() - began
    assert result.phases.total_ms is not None
    assert result.phases.total_ms / 1e3 < took / 2
    assert took < 5


async def test_no_second_look_is_taken_at_answers_that_began_over_tls_or_by_a_proxy(look: Look) -> None:
    with serving(saying(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n")) as server:
        begun = await look(server.url())
        over_tls_ = await look(server.url(scheme="https"))
        proxied = await look("http://10.1.2.3/", proxy=server.url().rstrip("/"))
    assert begun.cause is Cause.MALFORMED_REPLY
    assert over_tls_.cause is Cause.TLS_NOT_SPOKEN
    assert proxied.cause is Cause.MALFORMED_REPLY
    assert len(server.requests) == 3


async def test_a_server_that_is_gone_at_the_second_look_keeps_its_first_fault(look: Look) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def once() -> None:
            connection, _ = listener.accept()
            listener.close()
            with connection:
                connection.recv(65536)

        thread = threading.Thread(target=once, daemon=True)
        thread.start()
        result = await look(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join(5)
    assert result.cause is Cause.EMPTY_REPLY


async def test_a_port_that_speaks_tls_is_found_over_ipv6_too(look: Look, authority: Authority, tmp_path: Path) -> None:
    with serving(lazily(tls_context(authority.leaf("localhost"), tmp_path)), host="::1") as server:
        result = await look(server.url())
    assert result.cause is Cause.PLAIN_ON_TLS_PORT
    assert result.message.startswith(f"[::1]:{server.port} speaks TLS")
