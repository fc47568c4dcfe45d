"""The way from libcurl's errors to the closed list of causes. TLS stands elsewhere."""

import errno

import pycurl

from tocsin.model.enums import Cause, Phase
from tocsin.probes.curl.exchange import BODY_CAP_BYTES, Exchange
from tocsin.probes.fault import NO_ROUTE, RESETS, Fault, errno_text, limit_text, socket_fault
from tocsin.probes.place import Place

_E_PROXY = 97  # curl.h, CURLE_PROXY; pycurl has no name for it


def timeout_fault(exchange: Exchange, place: Place, address: str, limit_s: float, wanted_s: float) -> Fault:
    """Say what was being waited for when the attempt's time was over: `limit_s`, of `wanted_s` at best."""
    where, limit = place.at(address), limit_text(limit_s, wanted_s)
    if not exchange.connect_s:
        return Fault(Cause.CONNECT_TIMEOUT, Phase.CONNECT, f"{where} did not accept a connection within {limit}")
    if exchange.proxy is not None and place.is_tls and not exchange.tls_s and not exchange.connect_code:
        text = f"The proxy {_proxy_name(exchange)} did not open a tunnel within {limit}"
        return Fault(Cause.CONNECT_TIMEOUT, Phase.CONNECT, text)
    if place.is_tls and not exchange.tls_s:
        text = f"{where} accepted the connection but did not finish the TLS handshake within {limit}"
        return Fault(Cause.TLS_TIMEOUT, Phase.TLS, text)
    if not exchange.lines and (place.is_tls or not exchange.wire_bytes):
        text = f"{where} took the request but sent no byte of an answer within {limit}"
        return Fault(Cause.TIMEOUT_FIRST_BYTE, Phase.RESPONSE, text)
    if not headers_complete(exchange.lines):
        text = f"{where} began its answer but did not finish the headers within {limit}"
        return Fault(Cause.TIMEOUT_HEADERS, Phase.RESPONSE, text)
    text = f"The body was not complete within {limit}; {exchange.body_bytes} bytes had come"
    return Fault(Cause.TIMEOUT_BODY, Phase.BODY, text)


def connect_fault(exchange: Exchange, place: Place, address: str) -> Fault:
    """Say why no TCP connection came about."""
    if exchange.proxy is not None:
        return _proxy_fault(exchange)
    return socket_fault(exchange.os_errno, place.at(address), exchange.error)


def _proxy_fault(exchange: Exchange) -> Fault:
    proxy = _proxy_name(exchange)
    if exchange.os_errno == errno.ECONNREFUSED:
        return Fault(Cause.CONNECT_REFUSED, Phase.CONNECT, f"Nobody listens at the proxy {proxy} (connection refused)")
    if exchange.os_errno in NO_ROUTE:
        text = f"There is no route to the proxy {proxy} ({errno_text(exchange.os_errno)})"
        return Fault(Cause.NO_ROUTE, Phase.CONNECT, text)
    return Fault(Cause.CONNECT_REFUSED, Phase.CONNECT, f"The proxy {proxy} did not connect us ({exchange.error})")


def proxy_refusal(exchange: Exchange) -> Fault | None:
    """Return the fault of a proxy that took our connection but would not pass it on, else None."""
    if exchange.proxy is None:
        return None
    if exchange.code == _E_PROXY or exchange.connect_code >= 300:
        return _proxy_fault(exchange)
    return None


def answer_fault(exchange: Exchange, place: Place, address: str) -> Fault:
    """Say what was wrong with an answer, or what came instead of one, once the request could be sent."""
    where, code = place.at(address), exchange.code
    if exchange.stray:
        return _stray_fault(exchange.stray, place, where)
    if headers_complete(exchange.lines) or code in (pycurl.E_FILESIZE_EXCEEDED, pycurl.E_BAD_CONTENT_ENCODING):
        return _body_fault(exchange, where)
    cause, phase = Cause.MALFORMED_REPLY, Phase.RESPONSE
    text = f"The answer of {where} is not valid HTTP ({exchange.error})"
    if code == 0 and exchange.lines:
        text = f"{where} closed the connection before the headers of its answer were complete"
    elif code == pycurl.E_GOT_NOTHING:
        cause, text = Cause.EMPTY_REPLY, f"{where} took the request and closed the connection without a byte of answer"
    elif code in (pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR) and not _is_garbled(exchange):
        cause, phase = Cause.RESET, Phase.REQUEST if code == pycurl.E_SEND_ERROR else Phase.RESPONSE
        text = f"{where} broke the connection before its answer was complete ({_reason(exchange)})"
    return Fault(cause, phase, text)


