"""Where the time of a check went: libcurl's moments into phases. Pure."""

from tocsin.model.results import Phases
from tocsin.probes.curl.exchange import Exchange


def phases_of(
    exchange: Exchange | None, is_tls: bool, dns_s: float | None, lost_s: float, total_ms: float | None = None
) -> Phases:
    """Return the phases of one hop; the one in which it ended counts up to that end.

    `total_ms` is the wall time of the whole where the hop is all there was, else the phases' own sum is taken.
    `lost_s` went into connections to other addresses of the name and is part of connecting. With a proxy,
    connecting is to the proxy, and opening the tunnel is part of TLS.
    """
    dns_ms = None if dns_s is None else dns_s * 1e3
    if exchange is None:
        return Phases(dns_ms, total_ms=dns_ms if total_ms is None else total_ms)
    total = exchange.total_s
    if total_ms is None:
        total_ms = (lost_s + total) * 1e3 + (dns_ms or 0.0)
    connect = exchange.connect_s
    if not connect:
        return Phases(dns_ms, (lost_s + total) * 1e3, total_ms=total_ms)
    connect_ms = (lost_s + connect) * 1e3
    tls_ms = None
    if is_tls:
        if not exchange.tls_s:
            return Phases(dns_ms, connect_ms, (total - connect) * 1e3, total_ms=total_ms)
        tls_ms = (exchange.tls_s - connect) * 1e3
    sent = exchange.sent_s or exchange.tls_s or connect
    first = exchange.first_byte_s
    if not first:
        return Phases(dns_ms, connect_ms, tls_ms, (total - sent) * 1e3, None, total_ms)
    return Phases(dns_ms, connect_ms, tls_ms, (first - sent) * 1e3, (total - first) * 1e3, total_ms)


def add_up(hops: list[Phases], total_ms: float) -> Phases:
    """Return the sums of the hops' phases, over the wall time of the whole."""
    return Phases(
        _sum([hop.dns_ms for hop in hops]),
        _sum([hop.connect_ms for hop in hops]),
        _sum([hop.tls_ms for hop in hops]),
        _sum([hop.ttfb_ms for hop in hops]),
        _sum([hop.transfer_ms for hop in hops]),
        total_ms,
    )


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
