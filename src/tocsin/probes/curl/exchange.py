"""One request over one fresh connection, and what was seen of it. No judgement lives here."""

import asyncio
import hashlib
from dataclasses import dataclass, field
from enum import Enum, auto

from tocsin.model.results import BODY_HEAD_BYTES

BODY_CAP_BYTES = 16 * 1024 * 1024
"""Reading stops here; a longer body is `body_too_large`."""

REFUSED_BY_LIBCURL = -1
"""`code` of an exchange that libcurl would not even start."""


class Purpose(Enum):
    """What a connection is made for."""

    ANSWER = auto()  # one request and its whole answer
    HANDSHAKE = auto()  # none but to stand, TLS included
    WEBSOCKET = auto()  # the upgrade to a WebSocket, and an answered ping
    MESSAGE = auto()  # the same, and the server's first message


@dataclass(slots=True, eq=False)
class Exchange:
    """What to send, then what came of it. The engine's thread fills it in before its waiter wakes."""

    url: str
    timeout_s: float
    method: str = "GET"
    header_lines: list[bytes] | None = None
    body: bytes | None = None
    connect_to: str | None = None  # "::address:port" pins the connection, the URL keeps name, SNI and Host
    verify: bool = True
    read_certificate: bool = False
    proxy: str | None = None
    proxy_pin: str | None = None  # "host:port:address" of a proxy whose name libcurl must know
    purpose: Purpose = Purpose.ANSWER
    keep_bytes: int = BODY_HEAD_BYTES

    waiter: "asyncio.Future[None] | None" = None
    code: int = 0  # CURLcode; 0 is a complete answer
    error: str = ""
    os_errno: int = 0
    verify_result: int = 0  # X509_V_ERR_…, 0 is none
    connect_code: int = 0  # a proxy's answer to CONNECT
    lines: list[bytes] = field(default_factory=list)  # header lines as they came, of every answer
    head: list[bytes] = field(default_factory=list)  # chunks of the body's first `keep_bytes`, decompressed
    body_bytes: int = 0
    digest: "hashlib._Hash | None" = None
    too_large: bool = False
    stray: bytes = b""  # what came instead of a status line
    wire_bytes: int = 0  # received in all, known where the time was over
    chain: list[bytes] = field(default_factory=list)  # DER, leaf first
    tls_line: str = ""  # "SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384 / …"
    primary_ip: str = ""
    pong: bytes = b""  # of a WebSocket, as far as it has come
    close: bytes = b""  # what its server said on closing: a code of two bytes, and a reason
    is_alive: bool = False  # the ping was answered
    connect_s: float = 0.0  # the moments below are seconds since the start, 0 where not reached
    tls_s: float = 0.0
    sent_s: float = 0.0
    first_byte_s: float = 0.0
    total_s: float = 0.0

    @property
    def tls_facts(self) -> tuple[str | None, str | None]:
        """Version and cipher, out of libcurl's line "SSL connection using TLSv1.3 / TLS_… / …"."""
        parts = self.tls_line.rpartition("using ")[2].split(" / ")
        return (parts[0], parts[1]) if len(parts) > 1 else (None, None)

    def take_body(self, chunk: bytes) -> int | None:
        """Count, hash and keep `chunk`; return 0 to stop the transfer at the cap, None to go on."""
        if self.digest is None:
            self.digest = hashlib.sha256(chunk)
        else:
            self.digest.update(chunk)
        if self.body_bytes < self.keep_bytes:
            self.head.append(chunk[: self.keep_bytes - self.body_bytes])
        self.body_bytes += len(chunk)
        if self.body_bytes > BODY_CAP_BYTES:
            self.too_large = True
            return 0
        return None
