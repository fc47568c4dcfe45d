"""What a check saw, as lines for people and as metadata of the alert. Pure."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from tocsin.model.alerting.events import EventFacts, WebsiteFacts
from tocsin.model.times import isoformat

_PHASES = (("dns_ms", "DNS"), ("connect_ms", "connect"), ("tls_ms", "TLS"), ("ttfb_ms", "first byte"),
           ("transfer_ms", "transfer"))  # fmt: skip
_HOPS = 5


def evidence_of(event: EventFacts) -> list[str]:
    """Return why, one fact a line: what was seen, from where, how long it took, since when it was well."""
    return [line for line in _lines(event) if line]


def metadata_of(event: EventFacts, website: WebsiteFacts) -> dict[str, Any]:
    """Return the facts of an event that others may compute with."""
    seen = event.evidence
    facts = {
        "website_id": website.id,
        "url": website.url,
        "cause": event.details.get("cause"),
        "phase": event.details.get("phase"),
        "reason": event.reason,
        "http_status_code": event.http_status_code,
        "response_time_ms": event.response_time_ms,
        "attempts": event.attempts,
        "address": seen.get("address"),
        "addresses": seen.get("addresses"),
        "phases": seen.get("phases"),
        "redirects": seen.get("redirects"),
        "final_url": seen.get("final_url"),
        "check_id": event.check_id,
        "downtime_id": event.downtime_id,
        "last_good_at": None if event.last_good_at is None else isoformat(event.last_good_at),
    }
    return {name: value for name, value in facts.items() if value not in (None, [], {})}


def duration_text(span: timedelta) -> str:
    """Return a duration in its two largest units: "4 min 10 s"."""
    left = max(0, round(span.total_seconds()))
    parts: list[tuple[int, str]] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count or parts:
            parts.append((count, unit))
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count) or "0 s"


def _lines(event: EventFacts) -> Iterator[str | None]:
    cause, phase = event.details.get("cause"), event.details.get("phase")
    if cause:
        yield f"Cause: {cause}" + (f", in the phase {phase}" if phase else "")
    if event.http_status_code is not None:
        yield f"It answered HTTP {event.http_status_code}"
    yield _address(event.evidence)
    yield _phases(event.evidence.get("phases") or {})
    yield from _hops(event.evidence)
    if event.attempts > 1:
        yield f"{event.attempts} attempts within the check failed alike"
    if event.last_good_at is not None:
        before = duration_text(event.occurred_at - event.last_good_at)
        yield f"The last good check was at {event.last_good_at:%Y-%m-%d %H:%M:%S} UTC, {before} before"


def _address(seen: Mapping[str, Any]) -> str | None:
    address, addresses = seen.get("address"), seen.get("addresses") or []
    if address:
        others = len(addresses) - 1
        more = f" (one of {len(addresses)} addresses)" if others > 0 else ""
        return f"Connected to {address}{more}"
    return f"Resolved to {', '.join(addresses)}; connected to none" if addresses else None


def _phases(phases: Mapping[str, float | None]) -> str | None:
    reached = [f"{label} {value:.0f} ms" for name, label in _PHASES if (value := phases.get(name)) is not None]
    return "Phases: " + ", ".join(reached) if reached else None


def _hops(seen: Mapping[str, Any]) -> Iterator[str]:
    hops = seen.get("redirects") or []
    for hop in hops[:_HOPS]:
        yield f"Hop: {hop.get('http_status_code')} from {hop.get('url')} to {hop.get('location')}"
    if len(hops) > _HOPS:
        yield f"… and {len(hops) - _HOPS} more hops"
