"""A DowntimeWindow, from the first failed check to the recovery: its schemas, and the rule that makes one."""

from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tocsin.model.enums import MonitorStatus
from tocsin.model.texts import Stored
from tocsin.model.times import UTCDatetime

LONGEST_WINDOW = 60
"""Checks that a rule may look back at."""


@dataclass(frozen=True, slots=True)
class DowntimeRule:
    """When a website counts as down, and when as back. By default at the first such check."""

    down_after: int = 1  # so many failed checks …
    down_window: int | None = None  # … of the last so many open a downtime; None: the same number, so in a row
    up_after: int = 1  # so many good checks in a row close it

    @property
    def window(self) -> int:
        """Return how many of the last checks are looked at; never fewer than must fail."""
        return max(self.down_after, self.down_window or 0)

    def __str__(self) -> str:
        """Return it in words; empty for the default."""
        if self.down_after == self.up_after == 1:
            return ""
        failed = f"after {self.down_after} failed checks in a row"
        if self.down_after == 1:
            failed = "at the first failed check"
        elif self.window > self.down_after:
            failed = f"after {self.down_after} failed of the last {self.window} checks"
        good = "at the first good one" if self.up_after == 1 else f"after {self.up_after} good ones in a row"
        return f"{failed}, up again {good}"

    def pending_text(self, failing_checks_count: int, recovering_checks_count: int) -> str:
        """Return what the rule waits for at present; empty where it waits for nothing."""
        if recovering_checks_count:
            return f"{recovering_checks_count} of {self.up_after} good checks in a row, until then still down"
        if not failing_checks_count:
            return ""
        where = "in a row" if self.window == self.down_after else f"within the last {self.window} checks"
        return f"{failing_checks_count} failed, down from {self.down_after} {where} on"


AT_ONCE = DowntimeRule()
"""The default: down at the first failed check, up at the first good one."""


def window_fault(down_after: int | None, down_window: int | None) -> str | None:
    """Return what is wrong with a window, or None; an argument that is None says nothing."""
    if down_after is None or down_window is None or down_window >= down_after:
        return None
    return f"{down_after} failed checks (down_after) cannot lie within the last {down_window}: make the window larger"


class DowntimeWindowCreate(Stored):
    """A downtime to record; without `ended_at` it is going on. A website has at most one of those."""

    model_config = ConfigDict(extra="forbid")

    website_id: int
    started_at: UTCDatetime
    ended_at: UTCDatetime | None = None
    initial_status: MonitorStatus = MonitorStatus.DOWN
    recovery_status: MonitorStatus | None = None
    affected_checks_count: int = Field(0, ge=0)
    root_cause: str | None = Field(None, max_length=10_000)
    notes: str | None = Field(None, max_length=10_000)

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.ended_at is not None and self.ended_at < self.started_at:
            raise ValueError("ended_at lies before started_at")
        return self


class DowntimeWindowUpdate(Stored):
    """The fields to change; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    ended_at: UTCDatetime | None = None
    recovery_status: MonitorStatus | None = None
    affected_checks_count: int | None = Field(None, ge=0)
    root_cause: str | None = Field(None, max_length=10_000)
    notes: str | None = Field(None, max_length=10_000)


class DowntimeWindowNotes(Stored):
    """What people add to a downtime; what is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"root_cause": "The disk was full.", "notes": "Log rotation is on now."}]},
    )

    root_cause: str | None = Field(None, max_length=10_000)
    notes: str | None = Field(None, max_length=10_000)


class DowntimeWindowRead(BaseModel):
    """A downtime as every door shows it."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": 4,
                    "website_id": 1,
                    "started_at": "2026-01-01T12:00:00Z",
                    "ended_at": "2026-01-01T12:15:00Z",
                    "duration_seconds": 900,
                    "is_ongoing": False,
                    "initial_status": "DOWN",
                    "recovery_status": "UP",
                    "affected_checks_count": 3,
                    "root_cause": "port 443 refused the connection",
                    "notes": None,
                    "created_at": "2026-01-01T12:00:02Z",
                    "updated_at": "2026-01-01T12:15:01Z",
                }
            ]
        },
    )

    id: int
    website_id: int
    started_at: UTCDatetime
    ended_at: UTCDatetime | None = Field(description="Null while it is going on.")
    duration_seconds: float | None = Field(description="Null while it is going on.")
    is_ongoing: bool
    initial_status: MonitorStatus
    recovery_status: MonitorStatus | None
    affected_checks_count: int = Field(description="Failed checks within it.")
    root_cause: str | None
    notes: str | None
    created_at: UTCDatetime
    updated_at: UTCDatetime
