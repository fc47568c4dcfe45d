"""What a website's URL may be, and when two URLs are the same website."""

import re
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

import idna

from tocsin.model.heartbeats.keys import PREFIX, complete_url, is_heartbeat, normalise_key

SCHEMES = ("http", "https", "ws", "wss", "tcp", "tls", "dns", "icmp")
"""URL schemes that have a probe. `probes.PROBES` has exactly these keys. Nobody looks at a heartbeat: it has none."""

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "dns": 53}
RECORD_TYPES = ("A", "AAAA", "CNAME", "MX", "NS", "TXT", "SOA", "SRV", "PTR", "CAA")
"""What a dns:// check can ask for."""

MAX_URL_LENGTH = 2048
MAX_NAME_LENGTH = 253
_PATH_SAFE = "/%:@!$&'()*+,;=~-._"
_QUERY_SAFE = _PATH_SAFE + "?[]"
_HOST = re.compile(r"[a-z0-9_~-]+(?:\.[a-z0-9_~-]+)*\.?")
_DNS_NAME = re.compile(r"[a-z0-9_*-]{1,63}(?:\.[a-z0-9_*-]{1,63})*")


def check_url(url: str) -> str:
    """Return `url` trimmed of white space, as the user wrote it otherwise; a heartbeat without a key is given one.

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
    if is_heartbeat(url):
        return complete_url(url)
    normalise_url(url)
    return url


def normalise_url(url: str) -> str:
    """Return the form in which two URLs of one website are equal, and that is sent on the wire.

    Scheme and host in lower case, international names as IDNA 2008 (UTS 46), IPv6 addresses in their shortest
    form, the scheme's default port and the fragment left out, an empty path as "/", characters outside ASCII
    percent-encoded; a dns:// URL always with its type. Source: RFC 3986 section 6.2, RFC 5952, RFC 4501.

    Raises:
        ValueError: the URL has no known scheme, no host, or a port out of range.
    """
    if is_heartbeat(url):
        return normalise_key(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{url!r} is not a URL: {error}") from error
    scheme = parts.scheme.lower()
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise ValueError(f"{url!r} must start with one of {known}, {PREFIX}")
    if port == 0:
        raise ValueError("nobody can listen on port 0")
    normalise = {"tcp": _normalise_service, "tls": _normalise_service, "dns": _normalise_question, "icmp": _machine}
    return normalise.get(scheme, _normalise_page)(parts, scheme, port)


def _normalise_page(parts: SplitResult, scheme: str, port: int | None) -> str:
    """http, https, ws, wss: a host, perhaps a port, a path and a query."""
    netloc = _authority(parts, scheme, port)
    if parts.username is not None:
        raise ValueError("credentials do not belong in the URL; use the option auth")
    path = quote(parts.path or "/", safe=_PATH_SAFE)
    return urlunsplit((scheme, netloc, path, quote(parts.query, safe=_QUERY_SAFE), ""))


def _normalise_service(parts: SplitResult, scheme: str, port: int | None) -> str:
    """tcp, tls: a host and a port."""
    example = "tls://example.com:443" if scheme == "tls" else "tcp://example.com:5432"
    _refuse_rest(parts, scheme, example)
    netloc = _authority(parts, scheme, port, example)
    if port is None:
        raise ValueError(f"a {scheme}:// URL needs a port, for example {example}")
    return f"{scheme}://{netloc}"


def _machine(parts: SplitResult, scheme: str, port: int | None) -> str:
    """icmp: a host alone."""
    _refuse_rest(parts, scheme, "icmp://example.com")
    if port is not None:
        raise ValueError("an icmp:// URL has no port: echo requests go to a machine, for example icmp://example.com")
    return f"icmp://{_authority(parts, scheme, None, 'icmp://example.com')}"


_DNS_EXAMPLE = "dns://192.0.2.53/example.com?type=MX, or dns:///example.com for the system's name servers"


def _normalise_question(parts: SplitResult, scheme: str, port: int | None) -> str:
    """dns: the name server, or none for the system's, then the name and the type that it is asked for."""
    if parts.username is not None or parts.fragment:
        raise ValueError(f"a dns:// URL is a name server, a name and a type, for example {_DNS_EXAMPLE}")
    if port is not None and not parts.hostname:
        raise ValueError(f"a port needs a name server, for example {_DNS_EXAMPLE}")
    netloc = _authority(parts, scheme, port) if parts.netloc.strip(":") else ""
    kind = _record_type(parts.query)
    return f"dns://{netloc}/{_question_name(parts.path.removeprefix('/'), kind)}?type={kind}"


def _record_type(query: str) -> str:
    kind = "A"
    for pair in filter(None, re.split("[&;]", query)):
        name, _, value = pair.partition("=")
        if name.lower() != "type":
            raise ValueError(f"a dns:// URL knows no {name!r}, only the type, for example dns:///example.com?type=MX")
        kind = value.upper()
    if kind not in RECORD_TYPES:
        raise ValueError(f"{kind!r} is none of the record types {', '.join(RECORD_TYPES)}")
    return kind


def _question_name(name: str, kind: str) -> str:
    if not name:
        raise ValueError(f"a dns:// URL needs the name to ask for, for example {_DNS_EXAMPLE}")
    if name == ".":
        return name
    try:
        address = ip_address(name)
    except ValueError:
        name = (name if name.isascii() else _to_ascii(name)).lower().removesuffix(".")
        if not _DNS_NAME.fullmatch(name) or len(name) > MAX_NAME_LENGTH:
            raise ValueError(f"{name!r} is not a domain name") from None
        return name
    if kind != "PTR":
        raise ValueError(f"{name} is an address: its name is asked for with ?type=PTR")
    return address.reverse_pointer


def _refuse_rest(parts: SplitResult, scheme: str, example: str) -> None:
    """Refuse what only the URL of a page has."""
    for part, given in (
        ("path", parts.path.removeprefix("/")),
        ("query", parts.query),
        ("fragment", parts.fragment),
        ("user", parts.username),
    ):
        if given:
            raise ValueError(f"the {part} {given!r} means nothing in a {scheme}:// URL; write for example {example}")


def _authority(parts: SplitResult, scheme: str, port: int | None, example: str = "https://example.com") -> str:
    """Return host and port, the port only where it is not the scheme's own."""
    host = _normalise_host(parts, example)
    netloc = f"[{host}]" if ":" in host else host
    return netloc if port is None or port == DEFAULT_PORTS.get(scheme) else f"{netloc}:{port}"


def short_name(url: str) -> str:
    """Return what people call a valid URL: host and port as it was written, or what a name server is asked for."""
    parts = urlsplit(url)
    if parts.scheme.lower() != "dns":
        return parts.netloc
    asked = urlsplit(normalise_url(url))
    return f"{asked.path[1:]} {asked.query.partition('=')[2]}"


def origin_of(url: str) -> tuple[str, str]:
    """Return scheme and authority of a valid URL, normalised: what credentials belong to."""
    parts = urlsplit(normalise_url(url))
    return parts.scheme, parts.netloc


def _normalise_host(parts: SplitResult, example: str) -> str:
    host = parts.hostname
    if not host:
        raise ValueError(f"the URL has no host, for example {example}")
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
