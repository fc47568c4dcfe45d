"""The DNS probe: asks one name server for the records of a name, and takes what it answers as the body.

It asks itself, past every cache and hosts file; `names` is for finding addresses to connect to.
"""

import asyncio
import hashlib
import os
import socket
import struct
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from urllib.parse import urlsplit

from tocsin.model.enums import Cause, Phase
from tocsin.model.results import CheckResult, Phases
from tocsin.model.times import utcnow
from tocsin.probes.fault import Fault, errno_text, limit_text
from tocsin.probes.names.wire import (
    FORMAT_ERROR,
    NAME_ERROR,
    NO_ERROR,
    NOT_IMPLEMENTED,
    REFUSED,
    SERVER_FAILURE,
    Answer,
    RecordType,
    is_reply,
    parse_answer,
    question,
)
from tocsin.probes.place import Place, locate
from tocsin.probes.routes import find_addresses
from tocsin.probes.sockets import open_socket, receive
from tocsin.probes.target import Target
from tocsin.probes.tools import Tools

MAX_SERVERS = 3
"""So many name servers are asked, one after another, where the first ones do not answer."""
_ASK_AGAIN_S = 2.0
"""After so long without a word a question is sent once more: datagrams get lost."""
_REASONS = {
    SERVER_FAILURE: "it failed itself (SERVFAIL)",
    REFUSED: "it refused to answer (REFUSED)",
    NOT_IMPLEMENTED: "it does not know this kind of question (NOTIMP)",
    FORMAT_ERROR: "it did not understand the question (FORMERR)",
}

Server = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Question:
    name: str
    kind: RecordType
    query: bytes

    def __str__(self) -> str:
        return f"{self.name} {self.kind.name}"


@dataclass(slots=True)
class _Seen:
    """What one attempt saw."""

    place: Place
    addresses: tuple[str, ...] = ()
    address: str | None = None
    answer: Answer | None = None
    fault: Fault | None = None


async def probe(target: Target, tools: Tools) -> CheckResult:
    """Ask once. Faults of the world are the result's `cause`; the records are its body, one a line and sorted.

    Raises:
        ValueError: `target.url` is no URL that a probe understands.
    """
    started_at, started = utcnow(), perf_counter()
    seen = _Seen(locate(target.url))
    await _look(target, tools, seen, started + target.timeout_s)
    return _result(target, seen, started_at, (perf_counter() - started) * 1e3)


def _question_of(url: str) -> _Question:
    parts = urlsplit(url)
    name, kind = parts.path[1:], RecordType[parts.query.partition("=")[2]]
    return _Question(name, kind, question(int.from_bytes(os.urandom(2), "big"), name, kind))


async def _look(target: Target, tools: Tools, seen: _Seen, deadline: float) -> None:
    wanted, servers = _question_of(seen.place.url), tools.names.servers()[:MAX_SERVERS]
    if seen.place.host:
        found = await find_addresses(seen.place, target.options, tools, deadline - perf_counter())
        if isinstance(found, Fault):
            seen.fault = found
            return
        seen.addresses, servers = found, [(address, seen.place.port) for address in found[:MAX_SERVERS]]
    if not servers:
        seen.fault = Fault(Cause.DNS_SERVER_FAILURE, Phase.DNS, "The system knows no name server")
    for left, server in zip(range(len(servers), 0, -1), servers, strict=True):
        seen.address = server[0]
        share = max(0.0, deadline - perf_counter()) / left
        answer = await _ask(wanted, server, share)
        if answer is None:
            text = f"{_where(server)} did not answer for {wanted} within"
            limit = limit_text(target.timeout_s, target.options.timeout)
            answer = Fault(Cause.DNS_TIMEOUT, Phase.DNS, f"{text} {limit}")
        seen.fault = answer if isinstance(answer, Fault) else _fault(wanted, server, answer)
        if isinstance(answer, Answer):
            seen.answer = answer
            return


async def _ask(wanted: _Question, server: Server, limit_s: float) -> Answer | Fault | None:
    """Return what `server` answers, why that is no answer, or None after `limit_s` of silence."""
    deadline = perf_counter() + limit_s
    try:
        answer = await _by_datagram(wanted, server, deadline)
        if isinstance(answer, Answer) and answer.is_truncated:
            return await _by_stream(wanted, server, deadline)
        return answer
    except OSError as error:
        reason = errno_text(error.errno) if error.errno else str(error)
        text = f"{_where(server)} could not be asked for {wanted}: {reason}"
        return Fault(Cause.DNS_SERVER_FAILURE, Phase.DNS, text)


