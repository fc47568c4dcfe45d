"""Which address a request goes to: resolved, guarded, and with a proxy the proxy's."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from tocsin.model.enums import AddressFamily, Cause, Phase
from tocsin.model.options import CheckOptions
from tocsin.probes.fault import Fault
from tocsin.probes.place import Place, as_literal
from tocsin.probes.tools import Tools

MAX_ADDRESSES = 3
"""So many addresses of a name are tried, one after another, until one accepts the connection."""

_PROXY_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


@dataclass(frozen=True, slots=True)
class Route:
    """Where to connect. With a proxy, `addresses` are the proxy's and libcurl is told about it by `proxy`."""

    addresses: tuple[str, ...]
    connect_to: tuple[str | None, ...]  # what pins each of them; None where the URL's host is an address already
    proxy: str | None = None
    proxy_pin: str | None = None


async def find_addresses(
    place: Place, options: CheckOptions, tools: Tools, time_left_s: float
) -> tuple[str, ...] | Fault:
    """Return the addresses of `place`, all of them allowed by the guard, or why there are none."""
    return await _addresses(place.host, place.literal, options.address_family, tools, time_left_s, options.timeout)


async def find_route(place: Place, options: CheckOptions, tools: Tools, time_left_s: float) -> Route | Fault:
    """Return the way to `place`, whose host is a name or is reached by a proxy, or why there is none."""
    if options.proxy is not None:
        return await _proxied(place, options.proxy, options, tools, time_left_s)
    found = await _addresses(place.host, None, options.address_family, tools, time_left_s, options.timeout)
    if isinstance(found, Fault):
        return found
    return Route(found, tuple(_pin(address) for address in found[:MAX_ADDRESSES]))


def literal_route(place: Place, family: AddressFamily, tools: Tools) -> Route | Fault:
    """Return the direct way to `place`, whose host is an address, or why there is none."""
    found = _allowed(place.host, _literal(place.host, place.literal or "", family), tools)
    return found if isinstance(found, Fault) else Route(found, (None,))


def _pin(address: str) -> str:
    return f"::[{address}]:" if ":" in address else f"::{address}:"


async def _addresses(
    host: str, literal: str | None, family: AddressFamily, tools: Tools, time_left_s: float, wanted_s: float
) -> tuple[str, ...] | Fault:
    """Return the addresses of `host`, all of them allowed by the guard."""
    if literal is not None:
        return _allowed(host, _literal(host, literal, family), tools)
    return _allowed(host, await tools.names.resolve(host, family, time_left_s, wanted_s), tools)


def _literal(host: str, literal: str, family: AddressFamily) -> tuple[str, ...] | Fault:
    if family is AddressFamily.ANY or (family is AddressFamily.IPV6) == (":" in literal):
        return (literal,)
    wanted = "IPv4" if family is AddressFamily.IPV4 else "IPv6"
    return Fault(Cause.NO_ROUTE, Phase.CONNECT, f"{host} is not an {wanted} address, as the check demands")


def _allowed(host: str, found: tuple[str, ...] | Fault, tools: Tools) -> tuple[str, ...] | Fault:
    """Return what was found, or the guard's objection to one of the addresses."""
    if isinstance(found, Fault):
        return found
    for address in found:
        network = tools.guard.refusal(address)
        if network is not None:
            where = address if as_literal(host) is not None else f"{host} at {address}"
            text = f"Checks must not connect to {where}: it lies in {network} (setting TOCSIN_FORBIDDEN_NETWORKS)"
            return Fault(Cause.ADDRESS_FORBIDDEN, Phase.CONNECT, text)
    return found


async def _proxied(place: Place, proxy: str, options: CheckOptions, tools: Tools, time_left_s: float) -> Route | Fault:
    """Resolve the proxy's name, and the target's only where the proxy wants an address (socks5)."""
    parts = urlsplit(proxy)
    try:
        host, port = parts.hostname or "", parts.port or _PROXY_PORTS[parts.scheme]
    except ValueError as error:
        return Fault(Cause.CONNECT_REFUSED, Phase.CONNECT, f"The proxy's address is not usable ({error})")
    literal = as_literal(host)
    found = await _addresses(host, literal, AddressFamily.ANY, tools, time_left_s, options.timeout)
    if isinstance(found, Fault):
        return found
    connect_to = None
    if place.literal is not None or parts.scheme == "socks5":
        target = await _addresses(
            place.host, place.literal, options.address_family, tools, time_left_s, options.timeout
        )
        if isinstance(target, Fault):
            return target
        connect_to = None if place.literal is not None else _pin(target[0])
    address = found[0]
    bracketed = f"[{address}]" if ":" in address else address
    if parts.scheme == "https" and literal is None:  # its certificate is for the name
        return Route(found, (connect_to,), proxy, f"{host}:{port}:{bracketed}")
    userinfo = parts.netloc.rpartition("@")[0]
    netloc = f"{userinfo}@{bracketed}:{port}" if userinfo else f"{bracketed}:{port}"
    return Route(found, (connect_to,), f"{parts.scheme}://{netloc}")
