"""A second, short look at a port that gave a plain request no answer: does it speak TLS?

Many servers that expect TLS say nothing to plain HTTP: they close or reset. Only after such a failure is this asked.
"""

import asyncio
import contextlib
import socket
import ssl
from functools import lru_cache

from tocsin.model.enums import Cause
from tocsin.probes.curl.exchange import Exchange
from tocsin.probes.curl.faults import tls_port_fault
from tocsin.probes.fault import Fault
from tocsin.probes.place import Place

LONGEST_S = 1.0
"""So long a second look may take, in seconds; less where the attempt has less left."""

_SILENT = frozenset({Cause.EMPTY_REPLY, Cause.RESET, Cause.MALFORMED_REPLY})
_NEEDED_BYTES = 7  # the record's header and the first two bytes of its content
_ALERT, _HANDSHAKE, _SERVER_HELLO = 21, 22, 2


async def look_again(fault: Fault, exchange: Exchange | None, place: Place, address: str, left_s: float) -> Fault:
    """Return a truer fault where the port turns out to speak TLS, else `fault`. Never raises for what a server does."""
    if exchange is None or place.is_tls or exchange.proxy is not None or exchange.lines or fault.cause not in _SILENT:
        return fault
    if await _speaks_tls(place, address, min(LONGEST_S, left_s)):
        return tls_port_fault(place, place.at(address))
    return fault


async def _speaks_tls(place: Place, address: str, limit_s: float) -> bool:
    """Tell whether a ClientHello is answered in TLS; the handshake is not finished."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        hello = _client_hello("" if place.literal else place.host.rstrip("."))
        async with asyncio.timeout(limit_s):
            with socket.socket(family, socket.SOCK_STREAM) as connection:
                return _is_tls_answer(await _answer_to(connection, (address, place.port), hello))
    except (OSError, ValueError):  # a time-out and an SSLError are OSErrors
        return False


async def _answer_to(connection: socket.socket, where: tuple[str, int], hello: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    connection.setblocking(False)
    await loop.sock_connect(connection, where)
    await loop.sock_sendall(connection, hello)
    answer = b""
    while len(answer) < _NEEDED_BYTES and (piece := await loop.sock_recv(connection, _NEEDED_BYTES - len(answer))):
        answer += piece
    return answer


def _is_tls_answer(data: bytes) -> bool:
    """Tell a ServerHello or an alert from anything else, our own hello sent back included.

    Source: RFC 8446 sections 4 (handshake types), 5.1 (records) and 6 (alerts).
    """
    if len(data) < _NEEDED_BYTES or data[1] != 3 or data[2] > 4:
        return False
    if data[0] == _HANDSHAKE:
        return data[5] == _SERVER_HELLO
    return data[0] == _ALERT and data[3:5] == b"\x00\x02" and data[5] in (1, 2)


@lru_cache(maxsize=1)
def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent or believed; only whether TLS is spoken counts
    return context


def _client_hello(name: str) -> bytes:
    sent = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        _context().wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name or None).do_handshake()
    return sent.read()
