"""A real name server on loopback (UDP, and TCP where answers are long) that answers each name as it is told to."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address

NXDOMAIN, SERVFAIL, REFUSED = 3, 2, 5
SILENT = object()
TTL_S = 300
_A, _AAAA = 1, 28


@dataclass
class NameServer:
    """What it knows: addresses, an error code, or SILENT by name; and what it was asked."""

    port: int = 0
    zone: dict[str, object] = field(default_factory=dict)
    delay_s: dict[str, float] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)
    records: dict[tuple[str, int], list[bytes]] = field(default_factory=dict)  # raw, by name and type
    long: set[str] = field(default_factory=set)  # names whose answers need TCP

    @property
    def address(self) -> str:
        """Return it as resolvers want it."""
        return f"127.0.0.1:{self.port}"

    def reply(self, query: bytes) -> bytes | None:
        """Return the answer to one query, or None for silence."""
        name, kind, end = _question(query)
        self.asked.append((name, kind))
        if (name, kind) in self.records:
            raw = self.records[name, kind]
            body = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, TTL_S, len(one)) + one for one in raw)
            return query[:2] + struct.pack(">HHHHH", 0x8180, 1, len(raw), 0, 0) + query[12:end] + body
        known = self.zone.get(name, self.zone.get(f"*.{name.partition('.')[2]}", NXDOMAIN))
        if known is SILENT:
            return None
        code = known if isinstance(known, int) else 0
        wanted = [one for one in known if (":" in one) == (kind == _AAAA)] if isinstance(known, (list, tuple)) else []
        records = b"".join(_record(one) for one in wanted) if kind in (_A, _AAAA) else b""
        count = len(wanted) if records else 0
        return query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, count, 0, 0) + query[12:end] + records


def _question(query: bytes) -> tuple[str, int, int]:
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels).lower(), struct.unpack(">H", query[at + 1 : at + 3])[0], at + 5


def _record(address: str) -> bytes:
    packed = ip_address(address).packed
    kind = _A if len(packed) == 4 else _AAAA
    return b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, TTL_S, len(packed)) + packed


def _answer_later(server: NameServer, listener: socket.socket, query: bytes, client: tuple[str, int]) -> None:
    time.sleep(server.delay_s.get(_question(query)[0], 0))
    answer = server.reply(query)
    if answer is not None and _question(query)[0] in server.long:
        answer = answer[:2] + bytes([answer[2] | 2]) + answer[3:6] + bytes(6) + query[12:]  # TC, and no records
    if answer is not None:
        with contextlib.suppress(OSError):
            listener.sendto(answer, client)


def _serve(server: NameServer, listener: socket.socket) -> None:
    while True:
        try:
            query, client = listener.recvfrom(4096)
        except OSError:
            return
        if not query:
            return
        threading.Thread(target=_answer_later, args=(server, listener, query, client), daemon=True).start()


def _serve_streams(server: NameServer, listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with contextlib.suppress(OSError), connection:
            query = connection.recv(4096)[2:]
            answer = server.reply(query) or b""
            for piece in (struct.pack(">H", len(answer)), answer[:9], answer[9:]):
                connection.sendall(piece)


def _listeners() -> tuple[socket.socket, socket.socket]:
    """Return a TCP and a UDP socket on one port that was free for both."""
    while True:
        streams = socket.create_server(("127.0.0.1", 0))
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            listener.bind(streams.getsockname())
        except OSError:  # somebody's UDP port
            streams.close()
            listener.close()
        else:
            return streams, listener


@contextlib.contextmanager
def name_server(**zone: object) -> Iterator[NameServer]:
    """Run a name server until the block ends; fill `.zone` at any time."""
    streams, listener = _listeners()
    with streams, listener:
        server = NameServer(listener.getsockname()[1], dict(zone))
        threads = [
            threading.Thread(target=_serve, args=(server, listener), daemon=True),
            threading.Thread(target=_serve_streams, args=(server, streams), daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            yield server
        finally:
            with contextlib.suppress(OSError):
                listener.sendto(b"", listener.getsockname())
                streams.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(5)
