"""The TCP probe: does a port accept connections, and, where something is expected of it, what does it say first?"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

from tocsin.model.enums import Cause, Phase
from tocsin.model.results import BODY_HEAD_BYTES, CheckResult, Phases
from tocsin.model.times import utcnow
from tocsin.probes.fault import Fault, limit_text, seconds
from tocsin.probes.place import Place, locate
from tocsin.probes.routes import find_addresses
from tocsin.probes.sockets import Dialled, dial, receive
from tocsin.probes.target import Target
from tocsin.probes.tools import Tools
from tocsin.probes.web.answers import decode_body

LONGEST_WAIT_S = 5.0
"""So long a banner is waited for, in seconds; less where the attempt has less left."""

_QUIET_S = 0.2  # after which a banner without a line's end counts as whole


@dataclass(slots=True)
class _Seen:
    """What one attempt saw."""

    place: Place
    addresses: tuple[str, ...] = ()
    dns_s: float | None = None
    dialled: Dialled | None = None
    banner: bytes = b""
    first_byte_s: float | None = None  # since the connection stood
    said_s: float | None = None  # since the first byte
    fault: Fault | None = None


async def probe(target: Target, tools: Tools) -> CheckResult:
    """Connect to `target` once. Faults of the world are the result's `cause`.

    Raises:
        ValueError: `target.url` is no URL that a probe understands.
    """
    started_at, started = utcnow(), perf_counter()
    seen = _Seen(locate(target.url))
    await _look(target, tools, seen, started + target.timeout_s)
    return _result(target, seen, started_at, (perf_counter() - started) * 1e3)


async def _look(target: Target, tools: Tools, seen: _Seen, deadline: float) -> None:
    began = perf_counter()
    found = await find_addresses(seen.place, target.options, tools, deadline - began)
    if seen.place.literal is None:
        seen.dns_s = perf_counter() - began
    if isinstance(found, Fault):
        seen.fault = found
        return
    seen.addresses = found
    seen.dialled = await dial(seen.place, found, deadline, (target.timeout_s, target.options.timeout))
    seen.fault = seen.dialled.fault
    if seen.dialled.connection is not None:
        with seen.dialled.connection:
            if target.wants_body:
                await _listen(target, seen, deadline)


async def _listen(target: Target, seen: _Seen, deadline: float) -> None:
    """Take what the server says by itself: up to the end of a line, of the stream, or a short silence."""
    assert seen.dialled is not None  # noqa: S101 (it stands)
    connection, where = seen.dialled.connection, seen.place.at(seen.dialled.address)
    assert connection is not None  # noqa: S101 (as above)
    began = perf_counter()
    wait_s = min(LONGEST_WAIT_S, deadline - began)
    try:
        while not seen.banner.endswith(b"\n") and len(seen.banner) < BODY_HEAD_BYTES:
            left = began + wait_s - perf_counter()
            piece = await receive(connection, min(left, _QUIET_S) if seen.banner else left)
            if not piece:
                break
            if not seen.banner:
                seen.first_byte_s = perf_counter() - began
            seen.banner += piece
    except OSError as error:
        seen.fault = Fault(Cause.RESET, Phase.RESPONSE, f"{where} broke the connection ({error.strerror or error})")
        return
    if seen.banner:
        seen.said_s = perf_counter() - began - (seen.first_byte_s or 0.0)
    elif piece is None:
        waited = seconds(wait_s) if wait_s == LONGEST_WAIT_S else limit_text(target.timeout_s, target.options.timeout)
        text = f"{where} accepted the connection but said nothing within {waited}"
        seen.fault = Fault(Cause.TIMEOUT_FIRST_BYTE, Phase.RESPONSE, text)
    else:
        text = f"{where} accepted the connection and closed it without a byte"
        seen.fault = Fault(Cause.EMPTY_REPLY, Phase.RESPONSE, text)


def _result(target: Target, seen: _Seen, started_at: datetime, total_ms: float) -> CheckResult:
    fault, dialled, has_banner = seen.fault, seen.dialled, bool(seen.banner)
    return CheckResult(
        url=target.url,
        started_at=started_at,
        cause=fault.cause if fault is not None else None,
        phase=fault.phase if fault is not None else None,
        message=fault.message if fault is not None else "",
        phases=Phases(
            dns_ms=_ms(seen.dns_s),
            connect_ms=_ms(dialled.connect_s) if dialled is not None else None,
            ttfb_ms=_ms(seen.first_byte_s),
            transfer_ms=_ms(seen.said_s),
            total_ms=total_ms,
        ),
        address=dialled.address if dialled is not None else None,
        addresses=seen.addresses,
        final_url=seen.place.url,
        body_head=decode_body(seen.banner[:BODY_HEAD_BYTES], None, is_cut=False),
        body_bytes=len(seen.banner) if has_banner else None,
        body_sha256=hashlib.sha256(seen.banner).hexdigest() if has_banner else None,
    )


def _ms(value_s: float | None) -> float | None:
    return None if value_s is None else value_s * 1e3
