"""The TLS probe: a handshake with whatever listens there, and the facts of its certificate. Nothing is sent over it."""

from dataclasses import replace
from time import perf_counter

from tocsin.model.results import CheckResult
from tocsin.model.times import utcnow
from tocsin.probes.curl.exchange import Purpose
from tocsin.probes.place import locate
from tocsin.probes.target import Target
from tocsin.probes.tools import Tools
from tocsin.probes.web.hop import Attempt, run_hop
from tocsin.probes.web.redirects import Request

_NOTHING = Request("GET", purpose=Purpose.HANDSHAKE)


async def probe(target: Target, tools: Tools) -> CheckResult:
    """Shake hands with `target` once. Faults of the world are the result's `cause`, the same as of https.

    Raises:
        ValueError: `target.url` is no URL that a probe understands.
    """
    started_at, started = utcnow(), perf_counter()
    place = locate(target.url)
    as_page = locate(f"https://{place.url.removeprefix('tls://')}/")  # what libcurl knows a TLS port by
    seen = await run_hop(Attempt(target, tools, started + target.timeout_s), as_page, _NOTHING, "")
    total_ms = (perf_counter() - started) * 1e3
    fault, exchange = seen.fault, seen.exchange
    tls_version, tls_cipher = exchange.tls_facts if exchange is not None else (None, None)
    return CheckResult(
        url=target.url,
        started_at=started_at,
        cause=fault.cause if fault is not None else None,
        phase=fault.phase if fault is not None else None,
        message=fault.message if fault is not None else "",
        phases=replace(seen.phases(total_ms), ttfb_ms=None, transfer_ms=None),
        address=seen.address or None,
        addresses=seen.addresses,
        final_url=place.url,
        certificate=seen.certificate,
        tls_version=tls_version,
        tls_cipher=tls_cipher,
    )