def _body_fault(exchange: Exchange, where: str) -> Fault:
    got, code = exchange.body_bytes, exchange.code
    cause, text = Cause.MALFORMED_REPLY, f"The body is not valid HTTP after {got} bytes ({exchange.error})"
    if exchange.too_large or code == pycurl.E_FILESIZE_EXCEEDED:
        cause = Cause.BODY_TOO_LARGE
        text = f"The body is larger than {BODY_CAP_BYTES // 2**20} MiB; watch a smaller page, or use HEAD"
    elif code == pycurl.E_BAD_CONTENT_ENCODING:
        cause, text = Cause.BAD_ENCODING, f"The body does not decode as its Content-Encoding says ({exchange.error})"
    elif code == pycurl.E_RECV_ERROR and exchange.os_errno in RESETS:
        cause, text = Cause.RESET, f"{where} reset the connection after {got} bytes of the body"
    elif code == pycurl.E_PARTIAL_FILE or (code == pycurl.E_RECV_ERROR and not _is_garbled(exchange)):
        cause, text = Cause.TRUNCATED_BODY, f"The body ended early, after {got} bytes ({exchange.error})"
    return Fault(cause, Phase.BODY, text)


def _is_garbled(exchange: Exchange) -> bool:
    """Tell a header fault that libcurl reports as a receive error from a broken connection."""
    text = exchange.error.lower()
    return "header" in text or "chunk" in text or "response" in text


def _stray_fault(stray: bytes, place: Place, where: str) -> Fault:
    if not place.is_tls and is_tls_record(stray):
        return tls_port_fault(place, where)
    line = stray.splitlines()[0] if stray.strip() else stray
    shown = ascii(line[:60].decode("latin-1"))[1:-1]
    return Fault(Cause.MALFORMED_REPLY, Phase.RESPONSE, f'{where} does not speak HTTP; it sent "{shown}"')


def tls_port_fault(place: Place, where: str) -> Fault:
    """Return the fault of a port, "address:port", that speaks TLS while the URL says http or ws."""
    text = f"{where} speaks TLS, but the URL begins with {place.scheme}://; use {place.scheme}s://"
    return Fault(Cause.PLAIN_ON_TLS_PORT, Phase.RESPONSE, text)


def is_tls_record(data: bytes) -> bool:
    """Tell whether `data` begins with a TLS alert or handshake record. Source: RFC 8446 section 5.1."""
    return len(data) >= 3 and data[0] in (0x15, 0x16) and data[1] == 3 and data[2] <= 4


_TLS_PORT_PAGES = (
    "plain HTTP request was sent to HTTPS port",  # nginx
    "speaking plain HTTP to an SSL-enabled server port",  # Apache
    "HTTP request to an HTTPS server",  # Go
    "This combination of host and port requires TLS",  # Tomcat
)


def plain_on_tls_port(body_head: str, place: Place, address: str) -> Fault | None:
    """Return the fault of a server that says in its 400 page that this port wants TLS, else None."""
    if place.is_tls or not any(page in body_head for page in _TLS_PORT_PAGES):
        return None
    text = f"{place.at(address)} answered that it expects TLS, but the URL begins with http://; use https://"
    return Fault(Cause.PLAIN_ON_TLS_PORT, Phase.RESPONSE, text)


def headers_complete(lines: list[bytes]) -> bool:
    """Tell whether the last status line is followed by all its headers; interim answers (1xx) don't count."""
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].startswith(b"HTTP/"):
            final = lines[index].split(b" ", 2)[1:2] != [] and not lines[index].split(b" ", 2)[1].startswith(b"1")
            return final and any(not line.strip() for line in lines[index:])
    return False


def _reason(exchange: Exchange) -> str:
    return errno_text(exchange.os_errno) if exchange.os_errno in RESETS else exchange.error


def _proxy_name(exchange: Exchange) -> str:
    return (exchange.proxy or "").rpartition("@")[2].rpartition("/")[2]
