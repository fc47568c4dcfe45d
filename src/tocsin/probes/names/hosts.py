"""What the machine itself knows of names: the hosts file, localhost, and the search list of resolv.conf."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = ("127.0.0.1", "::1")


class HostsFile:
    """The hosts file, read again whenever it has changed."""

    def __init__(self, path: str = "/etc/hosts") -> None:
        self._path = Path(path)
        self._stamp: tuple[int, int] | None = None
        self._names: dict[str, tuple[str, ...]] = {}

    def look_up(self, name: str) -> tuple[str, ...]:
        """Return the addresses of `name` (lower case), in the file's order; empty where it is not listed.

        localhost and names under it are loopback, whatever else is said. Source: RFC 6761 section 6.3.
        """
        listed = self._read().get(name, ())
        return listed or (LOOPBACK if is_local(name) else ())

    def _read(self) -> dict[str, tuple[str, ...]]:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                self._names = _parse_hosts(self._path.read_text(encoding="utf-8", errors="replace"))
                self._stamp = stamp
        except OSError:
            self._names, self._stamp = {}, None
        return self._names


def is_local(name: str) -> bool:
    """Tell whether `name` (lower case) is localhost or under it; no name server knows of those."""
    return name == "localhost" or name.endswith(".localhost")


def _parse_hosts(text: str) -> dict[str, tuple[str, ...]]:
    names: dict[str, list[str]] = {}
    for line in text.splitlines():
        address, *aliases = line.partition("#")[0].split() or [""]
        try:
            address = str(ipaddress.ip_address(address))
        except ValueError:
            continue
        for alias in aliases:
            addresses = names.setdefault(alias.lower().rstrip("."), [])
            if address not in addresses:
                addresses.append(address)
    return {name: tuple(addresses) for name, addresses in names.items()}


@dataclass(frozen=True, slots=True)
class SearchList:
    """The domains that short names are tried under. Source: resolv.conf(5), `search` and `ndots`."""

    domains: tuple[str, ...] = ()
    ndots: int = 1

    @classmethod
    def read(cls, path: str = "/etc/resolv.conf") -> "SearchList":
        """Read it from `path`; a missing file has none."""
        try:
            lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return cls()
        domains: tuple[str, ...] = ()
        ndots = 1
        for line in lines:
            word, *values = line.split() or [""]
            if word in ("search", "domain"):
                domains = tuple(value.strip(".") for value in values if value.strip("."))
            elif word == "options":
                given = [value[6:] for value in values if value.startswith("ndots:") and value[6:].isdigit()]
                ndots = int(given[-1]) if given else ndots
        return cls(domains, ndots)

    def candidates(self, name: str) -> list[str]:
        """Return the full names to ask for, in order.

        A name with a dot is first asked for as it is, whatever `ndots` says: the search list of a cluster
        would otherwise cost several look-ups for each public name.
        """
        if name.endswith(".") or name.count(".") >= self.ndots:
            return [name]
        searched = [f"{name}.{domain}" for domain in self.domains]
        return [name, *searched] if "." in name else [*searched, name]
