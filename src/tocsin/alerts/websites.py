"""Alerts out of what the watch saw: websites down, slow or back, certificates that run out, our own network gone. Pure.

No rule has to be written for them. One event makes sightings and endings; what they come to is decided where stored.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from tocsin.alerts.priority import certificate_priority
from tocsin.alerts.recommend import filled_in
from tocsin.alerts.website_advice import BY_CAUSE, CERTIFICATE as CERTIFICATE_ADVICE, LOOK_AGAIN
from tocsin.alerts.website_evidence import duration_text, evidence_of, metadata_of
from tocsin.model.alerting.events import CERTIFICATE, TRANSITION, VANTAGE, EventFacts, WebsiteFacts
from tocsin.model.alerting.sightings import Ending, Sighting, sighting_of
from tocsin.model.alerts import Alert, AlertCategory, AlertPriority, fingerprint_of
from tocsin.model.enums import Cause, MonitorStatus
from tocsin.model.times import as_utc, isoformat

DOWN, DEGRADED, EXPIRY, BLIND = "website_down", "website_degraded", "certificate_expiry", "vantage_blind"
WEBSITE_TYPES = (DOWN, DEGRADED, EXPIRY)
SEES_AGAIN, RENEWED, EXPIRED = "vantage_sees_again", "certificate_renewed", "certificate_expired"
_PORTS = {"http": 80, "https": 443}


def seen_in(event: EventFacts, now: datetime) -> list[Sighting | Ending]:
    """Return what an event means: problems seen and problems ended, in order; nothing where it means neither."""
    if event.kind == VANTAGE:
        return [_vantage(event, now)]
    website = event.website
    if website is None:  # deleted meanwhile: its alerts were resolved with it
        return []
    if event.kind == CERTIFICATE:
        return [_certificate(event, website, now)]
    return _transition(event, website, now) if event.kind == TRANSITION else []


def _transition(event: EventFacts, website: WebsiteFacts, now: datetime) -> list[Sighting | Ending]:
    """UNKNOWN neither opens nor ends anything."""
    if event.to_status == MonitorStatus.DOWN:
        return [_ended(event, website, DEGRADED, "superseded"), _down(event, website, now)]
    if event.to_status == MonitorStatus.DEGRADED:
        return [_ended(event, website, DOWN, "recovered"), _degraded(event, website, now)]
    if event.to_status == MonitorStatus.UP:
        return [_ended(event, website, kind, "recovered") for kind in (DOWN, DEGRADED)]
    return []


def website_fingerprint(alert_type: str, website: WebsiteFacts) -> str:
    """Return the identity of a website's alert: it outlives a change of name, URL and address.

    The moment of creation tells a website from a later one, to which SQLite may give the same id.
    """
    labels = {"alertname": alert_type, "website_id": str(website.id), "created_at": isoformat(website.created_at)}
    return fingerprint_of(alert_type, None, labels)


def _down(event: EventFacts, website: WebsiteFacts, now: datetime) -> Sighting:
    since = event.downtime_started_at or event.occurred_at
    alert = Alert(
        alert_type=DOWN,
        title=f"{website.name} is down since {since:%H:%M} UTC",
        message=event.details.get("message") or f"{website.url} does not answer as it should.",
        priority=AlertPriority.CRITICAL,
        starts_at=since,
    )
    return _sighting(event, website, alert, now)


def _degraded(event: EventFacts, website: WebsiteFacts, now: datetime) -> Sighting:
    alert = Alert(
        alert_type=DEGRADED,
        title=f"{website.name} is degraded since {event.occurred_at:%H:%M} UTC",
        message=event.details.get("message") or f"{website.url} answers slowly or not as expected.",
        priority=AlertPriority.MEDIUM,
    )
    return _sighting(event, website, alert, now)


def _sighting(event: EventFacts, website: WebsiteFacts, alert: Alert, now: datetime) -> Sighting:
    address = event.evidence.get("address")
    cause = event.details.get("cause")
    values = _values(event, website, alert.starts_at or event.occurred_at)
    advice = BY_CAUSE.get(Cause(cause), ()) if cause in set(Cause) else ()
    known = [text for one in (*advice, LOOK_AGAIN) if (text := filled_in(one, values)) is not None]
    return _sighted(
        event,
        replace(
            alert,
            category=AlertCategory.AVAILABILITY,
            metadata={**metadata_of(event, website), "evidence": evidence_of(event)},
            recommendations=known,
            labels=_labels(alert.alert_type, website, {"address": address, "cause": cause}),
            group_key=f"website:{address or values.get('host') or website.name}",
        ),
        website,
        now,
    )


def _certificate(event: EventFacts, website: WebsiteFacts, now: datetime) -> Sighting | Ending:
    fingerprint = website_fingerprint(EXPIRY, website)
    if event.reason == RENEWED:
        return Ending(fingerprint, min(event.occurred_at, now), RENEWED, note=_renewed_note(event.details))
    days = _days_left(event)
    values = _values(event, website, event.occurred_at)
    host = values.get("host", website.name)
    on = _day(event.details.get("not_after"))
    is_over = event.reason == EXPIRED or days < 0
    when = f"has expired{on}" if is_over else f"expires {_in_days(days)}{on}"
    alert = Alert(
        alert_type=EXPIRY,
        title=f"The certificate of {website.name} {when}",
        message=f"The certificate that {host} serves {when}: visitors and programs {_will(is_over=is_over)}.",
        priority=AlertPriority.CRITICAL if is_over else certificate_priority(days),
        category=AlertCategory.AVAILABILITY,
        metadata={**event.details, "url": website.url, "website_id": website.id},
        recommendations=[text for one in CERTIFICATE_ADVICE if (text := filled_in(one, values)) is not None],
        labels=_labels(EXPIRY, website, {}),
        group_key=f"certificate:{host}",
    )
    return _sighted(event, alert, website, now)


def _sighted(event: EventFacts, alert: Alert, website: WebsiteFacts, now: datetime) -> Sighting:
    whole = replace(
        alert,
        resource=website.name,
        source="website",
        website_id=website.id,
        fingerprint=website_fingerprint(alert.alert_type, website),
    )
    return sighting_of(whole, now, at=event.occurred_at)


def _ended(event: EventFacts, website: WebsiteFacts, alert_type: str, reason: str) -> Ending:
    note = None
    if reason == "recovered" and alert_type == DOWN:
        note = _recovered_note(event)
    return Ending(
        website_fingerprint(alert_type, website), event.occurred_at, reason, note, is_told=reason != "superseded"
    )


def _recovered_note(event: EventFacts) -> str:
    began, ended = event.downtime_started_at, event.downtime_ended_at or event.occurred_at
    was = "It is back" if began is None else f"It was down for {duration_text(ended - began)}"
    if event.to_status == MonitorStatus.DEGRADED:
        return f"{was}; it answers again, though not well: {event.details.get('message') or 'degraded'}"
    took = "" if event.response_time_ms is None else f" in {event.response_time_ms:.0f} ms"
    code = "" if event.http_status_code is None else f"; it answers HTTP {event.http_status_code}{took}"
    return f"{was}{code}"


def _vantage(event: EventFacts, now: datetime) -> Sighting | Ending:
    region = str(event.details.get("region") or "")
    fingerprint = fingerprint_of(BLIND, None, {"alertname": BLIND, "region": region})
    if event.reason == SEES_AGAIN:
        return Ending(fingerprint, min(event.occurred_at, now), SEES_AGAIN, note=event.details.get("message"))
    where = f"Region {region}" if region else "Tocsin"
    advice = [text for one in BY_CAUSE[Cause.VANTAGE_BLIND] if (text := filled_in(one, {})) is not None]
    alert = Alert(
        alert_type=BLIND,
        title=f"{where} cannot see out since {event.occurred_at:%H:%M} UTC",
        message=event.details.get("message")
        or "The network here is down: no website can be judged, and none is reported down for it.",
        priority=AlertPriority.HIGH,
        category=AlertCategory.AVAILABILITY,
        resource=region or "tocsin",
        metadata=dict(event.details),
        recommendations=advice,
        labels={"alertname": BLIND, **({"region": region} if region else {})},
        source="vantage",
        fingerprint=fingerprint,
        group_key=f"vantage:{region}",
    )
    return sighting_of(alert, now, at=event.occurred_at)


def _labels(alert_type: str, website: WebsiteFacts, more: Mapping[str, Any]) -> dict[str, str]:
    known = {
        "alertname": alert_type,
        "website": website.name,
        "instance": urlsplit(website.url).netloc.rpartition("@")[2] or website.url,
        "group": website.group,
        "tags": ",".join(website.tags),
        **more,
    }
    return {name: str(value) for name, value in known.items() if value}


def _values(event: EventFacts, website: WebsiteFacts, since: datetime) -> dict[str, str]:
    """Return what the placeholders of advice stand for. A URL's user and password are left out."""
    parts = urlsplit(website.url)
    host = parts.hostname
    port = parts.port or _PORTS.get(parts.scheme)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if host else None
    bracketed = f"[{host}]" if host and ":" in host else host
    values = {
        "host": host,
        "port": port,
        "authority": f"{bracketed}:{port}" if host and port else None,
        "url": bare,
        "address": event.evidence.get("address"),
        "since": f"{since:%Y-%m-%d %H:%M} UTC",
    }
    return {name: str(value) for name, value in values.items() if value}


def _days_left(event: EventFacts) -> float:
    days = event.details.get("days_left")
    if isinstance(days, int | float):
        return float(days)
    not_after = _moment(event.details.get("not_after"))
    return 0.0 if not_after is None else (not_after - event.occurred_at) / timedelta(days=1)


def _in_days(days: float) -> str:
    whole = int(days)
    if whole < 1:
        return "within a day"
    return f"in {whole} day{'s' if whole > 1 else ''}"


def _day(value: object) -> str:
    moment = _moment(value)
    return "" if moment is None else f" on {moment:%Y-%m-%d at %H:%M} UTC"


def _moment(value: object) -> datetime | None:
    try:
        return as_utc(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _will(*, is_over: bool) -> str:
    return "refuse to connect" if is_over else "will refuse to connect then"


def _renewed_note(details: Mapping[str, Any]) -> str:
    on = _day(details.get("not_after"))
    return f"It was renewed{f'; the new one expires{on}' if on else ''}"
