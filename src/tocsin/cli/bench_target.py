"""The website that `tocsin bench` checks: answers 200 to everything on loopback. Runs as a process of its own."""

import asyncio
import ssl
import sys
from pathlib import Path

BODY = b"<!doctype html><title>ok</title><p>This page is for measuring.</p>\n" * 8
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


class Target(asyncio.Protocol):
    """Answers each request as soon as its head is complete, and keeps the connection."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (a TCP server's)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer what is complete."""
        self._received += data
        while b"\r\n\r\n" in self._received:
            _, _, self._received = self._received.partition(b"\r\n\r\n")
            if self._transport is not None:
                self._transport.write(ANSWER)


async def serve(certificate: Path | None, key: Path | None) -> None:
    """Serve on a free port, which is printed, until standard input ends: so it never outlives who started it."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Target, "127.0.0.1", 0, ssl=context, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    server.close()


if __name__ == "__main__":
    files = [Path(argument) for argument in sys.argv[1:]]
    asyncio.run(serve(*(files or (None, None))))
