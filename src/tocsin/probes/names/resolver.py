"""From a name to its addresses: asked anew for each check, never cached, and each within its own time.

aiodns (c-ares) asks; the hosts file and literals are looked at elsewhere first. Connecting lives elsewhere.
"""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import aiodns
import pycares

from tocsin.errors import SettingsInvalid
from tocsin.model.enums import AddressFamily, Cause, Phase
from tocsin.probes.fault import Fault, limit_text
from tocsin.probes.names.hosts import HostsFile, SearchList, is_local

SECOND_FAMILY_WAIT_S = 0.05
"""How long IPv6 addresses are waited for once IPv4 ones are there. Source: RFC 8305 section 3."""

_TRY_TIMEOUT_MS = 2000
_TRIES = 4
_TIMED_OUT = -1
_NOT_FOUND = (pycares.errno.ARES_ENOTFOUND, pycares.errno.ARES_ENODATA)
_MALFORMED = (pycares.errno.ARES_EBADNAME, pycares.errno.ARES_EBADSTR)
_OPT_QUERY_CACHE = 1 << 21  # ares.h, ARES_OPT_QUERY_CACHE


class Names:
    """Resolves names for one event loop at a time. Close it before the loop ends.

    Raises:
        SettingsInvalid: a name server is not written as c-ares reads it.
    """

    def __init__(
        self,
        name_servers: Sequence[str] | None = None,
        hosts_path: str = "/etc/hosts",
        search: SearchList | None = None,
    ) -> None:
        self._name_servers = _checked(name_servers)
        self._hosts = HostsFile(hosts_path)
        self._search = search or (SearchList.read() if name_servers is None else SearchList())
        self._resolver: _UncachedResolver | None = None

    async def resolve(
        self, name: str, family: AddressFamily, time_left_s: float, wanted_s: float = 0.0
    ) -> tuple[str, ...] | Fault:
        """Return the addresses of `name`, IPv4 before IPv6, or why there are none.

        A time-out says so where `time_left_s` is less than the `wanted_s` that the check has at best.
        """
        listed = self._hosts.look_up(name.rstrip(".").lower())
        usable = of_family(listed, family)
        if usable:
            return usable
        if listed and is_local(name.rstrip(".").lower()):
            return _no_address(name, family)
        number = await self._search_for(name, family, time_left_s)
        if isinstance(number, tuple):
            return number
        if listed and number in _NOT_FOUND:
            return _no_address(name, family)
        return self._explain(name, family, number, limit_text(time_left_s, wanted_s))

    async def _search_for(self, name: str, family: AddressFamily, time_left_s: float) -> tuple[str, ...] | int:
        """Return the first addresses along the search list, or the number of the error that tells most."""
        worst = int(pycares.errno.ARES_ENOTFOUND)
        deadline = asyncio.get_running_loop().time() + time_left_s
        for candidate in self._search.candidates(name):
            left = deadline - asyncio.get_running_loop().time()
            answer = await self._ask(candidate, family, max(0.0, left))
            if isinstance(answer, tuple) or answer not in _NOT_FOUND:
                return answer
            if answer == pycares.errno.ARES_ENODATA:
                worst = answer
        return worst

    async def _ask(self, name: str, family: AddressFamily, left_s: float) -> tuple[str, ...] | int:
        """Return the addresses, or the number of c-ares' error."""
        v4 = self._query(name, "A") if family is not AddressFamily.IPV6 else None
        v6 = self._query(name, "AAAA") if family is not AddressFamily.IPV4 else None
        try:
            if v4 is None or v6 is None:
                return await _answer(v4 or v6, left_s)
            return await _both(v4, v6, left_s)
        finally:
            for query in (v4, v6):
                if query is not None:
                    query.cancel()

    def servers(self) -> list[tuple[str, int]]:
        """Return address and port of the name servers that are asked."""
        return [_address_and_port(server) for server in self._opened().servers()]

    def _opened(self) -> "_UncachedResolver":
        if self._resolver is None:
            self._resolver = _UncachedResolver(self._name_servers)
        return self._resolver

    def _query(self, name: str, kind: str) -> "asyncio.Future[Any]":
        query = self._opened().query_dns(name, kind)
        query.add_done_callback(_look_at)
        return query

    def _explain(self, name: str, family: AddressFamily, number: int, limit: str) -> Fault:
        servers = ", ".join(self._resolver.nameservers) if self._resolver is not None else ""
        if number == _TIMED_OUT:
            text = f"No name server (asked {servers}) answered for {name} within {limit}"
            return Fault(Cause.DNS_TIMEOUT, Phase.DNS, text)
        if number == pycares.errno.ARES_ETIMEOUT:
            text = f"No name server (asked {servers}) answered for {name} after {_TRIES} tries"
            return Fault(Cause.DNS_TIMEOUT, Phase.DNS, text)
        if number == pycares.errno.ARES_ENODATA:
            return _no_address(name, family)
        if number == pycares.errno.ARES_ENOTFOUND:
            return Fault(Cause.DNS_NOT_FOUND, Phase.DNS, f"The name {name} does not exist (NXDOMAIN)")
        if number in _MALFORMED:
            return Fault(Cause.DNS_NOT_FOUND, Phase.DNS, f"{name} is not a valid host name")
        reason = _REASONS.get(number, f"c-ares error {number}")
        text = f"The name server could not resolve {name}: {reason} (asked {servers})"
        return Fault(Cause.DNS_SERVER_FAILURE, Phase.DNS, text)

    async def aclose(self) -> None:
        """Cancel what is under way and free the resolver; it is made anew when next needed."""
        resolver, self._resolver = self._resolver, None
        if resolver is not None:
            await resolver.close()
            # c-ares reports the cancelled queries from its own thread; let them arrive while the loop lives.
            await asyncio.sleep(0)


