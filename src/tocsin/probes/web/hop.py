"""One hop of an HTTP check: name, guard, connection, request and answer. Redirects are followed elsewhere."""

import asyncio
from dataclasses import dataclass
from time import perf_counter

import pycurl

from tocsin.model.results import PeerCertificate, Phases
from tocsin.probes.certificates.facts import facts_of
from tocsin.probes.curl.exchange import Exchange, Purpose
from tocsin.probes.curl.faults import answer_fault, connect_fault, headers_complete, proxy_refusal, timeout_fault
from tocsin.probes.curl.phases import phases_of
from tocsin.probes.curl.tls_faults import (
    certificate_fault,
    handshake_fault,
    is_certificate_fault,
    wants_client_certificate,
)
from tocsin.probes.fault import Fault
from tocsin.probes.place import Place
from tocsin.probes.routes import Route, find_route, literal_route
from tocsin.probes.target import Target
from tocsin.probes.tools import Tools
from tocsin.probes.web.answers import Headers, parse_headers
from tocsin.probes.web.redirects import Request
from tocsin.probes.web.requests import header_lines

_SHORTEST_S = 0.001
_LINE_ENDS = (b"\r\n", b"\n")


@dataclass(slots=True)
class Attempt:
    """What all hops of one attempt share."""

    target: Target
    tools: Tools
    deadline: float  # on the clock of perf_counter

    def left_s(self) -> float:
        """Return what is left of the attempt's time, at least a millisecond."""
        return max(_SHORTEST_S, self.deadline - perf_counter())


@dataclass(slots=True)
class Seen:
    """What one hop saw."""

    place: Place
    lines: list[bytes] | None = None  # the header lines sent
    address: str = ""
    addresses: tuple[str, ...] = ()
    exchange: Exchange | None = None
    fault: Fault | None = None
    dns_s: float | None = None
    lost_s: float = 0.0  # on addresses that did not accept the connection
    version: str | None = None
    status: int | None = None
    headers: Headers = ()
    certificate: PeerCertificate | None = None

    def phases(self, total_ms: float | None = None) -> Phases:
        """Return where this hop's time went; `total_ms` is the whole check's where this hop is all of it."""
        return phases_of(self.exchange, self.place.is_tls, self.dns_s, self.lost_s, total_ms)


async def run_hop(attempt: Attempt, place: Place, request: Request, cookies: str) -> Seen:
    """Send `request` with `cookies` to `place` over one fresh connection."""
    seen = Seen(place, header_lines(request, cookies))
    options = attempt.target.options
    if place.literal is not None and options.proxy is None:
        route = literal_route(place, options.address_family, attempt.tools)
    else:
        began = perf_counter()
        route = await find_route(place, options, attempt.tools, attempt.left_s())
        seen.dns_s = perf_counter() - began
    if isinstance(route, Fault):
        seen.fault = route
        return seen
    seen.addresses = route.addresses
    if place.is_tls:
        await _ask_over_tls(attempt, seen, route, request)
    else:
        seen.exchange = await _ask(attempt, seen, route, request, True, False)
    _read_answer(attempt, seen, request)
    return seen


async def _ask_over_tls(attempt: Attempt, seen: Seen, route: Route, request: Request) -> None:
    """Ask, and see to it that the chain is read whenever verification fails.

    Without verification wanted, a verified handshake goes first where the chain is due: it tells what
    verification would say. It fails, if it does, before the request is sent, so nothing is asked twice.
    """
    wanted, due = attempt.target.options.verify_tls, attempt.target.read_certificate
    verify = wanted or due
    exchange = await _ask(attempt, seen, route, request, verify, due)
    if is_certificate_fault(exchange) and not exchange.chain:
        exchange = await _ask(attempt, seen, route, request, verify, True)
    if exchange.chain:
        seen.certificate = _certificate(exchange, seen.place, attempt.tools)
    if not wanted and is_certificate_fault(exchange):
        exchange = await _ask(attempt, seen, route, request, False, True)
    seen.exchange = exchange


async def _ask(attempt: Attempt, seen: Seen, route: Route, request: Request, verify: bool, read: bool) -> Exchange:
    """Run one exchange with the first of the route's addresses that accepts a connection."""
    place, engine = seen.place, attempt.tools.engine
    seen.lost_s = 0.0
    last = len(route.connect_to) - 1
    for index, pin in enumerate(route.connect_to):
        seen.address = route.addresses[index]
        left = attempt.left_s()
        exchange = Exchange(
            place.url, left, request.method, seen.lines, request.body, None if pin is None else f"{pin}{place.port}",
            verify, read, route.proxy, route.proxy_pin, request.purpose, attempt.target.keep_bytes,
        )  # fmt: skip
        if index == last:
            await engine.run(exchange)
            break
        began, share = perf_counter(), left / (last + 1 - index)
        timer = asyncio.get_running_loop().call_later(share, engine.give_up_connecting, exchange)
        try:
            await engine.run(exchange)
        finally:
            timer.cancel()
        if exchange.connect_s or exchange.code == 0:
            break
        seen.lost_s += perf_counter() - began
    return exchange


def _certificate(exchange: Exchange, place: Place, tools: Tools) -> PeerCertificate | None:
    chain = facts_of(exchange.chain)
    if not chain:
        return None
    if not is_certificate_fault(exchange):
        return PeerCertificate(chain, verified=True)
    return PeerCertificate(chain, verified=False, verify_error=certificate_fault(exchange, place, tools.trust).message)


def _read_answer(attempt: Attempt, seen: Seen, request: Request) -> None:
    """Take status and headers from the exchange, and name the fault if it failed."""
    exchange = seen.exchange
    assert exchange is not None  # noqa: S101 (asked just before)
    if exchange.lines:
        seen.version, seen.status, seen.headers = parse_headers(exchange.lines)
    if exchange.primary_ip:
        seen.address = exchange.primary_ip
    if exchange.code or seen.status is None or _ends_in_headers(exchange.lines):
        is_done = exchange.code == 0 and request.purpose is Purpose.HANDSHAKE
        seen.fault = None if is_done else _explain(attempt, seen, exchange)


def _ends_in_headers(lines: list[bytes]) -> bool:
    """Tell whether the connection was closed amid the headers; libcurl takes what came for a whole answer."""
    return bool(lines) and lines[-1] not in _LINE_ENDS and not headers_complete(lines)  # trailers are lines too


def _explain(attempt: Attempt, seen: Seen, exchange: Exchange) -> Fault:
    place, address = seen.place, seen.address
    if exchange.code == pycurl.E_OPERATION_TIMEDOUT:
        target = attempt.target
        return timeout_fault(exchange, place, address, target.timeout_s, target.options.timeout)
    if not exchange.connect_s:
        return connect_fault(exchange, place, address)
    refused = proxy_refusal(exchange)
    if refused is not None:
        return refused
    if is_certificate_fault(exchange):
        return certificate_fault(exchange, place, attempt.tools.trust)
    if place.is_tls and (not exchange.tls_s or wants_client_certificate(exchange)):
        return handshake_fault(exchange, place, address)
    return answer_fault(exchange, place, address)
