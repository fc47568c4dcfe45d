"""What the watch has put into the outbox, with all that an alert says of it. Frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TRANSITION = "website.transition"
CERTIFICATE = "website.certificate"
VANTAGE = "vantage.blind"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebsiteFacts:
    """A website as alerts name it."""

    id: int
    name: str
    url: str
    created_at: datetime
    group: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """An outbox event. `website` is None where it concerns none, or one that is gone."""

    id: int
    kind: str
    reason: str
    occurred_at: datetime
    to_status: str | None = None
    website: WebsiteFacts | None = None
    check_id: int | None = None
    downtime_id: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    downtime_started_at: datetime | None = None
    downtime_ended_at: datetime | None = None
    http_status_code: int | None = None
    response_time_ms: float | None = None
    attempts: int = 1
    last_good_at: datetime | None = None  # when a check last found it UP
    evidence: Mapping[str, Any] = field(default_factory=dict)  # storage.evidence: what the check saw in full
