"""The website that is checked while measuring: answers 200 to everything on loopback. A process of its own.

    python -m tocsin.cli.measuring.target PLACE

`PLACE` is JSON: {"addresses": […], "files": [certificate, key] or [], "nginx": path or null, "folder": path}.
nginx, where there is one, takes a third of the CPU that Python does, and so leaves more of it to what is measured.
"""

import asyncio
import json
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

BODY = b"<!doctype html><title>ok</title><p>This page is for measuring.</p>\n" * 8
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
BACKLOG = 4096
TRIES = 50

NGINX = """
daemon off; master_process off; worker_rlimit_nofile 16384; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 8192; }}
http {{
  access_log off; server_tokens off; default_type text/html; ssl_session_tickets off; keepalive_requests 1000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    {listen}
    {tls}
    location / {{ return 200 "{body}"; }}
  }}
}}
"""


class Target(asyncio.Protocol):
    """Answers each request as soon as its head is complete, and keeps the connection unless asked not to."""

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


def listeners(addresses: list[str]) -> list[socket.socket]:
    """Return bound sockets, one an address, all on the same free port.

    Raises:
        OSError: no port is free on all of them.
    """
    for attempt in range(TRIES):
        opened: list[socket.socket] = []
        try:
            for address in addresses:
                one = socket.socket()
                opened.append(one)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                one.bind((address, opened[0].getsockname()[1] if len(opened) > 1 else 0))
        except OSError:
            for one in opened:
                one.close()
            if attempt == TRIES - 1:
                raise
        else:
            return opened
    raise OSError("no address was given")


async def serve(place: dict[str, Any]) -> None:
    """Serve on a free port, which is printed, until standard input ends: so it never outlives who started it."""
    context = None
    if place["files"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*place["files"])
    loop = asyncio.get_running_loop()
    sockets = listeners(place["addresses"])
    servers = [await loop.create_server(Target, sock=one, ssl=context, backlog=BACKLOG) for one in sockets]
    print(sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    for server in servers:
        server.close()


def serve_by_nginx(place: dict[str, Any]) -> None:
    """The same with nginx: it ends with this process's standard input."""
    sockets = listeners(place["addresses"])
    port = sockets[0].getsockname()[1]
    for one in sockets:
        one.close()
    kind = " ssl" if place["files"] else ""
    certificate = place["files"] and "ssl_certificate {}; ssl_certificate_key {};".format(*place["files"])
    text = NGINX.format(
        folder=place["folder"],
        listen=" ".join(f"listen {address}:{port}{kind} backlog={BACKLOG};" for address in place["addresses"]),
        tls=certificate or "",
        body=BODY.decode().replace("\n", ""),
    )
    path = Path(place["folder"]) / "nginx.conf"
    path.write_text(text, encoding="utf-8")
    words = [place["nginx"], "-p", place["folder"], "-c", str(path)]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            _wait_until_it_answers(process, place["addresses"][-1], port)
            print(port, flush=True)
            sys.stdin.buffer.read()
        finally:
            process.send_signal(signal.SIGTERM)


def _wait_until_it_answers(process: "subprocess.Popen[bytes]", address: str, port: int) -> None:
    while process.poll() is None:
        with socket.socket() as one:
            if one.connect_ex((address, port)) == 0:
                return
    raise OSError("nginx did not start")


def main() -> None:
    """Serve as the first argument says."""
    place = json.loads(sys.argv[1])
    if place["nginx"]:
        serve_by_nginx(place)
    else:
        asyncio.run(serve(place))


if __name__ == "__main__":
    main()
