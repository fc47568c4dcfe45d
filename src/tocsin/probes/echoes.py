"""The smallest questions there are: a TCP connection, a DNS question, an ICMP echo. Each says only whether."""

import asyncio
import errno
import os
import secrets
import socket
import struct
from contextlib import suppress

SERVFAIL = 2
_ECHO_REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}
_ECHO_REPLY = {socket.AF_INET: 0, socket.AF_INET6: 129}
_PROTOCOL = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
_REFUSALS = (errno.ECONNREFUSED, errno.ECONNRESET)


async def accepts_or_refuses(address: str, port: int) -> bool:
    """Return whether a TCP connection to an IP address is accepted, or refused: either way somebody is there.

    Waits as long as the system does; the caller bounds it.
    """
    family, place = _place(address, port)
    with socket.socket(family, socket.SOCK_STREAM) as opened:
        opened.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(opened, place)
        except OSError as error:
            return error.errno in _REFUSALS
        return True


async def answers_dns(address: str, port: int) -> bool:
    """Return whether a name server answers who serves the root, in whatever way but SERVFAIL.

    A forwarder says SERVFAIL where it does not reach anybody itself. Source: RFC 1035 section 4.1.1.
    """
    number = secrets.token_bytes(2)
    question = number + struct.pack(">HHHHH", 0x0100, 1, 0, 0, 0) + b"\0" + struct.pack(">HH", 2, 1)
    family, place = _place(address, port)
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_DGRAM) as opened:
        opened.setblocking(False)
        with suppress(OSError):
            opened.connect(place)
            await loop.sock_sendall(opened, question)
            while True:
                answer = await loop.sock_recv(opened, 4096)
                if len(answer) >= 12 and answer[:2] == number and answer[2] & 0x80:
                    return answer[3] & 0x0F != SERVFAIL
    return False


async def echoes(address: str) -> bool:
    """Return whether an ICMP echo comes back; False also where the system lets us send none.

    Source: RFC 792, RFC 4443 section 4.
    """
    family, place = _place(address, 0)
    opened = _echo_socket(family)
    if opened is None:
        return False
    mark = secrets.token_bytes(16)
    loop = asyncio.get_running_loop()
    with opened, suppress(OSError):
        opened.setblocking(False)
        opened.connect(place)
        await loop.sock_sendall(opened, _echo(family, mark))
        while True:
            packet = await loop.sock_recv(opened, 4096)
            if _is_reply(family, packet, mark):
                return True
    return False


def _place(address: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]:
    """Return family and socket address; a zone ("fe80::1%eth0") is heeded."""
    found = socket.getaddrinfo(address, port, flags=socket.AI_NUMERICHOST, type=socket.SOCK_DGRAM)
    return found[0][0], found[0][4]  # type: ignore[return-value]


def _echo_socket(family: socket.AddressFamily) -> socket.socket | None:
    """Return a socket for echoes: one that needs no privilege if the system gives it, else a raw one, else None."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            return socket.socket(family, kind, _PROTOCOL[family])
        except OSError:
            continue
    return None


def _echo(family: socket.AddressFamily, mark: bytes) -> bytes:
    # The kernel puts in its own identifier on unprivileged sockets, and the checksum of ICMPv6.
    head = struct.pack(">BBHHH", _ECHO_REQUEST[family], 0, 0, os.getpid() & 0xFFFF, 1)
    if family == socket.AF_INET6:
        return head + mark
    words = struct.unpack(f">{(len(head) + len(mark)) // 2}H", head + mark)
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return head[:2] + struct.pack(">H", ~total & 0xFFFF) + head[4:] + mark


def _is_reply(family: socket.AddressFamily, packet: bytes, mark: bytes) -> bool:
    """Return whether a packet is the answer to `mark`; raw IPv4 sockets put the IP header before it."""
    if not packet.endswith(mark):
        return False
    start = len(packet) - len(mark) - 8
    return start >= 0 and packet[start] == _ECHO_REPLY[family]
