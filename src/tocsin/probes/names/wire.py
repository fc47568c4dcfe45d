"""The messages of DNS: a question into bytes, an answer into records as text. Pure. Source: RFC 1035 section 4.

Names come out in lower case and without the last dot, texts without quotes; what does not print is escaped as \\DDD.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address

MAX_NAME_BYTES = 255
MAX_POINTERS = 64


class RecordType(IntEnum):
    """The kinds of record that can be asked for. Source: IANA's registry of DNS parameters."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    PTR = 12
    MX = 15
    TXT = 16
    AAAA = 28
    SRV = 33
    CAA = 257


NO_ERROR, FORMAT_ERROR, SERVER_FAILURE, NAME_ERROR, NOT_IMPLEMENTED, REFUSED = range(6)
_IN = 1
_RESPONSE, _TRUNCATED, _RECURSION_DESIRED, _RECURSION_AVAILABLE = 0x8000, 0x0200, 0x0100, 0x0080


@dataclass(frozen=True, slots=True)
class Answer:
    """What a name server answered to one question."""

    code: int  # RCODE
    is_truncated: bool
    is_recursive: bool  # it looks names up that are not its own
    records: tuple[str, ...]  # of the type asked for, sorted


def question(number: int, name: str, kind: RecordType) -> bytes:
    """Return the query `number` for the records of `name`, an ASCII name or "." for the root."""
    labels = [label.encode("ascii") for label in name.split(".") if label]
    packed = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return struct.pack(">HHHHHH", number, _RECURSION_DESIRED, 1, 0, 0, 0) + packed + struct.pack(">HH", kind, _IN)


def is_reply(data: bytes, query: bytes) -> bool:
    """Tell whether `data` claims to be the answer to `query`: the same number, and marked as one."""
    return len(data) >= 12 and data[:2] == query[:2] and bool(data[2] & 0x80)


def parse_answer(data: bytes, query: bytes) -> Answer:
    """Return what the reply `data` says.

    Raises:
        ValueError: it is malformed, or answers another question.
    """
    try:
        _, flags, questions, count, _, _ = struct.unpack(">HHHHHH", data[:12])
        code, kind = flags & 0xF, RecordType(int.from_bytes(query[-4:-2], "big"))
        at = 12
        if questions:
            at = _skip_question(data, query)
        elif code in (NO_ERROR, NAME_ERROR):
            raise ValueError("it repeats no question")
        is_truncated = bool(flags & _TRUNCATED)
        records = () if is_truncated or code != NO_ERROR else _records(data, at, count, kind)
    except (IndexError, struct.error) as error:
        raise ValueError("it ends too early") from error
    return Answer(code, is_truncated, bool(flags & _RECURSION_AVAILABLE), records)


def _skip_question(data: bytes, query: bytes) -> int:
    name, at = _name(data, 12)
    asked, _ = _name(query, 12)
    if name != asked or data[at : at + 4] != query[-4:]:
        raise ValueError(f"it answers another question ({name})")
    return at + 4


def _records(data: bytes, at: int, count: int, kind: RecordType) -> tuple[str, ...]:
    found = []
    for _ in range(count):
        _, at = _name(data, at)
        number, group, _, length = struct.unpack(">HHIH", data[at : at + 10])
        at += 10
        if at + length > len(data):
            raise ValueError("a record is cut short")
        if number == kind and group == _IN:
            found.append(_text(data, at, length, kind))
        at += length
    return tuple(sorted(set(found)))


def _name(data: bytes, at: int) -> tuple[str, int]:
    """Return the name at `at`, pointers followed, and where the next thing begins."""
    labels: list[str] = []
    size = pointers = 0
    end: int | None = None
    while length := data[at]:
        if length >= 0xC0:
            end = at + 2 if end is None else end
            at = int.from_bytes(data[at : at + 2], "big") & 0x3FFF
            pointers += 1
            if pointers > MAX_POINTERS:
                raise ValueError("a name points to itself")
            continue
        if length > 63:
            raise ValueError("a name is malformed")
        label = data[at + 1 : at + 1 + length]
        size += length + 1
        if len(label) < length or size > MAX_NAME_BYTES:
            raise ValueError("a name is malformed")
        labels.append(_printable(label.lower(), b"."))
        at += 1 + length
    return ".".join(labels) or ".", at + 1 if end is None else end


def _text(data: bytes, at: int, length: int, kind: RecordType) -> str:
    """Return one record's data, in the order of its fields."""
    rest = data[at : at + length]
    if kind is RecordType.A:
        return str(IPv4Address(rest))
    if kind is RecordType.AAAA:
        return str(IPv6Address(rest))
    if kind is RecordType.TXT:
        return _printable(b"".join(_strings(rest)))
    if kind is RecordType.CAA:
        return _certification(rest)
    if kind is RecordType.SOA:
        return _authority(data, at, length)
    numbers = {RecordType.MX: 1, RecordType.SRV: 3}.get(kind, 0)
    words = [str(number) for number in struct.unpack(f">{numbers}H", rest[: 2 * numbers])]
    name, end = _name(data, at + 2 * numbers)
    _stays_within(end, at + length)
    return " ".join([*words, name])


def _authority(data: bytes, at: int, length: int) -> str:
    """Return a start of authority: server, mailbox, serial, refresh, retry, expire and minimum."""
    server, end = _name(data, at)
    mailbox, end = _name(data, end)
    _stays_within(end + 20, at + length)
    return " ".join([server, mailbox, *map(str, struct.unpack(">5I", data[end : end + 20]))])


def _certification(rest: bytes) -> str:
    """Return who may issue certificates: flags, tag and value. Source: RFC 8659 section 4.1."""
    tag_end = 2 + rest[1]
    _stays_within(tag_end, len(rest))
    return f'{rest[0]} {_printable(rest[2:tag_end])} "{_printable(rest[tag_end:])}"'


def _stays_within(end: int, limit: int) -> None:
    if end > limit:
        raise ValueError("a record is longer than it says")


def _strings(rest: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(rest):
        end = at + 1 + rest[at]
        _stays_within(end, len(rest))
        found.append(rest[at + 1 : end])
        at = end
    return found


def _printable(data: bytes, escaped: bytes = b"") -> str:
    """Return `data` as text; what is not printable ASCII, and each of `escaped`, as \\DDD."""
    return "".join(chr(one) if 0x20 <= one < 0x7F and one not in escaped else f"\\{one:03d}" for one in data)
