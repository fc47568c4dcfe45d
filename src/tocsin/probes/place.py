"""Where a URL points: its normal form taken apart once."""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from tocsin.model.urls import DEFAULT_PORTS, normalise_url

_OVER_TLS = ("https", "wss", "tls")


@dataclass(frozen=True, slots=True)
class Place:
    """A URL's parts, as connecting needs them."""

    url: str  # normalised, as it is sent
    scheme: str
    host: str  # a name in ASCII, or an address without brackets
    port: int  # 0 where the scheme knows none
    literal: str | None  # the address, where the host is one

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port (RFC 6454)."""
        return self.scheme, self.host, self.port

    @property
    def is_tls(self) -> bool:
        """True where the scheme means TLS."""
        return self.scheme in _OVER_TLS

    def at(self, address: str) -> str:
        """Return "address:port", or the host's where no address is known."""
        host = address or self.host
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


@lru_cache(maxsize=16384)
def locate(url: str) -> Place:
    """Take `url` apart.

    Raises:
        ValueError: it is no URL that a probe understands.
    """
    url = normalise_url(url)
    parts = urlsplit(url)
    host = parts.hostname or ""
    return Place(url, parts.scheme, host, parts.port or DEFAULT_PORTS.get(parts.scheme, 0), as_literal(host))


def as_literal(host: str) -> str | None:
    """Return `host` in the usual form where it is an address, else None."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None
