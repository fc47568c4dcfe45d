"""One peer for each kind of check: healthy, silent, refusing, or saying bytes that a test chooses.

Real sockets on loopback. Only echo requests are answered by a socket pair, since no program answers for the kernel.
"""

import contextlib
import errno
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.dns_server import SILENT, name_server
from tests.support.faults import Handler, Server, answering, closed_port, ok, over_tls, reset, serving, tls_context
from tests.support.websocket_server import switching, talking
from tocsin.model.enums import Cause
from tocsin.probes import PROBES, Probe, icmp

Reply = Callable[[bytes], bytes]
"""What a peer says, given what it was sent."""

Peer = AbstractContextManager[tuple[str, Probe]]
"""A URL to look at, and the probe to look with."""


@dataclass(frozen=True)
class Kind:
    """How the check of one URL scheme is put to the test."""

    scheme: str
    healthy: Callable[[Path, Any], Peer]
    silent: Callable[[], Peer]
    refusing: Callable[[], Peer]
    saying: Callable[[Reply, bool], Peer]  # these bytes, then the end: with a reset where True
    late: frozenset[Cause]  # what a silent peer is called
    refused: Cause
    options: dict[str, Any] = field(default_factory=dict)
    openings: tuple[Reply, ...] = ()  # what a true answer begins with, so that garbage gets further in
    any_words_will_do: bool = False
    garbage_timeout_s: float = 2.0


def _over_stream(scheme: str, handler: Handler) -> Peer:
    @contextlib.contextmanager
    def running() -> Iterator[tuple[str, Probe]]:
        with serving(handler) as server:
            yield _url(scheme, server.port), PROBES[scheme]

    return running()


def _url(scheme: str, port: int) -> str:
    return f"{scheme}://127.0.0.1:{port}" + ("" if scheme in ("tcp", "tls") else "/")


def _hanging(server: Server, connection: socket.socket) -> None:
    server.hang()


def _saying(reply: Reply, is_reset: bool, *, first: bool = False) -> Handler:
    def handler(server: Server, connection: socket.socket) -> None:
        connection.settimeout(1)
        request = b"" if first else connection.recv(65536)
        with contextlib.suppress(OSError):
            connection.sendall(reply(request))
            if is_reset:
                reset(connection)
            else:
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

    return handler


@contextlib.contextmanager
def _closed(scheme: str) -> Iterator[tuple[str, Probe]]:
    yield _url(scheme, closed_port()), PROBES[scheme]


def _stream_kind(scheme: str, healthy: Handler, **more: Any) -> Kind:
    def with_tls(folder: Path, authority: Any) -> Handler:
        context = tls_context(authority.leaf("127.0.0.1"), folder, scheme)
        return over_tls(context, healthy)

    is_tls = scheme in ("https", "wss", "tls")
    return Kind(
        scheme,
        healthy=lambda folder, authority: _over_stream(scheme, with_tls(folder, authority) if is_tls else healthy),
        silent=lambda: _over_stream(scheme, _hanging),
        refusing=lambda: _closed(scheme),
        saying=lambda reply, is_reset: _over_stream(scheme, _saying(reply, is_reset, first=scheme == "tcp")),
        refused=Cause.CONNECT_REFUSED,
        **more,
    )


# --- dns ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _naming(known: object) -> Iterator[tuple[str, Probe]]:
    with name_server(**{"site.example": known}) as server:
        yield f"dns://{server.address}/site.example", PROBES["dns"]


