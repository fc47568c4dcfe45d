"""The ICMP probe: echo requests, until one is answered. Source: RFC 792, RFC 4443.

Linux lets everybody ping whose group net.ipv4.ping_group_range names; others need the capability for raw sockets.
"""

import asyncio
import errno
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter

from tocsin.model.enums import Cause, Phase
from tocsin.model.results import CheckResult, Phases
from tocsin.model.times import utcnow
from tocsin.probes.fault import Fault, limit_text, socket_fault
from tocsin.probes.place import Place, locate
from tocsin.probes.routes import MAX_ADDRESSES, find_addresses
from tocsin.probes.sockets import receive
from tocsin.probes.target import Target
from tocsin.probes.tools import Tools

MAX_ECHOES = 3
"""So many echo requests are sent, each after a third of the time went by without an answer."""

NOT_PERMITTED = (
    "Tocsin may not send echo requests here: let its group do so (sysctl -w net.ipv4.ping_group_range='0 2147483647'), "
    "or give it the capability CAP_NET_RAW"
)
_FAMILIES = {4: (socket.AF_INET, socket.IPPROTO_ICMP), 6: (socket.AF_INET6, socket.IPPROTO_ICMPV6)}
_REQUEST, _REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}

OpenSocket = Callable[[str], socket.socket]


def open_ping_socket(address: str) -> socket.socket:
    """Return a socket that sends echo requests to `address` and hears what comes from there; it does not block.

    Raises:
        OSError: there is no way to the address, or (EPERM) this process may not.
    """
    family, protocol = _FAMILIES[_version(address)]
    try:
        one = socket.socket(family, socket.SOCK_DGRAM, protocol)
    except PermissionError:
        one = socket.socket(family, socket.SOCK_RAW, protocol)
    try:
        one.setblocking(False)
        one.connect((address, 0))
    except BaseException:
        one.close()
        raise
    return one


def _version(address: str) -> int:
    return 6 if ":" in address else 4


@dataclass(slots=True)
class _Seen:
    """What one attempt saw."""

    place: Place
    addresses: tuple[str, ...] = ()
    address: str | None = None
    dns_s: float | None = None
    sent_count: int = 0
    round_trip_s: float | None = None
    fault: Fault | None = None
    token: bytes = field(default_factory=lambda: os.urandom(16))


async def probe(target: Target, tools: Tools, open_socket: OpenSocket = open_ping_socket) -> CheckResult:
    """Ping `target` once. Faults of the world are the result's `cause`.

    Raises:
        ValueError: `target.url` is no URL that a probe understands.
    """
    started_at, started = utcnow(), perf_counter()
    seen = _Seen(locate(target.url))
    deadline = started + target.timeout_s
    found = await find_addresses(seen.place, target.options, tools, target.timeout_s)
    if seen.place.literal is None:
        seen.dns_s = perf_counter() - started
    if isinstance(found, Fault):
        seen.fault = found
    else:
        seen.addresses = found
        await _ping_one_of(target, seen, deadline, open_socket)
    return _result(target, seen, started_at, perf_counter() - started)


async def _ping_one_of(target: Target, seen: _Seen, deadline: float, open_socket: OpenSocket) -> None:
    """Ping the first address to which there is a way; one that does not answer has had its chance."""
    for address in seen.addresses[:MAX_ADDRESSES]:
        seen.address = address
        try:
            connection = open_socket(address)
        except OSError as error:
            seen.fault = _opening_fault(error, address)
            continue
        with connection:
            try:
                seen.fault = await _ping(target, seen, connection, deadline)
                return
            except OSError as error:
                seen.fault = socket_fault(error.errno or 0, address, str(error))


def _opening_fault(error: OSError, address: str) -> Fault:
    if error.errno == errno.EPERM:
        return Fault(Cause.VANTAGE_BLIND, Phase.VANTAGE, NOT_PERMITTED)
    return socket_fault(error.errno or 0, address, str(error))


async def _ping(target: Target, seen: _Seen, connection: socket.socket, deadline: float) -> Fault | None:
    """Send echo requests until one is answered; an answer to an earlier one counts too."""
    loop, version = asyncio.get_running_loop(), _version(seen.address or "")
    number = int.from_bytes(seen.token[:2], "big")
    sent_at: list[float] = []
    for left in range(MAX_ECHOES, 0, -1):
        now = perf_counter()
        wait_until = now + max(0.0, deadline - now) / left
        sent_at.append(now)
        seen.sent_count = len(sent_at)
        await loop.sock_sendall(connection, echo_request(version, number, len(sent_at), seen.token))
        while (data := await receive(connection, wait_until - perf_counter())) is not None:
            sequence = sequence_of_reply(version, data, seen.token)
            if sequence is not None and 0 < sequence <= len(sent_at):
                seen.round_trip_s = perf_counter() - sent_at[sequence - 1]
                return None
    limit = limit_text(target.timeout_s, target.options.timeout)
    text = f"{seen.address} answered none of {MAX_ECHOES} echo requests within {limit}"
    return Fault(Cause.CONNECT_TIMEOUT, Phase.CONNECT, text)


def echo_request(version: int, number: int, sequence: int, token: bytes) -> bytes:
    """Return an echo request; for IPv6 the system puts the checksum in."""
    packet = struct.pack(">BBHHH", _REQUEST[version], 0, 0, number, sequence) + token
    if version == 6:
        return packet
    return packet[:2] + struct.pack(">H", checksum(packet)) + packet[4:]


def checksum(packet: bytes) -> int:
    """Return the checksum of an even number of bytes. Source: RFC 1071."""
    total: int = sum(struct.unpack(f">{len(packet) // 2}H", packet))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def sequence_of_reply(version: int, data: bytes, token: bytes) -> int | None:
    """Return the number of the request that `data` answers, or None where it is no answer to one of ours.

    A raw IPv4 socket shows the packet with its IP header, and what is meant for others.
    """
    if version == 4 and data[:1] and data[0] >> 4 == 4:
        data = data[(data[0] & 0xF) * 4 :]
    if len(data) < 8 or data[0] != _REPLY[version] or data[8:] != token:
        return None
    return int.from_bytes(data[6:8], "big")


def _result(target: Target, seen: _Seen, started_at: datetime, total_s: float) -> CheckResult:
    fault, message = seen.fault, ""
    if fault is not None:
        message = fault.message
    elif seen.sent_count > 1 and seen.round_trip_s is not None:
        message = f"Only one of {seen.sent_count} echo requests was answered, after {seen.round_trip_s * 1e3:.1f} ms"
    dns_s = seen.dns_s or 0.0
    return CheckResult(
        url=target.url,
        started_at=started_at,
        cause=fault.cause if fault is not None else None,
        phase=fault.phase if fault is not None else None,
        message=message,
        phases=Phases(
            dns_ms=None if seen.dns_s is None else dns_s * 1e3,
            connect_ms=(total_s - dns_s) * 1e3 if seen.sent_count else None,
            total_ms=total_s * 1e3,
        ),
        address=seen.address,
        addresses=seen.addresses,
        final_url=seen.place.url,
    )
