"""libcurl's easy handles: the options every check has, those of one exchange, and reading off the result.

Nothing here drives a transfer; the engine does.
"""

import contextlib

import pycurl

from tocsin import __version__
from tocsin.probes.certificates.trust import Trust
from tocsin.probes.curl.exchange import BODY_CAP_BYTES, Exchange, Purpose

USER_AGENT = f"Tocsin/{__version__}"
_SUPPRESS_CONNECT_HEADERS = 265  # curl.h; pycurl has no name for it
_GROUPS = "X25519:P-256:P-384"
_TLS13_CIPHERS = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
_LAST_REQUEST = ["Connection: close"]
"""Sent over TLS, where it lets the server end the session with its answer: 5 % less CPU. Plain HTTP gains nothing."""

_ANSWER = Purpose.ANSWER
_STRAY_BYTES = 256
_PING = b"tocsin"
_CLOSE_NORMALLY = b"\x03\xe8"  # 1000. Source: RFC 6455 section 7.4.1
_BLANK_LINES = (b"\r\n", b"\n")
_SSL_DATA_IN = 5  # curl_infotype
_TEXT = 0
_TLS_LINE = b"SSL connection using "


class Handle:
    """One reusable easy handle. Between two exchanges it keeps options only, and sets anew those that differ."""

    __slots__ = (
        "_chain_message",
        "_customised",
        "_is_tls",
        "_pinned",
        "_timeout_ms",
        "_trust",
        "_upgraded",
        "_url",
        "_verbose",
        "curl",
        "exchange",
        "lines",
    )

    def __init__(self, trust: Trust, upgraded: "list[tuple[Handle, Exchange]]") -> None:
        self.curl = pycurl.Curl()
        self.exchange: Exchange | None = None
        self.lines: list[bytes] = []
        self._trust = trust
        self._upgraded = upgraded  # where exchanges are noted whose WebSocket stands
        self._chain_message = b""
        self._set_defaults()

    def _set_defaults(self) -> None:
        self._customised = self._pinned = self._verbose = self._is_tls = False
        self._url, self._timeout_ms = "", 0
        options = [
            (pycurl.NOSIGNAL, 1),
            (pycurl.FORBID_REUSE, 1),
            (pycurl.FRESH_CONNECT, 1),
            (pycurl.SSL_SESSIONID_CACHE, 0),
            (pycurl.DNS_CACHE_TIMEOUT, 0),
            (pycurl.TCP_NODELAY, 1),
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
            (pycurl.HTTP09_ALLOWED, 1),  # so that what is no HTTP reaches on_body and can be told apart
            (pycurl.SSL_EC_CURVES, _GROUPS),
            (pycurl.TLS13_CIPHERS, _TLS13_CIPHERS),
            (pycurl.PROXY, ""),  # the environment's proxies are not the website's
            (pycurl.NOPROXY, ""),
            (_SUPPRESS_CONNECT_HEADERS, 1),
            (pycurl.USERAGENT, USER_AGENT),
            (pycurl.ACCEPT_ENCODING, ""),
            (pycurl.MAXFILESIZE, BODY_CAP_BYTES),
            (pycurl.HEADERFUNCTION, self.lines.append),
            (pycurl.WRITEFUNCTION, self.on_body),
            *self._trust.options(),
        ]
        for option, value in options:
            self.curl.setopt(option, value)

    def load(self, exchange: Exchange) -> None:
        """Set the handle up for `exchange`. Raises pycurl.error or UnicodeError where libcurl refuses it."""
        if self._customised:
            self.curl.reset()
            self._set_defaults()
        self.exchange = exchange
        setopt = self.curl.setopt
        if exchange.url != self._url:
            self._load_url(exchange.url)
        timeout_ms = max(1, round(exchange.timeout_s * 1000))
        if timeout_ms != self._timeout_ms:
            setopt(pycurl.TIMEOUT_MS, timeout_ms)
            self._timeout_ms = timeout_ms
        if exchange.connect_to is not None:
            setopt(pycurl.CONNECT_TO, [exchange.connect_to])
            self._pinned = True
        elif self._pinned:
            self.curl.unsetopt(pycurl.CONNECT_TO)
            self._pinned = False
        if exchange.read_certificate != self._verbose:
            self._watch_handshake(exchange.read_certificate)
        if exchange.header_lines:
            self._customised = True
            setopt(pycurl.HTTPHEADER, exchange.header_lines)
        if exchange.method != "GET" or exchange.body is not None:
            self._load_method(exchange)
        if exchange.proxy is not None or not exchange.verify or exchange.purpose is not _ANSWER:
            self._load_rare(exchange)

    def _load_url(self, url: str) -> None:
        self._url = ""  # should libcurl refuse it
        self.curl.setopt(pycurl.URL, url)
        self._url = url
        if url.startswith(("https:", "wss:")) != self._is_tls:
            self._is_tls = not self._is_tls
            self.curl.setopt(pycurl.HTTPHEADER, _LAST_REQUEST if self._is_tls else [])

    def _watch_handshake(self, wanted: bool) -> None:
        """Have libcurl show the handshake's messages: at the price of its CERTINFO, with version and cipher."""
        self._verbose = wanted
        if wanted:
            self.curl.setopt(pycurl.DEBUGFUNCTION, self.on_debug)
        self.curl.setopt(pycurl.VERBOSE, int(wanted))

    def _load_method(self, exchange: Exchange) -> None:
        self._customised = True
        if exchange.method == "HEAD":
            self.curl.setopt(pycurl.NOBODY, 1)
            return
        body = exchange.body
        if body is None and exchange.method in ("POST", "PUT", "PATCH"):
            body = b""
        if body is not None:
            self.curl.setopt(pycurl.POSTFIELDS, body)
        self.curl.setopt(pycurl.CUSTOMREQUEST, exchange.method)

    def _load_rare(self, exchange: Exchange) -> None:
        self._customised = True
        if exchange.purpose is not _ANSWER:
            self._load_purpose(exchange.purpose)
        if not exchange.verify:
            self.curl.setopt(pycurl.SSL_VERIFYPEER, 0)
            self.curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        if exchange.proxy is not None:
            self.curl.setopt(pycurl.PROXY, exchange.proxy)
            if exchange.proxy_pin is not None:
                self.curl.setopt(pycurl.RESOLVE, [exchange.proxy_pin])

    def _load_purpose(self, purpose: Purpose) -> None:
        if purpose is Purpose.HANDSHAKE:
            self.curl.setopt(pycurl.CONNECT_ONLY, 1)
            self.curl.setopt(pycurl.SSL_ENABLE_ALPN, 0)  # who knows what is spoken there
        else:
            self.curl.setopt(pycurl.HEADERFUNCTION, self.on_upgrade_header)
            self.curl.setopt(pycurl.WRITEFUNCTION, self.on_frame)

    def on_upgrade_header(self, line: bytes) -> None:
        """Take a header line of the answer to an upgrade; after the last one of a 101 the WebSocket stands."""
        self.lines.append(line)
        if line in _BLANK_LINES and self.lines[0][9:12] == b"101" and self.exchange is not None:
            self._upgraded.append((self, self.exchange))

    def ping(self) -> None:
        """Send a ping over a WebSocket that stands. Raises pycurl.error where that is not possible."""
        self.curl.ws_send(_PING, pycurl.WS_PING)

    def on_frame(self, chunk: bytes) -> int | None:
        """Take a piece of a WebSocket's frame; when all that is wanted has come, say goodbye and end the transfer."""
        exchange, frame = self.exchange, self.curl.ws_meta()
        if exchange is None or frame is None:
            return self.on_body(chunk)
        if frame.flags & pycurl.WS_CLOSE:
            exchange.close += chunk
            return None
        if not frame.flags & pycurl.WS_PONG:
            if exchange.take_body(chunk) == 0:
                return 0
        else:
            exchange.pong = exchange.pong + chunk if frame.offset else chunk
            exchange.is_alive = exchange.is_alive or exchange.pong == _PING
        if frame.bytesleft or not exchange.is_alive:
            return None
        if exchange.purpose is Purpose.MESSAGE and not exchange.body_bytes:
            return None
        with contextlib.suppress(pycurl.error):  # whether it hears that or not, all is seen
            self.curl.ws_send(_CLOSE_NORMALLY, pycurl.WS_CLOSE)
        return 0

    def on_body(self, chunk: bytes) -> int | None:
        """Take body bytes; bytes before any header line are no HTTP, and end the transfer."""
        exchange = self.exchange
        if exchange is None:
            return 0
        if not self.lines:
            exchange.stray = chunk[:_STRAY_BYTES]
            return 0
        return exchange.take_body(chunk)

    def on_debug(self, kind: int, data: bytes) -> None:
        """Pick the peer's Certificate message and the line that names version and cipher out of the rest."""
        if kind == _SSL_DATA_IN:
            if data[:1] == b"\x0b" and len(data) > 4:
                self._chain_message = data
        elif kind == _TEXT and data.startswith(_TLS_LINE) and self.exchange is not None:
            self.exchange.tls_line = data.decode("ascii", "replace").strip()

    def finish(self, code: int, error: str) -> Exchange:
        """Read off what libcurl measured, forget the exchange and return it."""
        exchange, self.exchange = self.exchange, None
        assert exchange is not None  # noqa: S101 (finish() follows load())
        getinfo = self.curl.getinfo
        exchange.code, exchange.error = code, error
        exchange.lines = self.lines.copy()
        self.lines.clear()
        exchange.connect_s = getinfo(pycurl.CONNECT_TIME)
        if self._is_tls:
            exchange.tls_s = getinfo(pycurl.APPCONNECT_TIME)
        exchange.sent_s = getinfo(pycurl.PRETRANSFER_TIME)
        exchange.first_byte_s = getinfo(pycurl.STARTTRANSFER_TIME)
        exchange.total_s = getinfo(pycurl.TOTAL_TIME)
        if self._chain_message:
            exchange.chain = parse_certificate_message(self._chain_message)
            self._chain_message = b""
        if code:
            exchange.os_errno = getinfo(pycurl.OS_ERRNO)
            exchange.verify_result = getinfo(pycurl.SSL_VERIFYRESULT)
        if exchange.proxy is not None:
            exchange.primary_ip = getinfo(pycurl.PRIMARY_IP) or ""
            exchange.connect_code = getinfo(pycurl.HTTP_CONNECTCODE)
        return exchange

    def close(self) -> None:
        """Free the handle and the cycle through its callbacks."""
        self.exchange = None
        self.curl.close()


def parse_certificate_message(message: bytes) -> list[bytes]:
    """Return the DER certificates of a TLS Certificate message, leaf first; what is cut short is left out.

    Source: RFC 8446 section 4.4.2 (with request context and extensions), RFC 5246 section 7.4.2 (without).
    """
    body = message[4:]
    # TLS 1.3 begins with an empty request context, so its list length stands one byte later.
    for start, has_extensions in ((0, False), (1, True)):
        length = int.from_bytes(body[start : start + 3], "big")
        if start + 3 + length == len(body):
            return _certificate_list(body[start + 3 :], has_extensions)
    return []


def _certificate_list(data: bytes, has_extensions: bool) -> list[bytes]:
    chain, at = [], 0
    while at + 3 <= len(data):
        end = at + 3 + int.from_bytes(data[at : at + 3], "big")
        if end > len(data):
            break
        chain.append(data[at + 3 : end])
        at = end
        if has_extensions:
            at += 2 + int.from_bytes(data[at : at + 2], "big")
    return chain
