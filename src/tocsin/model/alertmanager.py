"""Alertmanager's API v2 as values: what a client posts, and what it is shown. Pure.

Source: prometheus/alertmanager, api/v2/openapi.yaml and the behaviour of its clients.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from tocsin.model.alerts import Alert, AlertCategory, AlertPriority

NOWHEN = datetime(1, 1, 1, tzinfo=UTC)
"""Go's zero time: clients send it for "not given"."""

PRIORITIES = {
    "critical": AlertPriority.CRITICAL, "page": AlertPriority.CRITICAL, "error": AlertPriority.HIGH,
    "high": AlertPriority.HIGH, "warning": AlertPriority.MEDIUM, "info": AlertPriority.INFO, "none": AlertPriority.INFO,
}  # fmt: skip
_TEXTS = ("summary", "description", "message")
_RESOURCES = ("instance", "service", "job")
_CATEGORIES = {one.value: one for one in AlertCategory}


class SchemaFault(Exception):
    """A body that is no list of alerts: nothing of it is taken."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def to_dict(self) -> dict[str, Any]:
        """Return the body of the answer."""
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class Posted:
    """One alert of a client, checked, with its times filled in."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    generator_url: str

    def to_alert(self) -> Alert:
        """Return it as an alert of Tocsin: alertname is type and title, severity the priority."""
        labels, annotations = self.labels, self.annotations
        name = labels.get("alertname") or "alert"
        return Alert(
            alert_type=name[:255],
            title=name,
            message=next((annotations[one] for one in _TEXTS if annotations.get(one)), ""),
            priority=PRIORITIES.get(labels.get("severity", "").lower(), AlertPriority.MEDIUM),
            category=_CATEGORIES.get(labels.get("category", "").upper(), AlertCategory.AVAILABILITY),
            resource=next((labels[one] for one in _RESOURCES if labels.get(one)), None),
            labels=labels,
            annotations=annotations,
            source="alertmanager",
            runbook_url=annotations.get("runbook_url"),
            generator_url=self.generator_url or None,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
        )


def read_posted(body: Any, now: datetime, resolve_after: timedelta) -> tuple[list[Posted], list[int], list[str]]:
    """Return the alerts of a posted body, the positions of those that are taken, and what is wrong with the others.

    Raises:
        SchemaFault: it is no list of alerts at all.
    """
    if not isinstance(body, list):
        raise SchemaFault(400, 400, "a list of alerts is expected")
    taken: list[Posted] = []
    positions: list[int] = []
    faults: list[str] = []
    for position, one in enumerate(body):
        posted = _read_one(position, one, now, resolve_after)
        if isinstance(posted, Posted):
            taken.append(posted)
            positions.append(position)
        else:
            faults.append(posted)
    return taken, positions, faults


def _read_one(position: int, one: Any, now: datetime, resolve_after: timedelta) -> Posted | str:
    if not isinstance(one, dict):
        raise SchemaFault(400, 400, f"{position}: an object is expected")
    labels = _texts(position, one.get("labels"), "labels")
    if labels is None:
        raise SchemaFault(422, 602, f"{position}.labels in body is required")
    annotations = _texts(position, one.get("annotations"), "annotations") or {}
    url = one.get("generatorURL") or ""
    if url and not _is_uri(url):
        raise SchemaFault(422, 601, f"{position}.generatorURL in body must be of type uri: {url!r}")
    starts_at = _moment(position, one.get("startsAt"), "startsAt")
    ends_at = _moment(position, one.get("endsAt"), "endsAt")
    if starts_at is None:
        starts_at = now if ends_at is None else min(now, ends_at)
    labels = {name: value for name, value in labels.items() if value}
    if not labels:
        return "at least one label pair required"
    if "" in labels:
        return 'invalid label set: invalid name ""'
    if ends_at is None:
        ends_at = now + resolve_after
    elif ends_at < starts_at:
        return "start time must be before end time"
    return Posted(labels, annotations, starts_at, ends_at, url)


def _texts(position: int, value: Any, field: str) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not all(type(one) is str for one in value.values()):
        raise SchemaFault(400, 400, f"{position}.{field}: an object of texts is expected")
    return value


def _moment(position: int, value: Any, field: str) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise SchemaFault(400, 400, f"{position}.{field}: {value!r} is no RFC 3339 time") from None
    if moment.year == 1:
        return None
    return moment if moment.tzinfo is UTC else _utc(moment)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")


def _is_uri(text: Any) -> bool:
    if not isinstance(text, str) or any(ord(one) < 0x21 for one in text):
        return False
    try:
        urlsplit(text)
    except ValueError:
        return False
    return bool(_SCHEME.match(text)) or text.startswith("/")


@dataclass(frozen=True, slots=True)
class Shown:
    """An open alert as clients of Alertmanager see it."""

    fingerprint: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    generator_url: str
    receivers: Sequence[str]
    silenced_by: Sequence[str] = ()
    muted_by: Sequence[str] = ()
    is_suppressed: bool = False

    @property
    def is_active(self) -> bool:
        """False where it is kept quiet."""
        return not (self.is_suppressed or self.silenced_by or self.muted_by)

    def to_dict(self) -> dict[str, Any]:
        """Return every key that clients rely on."""
        return {
            "annotations": self.annotations,
            "endsAt": rfc3339(self.ends_at),
            "fingerprint": self.fingerprint,
            "receivers": [{"name": one} for one in self.receivers],
            "startsAt": rfc3339(self.starts_at),
            "status": {
                "inhibitedBy": [],
                "mutedBy": list(self.muted_by),
                "silencedBy": list(self.silenced_by),
                "state": "active" if self.is_active else "suppressed",
            },
            "updatedAt": rfc3339(self.updated_at),
            "generatorURL": self.generator_url,
            "labels": self.labels,
        }


def rfc3339(moment: datetime) -> str:
    """Return a moment in UTC with milliseconds, as Alertmanager writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def config_text(receivers: Iterable[str]) -> str:
    """Return our routing as an Alertmanager configuration: `amtool config routes` reads it."""
    names = list(receivers) or [NOBODY]
    lines = ["route:", f"  receiver: {_quoted(names[0])}"]
    if len(names) > 1:
        lines.append("  routes:")
        for name in names[1:]:
            lines += [f"  - receiver: {_quoted(name)}", "    continue: true"]
    lines += ["receivers:", *(f"- name: {_quoted(name)}" for name in names)]
    return "\n".join(lines) + "\n"


NOBODY = "dashboard"
"""The receiver where no channel is configured: the alert is shown there."""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
