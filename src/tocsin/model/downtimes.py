"""Schemas of a DowntimeWindow: from the first failed check to the recovery."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tocsin.model.enums import MonitorStatus
from tocsin.model.texts import Stored
from tocsin.model.times import UTCDatetime


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
