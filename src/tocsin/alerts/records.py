"""What AlertService returns: an alert as it was read, whose metadata is stored again whenever it is written to."""

from collections.abc import Callable, Mapping, Set as AbstractSet
from datetime import datetime
from typing import Any

from tocsin.model.alerting.live_dict import LiveDict, still
from tocsin.model.alerting.plain import plain, same
from tocsin.model.alerts import AlertCategory, AlertPriority, AlertStatus, NotificationChannel
from tocsin.storage.tables.alerts import AlertModel

Save = Callable[[int, Mapping[str, Any], AbstractSet[str]], Mapping[str, Any]]
"""Stores written and removed keys of an alert's metadata, and returns all of it."""


class AlertRecord:
    """An alert, as it was when it was read.

    `metadata` is a dict that is stored, and committed, after each write to it or to what is in it. Only the top-level
    keys that were written are stored, so that what others wrote to other keys meanwhile stays.
    """

    id: int
    fingerprint: str
    alert_type: str
    title: str
    message: str
    priority: AlertPriority
    category: AlertCategory
    status: AlertStatus
    resource: str | None
    labels: dict[str, str]
    annotations: dict[str, str]
    source: str
    website_id: int | None
    rule_id: int | None
    group_key: str
    notification_count: int
    dedup_window_s: float
    first_seen_at: datetime
    last_seen_at: datetime
    last_told_at: datetime | None
    starts_at: datetime
    ends_at: datetime | None
    expires_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    acknowledgement_notes: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution_notes: str | None
    suppressed_until: datetime | None
    suppressed_by: str | None
    suppression_reason: str | None
    reopened_count: int
    flapping_since: datetime | None
    runbook_url: str | None
    generator_url: str | None
    created_at: datetime
    updated_at: datetime

    def __init__(self, row: AlertModel, save: Save) -> None:
        for name in _COPIED:
            setattr(self, name, getattr(row, name))
        self.labels, self.annotations = dict(row.labels), dict(row.annotations)
        self.notification_channels = [NotificationChannel(kind) for kind in row.notification_channels]
        self._save = save
        self._stored: dict[str, Any] = still(row.alert_metadata)
        self._metadata = LiveDict(row.alert_metadata, self._written)

    @property
    def metadata(self) -> dict[str, Any]:
        """What is known of the problem; writes are stored."""
        return self._metadata

    @metadata.setter
    def metadata(self, values: Mapping[str, Any]) -> None:
        if values is not self._metadata:  # `alert.metadata |= {…}` has stored it already
            self._metadata = LiveDict(values, self._written)
            self._written()

    @property
    def is_open(self) -> bool:
        """True until it is RESOLVED or EXPIRED."""
        return self.status.is_open

    @property
    def recommendations(self) -> list[str]:
        """How to fix it, in order."""
        return list(self._metadata.get("recommendations") or [])

    @property
    def stack_trace(self) -> str | None:
        """Where in the code it happened."""
        return self._metadata.get("stack_trace")

    @property
    def related_logs(self) -> str | None:
        """Where to look on."""
        return self._metadata.get("related_logs")

    @property
    def affected_users(self) -> int | None:
        """How many suffer."""
        return self._metadata.get("affected_users")

    @property
    def duration_seconds(self) -> float | None:
        """Seconds from its start to its end; None while it is open."""
        return None if self.resolved_at is None else (self.resolved_at - self.starts_at).total_seconds()

    def __repr__(self) -> str:
        return f"<AlertRecord {self.id}: {self.status} {self.priority} {self.title!r}>"

    def _written(self) -> None:
        """Store what differs from what was stored."""
        now_is = plain(still(self._metadata))
        before = self._stored
        written = {key: value for key, value in now_is.items() if key not in before or not same(before[key], value)}
        removed = before.keys() - now_is.keys()
        if written or removed:
            merged = self._save(self.id, written, removed)
            self._stored = still(merged)
            for key in merged.keys() - self._metadata.keys():  # what others have added
                dict.__setitem__(self._metadata, key, LiveDict({key: merged[key]}, self._written)[key])


_COPIED = tuple(name for name in AlertRecord.__annotations__ if name not in ("labels", "annotations"))
