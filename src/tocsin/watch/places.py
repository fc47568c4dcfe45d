"""Which checks stay on this machine: they need no network, and say nothing of it."""

import time
from contextlib import suppress
from urllib.parse import urlsplit

import psutil

from tocsin.model.results import CheckResult

_REREAD_S = 60.0
_own: tuple[float, frozenset[str]] = (0.0, frozenset())


def is_own(result: CheckResult) -> bool:
    """Return whether a check went to this machine itself: loopback, or an address of one of its interfaces."""
    address = result.address or (result.addresses[0] if result.addresses else "")
    if not address:
        host = urlsplit(result.url).hostname or ""
        if host == "localhost" or host.endswith(".localhost"):
            return True
        address = host
    return address.startswith("127.") or address == "::1" or address in _own_addresses()


def _own_addresses() -> frozenset[str]:
    """Return the addresses of this machine, as of a minute ago at most."""
    global _own  # noqa: PLW0603 (a memory of the module's own)
    now = time.monotonic()
    if now >= _own[0]:
        found: set[str] = set()
        with suppress(OSError):  # some sandboxes do not tell
            found.update(one.address.partition("%")[0] for many in psutil.net_if_addrs().values() for one in many)
        _own = (now + _REREAD_S, frozenset(found))
    return _own[1]
