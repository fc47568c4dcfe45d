"""Redirects, each hop with its own connection and phases; and what may go along to another origin."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from tests.integration.probes.conftest import Look
from tests.support.certificates import Authority
from tests.support.dns_server import NameServer
from tests.support.faults import answering, ok, over_tls, redirect, routing, serving, tls_context
from tocsin.model.enums import Cause, Phase


async def test_hops_are_kept_with_their_phases(look: Look) -> None:
    pages = {"/": redirect("/two?x=1"), "/two": redirect("three", status=301), "/three": ok(b"end")}
    with serving(routing(dict(pages))) as server:
        result = await look(server.url())
    assert (result.cause, result.http_status_code, result.body_head) == (None, 200, "end")
    assert result.final_url == server.url("/three")
    assert [(hop.url, hop.http_status_code, hop.location) for hop in result.redirects] == [
        (server.url("/"), 302, server.url("/two?x=1")),
        (server.url("/two?x=1"), 301, server.url("/three")),
    ]
    for hop in result.redirects:
        assert hop.address == "127.0.0.1"
        assert hop.phases.ttfb_ms is not None
        assert result.phases.ttfb_ms is not None
        assert hop.phases.ttfb_ms < result.phases.ttfb_ms


async def test_a_redirect_not_to_be_followed_is_the_answer(look: Look) -> None:
    with serving(answering(redirect("/two"))) as server:
        result = await look(server.url(), follow_redirects=False)
    assert (result.cause, result.http_status_code, result.redirects) == (None, 302, ())
    assert result.header("location") == "/two"


async def test_redirects_in_a_circle_are_a_loop(look: Look) -> None:
    with serving(routing({"/": redirect("/b"), "/b": redirect("/")})) as server:
        result = await look(server.url())
    assert (result.cause, result.phase) == (Cause.REDIRECT_LOOP, Phase.RESPONSE)
    assert server.url("/") in result.message
    assert len(result.redirects) == 2
    assert len(server.requests) == 2


async def test_a_page_that_redirects_until_its_cookie_comes_back_is_no_loop(look: Look) -> None:
    def page(request: bytes) -> bytes:
        return ok(b"in") if b"Cookie: seen=1" in request else redirect("/", "Set-Cookie: seen=1; Path=/")

    with serving(routing({"/": page})) as server:
        result = await look(server.url())
    assert (result.cause, result.body_head) == (None, "in")


async def test_own_cookies_and_those_of_the_site_travel_together(look: Look) -> None:
    with serving(routing({"/": redirect("/b", "Set-Cookie: a=1"), "/b": ok()})) as server:
        await look(server.url(), request_headers={"Cookie": "mine=2"})
    assert b"Cookie: mine=2\r\n" in server.requests[0]
    assert b"Cookie: mine=2; a=1\r\n" in server.requests[1]


async def test_too_many_redirects_end_the_check(look: Look) -> None:
    count = iter(range(100))
    with serving(routing({"/": lambda _: redirect(f"/?{next(count)}")})) as server:
        result = await look(server.url(), max_redirects=3)
    assert result.cause is Cause.REDIRECT_TOO_MANY
    assert "More than 3 redirects" in result.message
    assert len(server.requests) == 4
    assert result.http_status_code == 302


NOWHERE = ["ftp://example.com/", "http://[broken", "javascript:alert(1)", "http://user:pw@h.example/", "http://:1/"]


@pytest.mark.parametrize("location", NOWHERE)
async def test_a_redirect_to_nowhere_is_invalid(look: Look, location: str) -> None:
    with serving(answering(redirect(location))) as server:
        result = await look(server.url())
    assert (result.cause, result.phase) == (Cause.REDIRECT_INVALID, Phase.RESPONSE)
    assert result.http_status_code == 302


async def test_a_redirect_without_location_is_invalid(look: Look) -> None:
    with serving(answering(ok(status="302 Found"))) as server:
        result = await look(server.url())
    assert result.cause is Cause.REDIRECT_INVALID
    assert "without a Location" in result.message


METHODS = [
    (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (307, "POST", "POST"), (308, "POST", "POST"),
    (301, "PUT", "PUT"), (303, "PUT", "GET"), (303, "HEAD", "HEAD"), (302, "GET", "GET"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "method", "then"), METHODS)
async def test_the_method_changes_as_the_code_says(look: Look, status: int, method: str, then: str) -> None:
    body = "data" if method in ("POST", "PUT") else None
    away = b"HTTP/1.1 %d Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n" % status
    arrived = b"HTTP/1.1 204 No Content\r\n\r\n"
    with serving(routing({"/": away, "/b": arrived})) as server:
        result = await look(server.url(), method=method, request_body=body)
    assert result.http_status_code == 204
    assert server.requests[1].startswith(f"{then} /b ".encode())
    assert server.requests[1].endswith(b"data") == (body is not None and then == method)
    assert (b"Content-Type" in server.requests[1]) == (body is not None and then == method)


async def test_secrets_stay_with_their_origin(look: Look, dns: NameServer) -> None:
    dns.zone["other.example"] = ["127.0.0.1"]
    headers = {"X-Api-Key": "k", "Cookie": "c=1", "Accept-Language": "de", "Host": "shop.example"}
    with serving(routing({"/": ok()})) as there:
        pages = {"/": redirect("/same"), "/same": redirect(there.url(host="other.example"), "Set-Cookie: s=1")}
        with serving(routing(dict(pages))) as here:
            await look(here.url(), request_headers=headers, auth={"kind": "bearer", "token": "t"})
    for secret in (b"X-Api-Key", b"Cookie", b"Authorization", b"shop.example"):
        assert secret in here.requests[1]
        assert secret not in there.requests[0]
    assert b"Accept-Language: de" in there.requests[0]


async def test_each_hop_resolves_and_connects_anew(
    look: Look, dns: NameServer, authority: Authority, tmp_path: Path
) -> None:
    dns.zone["site.example"] = ["127.0.0.1"]
    context = tls_context(authority.leaf("site.example"), tmp_path)
    with contextlib.ExitStack() as servers:
        secure = servers.enter_context(serving(over_tls(context, answering(ok(b"safe")))))
        away = redirect(secure.url(host="site.example", scheme="https"))
        server = servers.enter_context(serving(answering(away)))
        result = await look(server.url(host="site.example"), address_family="ipv4")
    assert (result.cause, result.body_head) == (None, "safe")
    assert len(dns.asked) == 2
    assert result.redirects[0].phases.dns_ms is not None
    assert result.redirects[0].phases.tls_ms is None
    assert result.phases.tls_ms is not None
    assert result.certificate is not None


async def test_a_redirect_with_a_broken_body_is_followed(look: Look) -> None:
    cut = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 99\r\n\r\ncut"
    with serving(routing({"/": cut, "/b": ok()})) as server:
        result = await look(server.url())
    assert (result.cause, len(result.redirects)) == (None, 1)


async def test_the_time_limit_covers_all_hops(look: Look) -> None:
    count = iter(range(100))

    def page(_: bytes) -> bytes:
        server.stopped.wait(0.15)
        return redirect(f"/?{next(count)}")

    with serving(routing({"/": page})) as server:
        result = await asyncio.wait_for(look(server.url(), timeout_s=0.5), 5)
    assert result.cause is Cause.TIMEOUT_FIRST_BYTE
    assert 2 <= len(result.redirects) <= 3
    assert "within 0.5 s" in result.message


async def test_a_fault_after_a_redirect_keeps_the_hops(look: Look, dns: NameServer) -> None:
    with serving(answering(redirect("http://gone.example/"))) as server:
        result = await look(server.url())
    assert result.cause is Cause.DNS_NOT_FOUND
    assert result.final_url == "http://gone.example/"
    assert len(result.redirects) == 1
    assert result.http_status_code is None
