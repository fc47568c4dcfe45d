"""Where a redirect leads, and what may go along. Pure."""

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from tocsin.model.enums import Cause, Phase
from tocsin.probes.curl.exchange import Purpose
from tocsin.probes.fault import Fault
from tocsin.probes.place import Place, locate

REDIRECT_CODES = frozenset({301, 302, 303, 307, 308})
"""Source: RFC 9110 section 15.4 (300, 304 and 305 name no place to go to by themselves)."""

_SECRET_HEADERS = frozenset({"authorization", "cookie", "host", "proxy-authorization"})
_SECRET_WORDS = ("auth", "token", "secret", "api-key", "apikey", "session", "password")
_CONTENT_HEADERS = frozenset({"content-type", "content-encoding", "content-language", "content-location"})


@dataclass(frozen=True, slots=True)
class Request:
    """What one hop sends, cookies left out."""

    method: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    purpose: Purpose = Purpose.ANSWER


def next_place(place: Place, location: str | None, status: int) -> Place | Fault:
    """Return where `location` points, seen from `place`, or why that is nowhere."""
    if not location:
        text = f"{place.url} answered {status} without a Location"
        return Fault(Cause.REDIRECT_INVALID, Phase.RESPONSE, text)
    try:
        url = urljoin(place.url, location)
        scheme = urlsplit(url).scheme
        if scheme not in ("http", "https"):
            text = f"{place.url} redirects to {location[:200]!r}, and {scheme}:// is not followed"
            return Fault(Cause.REDIRECT_INVALID, Phase.RESPONSE, text)
        return locate(url)
    except ValueError as error:
        text = f"{place.url} redirects to {location[:200]!r}, which is no usable URL ({error})"
        return Fault(Cause.REDIRECT_INVALID, Phase.RESPONSE, text)


def next_request(request: Request, status: int, old: Place, new: Place) -> Request:
    """Return what the next hop sends after `status`.

    303 turns all but HEAD into GET, 301 and 302 turn POST into GET; 307 and 308 change nothing.
    Secrets stay with the origin they were given for. Source: RFC 9110 sections 15.4.2-15.4.9.
    """
    method, headers, body = request.method, request.headers, request.body
    if (status == 303 and method not in ("GET", "HEAD")) or (status in (301, 302) and method == "POST"):
        method, body = "GET", None
        headers = tuple(pair for pair in headers if pair[0].lower() not in _CONTENT_HEADERS)
    if headers and not _is_same_origin(old, new):
        headers = tuple(pair for pair in headers if not _is_secret(pair[0].lower()))
    return Request(method, headers, body)


def _is_same_origin(old: Place, new: Place) -> bool:
    """Tell whether `new` is `old`'s origin, or the same host stepping up from port 80 to 443."""
    stepping_up = (old.scheme, old.port, new.scheme, new.port) == ("http", 80, "https", 443)
    return old.origin == new.origin or (old.host == new.host and stepping_up)


def _is_secret(name: str) -> bool:
    return name in _SECRET_HEADERS or any(word in name for word in _SECRET_WORDS)
