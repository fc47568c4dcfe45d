"""Schema of an UnknownWindow: a stretch of time in which nobody could tell how a website was."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tocsin.model.times import UTCDatetime


class UnknownWindowRead(BaseModel):
    """A stretch that uptime by time leaves out. They may overlap."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": 1,
                    "website_id": 1,
                    "started_at": "2026-01-01T02:00:00Z",
                    "ended_at": "2026-01-01T02:40:00Z",
                    "reason": "gap",
                }
            ]
        },
    )

    id: int
    website_id: int
    started_at: UTCDatetime
    ended_at: UTCDatetime
    reason: Literal["gap", "unknown"] = Field(description="gap: nobody looked; unknown: a check could not tell.")
