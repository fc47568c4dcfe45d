"""The HTTP probe: one check from name to body, redirects followed by ourselves.

Whether a complete answer is good news is judged elsewhere; here only what keeps it from being complete is a cause.
"""

from datetime import datetime
from time import perf_counter

from tocsin.model.enums import Cause, Phase
from tocsin.model.results import CheckResult, Hop, Phases
from tocsin.model.times import utcnow
from tocsin.probes.curl.faults import plain_on_tls_port
from tocsin.probes.curl.phases import add_up
from tocsin.probes.fault import Fault
from tocsin.probes.place import locate
from tocsin.probes.target import Target
from tocsin.probes.tools import Tools
from tocsin.probes.web.answers import body_texts, first_header
from tocsin.probes.web.cookies import CookieJar
from tocsin.probes.web.hop import Attempt, Seen, run_hop
from tocsin.probes.web.redirects import REDIRECT_CODES, next_place, next_request
from tocsin.probes.web.requests import first_request
from tocsin.probes.web.second_look import look_again


async def probe(target: Target, tools: Tools) -> CheckResult:
    """Look at `target` once. Faults of the world are the result's `cause`; `status` is left to the judge.

    Raises:
        ValueError: `target.url` is no URL that a probe understands.
    """
    started_at, started = utcnow(), perf_counter()
    trail = _Trail(target)
    attempt = Attempt(target, tools, started + target.timeout_s)
    while True:
        seen = await run_hop(attempt, trail.place, trail.request, trail.cookies)
        if _is_redirect(seen, target):
            spent = seen.phases()
            seen.fault = trail.follow(seen, spent)
            if seen.fault is None:
                trail.spent.append(spent)
                continue
        total_ms = (perf_counter() - started) * 1e3
        phases = add_up([*trail.spent, seen.phases()], total_ms) if trail.spent else seen.phases(total_ms)
        if seen.fault is not None:  # after the phases: they are the request's alone
            seen.fault = await look_again(seen.fault, seen.exchange, seen.place, seen.address, attempt.left_s())
        return _result(started_at, phases, trail, seen)


def _is_redirect(seen: Seen, target: Target) -> bool:
    """Tell whether the answer sends us elsewhere and we are to go; a broken body does not keep us."""
    if seen.status not in REDIRECT_CODES or not target.options.follow_redirects:
        return False
    fault = seen.fault
    return fault is None or (fault.phase is Phase.BODY and fault.cause is not Cause.TIMEOUT_BODY)


class _Trail:
    """Where the check has been, and what it sends next."""

    __slots__ = ("_jar", "_known", "cookies", "hops", "place", "request", "spent", "target")

    def __init__(self, target: Target) -> None:
        self.target = target
        self._jar: CookieJar | None = None
        self._known: set[tuple[str, str, str]] = set()
        self.place = locate(target.url)
        self.request = first_request(target.options)
        self.cookies = ""
        self.hops: list[Hop] = []
        self.spent: list[Phases] = []

    def follow(self, seen: Seen, spent: Phases) -> Fault | None:
        """Turn to where the answer points; return why that is not possible, or None."""
        here, status, location = self.place, seen.status or 0, first_header(seen.headers, "location")
        there = next_place(here, location, status)
        if isinstance(there, Fault):
            return there
        self.hops.append(Hop(here.url, status, there.url, spent, seen.address or None))
        self._known.add((self.request.method, here.url, self.cookies))
        if len(self.hops) > self.target.options.max_redirects:
            text = f"More than {self.target.options.max_redirects} redirects; the next would lead to {there.url}"
            return Fault(Cause.REDIRECT_TOO_MANY, Phase.RESPONSE, text)
        self._jar = self._jar or CookieJar()
        self._jar.take_all(seen.headers, here)
        self.request = next_request(self.request, status, here, there)
        self.cookies = self._jar.header(there)
        if (self.request.method, there.url, self.cookies) in self._known:
            return Fault(Cause.REDIRECT_LOOP, Phase.RESPONSE, f"The redirects lead back to {there.url}")
        self.place = there
        return None


def _result(started_at: datetime, phases: Phases, trail: _Trail, seen: Seen) -> CheckResult:
    exchange, fault = seen.exchange, seen.fault
    text, judged = "", None
    if exchange is not None and exchange.head:
        content_type = first_header(seen.headers, "content-type")
        text, judged = body_texts(b"".join(exchange.head), content_type, exchange.body_bytes)
    if fault is None and seen.status == 400:
        fault = plain_on_tls_port(text, seen.place, seen.address)
    tls_version, tls_cipher = exchange.tls_facts if exchange is not None and exchange.tls_line else (None, None)
    target = trail.target
    return CheckResult(
        url=target.url,
        started_at=started_at,
        method=target.options.method,
        cause=fault.cause if fault is not None else None,
        phase=fault.phase if fault is not None else None,
        message=fault.message if fault is not None else "",
        phases=phases,
        http_status_code=seen.status,
        http_version=seen.version,
        address=seen.address or None,
        addresses=seen.addresses,
        redirects=tuple(trail.hops),
        final_url=seen.place.url,
        headers=seen.headers,
        body_head=text,
        body_bytes=exchange.body_bytes if exchange is not None and seen.status is not None else None,
        body_sha256=exchange.digest.hexdigest() if exchange is not None and exchange.digest is not None else None,
        judged_body=judged,
        certificate=seen.certificate,
        tls_version=tls_version,
        tls_cipher=tls_cipher,
    )