@contextlib.contextmanager
def datagrams(reply: Callable[[bytes], bytes | None]) -> Iterator[tuple[str, Probe]]:
    """A name server that answers each datagram as `reply` says, or not at all where that is None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5)
        url = f"dns://127.0.0.1:{listener.getsockname()[1]}/site.example"
        is_over = threading.Event()

        def serve() -> None:
            while not is_over.is_set():
                with contextlib.suppress(OSError):
                    query, client = listener.recvfrom(4096)
                    answer = reply(query) if query else None
                    if answer is not None:
                        listener.sendto(answer, client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield url, PROBES["dns"]
        finally:
            is_over.set()
            listener.sendto(b"", listener.getsockname())
            thread.join(5)


@contextlib.contextmanager
def _no_name_server() -> Iterator[tuple[str, Probe]]:
    yield f"dns://127.0.0.1:{closed_port()}/site.example", PROBES["dns"]


# --- icmp -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def pinged(reply: Callable[[bytes], bytes | None]) -> Iterator[tuple[str, Probe]]:
    """A machine that answers each echo request as `reply` says, or not at all where that is None."""
    with contextlib.ExitStack() as stack:

        def open_socket(address: str) -> socket.socket:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            stack.enter_context(theirs)
            ours.setblocking(False)

            def serve() -> None:
                with contextlib.suppress(OSError):
                    while request := theirs.recv(4096):
                        answer = reply(request)
                        if answer is not None:
                            theirs.send(answer)

            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            stack.callback(thread.join, 5)
            stack.callback(_end_of, theirs)
            return ours

        yield "icmp://192.0.2.7", partial(icmp.probe, open_socket=open_socket)


def _end_of(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _unreachable() -> Iterator[tuple[str, Probe]]:
    def open_socket(address: str) -> socket.socket:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    yield "icmp://192.0.2.7", partial(icmp.probe, open_socket=open_socket)


def echo_reply(request: bytes) -> bytes:
    """Return the answer to an echo request; nobody looks at its checksum."""
    return b"\0" + request[1:]


KINDS = (
    _stream_kind(
        "http", answering(ok()), late=frozenset({Cause.TIMEOUT_FIRST_BYTE}),
        openings=(lambda _: b"HTTP/1.1 200 OK\r\n", lambda _: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ),
    _stream_kind("https", answering(ok()), late=frozenset({Cause.TLS_TIMEOUT}), openings=(lambda _: b"\x16\x03\x03",)),
    _stream_kind(
        "ws", talking(), late=frozenset({Cause.TIMEOUT_FIRST_BYTE}),
        openings=(switching, lambda request: switching(request) + b"\x8a\x06"),
    ),
    _stream_kind("wss", talking(), late=frozenset({Cause.TLS_TIMEOUT}), openings=(lambda _: b"\x16\x03\x03\x00\x7a",)),
    _stream_kind(
        "tcp", _saying(lambda _: b"220 mail.example\r\n", is_reset=False, first=True),
        late=frozenset({Cause.TIMEOUT_FIRST_BYTE}), any_words_will_do=True,
        options={"expectations": [{"on": "body", "op": "contains", "value": "220"}]},
    ),
    _stream_kind("tls", _hanging, late=frozenset({Cause.TLS_TIMEOUT}), openings=(lambda _: b"\x15\x03\x03\x00\x02",)),
    Kind(
        "dns",
        healthy=lambda folder, authority: _naming(["192.0.2.7"]),
        silent=lambda: _naming(SILENT),
        refusing=_no_name_server,
        saying=lambda reply, is_reset: datagrams(reply),
        late=frozenset({Cause.DNS_TIMEOUT}),
        refused=Cause.DNS_SERVER_FAILURE,
        openings=(
            lambda query: query[:2] + b"\x81\x80",
            lambda query: query[:2] + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + query[12:],
            lambda query: query[:2] + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + query[12:] + b"\xc0\x0c\0\1\0\1",
        ),
        garbage_timeout_s=0.1,
    ),
    Kind(
        "icmp",
        healthy=lambda folder, authority: pinged(echo_reply),
        silent=lambda: pinged(lambda _: None),
        refusing=_unreachable,
        saying=lambda reply, is_reset: pinged(reply),
        late=frozenset({Cause.CONNECT_TIMEOUT}),
        refused=Cause.NO_ROUTE,
        openings=(lambda request: b"\0" + request[1:8], lambda request: b"\x45" + bytes(19) + echo_reply(request)[:24]),
        garbage_timeout_s=0.1,
    ),
)  # fmt: skip
