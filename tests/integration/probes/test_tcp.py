"""The TCP and the TLS probe: a port that accepts, what it says first, and whose certificate it shows."""

import asyncio
import queue
import socket
import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.probes.conftest import Look
from tests.integration.probes.test_tools import http_proxy
from tests.support.certificates import Authority, issue
from tests.support.dns_server import NameServer
from tests.support.faults import Handler, Server, deaf_server, over_tls, reset, serving, tls_context
from tocsin.model.enums import Cause, Phase

GREETED = {"expectations": [{"on": "body", "op": "contains", "value": "220"}]}


def silent(server: Server, connection: socket.socket) -> None:
    server.hang()


def greeting(*words: bytes, pause_s: float = 0.05) -> Handler:
    def handler(server: Server, connection: socket.socket) -> None:
        for word in words:
            connection.sendall(word)
            server.stopped.wait(pause_s)
        server.hang()

    return handler


def url_of(server: Server, scheme: str = "tcp", host: str = "127.0.0.1") -> str:
    return f"{scheme}://{host}:{server.port}"


async def test_a_port_that_accepts_is_up_and_sent_nothing(look: Look) -> None:
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def listening(server: Server, connection: socket.socket) -> None:
        heard.put(connection.recv(100))

    with serving(listening) as server:
        result = await look(url_of(server))
        assert await asyncio.to_thread(heard.get, timeout=5) == b""
    assert (result.cause, result.http_status_code, result.body_bytes) == (None, None, None)
    assert result.phases.dns_ms is result.phases.ttfb_ms is None
    assert result.phases.connect_ms is not None


async def test_a_name_is_looked_up_and_each_address_has_its_chance(look: Look, dns: NameServer) -> None:
    dns.zone["db.example"] = ["127.0.0.9", "127.0.0.1"]
    with serving(silent) as server:
        result = await look(url_of(server, host="db.example"))
    assert (result.cause, result.address, result.addresses) == (None, "127.0.0.1", ("127.0.0.9", "127.0.0.1"))
    assert result.phases.dns_ms is not None


async def test_ipv6_is_connected_to_where_it_is_wanted(look: Look) -> None:
    with serving(silent, "::1") as server:
        assert (await look(f"tcp://[::1]:{server.port}")).address == "::1"
        refused = await look(f"tcp://[::1]:{server.port}", address_family="ipv4")
    assert refused.cause is Cause.NO_ROUTE


async def test_a_port_that_does_not_accept_is_given_up(look: Look) -> None:
    with deaf_server() as server:
        result = await look(url_of(server), timeout_s=0.4)
    assert (result.cause, result.phase) == (Cause.CONNECT_TIMEOUT, Phase.CONNECT)
    assert f"127.0.0.1:{server.port} did not accept a connection within 0.4 s" in result.message


async def test_a_banner_is_read_to_the_end_of_its_line(look: Look) -> None:
    with serving(greeting(b"220 mail", b".example\r\n")) as server:
        result = await look(url_of(server), **GREETED)
    assert (result.cause, result.body_head, result.body_bytes) == (None, "220 mail.example\r\n", 18)
    assert result.phases.ttfb_ms is not None
    assert result.phases.transfer_ms is not None


async def test_a_banner_without_a_line_ends_with_a_silence(look: Look) -> None:
    with serving(greeting(b"\x4a\x00\x00\x00\x0a8.0.40")) as server:
        result = await look(url_of(server), **GREETED)
    assert (result.cause, result.body_bytes) == (None, 11)


async def test_a_server_that_breaks_off_before_a_word_is_told(look: Look) -> None:
    with serving(lambda server, connection: None) as server:
        closed = await look(url_of(server), **GREETED)
    with serving(lambda server, connection: reset(connection)) as server:
        broken = await look(url_of(server), **GREETED)
    assert (closed.cause, closed.phase) == (Cause.EMPTY_REPLY, Phase.RESPONSE)
    assert broken.cause in (Cause.RESET, Cause.CONNECT_RESET)


async def test_a_tls_port_shows_its_certificate(look: Look, authority: Authority, tmp_path: Path) -> None:
    context = tls_context(authority.leaf("localhost", "127.0.0.1"), tmp_path)
    with serving(over_tls(context, silent)) as server:
        result = await look(url_of(server, "tls", "localhost"))
    assert (result.cause, result.http_status_code, result.tls_version) == (None, None, "TLSv1.3")
    assert result.certificate is not None
    assert result.certificate.verified
    assert result.certificate.leaf.sans == ("localhost", "127.0.0.1")
    assert result.final_url == url_of(server, "tls", "localhost")
    assert result.phases.tls_ms is not None
    assert result.phases.ttfb_ms is None


async def test_no_protocol_is_proposed_to_a_tls_port(look: Look, authority: Authority, tmp_path: Path) -> None:
    context = tls_context(authority.leaf("127.0.0.1"), tmp_path)
    context.set_alpn_protocols(["imap"])
    with serving(over_tls(context, silent)) as server:
        assert (await look(url_of(server, "tls"))).cause is None


async def test_a_bad_certificate_has_the_cause_of_https_and_its_facts(look: Look, tmp_path: Path) -> None:
    old = issue("127.0.0.1", hosts=("127.0.0.1",), not_after=timedelta(days=-3), not_before=timedelta(days=-9))
    with serving(over_tls(tls_context(old, tmp_path), silent)) as server:
        result = await look(url_of(server, "tls"))
        lenient = await look(url_of(server, "tls"), verify_tls=False)
    assert (result.cause, result.phase) == (Cause.TLS_SELF_SIGNED, Phase.TLS)
    assert "and it expired on" in result.message
    for one in (result, lenient):
        assert one.certificate is not None
        assert not one.certificate.verified
    assert lenient.cause is None


async def test_a_port_without_tls_is_told_as_such(look: Look) -> None:
    with serving(greeting(b"220 mail.example ready for you\r\n")) as server:
        result = await look(url_of(server, "tls"))
    assert (result.cause, result.phase) == (Cause.TLS_NOT_SPOKEN, Phase.TLS)


async def test_an_old_protocol_is_told_as_such(look: Look, authority: Authority, tmp_path: Path) -> None:
    context = tls_context(authority.leaf("127.0.0.1"), tmp_path)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with serving(over_tls(context, silent)) as server:
        assert (await look(url_of(server, "tls"))).cause is Cause.TLS_PROTOCOL


async def test_a_tls_port_is_reached_through_a_tunnel(look: Look, authority: Authority, tmp_path: Path) -> None:
    context = tls_context(authority.leaf("site.example"), tmp_path)
    with serving(over_tls(context, silent)) as server, serving(http_proxy) as proxy:
        result = await look(f"tls://site.example:{server.port}", proxy=f"http://127.0.0.1:{proxy.port}")
    assert result.cause is None
    assert result.certificate is not None


async def test_the_connection_is_closed_after_the_handshake(look: Look, authority: Authority, tmp_path: Path) -> None:
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def listening(server: Server, connection: socket.socket) -> None:
        heard.put(connection.recv(100))

    with serving(over_tls(tls_context(authority.leaf("127.0.0.1"), tmp_path), listening)) as server:
        assert (await look(url_of(server, "tls"))).cause is None
        assert await asyncio.to_thread(heard.get, timeout=5) == b""
