"""Connections of our own, for protocols that libcurl is not needed for. HTTP and TLS go by `curl`."""

import asyncio
import contextlib
import socket
from dataclasses import dataclass
from time import perf_counter

from tocsin.model.enums import Cause, Phase
from tocsin.probes.fault import Fault, limit_text, socket_fault
from tocsin.probes.place import Place
from tocsin.probes.routes import MAX_ADDRESSES

_NOBODY_ELSE = "the system connected us to ourselves"


@dataclass(slots=True)
class Dialled:
    """A connection that stands, or why none does. Whoever dials closes it."""

    address: str
    connect_s: float
    connection: socket.socket | None = None
    fault: Fault | None = None


async def dial(place: Place, addresses: tuple[str, ...], deadline: float, limits: tuple[float, float]) -> Dialled:
    """Connect to the first of `addresses` that accepts, each with an equal share of the time until `deadline`.

    `deadline` is on the clock of perf_counter; `limits` are the attempt's seconds and those of its options.
    """
    began, tried = perf_counter(), addresses[:MAX_ADDRESSES]
    for left, address in zip(range(len(tried), 0, -1), tried, strict=True):
        share = max(0.0, deadline - perf_counter()) / left
        connection, fault = await _connect(place, address, share, limits)
        if connection is not None or left == 1:
            break
    return Dialled(address, perf_counter() - began, connection, fault)


async def _connect(
    place: Place, address: str, share_s: float, limits: tuple[float, float]
) -> tuple[socket.socket | None, Fault | None]:
    where = place.at(address)
    try:
        with contextlib.ExitStack() as stack:
            connection = stack.enter_context(open_socket(address, socket.SOCK_STREAM))
            async with asyncio.timeout(share_s):
                await asyncio.get_running_loop().sock_connect(connection, (address, place.port))
            if connection.getsockname()[:2] == (address, place.port):  # nobody listens; the port was free, and ours
                return None, Fault(Cause.CONNECT_REFUSED, Phase.CONNECT, f"Nobody listens on {where} ({_NOBODY_ELSE})")
            stack.pop_all()  # whoever dialled closes it
            return connection, None
    except TimeoutError as error:
        if error.errno is not None:
            return None, socket_fault(error.errno, where, str(error))
        text = f"{where} did not accept a connection within {limit_text(*limits)}"
        return None, Fault(Cause.CONNECT_TIMEOUT, Phase.CONNECT, text)
    except OSError as error:
        return None, socket_fault(error.errno or 0, where, str(error))


def open_socket(address: str, kind: socket.SocketKind) -> socket.socket:
    """Return a socket for `address` that does not block."""
    one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    one.setblocking(False)
    return one


async def receive(connection: socket.socket, limit_s: float, most: int = 65536) -> bytes | None:
    """Return what comes next, b"" at the end of the stream, or None where nothing comes in `limit_s` seconds."""
    try:
        async with asyncio.timeout(max(0.0, limit_s)):
            return await asyncio.get_running_loop().sock_recv(connection, most)
    except TimeoutError as error:
        if error.errno is not None:  # the system's, not ours
            raise
        return None