_REASONS = {
    pycares.errno.ARES_ESERVFAIL: "it failed itself (SERVFAIL)",
    pycares.errno.ARES_EREFUSED: "it refused to answer (REFUSED)",
    pycares.errno.ARES_ECONNREFUSED: "nothing answers on its port (connection refused)",
    pycares.errno.ARES_ENOTIMP: "it does not know this kind of question (NOTIMP)",
    pycares.errno.ARES_EFORMERR: "it did not understand the question (FORMERR)",
    pycares.errno.ARES_EBADRESP: "its answer is malformed",
}


def of_family(addresses: Sequence[str], family: AddressFamily) -> tuple[str, ...]:
    """Return those of `addresses` that `family` allows, IPv4 before IPv6."""
    v4 = tuple(one for one in addresses if ":" not in one) if family is not AddressFamily.IPV6 else ()
    v6 = tuple(one for one in addresses if ":" in one) if family is not AddressFamily.IPV4 else ()
    return v4 + v6


def _no_address(name: str, family: AddressFamily) -> Fault:
    wanted = {"any": "exists but has no address", "ipv4": "has no IPv4 address", "ipv6": "has no IPv6 address"}[family]
    return Fault(Cause.DNS_NOT_FOUND, Phase.DNS, f"The name {name} {wanted}")


def _look_at(query: "asyncio.Future[Any]") -> None:
    """Mark the exception of an abandoned query as seen."""
    if not query.cancelled():
        query.exception()


async def _answer(query: "asyncio.Future[Any] | None", left_s: float) -> tuple[str, ...] | int:
    assert query is not None  # noqa: S101 (one family at least is always asked for)
    await asyncio.wait((query,), timeout=left_s)
    return _outcome(query)


async def _both(v4: "asyncio.Future[Any]", v6: "asyncio.Future[Any]", left_s: float) -> tuple[str, ...] | int:
    """Wait for IPv4, which is tried first, then a little or as long as needed for IPv6."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + left_s
    first = await _answer(v4, left_s)
    left = max(0.0, deadline - loop.time())
    second = await _answer(v6, min(left, SECOND_FAMILY_WAIT_S) if isinstance(first, tuple) else left)
    if isinstance(first, tuple):
        return first + second if isinstance(second, tuple) else first
    if isinstance(second, tuple):
        return second
    # An existing name without IPv4 may fail for IPv6 only: the worse news is the truer.
    return second if first == pycares.errno.ARES_ENODATA else first


def _outcome(query: "asyncio.Future[Any]") -> tuple[str, ...] | int:
    if not query.done():
        return _TIMED_OUT
    error = query.exception()
    if error is not None:
        return int(error.args[0]) if isinstance(error, aiodns.error.DNSError) else int(pycares.errno.ARES_EBADNAME)
    records = (record.data for record in query.result().answer)
    found = tuple(data.addr for data in records if isinstance(data, (pycares.ARecordData, pycares.AAAARecordData)))
    return found or int(pycares.errno.ARES_ENODATA)


class _UncachedResolver(aiodns.DNSResolver):
    """An aiodns resolver on a channel without c-ares' query cache."""

    def _make_channel(self, **_options: Any) -> tuple[bool, pycares.Channel]:
        return True, _UncachedChannel()

    def servers(self) -> list[str]:
        """Return the name servers with their ports; `nameservers` leaves those out."""
        return list(self._channel.servers)


class _UncachedChannel(pycares.Channel):
    """A c-ares channel that asks the name server every time.

    c-ares keeps answers for their time to live unless told otherwise, and pycares has no argument for it.
    A check must see what the name server says now, and how long it takes.
    """

    def __init__(self) -> None:
        ffi, lib = pycares._cares.ffi, pycares._cares.lib  # noqa: SLF001 (there is no public way)
        self._channel = None
        self._lock = threading.RLock()
        self._flags = 0
        self._sock_state_cb_handle = None
        channel, options = ffi.new("ares_channel *"), ffi.new("struct ares_options *")
        options.timeout, options.tries, options.qcache_max_ttl = _TRY_TIMEOUT_MS, _TRIES, 0
        options.evsys = lib.ARES_EVSYS_DEFAULT
        mask = lib.ARES_OPT_TIMEOUTMS | lib.ARES_OPT_TRIES | lib.ARES_OPT_EVENT_THREAD | _OPT_QUERY_CACHE
        if lib.ares_init_options(channel, options, mask) != lib.ARES_SUCCESS:
            raise OSError("c-ares could not be initialised")
        self._channel = channel
        pycares._shutdown_manager.start()  # noqa: SLF001 (as pycares.Channel does)


def _address_and_port(server: str) -> tuple[str, int]:
    """Return what c-ares writes as "192.0.2.53:53" or "[2001:db8::53]:53"."""
    address, _, port = server.rpartition(":")
    return (address.removeprefix("[").removesuffix("]"), int(port)) if port.isdecimal() and address else (server, 53)


def _checked(name_servers: Sequence[str] | None) -> Sequence[str] | None:
    """Return `name_servers` if c-ares can read each of them, so that no look-up fails on one later."""
    if not name_servers:
        return None
    channel, faults = _UncachedChannel(), []
    for server in name_servers:
        try:
            channel.servers = [server.strip() or "(empty)"]
        except (pycares.AresError, ValueError):  # UnicodeError is a ValueError
            faults.append(f"name server {server!r}: write an address, for example 192.0.2.53 or [2001:db8::53]:5353")
    channel.close()
    if faults:
        raise SettingsInvalid(faults)
    return name_servers
