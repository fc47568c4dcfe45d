"""What a check sends: method, header lines and body out of its options. Pure."""

import base64

from tocsin.model.enums import HTTPMethod
from tocsin.model.options import BasicAuth, CheckOptions
from tocsin.probes.curl.exchange import Purpose
from tocsin.probes.web.redirects import Request

_FRAMING = frozenset({"content-length", "transfer-encoding"})
"""Headers that libcurl sets itself from the body; a second opinion would only break the request."""

_PLAIN = {method: Request(method.value) for method in HTTPMethod}
"""The requests of checks with nothing of their own to send."""


def first_request(options: CheckOptions) -> Request:
    """Return what the first hop of a check with `options` sends, cookies left out."""
    if not options.request_headers and options.auth is None and options.request_body is None:
        return _PLAIN[options.method]
    headers = tuple((name, text) for name, text in options.request_headers.items() if name.lower() not in _FRAMING)
    names = {name.lower() for name, _ in headers}
    if options.auth is not None and "authorization" not in names:
        headers += (("Authorization", _authorization(options)),)
    body = (
        None
        if options.request_body is None or options.method == "HEAD"
        else options.request_body.encode("utf-8", "replace")
    )
    if body is not None and "content-type" not in names:
        headers += (("Content-Type", _content_type(body)),)
    return Request(options.method.value, headers, body)


def _authorization(options: CheckOptions) -> str:
    auth = options.auth
    if isinstance(auth, BasicAuth):
        return "Basic " + base64.b64encode(f"{auth.username}:{auth.password}".encode("utf-8", "replace")).decode(
            "ascii"
        )
    return f"Bearer {auth.token}" if auth is not None else ""


def _content_type(body: bytes) -> str:
    """Return the type of a body whose website names none: JSON by its look, else plain text."""
    return "application/json" if body.lstrip()[:1] in (b"{", b"[") else "text/plain; charset=utf-8"


def header_lines(request: Request, cookies: str) -> list[bytes] | None:
    """Return the header lines for libcurl, those of `cookies` joined to a Cookie header of the request."""
    if not request.headers and not cookies:
        return None
    lines = []
    for name, text in request.headers:
        if name.lower() == "cookie" and cookies:
            cookies = f"{text}; {cookies}"
            continue
        lines.append(f"{name}: {text}" if text.strip() else f"{name};")
    is_page = request.purpose is Purpose.ANSWER  # a WebSocket's connection stays, and libcurl says so
    if is_page and not any(name.lower() == "connection" for name, _ in request.headers):
        lines.append("Connection: close")
    if cookies:
        lines.append(f"Cookie: {cookies}")
    return [line.encode("utf-8", "replace") for line in lines]
