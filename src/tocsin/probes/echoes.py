"""The smallest questions there are: a TCP connection, a DNS question, an ICMP echo. Each says only whether."""

import asyncio
import errno
import secrets
import socket
from contextlib import suppress

from tocsin.probes.icmp import echo_request, open_ping_socket, sequence_of_reply
from tocsin.probes.names.wire import SERVER_FAILURE, RecordType, is_reply, question
from tocsin.probes.sockets import open_socket

_REFUSALS = (errno.ECONNREFUSED, errno.ECONNRESET)


async def accepts_or_refuses(address: str, port: int) -> bool:
    """Return whether a TCP connection to an IP address is accepted, or refused: either way somebody is there.

    Waits as long as the system does, as the others do; the caller bounds it.
    """
    with open_socket(address, socket.SOCK_STREAM) as connection:
        try:
            await asyncio.get_running_loop().sock_connect(connection, (address, port))
        except OSError as error:
            return error.errno in _REFUSALS
        return True


async def answers_dns(address: str, port: int) -> bool:
    """Return whether a name server answers who serves the root, in whatever way but SERVFAIL.

    A forwarder says SERVFAIL where it does not reach anybody itself. Source: RFC 1035 section 4.1.1.
    """
    query = question(secrets.randbelow(65536), ".", RecordType.NS)
    loop = asyncio.get_running_loop()
    with open_socket(address, socket.SOCK_DGRAM) as connection, suppress(OSError):
        connection.connect((address, port))
        await loop.sock_sendall(connection, query)
        while True:
            answer = await loop.sock_recv(connection, 4096)
            if is_reply(answer, query):
                return answer[3] & 0x0F != SERVER_FAILURE
    return False


async def echoes(address: str) -> bool:
    """Return whether an ICMP echo comes back; False also where the system lets us send none."""
    token, version = secrets.token_bytes(16), 6 if ":" in address else 4
    loop = asyncio.get_running_loop()
    with suppress(OSError), open_ping_socket(address) as connection:
        await loop.sock_sendall(connection, echo_request(version, secrets.randbelow(65536), 1, token))
        while True:
            if sequence_of_reply(version, await loop.sock_recv(connection, 4096), token) == 1:
                return True
    return False
