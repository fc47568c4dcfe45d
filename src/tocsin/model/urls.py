"""What a website's URL may be, and when two URLs are the same website."""

import re
from ipaddress import IPv6Address
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

import idna

SCHEMES = ("http", "https")
"""URL schemes that have a probe. `probes.PROBES` has exactly these keys."""

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_URL_LENGTH = 2048
_PATH_SAFE = "/%:@!$&'()*+,;=~-._"
_QUERY_SAFE = _PATH_SAFE + "?[]"
_HOST = re.compile(r"[a-z0-9_~-]+(?:\.[a-z0-9_~-]+)*\.?")


def check_url(url: str) -> str:
    """Return `url` trimmed of white space, as the user wrote it otherwise.

    Raises:
        ValueError: it is no URL that a probe understands; the text says what to write instead.
    """
    url = url.strip()
    if not url:
        raise ValueError("a URL is needed, for example https://example.com")
    if len(url) > MAX_URL_LENGTH:
        raise ValueError(f"the URL has {len(url)} characters; at most {MAX_URL_LENGTH} are allowed")
    if any(ord(character) < 0x21 or ord(character) == 0x7F for character in url):
        raise ValueError("the URL contains white space or control characters; percent-encode them")
    normalise_url(url)
    return url


def normalise_url(url: str) -> str:
    """Return the form in which two URLs of one website are equal, and that is sent on the wire.

    Scheme and host in lower case, international names as IDNA 2008 (UTS 46), IPv6 addresses in their shortest
    form, the scheme's default port and the fragment left out, an empty path as "/", characters outside ASCII
    percent-encoded. Source: RFC 3986 section 6.2, RFC 5952.

    Raises:
        ValueError: the URL has no known scheme, no host, or a port out of range.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{url!r} is not a URL: {error}") from error
    scheme = parts.scheme.lower()
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise ValueError(f"{url!r} must start with one of {known}")
    host = _normalise_host(parts)
    netloc = f"[{host}]" if ":" in host else host
    if port == 0:
        raise ValueError("nobody can listen on port 0")
    if port is not None and port != DEFAULT_PORTS[scheme]:
        netloc = f"{netloc}:{port}"
    if parts.username is not None:
        raise ValueError("credentials do not belong in the URL; use the option auth")
    path = quote(parts.path or "/", safe=_PATH_SAFE)
    return urlunsplit((scheme, netloc, path, quote(parts.query, safe=_QUERY_SAFE), ""))


def origin_of(url: str) -> tuple[str, str]:
    """Return scheme and authority of a valid URL, normalised: what credentials belong to."""
    parts = urlsplit(normalise_url(url))
    return parts.scheme, parts.netloc


def _normalise_host(parts: SplitResult) -> str:
    host = parts.hostname
    if not host:
        raise ValueError("the URL has no host, for example https://example.com")
    if ":" in host:
        return IPv6Address(host).compressed
    if not host.isascii():
        host = _to_ascii(host)
    if not _HOST.fullmatch(host):
        raise ValueError(f"{host!r} is not a host name")
    return host


def _to_ascii(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(f"{host!r} is not a valid international host name: {error}") from error
