"""The WebSocket probe: the upgrade verified, then one ping that must be answered. Source: RFC 6455.

libcurl speaks it; what it does not look at (the accept key, what was agreed on) is looked at here.
"""

import base64
import hashlib
import os
from http import HTTPStatus
from time import perf_counter

import pycurl

from tocsin.model.enums import Cause, Phase
from tocsin.model.results import CheckResult
from tocsin.model.times import utcnow
from tocsin.probes.curl.exchange import Exchange, Purpose
from tocsin.probes.curl.faults import headers_complete
from tocsin.probes.fault import RESETS, Fault, limit_text
from tocsin.probes.place import locate
from tocsin.probes.target import Target
from tocsin.probes.tools import Tools
from tocsin.probes.web.answers import Headers, body_texts, first_header
from tocsin.probes.web.hop import Attempt, Seen, run_hop
from tocsin.probes.web.redirects import Request
from tocsin.probes.web.requests import first_request
from tocsin.probes.web.second_look import look_again

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
_OURS = frozenset({"sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "upgrade", "connection"})
_CLOSE_CODES = {
    1000: "normal closure", 1001: "going away", 1002: "protocol error", 1003: "unsupported data",
    1007: "invalid data", 1008: "policy violation", 1009: "message too big", 1011: "internal error",
    1012: "service restart", 1013: "try again later",
}  # fmt: skip
"""Source: RFC 6455 section 7.4.1, and IANA's registry of close codes."""
_ENDS = frozenset({0, pycurl.E_GOT_NOTHING, pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR})


async def probe(target: Target, tools: Tools) -> CheckResult:
    """Open a WebSocket to `target` once. Faults of the world are the result's `cause`.

    Raises:
        ValueError: `target.url` is no URL that a probe understands.
    """
    started_at, started = utcnow(), perf_counter()
    place = locate(target.url)
    attempt = Attempt(target, tools, started + target.timeout_s)
    key = base64.b64encode(os.urandom(16)).decode()
    seen = await run_hop(attempt, place, _upgrade(target, key), "")
    total_ms = (perf_counter() - started) * 1e3
    phases = seen.phases(total_ms)
    fault = _fault(target, seen, key)
    if fault is not None:  # after the phases: they are the upgrade's alone
        fault = await look_again(fault, seen.exchange, place, seen.address, attempt.left_s())
    exchange = seen.exchange
    tls_version, tls_cipher = exchange.tls_facts if exchange is not None else (None, None)
    data, body_bytes = (b"".join(exchange.head), exchange.body_bytes) if exchange is not None else (b"", 0)
    text, judged = body_texts(data, None, body_bytes)
    return CheckResult(
        url=target.url,
        started_at=started_at,
        cause=fault.cause if fault is not None else None,
        phase=fault.phase if fault is not None else None,
        message=fault.message if fault is not None else "",
        phases=phases,
        http_status_code=seen.status if fault is not None else None,  # 101 is what was wanted, and no page's code
        http_version=seen.version,
        address=seen.address or None,
        addresses=seen.addresses,
        final_url=place.url,
        headers=seen.headers,
        body_head=text,
        judged_body=judged,
        body_bytes=body_bytes if data else None,
        body_sha256=exchange.digest.hexdigest() if exchange is not None and exchange.digest is not None else None,
        certificate=seen.certificate,
        tls_version=tls_version,
        tls_cipher=tls_cipher,
    )


def _upgrade(target: Target, key: str) -> Request:
    """Return the request; what libcurl sends by itself is left out, apart from the key."""
    given = first_request(target.options)
    headers = tuple(pair for pair in given.headers if pair[0].lower() not in _OURS)
    headers += (("Sec-WebSocket-Key", key),)
    return Request("GET", headers, purpose=Purpose.MESSAGE if target.wants_body else Purpose.WEBSOCKET)


def _fault(target: Target, seen: Seen, key: str) -> Fault | None:
    """Return why this is no WebSocket that works, or None."""
    where = seen.place.at(seen.address)
    exchange = seen.exchange
    if exchange is not None and headers_complete(exchange.lines):
        return _refusal(seen, where)
    if exchange is None or seen.status != 101 or exchange.lines[-1].strip():
        text = f"{where} did not finish its answer"
        return seen.fault or Fault(Cause.MALFORMED_REPLY, Phase.RESPONSE, text)
    wrong = disagreement(seen.headers, key, target.options.request_headers)
    if wrong is not None:
        return Fault(Cause.MALFORMED_REPLY, Phase.RESPONSE, f"{where} answered 101, but {wrong}: it is no WebSocket")
    if exchange.is_alive and (exchange.body_bytes or exchange.purpose is not Purpose.MESSAGE):
        return None
    return _silence(target, exchange, where)


def _refusal(seen: Seen, where: str) -> Fault:
    code = seen.status or 0
    cause = Cause.EXPECTATION_FAILED
    if code >= 400:
        cause = Cause.HTTP_SERVER_ERROR if code >= 500 else Cause.HTTP_CLIENT_ERROR
    location = first_header(seen.headers, "location")
    text = f"{where} answered HTTP {code}{_phrase(code)} instead of opening a WebSocket (101 Switching Protocols)"
    if 300 <= code < 400 and location:
        text += f"; it points to {location[:200]}, and redirects are not followed here"
    return Fault(cause, Phase.RESPONSE, text)


def _phrase(code: int) -> str:
    try:
        return f" {HTTPStatus(code).phrase}"
    except ValueError:
        return ""


def accept_of(key: str) -> str:
    """Return what a server proves with that it understood the upgrade. Source: RFC 6455 section 4.2.2."""
    return base64.b64encode(hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()).decode()


def disagreement(headers: Headers, key: str, sent: dict[str, str]) -> str | None:
    """Return what is wrong with the headers of a 101, or None. Source: RFC 6455 section 4.1."""
    if (first_header(headers, "upgrade") or "").lower() != "websocket":
        return "its header Upgrade does not say websocket"
    if "upgrade" not in _words(first_header(headers, "connection")):
        return "its header Connection does not say Upgrade"
    if first_header(headers, "sec-websocket-accept") != accept_of(key):
        return "its header Sec-WebSocket-Accept does not fit our key"
    if first_header(headers, "sec-websocket-extensions"):
        return "it chose an extension that was not offered"
    protocol = first_header(headers, "sec-websocket-protocol")
    offered = [text for name, text in sent.items() if name.lower() == "sec-websocket-protocol"]
    if protocol is not None and protocol.lower() not in _words(",".join(offered)):
        return f"it chose the subprotocol {protocol!r}, which was not offered"
    return None


def _words(text: str | None) -> list[str]:
    return [word.strip().lower() for word in (text or "").split(",")]


def _silence(target: Target, exchange: Exchange, where: str) -> Fault:
    """Say why no answer to the ping came, or no message where one was expected."""
    missing = "sent no message" if exchange.is_alive else "did not answer a ping"
    if exchange.code == pycurl.E_OPERATION_TIMEDOUT:
        limit = limit_text(target.timeout_s, target.options.timeout)
        return Fault(Cause.TIMEOUT_BODY, Phase.BODY, f"{where} opened the WebSocket but {missing} within {limit}")
    if exchange.too_large:
        return Fault(Cause.BODY_TOO_LARGE, Phase.BODY, f"{where} sent more than 16 MiB before it answered a ping")
    if exchange.close:
        code = int.from_bytes(exchange.close[:2], "big")
        reason = exchange.close[2:].decode("utf-8", "replace") or _CLOSE_CODES.get(code, "")
        text = f"{where} opened the WebSocket and closed it at once: {code}{f' {reason}' if reason else ''}"
        return Fault(Cause.TRUNCATED_BODY, Phase.BODY, text)
    if exchange.code in _ENDS and not exchange.error.startswith("[WS]"):
        cause = Cause.RESET if exchange.os_errno in RESETS else Cause.TRUNCATED_BODY
        how = "broke" if cause is Cause.RESET else "closed"
        return Fault(cause, Phase.BODY, f"{where} opened the WebSocket and {how} the connection; it {missing}")
    text = f"What {where} sends over the WebSocket is not valid ({exchange.error})"
    return Fault(Cause.MALFORMED_REPLY, Phase.BODY, text)
