"""Webhook: JSON of our own shape, or that of Alertmanager's webhook, signed where there is a secret.

Source: Alertmanager's webhook format, version 4.
"""

import hashlib
import hmac
import json
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from tocsin.channels.exchange import Request, exchange, json_bytes, refusal
from tocsin.channels.kind import IS_SECRET, ChannelConfig, ChannelKind, Defaults, Secret, SecretUrl
from tocsin.channels.texts.composition import Text
from tocsin.channels.texts.cutting import cut
from tocsin.channels.texts.markup import PLAIN, body_of, more
from tocsin.channels.texts.samples import SAMPLES, SAMPLES_AT
from tocsin.channels.texts.wording import When
from tocsin.channels.tools import Tools
from tocsin.model.alerts import NotificationChannel
from tocsin.model.messages import AlertFacts, Message, MessageKind, Receipt
from tocsin.model.times import isoformat

VERSION = 1
MAX_BYTES = 1_000_000
MAX_ITEMS = 1000  # of lists other than alerts
_LADDER = ((1000, 100_000), (500, 20_000), (100, 5000), (50, 1000), (10, 200), (0, 100))
"""How many alerts, and how many characters a text: tried one after the other until it fits."""
_NOT_YET = "0001-01-01T00:00:00Z"  # how Alertmanager writes that there is no such time
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_OURS = frozenset({"host", "content-length", "x-tocsin-timestamp", "x-tocsin-signature", "idempotency-key"})


