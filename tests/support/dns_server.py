"""A real name server on loopback (UDP) that answers each name as it is told to."""

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

    @property
    def address(self) -> str:
        """Return it as resolvers want it."""
        return f"127.0.0.1:{self.port}"

    def reply(self, query: bytes) -> bytes | None:
        """Return the answer to one query, or None for silence."""
        name, kind, end = _question(query)
        self.asked.append((name, kind))
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


@contextlib.contextmanager
def name_server(**zone: object) -> Iterator[NameServer]:
    """Run a name server until the block ends; fill `.zone` at any time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        server = NameServer(listener.getsockname()[1], dict(zone))
        thread = threading.Thread(target=_serve, args=(server, listener), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            with contextlib.suppress(OSError):
                listener.sendto(b"", listener.getsockname())
            thread.join(5)
