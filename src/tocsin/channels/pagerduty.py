"""PagerDuty: events to a service's integration, opened, acknowledged and resolved by the key of the problem.

Source: PagerDuty developer documentation, Events API v2.
"""

import hashlib
from typing import Any

from pydantic import Field, SecretStr, field_validator

from tocsin.channels.exchange import exchange, json_bytes, json_request, refusal
from tocsin.channels.kind import IS_SECRET, ChannelConfig, ChannelKind, Defaults, Secret, Url
from tocsin.channels.texts.composition import Text
from tocsin.channels.texts.cutting import cut
from tocsin.channels.texts.fitting import fit
from tocsin.channels.texts.markup import PLAIN, body_of
from tocsin.channels.texts.wording import When
from tocsin.channels.tools import Tools
from tocsin.model.alerts import AlertPriority, AlertStatus, NotificationChannel
from tocsin.model.messages import Message, MessageKind, Receipt
from tocsin.model.times import isoformat

MAX_SUMMARY = 1024
MAX_KEY = 255
MAX_BYTES = 512_000
MAX_FIELD = 255

SEVERITIES = {
    AlertPriority.CRITICAL: "critical",
    AlertPriority.HIGH: "error",
    AlertPriority.MEDIUM: "warning",
    AlertPriority.LOW: "info",
    AlertPriority.INFO: "info",
}
_ABOUT_NOTHING_OPEN = frozenset({MessageKind.TEST, MessageKind.REPORT, MessageKind.MISSED})


class Config(ChannelConfig):
    """Which integration of PagerDuty."""

    routing_key: Secret = Field(
        json_schema_extra=IS_SECRET, description="Integration key of the service (Events API v2), 32 characters."
    )
    events_url: Url = Field(
        "https://events.pagerduty.com/v2/enqueue",
        description="Where events are sent.",
        examples=["https://events.eu.pagerduty.com/v2/enqueue"],
    )

    @field_validator("routing_key")
    @classmethod
    def _has_its_length(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) != 32:
            raise ValueError("an integration key has 32 characters")
        return value


def action_of(message: Message) -> str:
    """Return what happens to the incident: a change that somebody's acknowledging made is passed on."""
    if message.kind is MessageKind.RESOLVED:
        return "resolve"
    statuses = {alert.status for alert in message.alerts}
    is_acknowledged = message.kind is MessageKind.CHANGED and statuses == {AlertStatus.ACKNOWLEDGED}
    return "acknowledge" if is_acknowledged else "trigger"


def dedup_key_of(message: Message) -> str:
    """Return the incident's key: the same for all messages of one problem, of its own where nothing is open."""
    if message.kind in _ABOUT_NOTHING_OPEN:
        key = message.key
    else:
        key = message.group_key or (message.alerts[0].fingerprint if message.alerts else message.key)
    return key if len(key) <= MAX_KEY else f"sha256:{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}"


def payload(config: Config, message: Message, when: When) -> dict[str, Any]:
    """Return the event as PagerDuty takes it, within its limits."""

    def build(text: Text) -> dict[str, Any]:
        return _event(config, message, text, when)

    return fit(config.text_of(message, when), MAX_BYTES, build, lambda built: len(json_bytes(built)) <= MAX_BYTES)


def _event(config: Config, message: Message, text: Text, when: When) -> dict[str, Any]:
    action = action_of(message)
    event: dict[str, Any] = {
        "routing_key": config.routing_key.get_secret_value(),
        "event_action": action,
        "dedup_key": dedup_key_of(message),
    }
    if action != "trigger":
        return event
    first = message.alerts[0] if message.alerts else None
    severity = "info" if message.kind in _ABOUT_NOTHING_OPEN else SEVERITIES[message.priority]
    about: dict[str, Any] = {
        "summary": cut(text.subject, MAX_SUMMARY),
        "source": cut((first.resource if first else None) or "Tocsin", MAX_FIELD),
        "severity": severity,
        "timestamp": isoformat((first.first_seen_at if first else None) or when.now),
        "custom_details": {"text": body_of(text, PLAIN, links=False), "alerts_count": message.alerts_count},
    }
    if first:
        about |= {"class": cut(first.alert_type, MAX_FIELD), "component": first.category.value}
    links = [{"href": url, "text": label} for label, url in text.links]
    client = {"client": "Tocsin", **({"client_url": text.link} if text.link else {})}
    return {**event, "payload": about, "links": links, **client}


async def send(config: Config, message: Message, tools: Tools) -> Receipt:
    """Enqueue the event."""
    built = payload(config, message, config.when(tools))
    answer = await exchange(json_request("PagerDuty", config.events_url, built, config.secret_values()), tools)
    if answer.is_good:
        return Receipt(provider_id=built["dedup_key"], code=answer.status, detail=built["event_action"])
    errors = answer.json().get("errors")
    raise refusal(answer, tools, said="; ".join(map(str, errors)) if isinstance(errors, list) else None)


def destination(config: Config) -> str:
    """Return where it goes."""
    return "a PagerDuty service"


KIND = ChannelKind(
    kind=NotificationChannel.PAGERDUTY,
    label="PagerDuty",
    config=Config,
    send=send,
    destination=destination,
    defaults=Defaults(rate_limit_per_minute=60),
    limits="summary 1,024, key 255, 512,000 bytes in all",
    permanent="4xx but 429",
)
