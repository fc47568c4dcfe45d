"""Schemas of a Silence: a mute by matcher, from one moment to another."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from tocsin.model.matchers import MatcherFields
from tocsin.model.texts import Stored
from tocsin.model.times import UTCDatetime


class SilenceState(StrEnum):
    """Where a silence is in its life."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


def silence_state(starts_at: datetime, ends_at: datetime, now: datetime) -> SilenceState:
    """Return where a silence is in its life at `now`."""
    if now >= ends_at:
        return SilenceState.EXPIRED
    return SilenceState.ACTIVE if now >= starts_at else SilenceState.PENDING


class SilenceFields(Stored):
    """Every field of a silence that users set."""

    model_config = ConfigDict(extra="forbid")

    matchers: list[MatcherFields] = Field(min_length=1, max_length=50, description="All must hold.")
    starts_at: UTCDatetime | None = Field(None, description="Now, if left out.")
    ends_at: UTCDatetime
    created_by: str = Field("", max_length=255)
    comment: str = Field("", max_length=5000)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.starts_at is not None and self.ends_at <= self.starts_at:
            raise ValueError("ends_at must lie after starts_at")
        return self


class SilenceCreate(SilenceFields):
    """A silence to make."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "matchers": [{"name": "website", "value": "shop.*", "isRegex": True}],
                    "ends_at": "2026-03-01T18:00:00Z",
                    "comment": "Moving to the new host.",
                }
            ]
        }
    )


class SilenceRead(SilenceFields):
    """A silence as every door shows it."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")

    id: int
    key: str = Field(description="Its name in the Alertmanager API, a UUID.")
    starts_at: UTCDatetime
    state: SilenceState
    created_at: UTCDatetime
    updated_at: UTCDatetime
