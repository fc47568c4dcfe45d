"""Complete answers: what is sent, what is kept of the answer, and where the time went."""

import base64
import gzip
import hashlib
import socket

import pytest

from tests.integration.probes.conftest import Look
from tests.support.faults import Server, answering, ok, serving
from tocsin import __version__
from tocsin.model.enums import HTTPMethod


def slow(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    server.stopped.wait(0.1)
    connection.sendall(ok(b"hel")[:-3])
    server.stopped.wait(0.1)
    connection.sendall(b"hel")


async def test_a_complete_answer_has_no_cause_whatever_its_code(look: Look) -> None:
    for status, code in (("200 OK", 200), ("404 Not Found", 404), ("503 Busy", 503)):
        with serving(answering(ok(b"page", "X-One: 1", status=status))) as server:
            result = await look(server.url("/a?b=c"))
        assert result.cause is None
        assert result.status is None
        assert result.message == ""
        assert result.http_status_code == code
        assert result.http_version == "1.1"
        assert result.header("x-one") == "1"
        assert result.body_head == "page"
        assert result.body_sha256 == hashlib.sha256(b"page").hexdigest()
        assert result.final_url == result.url
        assert result.addresses == ("127.0.0.1",)


async def test_the_phases_show_where_the_time_went(look: Look) -> None:
    with serving(slow) as server:
        phases = (await look(server.url())).phases
    assert phases.dns_ms is None
    assert phases.tls_ms is None
    assert phases.connect_ms is not None
    assert phases.ttfb_ms is not None
    assert phases.transfer_ms is not None
    assert phases.total_ms is not None
    assert phases.ttfb_ms >= 99
    assert phases.transfer_ms >= 99
    assert phases.connect_ms + phases.ttfb_ms + phases.transfer_ms <= phases.total_ms


@pytest.mark.parametrize("method", list(HTTPMethod))
async def test_every_method_is_sent_as_it_is(look: Look, method: HTTPMethod) -> None:
    with serving(answering(ok(b"" if method is HTTPMethod.HEAD else b"x"))) as server:
        result = await look(server.url(), method=method)
    assert result.http_status_code == 200
    assert server.requests[0].startswith(f"{method} / HTTP/1.1\r\n".encode())
    assert (b"Content-Length: 0" in server.requests[0]) == (method in ("POST", "PUT", "PATCH"))


async def test_a_head_answer_has_no_body(look: Look) -> None:
    with serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")) as server:
        result = await look(server.url(), method="HEAD", request_body="ignored")
    assert (result.cause, result.body_bytes, result.body_sha256) == (None, 0, None)
    assert b"ignored" not in server.requests[0]


async def test_a_request_says_who_asks(look: Look) -> None:
    with serving(answering(ok())) as server:
        await look(server.url())
        await look(server.url(), request_headers={"User-Agent": "mine", "Host": "shop.example", "X-Empty": ""})
    assert f"User-Agent: Tocsin/{__version__}\r\n".encode() in server.requests[0]
    assert f"Host: 127.0.0.1:{server.port}\r\n".encode() in server.requests[0]
    assert b"User-Agent: mine\r\n" in server.requests[1]
    assert b"Host: shop.example\r\n" in server.requests[1]
    assert b"X-Empty:" in server.requests[1]
    assert b"Tocsin" not in server.requests[1]


async def test_nothing_of_one_check_is_left_in_the_next(look: Look) -> None:
    with serving(answering(ok())) as server:
        await look(server.url(), method="POST", request_body="secret", request_headers={"X-Secret": "1"})
        await look(server.url())
    assert server.requests[1].startswith(b"GET / HTTP/1.1\r\n")
    assert b"ecret" not in server.requests[1]


@pytest.mark.parametrize(("body", "kind"), [('{"a": 1}', b"application/json"), ("a=1", b"text/plain; charset=utf-8")])
async def test_a_body_gets_a_fitting_type(look: Look, body: str, kind: bytes) -> None:
    with serving(answering(ok())) as server:
        await look(server.url(), method="POST", request_body=body)
        await look(server.url(), method="PUT", request_body=body, request_headers={"content-type": "x/y"})
    assert server.requests[0].endswith(body.encode())
    assert b"Content-Type: " + kind + b"\r\n" in server.requests[0]
    assert b"content-type: x/y\r\n" in server.requests[1]
    assert kind not in server.requests[1]


async def test_credentials_go_out_as_a_header(look: Look) -> None:
    basic = {"kind": "basic", "username": "mo", "password": "pä:ss"}
    with serving(answering(ok())) as server:
        await look(server.url(), auth=basic)
        await look(server.url(), auth={"kind": "bearer", "token": "tok"})
        await look(server.url(), auth=basic, request_headers={"authorization": "Own one"})
    assert base64.b64encode("mo:pä:ss".encode()) in server.requests[0]
    assert b"Authorization: Bearer tok\r\n" in server.requests[1]
    assert server.requests[2].lower().count(b"authorization:") == 1


async def test_compressed_pages_are_read_as_text(look: Look) -> None:
    page = "grüße".encode()
    with serving(answering(ok(gzip.compress(page), "Content-Encoding: gzip"))) as server:
        result = await look(server.url())
    assert result.body_head == "grüße"
    assert result.body_bytes == len(page)
    assert result.body_sha256 == hashlib.sha256(page).hexdigest()
    assert b"gzip" in server.requests[0]


async def test_only_the_head_of_a_long_page_is_kept_but_all_of_it_is_hashed(look: Look) -> None:
    page = b"0123456789" * 30_000
    with serving(answering(ok(page))) as server:
        result = await look(server.url())
    assert result.body_head == page[: 64 * 1024].decode()
    assert result.body_bytes == len(page)
    assert result.body_sha256 == hashlib.sha256(page).hexdigest()


async def test_the_kept_headers_are_bounded(look: Look) -> None:
    many = [f"X-{number}: {'v' * 50}" for number in range(300)]
    with serving(answering(ok(b"x", *many))) as server:
        result = await look(server.url())
    assert result.cause is None
    assert len(result.headers) == 100


async def test_interim_answers_and_trailers_do_not_count(look: Look) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Trailer: 1\r\n\r\n"
    with serving(answering(early + chunked)) as server:
        result = await look(server.url())
    assert (result.cause, result.http_status_code, result.body_head) == (None, 200, "hi")
    assert result.header("link") is None
    assert result.header("x-trailer") is None


async def test_names_outside_ascii_are_sent_percent_encoded(look: Look) -> None:
    with serving(answering(ok())) as server:
        await look(server.url("/grüße?q=ä b".replace(" ", "%20")))
    assert server.requests[0].startswith(b"GET /gr%C3%BC%C3%9Fe?q=%C3%A4%20b HTTP/1.1\r\n")


async def test_ipv6_literals_work(look: Look) -> None:
    with serving(answering(ok()), host="::1") as server:
        result = await look(server.url())
        pinned = await look(server.url(), address_family="ipv4")
    assert (result.cause, result.address) == (None, "::1")
    assert "not an IPv4 address" in pinned.message


async def test_the_environments_proxies_are_not_used(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with serving(answering(ok())) as server:
        assert (await look(server.url())).cause is None


async def test_more_of_a_page_is_kept_where_an_expectation_needs_it(look: Look) -> None:
    page = ("ü" * 100_000).encode() + b"end"
    wants = [{"on": "body", "op": "contains", "value": "end"}]
    results = []
    for body in (page, b"short", page * 6):
        with serving(answering(ok(body))) as server:
            results.append(await look(server.url(), expectations=wants))
    long, short, huge = results
    assert long.body_head == "ü" * (32 * 1024)
    assert (long.judged_body, long.is_body_cut) == (page.decode(), False)
    assert (short.body_head, short.judged_body) == ("short", None)
    assert huge.judged_body is not None
    assert (len(huge.judged_body.encode()), huge.is_body_cut) == (1024 * 1024 - 1, True)  # half an ü is left out
