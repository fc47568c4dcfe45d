"""Answers as text: headers, charsets, and what is cut off."""

import codecs

import pytest

from tocsin.model.results import BODY_HEAD_BYTES
from tocsin.probes.curl.exchange import BODY_CAP_BYTES, Exchange
from tocsin.probes.curl.faults import headers_complete
from tocsin.probes.curl.handles import parse_certificate_message
from tocsin.probes.web.answers import body_texts, decode_body, first_header, parse_headers

WORD = "Grüße"
META = '<html><head><meta charset="iso-8859-1"></head>' + WORD

DECODED = [
    (WORD.encode(), None, WORD),
    (WORD.encode(), "text/html; charset=UTF-8", WORD),
    (WORD.encode("latin-1"), 'text/html; charset="iso-8859-1"', WORD),
    (WORD.encode("latin-1"), "text/html", "Gr\ufffd\ufffde"),
    (META.encode("latin-1"), "text/html", META),
    (codecs.BOM_UTF8 + WORD.encode(), "text/html; charset=latin-1", WORD),
    (codecs.BOM_UTF16_LE + WORD.encode("utf-16-le"), None, WORD),
    (codecs.BOM_UTF32_BE + WORD.encode("utf-32-be"), None, WORD),
    (WORD.encode(), "text/html; charset=no-such-thing", WORD),
    (b"zz", "text/html; charset=hex", "zz"),
    (b"", None, ""),
]


@pytest.mark.parametrize(("data", "content_type", "text"), DECODED)
def test_a_body_is_read_in_its_own_charset(data: bytes, content_type: str | None, text: str) -> None:
    assert decode_body(data, content_type, is_cut=False) == text


def test_a_character_cut_in_two_is_left_out() -> None:
    data = "aü".encode()[:-1]
    assert decode_body(data, None, is_cut=True) == "a"
    assert decode_body(data, None, is_cut=False) == "a\ufffd"


HEAD = [b"HTTP/1.1 200 OK\r\n", b"A: 1\r\n", b"b:2\r\n", b"not a header\r\n", b"\r\n"]


def test_headers_are_parsed_leniently() -> None:
    version, code, headers = parse_headers([*HEAD, b"Trailer: 1\r\n"])
    assert (version, code) == ("1.1", 200)
    assert headers == (("A", "1"), ("b", "2"))
    assert first_header(headers, "a") == "1"
    assert first_header(headers, "c") is None


def test_only_the_last_answer_counts() -> None:
    early = [b"HTTP/1.1 100 Continue\r\n", b"X: 1\r\n", b"\r\n"]
    assert parse_headers(early + HEAD)[1] == 200
    assert parse_headers([]) == (None, None, ())
    assert parse_headers([b"HTTP/1.1 \r\n"])[1] is None
    assert not headers_complete(early)
    assert headers_complete(early + HEAD)
    assert not headers_complete(HEAD[:-1])
    assert not headers_complete([b"HTTP/1.1"])
    assert not headers_complete([b"nothing"])


def test_kept_headers_are_bounded_in_bytes() -> None:
    lines = [b"HTTP/1.1 200 OK\r\n", *[b"X: " + b"y" * 1000 + b"\r\n"] * 50]
    assert sum(len(value) for _, value in parse_headers(lines)[2]) <= 16 * 1024


def test_a_body_is_hashed_whole_kept_in_part_and_stopped_at_the_cap() -> None:
    exchange = Exchange("http://site.example/", 1.0)
    chunk = bytes(BODY_HEAD_BYTES - 1)
    assert exchange.take_body(chunk) is None
    assert exchange.take_body(b"ab") is None
    assert b"".join(exchange.head) == chunk + b"a"
    assert exchange.take_body(bytes(BODY_CAP_BYTES)) == 0
    assert exchange.too_large
    assert len(exchange.head) == 2


def certificate_message(*ders: bytes, tls_13: bool) -> bytes:
    extension = b"\x00\x00" if tls_13 else b""
    entries = b"".join(len(der).to_bytes(3, "big") + der + extension for der in ders)
    body = (b"\x00" if tls_13 else b"") + len(entries).to_bytes(3, "big") + entries
    return b"\x0b" + len(body).to_bytes(3, "big") + body


@pytest.mark.parametrize("tls_13", [True, False])
def test_the_chain_is_read_out_of_the_handshake(tls_13: bool) -> None:
    message = certificate_message(b"leaf", b"intermediate" * 30, tls_13=tls_13)
    assert parse_certificate_message(message) == [b"leaf", b"intermediate" * 30]


def test_a_message_that_does_not_add_up_gives_what_is_whole() -> None:
    assert parse_certificate_message(b"\x0b\x00\x00\x02\xff\xff") == []
    assert parse_certificate_message(b"\x0b\x00\x00\x08\x00\x00\x05\x00\x00\x09ab") == []


def test_more_than_the_head_is_text_of_its_own() -> None:
    assert body_texts(b"short", None, 5) == ("short", None)
    long = b"x" * BODY_HEAD_BYTES + "ü".encode()
    assert body_texts(long, None, len(long)) == ("x" * BODY_HEAD_BYTES, long.decode())
    assert body_texts(long[:-1], None, len(long)) == ("x" * BODY_HEAD_BYTES, "x" * BODY_HEAD_BYTES)