async def _by_datagram(wanted: _Question, server: Server, deadline: float) -> Answer | Fault | None:
    """Ask by UDP, again after a silence; what does not even claim to be the answer is overlooked as forged."""
    loop, strays = asyncio.get_running_loop(), 0
    with open_socket(server[0], socket.SOCK_DGRAM) as connection:
        await loop.sock_connect(connection, server)
        while (left := deadline - perf_counter()) > 0:
            await loop.sock_sendall(connection, wanted.query)
            again = perf_counter() + min(left, _ASK_AGAIN_S)
            while (data := await receive(connection, again - perf_counter())) is not None:
                if is_reply(data, wanted.query):
                    return _parsed(data, wanted, server)
                strays += 1
    return _malformed(wanted, server, f"{strays} datagrams were no answers") if strays else None


async def _by_stream(wanted: _Question, server: Server, deadline: float) -> Answer | Fault | None:
    """Ask by TCP, for an answer that no datagram holds. Source: RFC 1035 section 4.2.2."""
    loop = asyncio.get_running_loop()
    with open_socket(server[0], socket.SOCK_STREAM) as connection:
        try:
            async with asyncio.timeout(max(0.0, deadline - perf_counter())):
                await loop.sock_connect(connection, server)
                await loop.sock_sendall(connection, struct.pack(">H", len(wanted.query)) + wanted.query)
                data = b""
                while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
                    piece = await loop.sock_recv(connection, 65536)
                    if not piece:
                        return _malformed(wanted, server, "it closed the connection amid its answer")
                    data += piece
        except TimeoutError as error:
            if error.errno is not None:
                raise
            return None
    data = data[2 : 2 + int.from_bytes(data[:2], "big")]
    if not is_reply(data, wanted.query):
        return _malformed(wanted, server, "it answers another question")
    answer = _parsed(data, wanted, server)
    if isinstance(answer, Answer) and answer.is_truncated:
        return _malformed(wanted, server, "it is cut short even over TCP")
    return answer


def _parsed(data: bytes, wanted: _Question, server: Server) -> Answer | Fault:
    try:
        return parse_answer(data, wanted.query)
    except ValueError as error:
        return _malformed(wanted, server, str(error))


def _malformed(wanted: _Question, server: Server, reason: str) -> Fault:
    text = f"The answer of {_where(server)} for {wanted} is malformed: {reason}"
    return Fault(Cause.MALFORMED_REPLY, Phase.DNS, text)


def _where(server: Server) -> str:
    address, port = server
    shown = f"[{address}]" if ":" in address else address
    return f"The name server {address if port == 53 else f'{shown}:{port}'}"


def _fault(wanted: _Question, server: Server, answer: Answer) -> Fault | None:
    """Say why an answer is bad news, or None."""
    if answer.records:
        return None
    if answer.code == NAME_ERROR:
        return Fault(Cause.DNS_NOT_FOUND, Phase.DNS, f"The name {wanted.name} does not exist (NXDOMAIN)")
    if answer.code != NO_ERROR:
        reason = _REASONS.get(answer.code, f"error {answer.code}")
        text = f"{_where(server)} has no answer for {wanted}: {reason}"
        return Fault(Cause.DNS_SERVER_FAILURE, Phase.DNS, text)
    text = f"The name {wanted.name} has no {wanted.kind.name} record"
    if not answer.is_recursive:
        text += f", as far as {_where(server)[4:]} knows: it only tells of names of its own"
    return Fault(Cause.DNS_NO_RECORDS, Phase.DNS, text)


def _result(target: Target, seen: _Seen, started_at: datetime, total_ms: float) -> CheckResult:
    fault = seen.fault
    body = "\n".join(seen.answer.records) if seen.answer is not None else ""
    return CheckResult(
        url=target.url,
        started_at=started_at,
        cause=fault.cause if fault is not None else None,
        phase=fault.phase if fault is not None else None,
        message=fault.message if fault is not None else "",
        phases=Phases(dns_ms=total_ms, total_ms=total_ms),
        address=seen.address,
        addresses=seen.addresses,
        final_url=seen.place.url,
        body_head=body,
        body_bytes=len(body) if seen.answer is not None else None,
        body_sha256=hashlib.sha256(body.encode()).hexdigest() if body else None,
    )
