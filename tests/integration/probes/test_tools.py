"""The engine and its tools: cancelling, stopping, several at once, the guard, roots and proxies."""

import asyncio
import contextlib
import gc
import select
import socket
import threading
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.integration.probes.conftest import Look
from tests.support.certificates import Authority, make_authority, pem
from tests.support.dns_server import SILENT, NameServer
from tests.support.faults import (
    Handler,
    Server,
    answering,
    answering_then_hanging,
    closed_port,
    deaf_server,
    ok,
    over_tls,
    redirect,
    serving,
    tls_context,
)
from tocsin.errors import SettingsInvalid
from tocsin.model.enums import Cause, Phase
from tocsin.model.options import CheckOptions
from tocsin.probes import Target, Tools, open_tools, probe
from tocsin.probes.certificates.trust import Trust
from tocsin.probes.curl.engine import MAX_IDLE_HANDLES
from tocsin.probes.curl.exchange import REFUSED_BY_LIBCURL, Exchange
from tocsin.probes.curl.handles import Handle


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds, at most ten seconds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (what is waited for happens in a server's thread)
            await asyncio.sleep(0.01)


async def test_an_unknown_scheme_is_refused(tools: Tools) -> None:
    with pytest.raises(ValueError, match="must start with"):
        await probe(Target("gopher://example.com/", CheckOptions(), 1.0), tools)


async def test_cancelling_a_check_closes_its_connection(look: Look) -> None:
    gone = threading.Event()

    def handler(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        if connection.recv(1) == b"":
            gone.set()

    with serving(handler) as server:
        task = asyncio.ensure_future(look(server.url()))
        await until(lambda: bool(server.requests))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(gone.wait, 5)
        assert (await look(server.url(), timeout_s=0.3)).cause is Cause.TIMEOUT_FIRST_BYTE


async def test_stopping_cancels_what_is_under_way_and_frees_everything() -> None:
    with serving(answering_then_hanging(b"")) as server:
        tools = open_tools()
        await tools.start()
        tasks = [asyncio.ensure_future(probe(Target(server.url(), CheckOptions(), 30.0), tools)) for _ in range(20)]
        await until(lambda: len(server.requests) == 20)
        await tools.aclose()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        await tools.aclose()
    assert all(isinstance(end, asyncio.CancelledError) for end in ends)
    assert not any(thread.name == "tocsin-probes" for thread in threading.enumerate())
    with pytest.raises(RuntimeError, match="not running"):
        await probe(Target(server.url(), CheckOptions(), 1.0), tools)


async def test_stopping_ends_pending_look_ups(dns: NameServer) -> None:
    dns.zone["site.example"] = SILENT
    tools = open_tools(name_servers=[dns.address])
    await tools.start()
    task = asyncio.ensure_future(probe(Target("http://site.example/", CheckOptions(), 30.0), tools))
    await until(lambda: bool(dns.asked))
    await tools.aclose()
    result = await asyncio.wait_for(task, 5)
    assert result.cause is Cause.DNS_SERVER_FAILURE


def test_each_event_loop_can_have_its_own_tools() -> None:
    causes: list[Cause | None] = []

    async def check(url: str) -> None:
        async with open_tools() as tools:
            results = await asyncio.gather(*(probe(Target(url, CheckOptions(), 5.0), tools) for _ in range(20)))
            causes.extend(result.cause for result in results)

    with serving(answering(ok())) as server:
        threads = [threading.Thread(target=asyncio.run, args=(check(server.url()),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert causes == [None] * 60


async def test_a_loop_that_has_gone_holds_nobody_up(tools: Tools) -> None:
    with serving(answering_then_hanging(b"")) as server:

        def forsake() -> None:
            loop = asyncio.new_event_loop()
            task = loop.create_task(probe(Target(server.url(), CheckOptions(), 0.3), tools))
            loop.run_until_complete(asyncio.sleep(0.05))
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            loop.close()

        await asyncio.to_thread(forsake)
        await asyncio.sleep(0.5)
    with serving(answering(ok())) as server:
        assert (await probe(Target(server.url(), CheckOptions(), 5.0), tools)).cause is None
    gc.collect()


async def test_a_burst_leaves_a_bounded_number_of_idle_handles(look: Look, tools: Tools) -> None:
    with deaf_server() as server:
        results = await asyncio.gather(*(look(server.url(), timeout_s=0.5) for _ in range(MAX_IDLE_HANDLES + 40)))
    assert {result.cause for result in results} == {Cause.CONNECT_TIMEOUT}
    gc.collect()
    assert sum(isinstance(one, Handle) for one in gc.get_objects()) <= MAX_IDLE_HANDLES


async def test_an_impossible_proxy_is_a_result(look: Look) -> None:
    result = await look("http://site.example/", proxy="http://127.0.0.1:99999")
    assert result.cause is Cause.CONNECT_REFUSED
    assert "not usable" in result.message


async def test_an_exchange_that_cannot_be_set_up_ends_at_once(tools: Tools) -> None:
    exchange = Exchange("http://127.0.0.1/", 5.0, header_lines=[b"\0"])
    await asyncio.wait_for(tools.engine.run(exchange), 5)
    assert exchange.code == REFUSED_BY_LIBCURL
    assert exchange.error


async def test_characters_that_no_encoding_knows_do_no_harm(look: Look) -> None:
    odd = "\ud800"
    with serving(answering(ok())) as server:
        result = await look(server.url(), method="POST", request_headers={"X": odd})
    assert result.cause is None


FORBIDDEN = [("http://127.0.0.1:1/", "127.0.0.1"), ("http://[::ffff:127.0.0.1]:1/", "::ffff:7f00:1")]


@pytest.mark.parametrize(("url", "address"), FORBIDDEN)
async def test_the_guard_keeps_checks_from_forbidden_addresses(url: str, address: str) -> None:
    async with open_tools(forbidden=[ip_network("127.0.0.1")]) as tools:
        result = await probe(Target(url, CheckOptions(), 5.0), tools)
    assert (result.cause, result.phase) == (Cause.ADDRESS_FORBIDDEN, Phase.CONNECT)
    assert address in result.message
    assert "setting TOCSIN_FORBIDDEN_NETWORKS" in result.message


async def test_the_guard_looks_at_every_hop_and_every_address(dns: NameServer) -> None:
    dns.zone["inside.example"] = ["127.0.0.3"]
    async with open_tools(name_servers=[dns.address], forbidden=[ip_network("127.0.0.3")]) as tools:
        with serving(answering(redirect("http://inside.example:1/"))) as server:
            result = await probe(Target(server.url(), CheckOptions(), 5.0), tools)
        proxied = CheckOptions(proxy="http://inside.example:1")
        assert (await probe(Target(server.url(), proxied, 5.0), tools)).cause is Cause.ADDRESS_FORBIDDEN
    assert result.cause is Cause.ADDRESS_FORBIDDEN
    assert len(result.redirects) == 1


async def test_a_name_is_asked_for_once_so_that_a_second_answer_gains_nothing(look: Look, dns: NameServer) -> None:
    dns.zone["turning.example"] = ["127.0.0.1"]
    for scheme in ("http", "ws", "tls", "tcp"):
        dns.asked.clear()
        with serving(answering(ok())) as server:
            url = f"{scheme}://turning.example:{server.port}"
            assert (await look(url)).address == "127.0.0.1"
        assert dns.asked.count(("turning.example", 1)) == 1


@pytest.mark.parametrize("content", [None, "no certificates at all"])
def test_a_useless_ca_bundle_is_refused_by_name(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsInvalid, match=r"bundle\.pem"):
        open_tools(ca_bundle=str(path))


async def test_roots_come_from_the_environment_too(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_authority("Other")
    folder = tmp_path / "roots"
    folder.mkdir()
    (folder / "one.pem").write_bytes(pem(other.root.certificate))
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    monkeypatch.setenv("SSL_CERT_FILE", authority.bundle(tmp_path))
    for issuer in (authority, other):
        context = tls_context(issuer.leaf("localhost"), tmp_path)
        with serving(over_tls(context, answering(ok()))) as server:
            async with open_tools() as tools:
                result = await probe(Target(server.url(scheme="https", host="localhost"), CheckOptions(), 5.0), tools)
        assert result.cause is None


def test_the_merged_roots_are_removed_at_the_end(authority: Authority, tmp_path: Path) -> None:
    trust = Trust(authority.bundle(tmp_path))
    merged = Path(trust.cafile or "")
    assert pem(authority.root.certificate).strip() in merged.read_bytes()
    trust.close()
    trust.close()
    assert not merged.exists()


def pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            for ready in select.select([one, other], [], [], 5)[0]:
                data = ready.recv(65536)
                if not data:
                    return
                (other if ready is one else one).sendall(data)


def http_proxy(server: Server, connection: socket.socket) -> None:
    """Tunnel CONNECT, and answer anything else itself."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(4096)
    server.requests.append(request)
    method, where, _ = request.split(b" ", 2)
    if method != b"CONNECT":
        connection.sendall(ok(b"by proxy"))
        return
    host, _, port = where.decode().rpartition(":")
    with socket.create_connection(("127.0.0.1" if host == "site.example" else host, int(port))) as out:
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        pump(connection, out)


def socks_proxy(server: Server, connection: socket.socket) -> None:
    """SOCKS5 without authentication. Source: RFC 1928."""
    connection.recv(16)
    connection.sendall(b"\x05\x00")
    request = connection.recv(512)
    server.requests.append(request)
    port = int.from_bytes(request[-2:], "big")
    with socket.create_connection(("127.0.0.1", port)) as out:
        connection.sendall(b"\x05\x00\x00\x01" + bytes(6))
        pump(connection, out)


@pytest.fixture
def page(authority: Authority, tmp_path: Path) -> Iterator[Server]:
    context = tls_context(authority.leaf("site.example"), tmp_path, "page")
    with serving(over_tls(context, answering(ok(b"through")))) as server:
        yield server


async def test_an_http_proxy_is_asked_for_the_whole_url(look: Look) -> None:
    with serving(http_proxy) as proxy:
        result = await look("http://site.example/a", proxy=f"http://me:pw@127.0.0.1:{proxy.port}")
    assert (result.cause, result.body_head, result.address) == (None, "by proxy", "127.0.0.1")
    assert proxy.requests[0].startswith(b"GET http://site.example/a HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic" in proxy.requests[0]


async def test_a_tls_page_is_reached_through_a_tunnel(look: Look, page: Server) -> None:
    with serving(http_proxy) as proxy:
        url = page.url(host="site.example", scheme="https")
        result = await look(url, proxy=f"http://localhost:{proxy.port}")
    assert (result.cause, result.body_head) == (None, "through")
    assert result.certificate is not None
    assert result.certificate.leaf.sans == ("site.example",)
    assert proxy.requests[0].startswith(f"CONNECT site.example:{page.port} ".encode())


async def test_an_https_proxy_is_verified_by_its_name(
    look: Look, page: Server, authority: Authority, dns: NameServer, tmp_path: Path
) -> None:
    dns.zone["proxy.example"] = ["127.0.0.1"]
    context = tls_context(authority.leaf("proxy.example"), tmp_path, "proxy")
    with serving(over_tls(context, http_proxy)) as proxy:
        result = await look("http://site.example/", proxy=f"https://proxy.example:{proxy.port}")
    assert (result.cause, result.body_head) == (None, "by proxy")


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_a_socks_proxy_gets_an_address_or_a_name(look: Look, page: Server, dns: NameServer, scheme: str) -> None:
    dns.zone["site.example"] = ["127.0.0.1"]
    with serving(socks_proxy) as proxy:
        url = page.url(host="site.example", scheme="https")
        result = await look(url, proxy=f"{scheme}://127.0.0.1:{proxy.port}")
    assert (result.cause, result.body_head) == (None, "through")
    assert (b"site.example" in proxy.requests[0]) == (scheme == "socks5h")


def saying(answer: bytes) -> Handler:
    return answering(answer)


async def test_a_proxys_refusal_is_told_as_such(look: Look) -> None:
    with serving(saying(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")) as proxy:
        result = await look("https://site.example/", proxy=f"http://127.0.0.1:{proxy.port}")
    assert (result.cause, result.phase) == (Cause.CONNECT_REFUSED, Phase.CONNECT)
    assert f"The proxy 127.0.0.1:{proxy.port} did not connect us" in result.message
    assert "403" in result.message


async def test_a_socks_proxys_refusal_is_told_as_such(look: Look) -> None:
    def refusing(server: Server, connection: socket.socket) -> None:
        connection.recv(16)
        connection.sendall(b"\x05\x00")
        connection.recv(512)
        connection.sendall(b"\x05\x05\x00\x01" + bytes(6))

    with serving(refusing) as proxy:
        result = await look("http://site.example/", proxy=f"socks5h://127.0.0.1:{proxy.port}")
    assert (result.cause, result.phase) == (Cause.CONNECT_REFUSED, Phase.CONNECT)


async def test_a_missing_proxy_is_not_taken_for_the_target(look: Look) -> None:
    port = closed_port()
    result = await look("http://site.example/", proxy=f"http://127.0.0.1:{port}")
    assert (result.cause, result.phase) == (Cause.CONNECT_REFUSED, Phase.CONNECT)
    assert result.message == f"Nobody listens at the proxy 127.0.0.1:{port} (connection refused)"
    far = await look("http://site.example/", proxy="http://255.255.255.255:1")
    assert far.cause is Cause.NO_ROUTE
    unknown = await look("http://site.example/", proxy="http://nobody.example:1")
    assert unknown.cause is Cause.DNS_NOT_FOUND
    assert "nobody.example" in unknown.message


async def test_a_proxy_that_hangs_is_told_apart_from_a_hung_handshake(look: Look) -> None:
    with serving(answering_then_hanging(b"")) as proxy:
        result = await look("https://site.example/", proxy=f"http://127.0.0.1:{proxy.port}", timeout_s=0.4)
    assert (result.cause, result.phase) == (Cause.CONNECT_TIMEOUT, Phase.CONNECT)
    assert "did not open a tunnel" in result.message


async def test_a_target_unknown_to_us_fails_before_a_socks5_proxy_is_asked(look: Look) -> None:
    with serving(socks_proxy) as proxy:
        result = await look("http://gone.example/", proxy=f"socks5://127.0.0.1:{proxy.port}")
    assert result.cause is Cause.DNS_NOT_FOUND
    assert proxy.requests == []
