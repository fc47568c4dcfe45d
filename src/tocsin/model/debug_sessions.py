"""Schemas of a DebugSession: one recorded browser visit."""

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tocsin.model.texts import Stored
from tocsin.model.times import UTCDatetime

_NOT_IN_A_PATH = re.compile(r"[/\\\x00-\x1f\x7f]")


class DebugSessionCreate(Stored):
    """A debug session that begins; `session_key` is the caller's own unique name for it."""

    model_config = ConfigDict(extra="forbid")

    website_id: int
    session_key: str = Field(min_length=1, max_length=255, examples=["debug-2026-01-01-123456"])
    user_agent: str | None = Field(None, max_length=1000)
    browser_type: str | None = Field(None, max_length=50, examples=["chromium"])
    started_at: UTCDatetime | None = None


class DebugSessionStart(Stored):
    """A debug session of a website that is named elsewhere, as in a URL; without a key it gets one."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"session_key": "debug-2026-01-01-123456", "browser_type": "chromium"}]},
    )

    website_id: int | None = Field(None, description="Need not be given; where it is, it must be the URL's.")
    session_key: str | None = Field(
        None, min_length=1, max_length=255, description="Unique; made up if left out. Without slashes."
    )
    user_agent: str | None = Field(None, max_length=1000)
    browser_type: str | None = Field(None, max_length=50, examples=["chromium"])
    started_at: UTCDatetime | None = None

    @field_validator("session_key")
    @classmethod
    def _fits_into_a_path(cls, key: str | None) -> str | None:
        if key is not None and _NOT_IN_A_PATH.search(key):
            raise ValueError("a session key has neither slashes nor control characters")
        return key


class DebugSessionUpdate(Stored):
    """The fields to change; what is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"completed_at": "2026-01-01T12:00:08Z", "success": True}]},
    )

    completed_at: UTCDatetime | None = None
    success: bool | None = None
    error_message: str | None = Field(None, max_length=10_000)
    user_agent: str | None = Field(None, max_length=1000)
    browser_type: str | None = Field(None, max_length=50)


class DebugSessionRead(BaseModel):
    """A debug session as every door shows it."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": 3,
                    "website_id": 1,
                    "session_key": "debug-2026-01-01-123456",
                    "user_agent": None,
                    "browser_type": "chromium",
                    "started_at": "2026-01-01T12:00:00Z",
                    "completed_at": "2026-01-01T12:00:08Z",
                    "success": True,
                    "error_message": None,
                    "created_at": "2026-01-01T12:00:00Z",
                }
            ]
        },
    )

    id: int
    website_id: int
    session_key: str
    user_agent: str | None
    browser_type: str | None
    started_at: UTCDatetime
    completed_at: UTCDatetime | None
    success: bool | None
    error_message: str | None
    created_at: UTCDatetime