def _header_values(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    for name, value in headers.items():
        if not name or not set(name) <= _TOKEN or name.lower() in _OURS:
            raise ValueError(f"{name!r} is no header name that can be set")
        if not value.get_secret_value().isprintable() or not value.get_secret_value().isascii():
            raise ValueError(f"the value of header {name!r} has a control character, or one that is not ASCII")
    return headers


class Config(ChannelConfig):
    """Where to send, and in which form."""

    url: SecretUrl = Field(json_schema_extra=IS_SECRET, description="Address; any 2xx means that it was taken.")
    method: Literal["POST", "PUT", "PATCH"] = Field("POST", description="HTTP method.")
    headers: Annotated[dict[str, SecretStr], AfterValidator(_header_values)] = Field(
        default_factory=dict,
        max_length=20,
        json_schema_extra=IS_SECRET,
        description="Further request headers; their values are kept as secrets.",
        examples=[{"Authorization": "Bearer …"}],
    )
    secret: Secret | None = Field(
        None, json_schema_extra=IS_SECRET, description="Key of the signature in the header X-Tocsin-Signature."
    )
    format: Literal["tocsin", "alertmanager"] = Field("tocsin", description="Shape of the JSON.")
    max_alerts: int = Field(100, ge=1, le=1000, description="How many alerts one message lists; the rest is counted.")
    content_type: str = Field(
        "application/json", max_length=100, pattern=r"^[\w.+-]+/[\w.+-]+(; ?[\w.=+-]+)*$",
        description="With body_template: what the body is.",
    )  # fmt: skip

    @model_validator(mode="after")
    def _own_body_is_json(self) -> "Config":
        if self.body_template and "json" in self.content_type:
            for sample in SAMPLES:
                try:
                    json.loads(self.text_of(sample, When(SAMPLES_AT)).own_body or "")
                except ValueError as error:
                    fault = (
                        f"it makes no JSON of a {sample.kind} message: {error}; write values as {{{{ x | tojson }}}}"
                    )
                    facts = {"field": "body_template", "fault": fault}
                    raise PydanticCustomError("field_fault", "{fault}", facts) from None
        return self


def payload(config: Config, message: Message, when: When) -> dict[str, Any]:
    """Return the JSON of a message; where it would be too large, with fewer alerts and shorter texts."""
    text = config.text_of(message, when)
    built: dict[str, Any] = {}
    for alerts_count, characters in _LADDER:
        shown = message.alerts[: min(alerts_count, config.max_alerts)]
        whole = _alertmanager(message, shown) if config.format == "alertmanager" else _tocsin(message, text, shown)
        built = _shorter(whole, characters)
        if len(json_bytes(built)) <= MAX_BYTES:
            break
    return built


def _shorter(value: Any, characters: int) -> Any:
    """Return JSON with its texts and lists cut, so that it shows."""
    if isinstance(value, str):
        return cut(value, characters)
    if isinstance(value, dict):
        return {name: _shorter(one, characters) for name, one in value.items()}
    if not isinstance(value, list | tuple):
        return value
    kept = [_shorter(one, characters) for one in value[:MAX_ITEMS]]
    is_cut = len(value) > MAX_ITEMS and isinstance(value[0], str)
    return [*kept, more(len(value) - MAX_ITEMS)] if is_cut else kept


def _tocsin(message: Message, text: Text, shown: tuple[AlertFacts, ...]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "key": message.key,
        "kind": message.kind.value,
        "priority": message.priority.value,
        "subject": text.subject,
        "text": body_of(text, PLAIN),
        "created_at": isoformat(message.created_at),
        "first_seen_at": _time(message.first_seen_at),
        "late_since": _time(message.late_since),
        "possibly_repeated": message.possibly_repeated,
        "group_key": message.group_key,
        "group_labels": dict(message.group_labels),
        "link": text.link,
        "external_url": message.external_url,
        "alerts_count": message.alerts_count,
        "resolved_count": message.resolved_count,
        "truncated_alerts": max(0, message.alerts_count - len(shown)),
        "causes": [{"cause": cause, "count": count} for cause, count in message.causes],
        "alerts": [_alert(alert) for alert in shown],
    }


def _alert(alert: AlertFacts) -> dict[str, Any]:
    return {name: _plain(value) for name, value in asdict(alert).items()}


def _plain(value: Any) -> Any:
    return isoformat(value) if isinstance(value, datetime) else value


def _time(at: datetime | None) -> str | None:
    return None if at is None else isoformat(at)


def _alertmanager(message: Message, shown: tuple[AlertFacts, ...]) -> dict[str, Any]:
    alerts = [_of_alertmanager(alert) for alert in shown]
    is_over = message.kind is MessageKind.RESOLVED or (
        bool(alerts) and all(alert["status"] == "resolved" for alert in alerts)
    )
    return {
        "version": "4",
        "groupKey": message.group_key or message.key,
        "truncatedAlerts": max(0, message.alerts_count - len(shown)),
        "status": "resolved" if is_over else "firing",
        "receiver": "tocsin",
        "groupLabels": dict(message.group_labels),
        "commonLabels": _shared([alert["labels"] for alert in alerts]),
        "commonAnnotations": _shared([alert["annotations"] for alert in alerts]),
        "externalURL": message.external_url,
        "alerts": alerts,
    }


def _of_alertmanager(alert: AlertFacts) -> dict[str, Any]:
    labels = {"alertname": alert.alert_type, "severity": alert.priority.lower(), **alert.labels}
    told = {"summary": alert.title, "description": alert.message}
    if alert.runbook_url:
        told["runbook_url"] = alert.runbook_url
    return {
        "status": "resolved" if alert.resolved_at else "firing",
        "labels": labels,
        "annotations": {**told, **alert.annotations},
        "startsAt": isoformat(alert.first_seen_at),
        "endsAt": isoformat(alert.resolved_at) if alert.resolved_at else _NOT_YET,
        "generatorURL": alert.generator_url or alert.url or "",
        "fingerprint": alert.fingerprint,
    }


def _shared(several: list[dict[str, str]]) -> dict[str, str]:
    """Return the pairs that all have."""
    first, *others = several or [{}]
    return {name: value for name, value in first.items() if all(one.get(name) == value for one in others)}


def body(config: Config, message: Message, when: When) -> bytes:
    """Return the bytes to send: a template's own, else the JSON."""
    own = config.text_of(message, when).own_body if config.body_template else None
    return json_bytes(payload(config, message, when)) if own is None else own.encode("utf-8", "replace")


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Return what X-Tocsin-Signature says: HMAC-SHA256 over "timestamp.body", in hex, after "v1="."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"v1={digest}"


async def send(config: Config, message: Message, tools: Tools) -> Receipt:
    """Send the message once."""
    when = config.when(tools)
    request = Request(
        who="The webhook",
        url=config.url.get_secret_value(),
        method=config.method,
        body=body(config, message, when),
        headers={},
        secrets=config.secret_values(),
    )
    answer = await exchange(replace(request, headers=_headers(config, message, request.body, when)), tools)
    if not answer.is_good:
        raise refusal(answer, tools)
    return Receipt(code=answer.status)


def _headers(config: Config, message: Message, body: bytes, when: When) -> dict[str, str]:
    timestamp = int(when.now.timestamp())
    headers = {name: value.get_secret_value() for name, value in config.headers.items()}
    if "content-type" not in map(str.lower, headers):
        headers["Content-Type"] = config.content_type if config.body_template else "application/json"
    headers |= {"Idempotency-Key": message.key, "X-Tocsin-Timestamp": str(timestamp)}
    if config.secret:
        headers["X-Tocsin-Signature"] = signature(config.secret.get_secret_value(), timestamp, body)
    return headers


def destination(config: Config) -> str:
    """Return where it goes, no further than the host: the rest of the address may be a secret."""
    return f"a webhook at {urlsplit(config.url.get_secret_value()).hostname}"


KIND = ChannelKind(
    kind=NotificationChannel.WEBHOOK,
    label="Webhook",
    config=Config,
    send=send,
    destination=destination,
    defaults=Defaults(rate_limit_per_minute=60),
    limits="`max_alerts`, 1,000,000 bytes; the rest is counted in `truncated_alerts`",
    permanent="redirects; 4xx but 408, 409, 421, 423, 425, 429",
)
