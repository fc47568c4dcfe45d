"""DNS messages: questions into bytes, every type of record into text, and no malformed answer gets through."""

import contextlib
import struct

import pytest
from hypothesis import given, strategies as st

from tocsin.model.urls import RECORD_TYPES
from tocsin.probes.names.wire import RecordType, is_reply, parse_answer, question

NAME = b"\x04mail\x07example\x00"


def replying(
    query: bytes, *records: tuple[int, bytes], code: int = 0, flags: int = 0x8180, count: int | None = None
) -> bytes:
    """Return an answer to `query`, each record under the name that was asked for."""
    body = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data for kind, data in records)
    count = len(records) if count is None else count
    return query[:2] + struct.pack(">HHHHH", flags | code, 1, count, 0, 0) + query[12:] + body


def test_a_question_asks_for_recursion_and_names_its_type() -> None:
    asked = question(0x1234, "www.example.com", RecordType.MX)
    assert asked == b"\x12\x34\x01\x00\x00\x01" + bytes(6) + b"\x03www\x07example\x03com\x00" + b"\x00\x0f\x00\x01"
    assert question(1, ".", RecordType.NS).endswith(b"\x00\x00\x02\x00\x01")


def test_every_type_that_urls_may_name_can_be_asked_for() -> None:
    assert {kind.name for kind in RecordType} == set(RECORD_TYPES)


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        (RecordType.A, b"\xc0\x00\x02\x07", "192.0.2.7"),
        (RecordType.AAAA, b"\x20\x01\x0d\xb8" + bytes(11) + b"\x07", "2001:db8::7"),
        (RecordType.CNAME, b"\x04MAIL\x07example\x00", "mail.example"),
        (RecordType.NS, b"\x03ns1\xc0\x0c", "ns1.site.example"),
        (RecordType.PTR, NAME, "mail.example"),
        (RecordType.MX, b"\x00\x0a" + NAME, "10 mail.example"),
        (RecordType.MX, b"\x00\x00\x00", "0 ."),
        (RecordType.TXT, b"\x05v=one\x04 two", "v=one two"),
        (RecordType.TXT, b'\x06"\\\n\xff;.', '"\\\\010\\255;.'),
        (RecordType.SRV, b"\x00\x0a\x00\x05\x13\xc4" + NAME, "10 5 5060 mail.example"),
        (RecordType.SOA, NAME + NAME + struct.pack(">5I", 1, 2, 3, 4, 5), "mail.example mail.example 1 2 3 4 5"),
        (RecordType.CAA, b"\x00\x05issueletsencrypt.org", '0 issue "letsencrypt.org"'),
        (RecordType.PTR, b"\x03a.b\x00", "a\\046b"),
    ],
)
def test_each_type_of_record_becomes_a_line(kind: RecordType, data: bytes, text: str) -> None:
    query = question(7, "site.example", kind)
    answer = parse_answer(replying(query, (int(kind), data)), query)
    assert answer.records == (text,)
    assert (answer.code, answer.is_truncated, answer.is_recursive) == (0, False, True)


def test_records_are_sorted_and_those_of_other_types_left_out() -> None:
    query = question(7, "site.example", RecordType.A)
    records = [(5, NAME), (1, b"\x0a\x00\x00\x02"), (1, b"\x0a\x00\x00\x01"), (1, b"\x0a\x00\x00\x02")]
    assert parse_answer(replying(query, *records), query).records == ("10.0.0.1", "10.0.0.2")


def test_codes_and_flags_are_told_without_records() -> None:
    query = question(7, "site.example", RecordType.A)
    assert parse_answer(replying(query, code=3), query).code == 3
    cut = parse_answer(replying(query, flags=0x8200, count=9), query)
    assert (cut.is_truncated, cut.is_recursive, cut.records) == (True, False, ())
    assert parse_answer(query[:2] + b"\x81\x85" + bytes(8), query).code == 5  # refused without a question


QUERY = question(7, "site.example", RecordType.TXT)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (QUERY[:2] + b"\x81\x80" + bytes(8), "repeats no question"),
        (replying(question(7, "other.example", RecordType.TXT)), "another question"),
        (replying(question(7, "site.example", RecordType.A)), "another question"),
        (replying(QUERY, count=1), "ends too early"),
        (replying(QUERY, (16, b"\x09short")), "longer than it says"),
        (replying(QUERY, (16, b"\x01a"))[:-1], "cut short"),
        (QUERY[:2] + b"\x81\x80\x00\x01" + bytes(6) + b"\xc0\x0c", "points to itself"),
        (QUERY[:2] + b"\x81\x80\x00\x01" + bytes(6) + b"\x80", "malformed"),
        (QUERY[:2] + b"\x81\x80\x00\x01" + bytes(6) + (b"\x3f" + b"a" * 63) * 5 + b"\x00", "malformed"),
        (QUERY[:2] + b"\x81\x80\x00\x01" + bytes(6) + b"\x09short", "malformed"),
    ],
)
def test_a_malformed_answer_is_refused_and_says_why(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_answer(data, QUERY)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (RecordType.A, b"\x0a\x00\x00"),
        (RecordType.AAAA, b""),
        (RecordType.MX, b"\x00"),
        (RecordType.SOA, NAME + NAME),
        (RecordType.CAA, b"\x00\x09issue"),
        (RecordType.CNAME, b"\x04mail"),
    ],
)
def test_a_malformed_record_spoils_the_answer(kind: RecordType, data: bytes) -> None:
    query = question(7, "site.example", kind)
    with pytest.raises(ValueError, match=r".") as caught:
        parse_answer(replying(query, (int(kind), data)), query)
    assert str(caught.value)


def test_an_answer_bears_the_number_of_its_question() -> None:
    assert is_reply(replying(QUERY), QUERY)
    assert not is_reply(QUERY, QUERY)
    assert not is_reply(b"\x00\x08" + replying(QUERY)[2:], QUERY)
    assert not is_reply(replying(QUERY)[:11], QUERY)


@given(st.sampled_from(RecordType), st.binary(max_size=300), st.integers(0, 3))
def test_no_bytes_do_anything_but_parse_or_be_refused(kind: RecordType, data: bytes, count: int) -> None:
    query = question(7, "site.example", kind)
    for answer in (data, replying(query, count=count) + data, replying(query, (int(kind), data))):
        with contextlib.suppress(ValueError):
            assert all(record.isprintable() for record in parse_answer(answer, query).records)
