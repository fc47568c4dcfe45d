"""Schemas of a Channel: a configured destination of alerts."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from tocsin.model.alerts import AlertPriority, NotificationChannel
from tocsin.model.matchers import MatcherFields
from tocsin.model.texts import Stored
from tocsin.model.times import UTCDatetime

Label = Annotated[str, Field(min_length=1, max_length=255)]
_DAY_S = 86400


class ChannelFields(Stored):
    """Every field of a channel that users set, apart from its kind."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100, description="Unique; shown everywhere.", examples=["ops on Slack"])
    config: dict[str, Any] = Field(
        default_factory=dict, description="Where to and how, as its kind wants it. Secrets come back masked."
    )
    is_enabled: bool = True
    min_priority: AlertPriority = Field(AlertPriority.INFO, description="Alerts that matter less are not told here.")
    matchers: list[MatcherFields] = Field(
        default_factory=list, max_length=50, description="Only alerts whose labels fulfil all of them."
    )
    is_default: bool = Field(True, description="False: only where an alert or a rule names channels of its kind.")
    tells_resolved: bool = Field(True, description="False: only problems, not their ends.")
    group_by: list[Label] = Field(
        default_factory=list, max_length=20, description="Labels by which alerts are told together."
    )
    group_wait_s: float = Field(10, ge=0, le=3600, description="A message waits so long for company.")
    group_interval_s: float = Field(60, ge=0, le=_DAY_S, description="Messages of one group keep so far apart.")
    rate_limit_per_minute: float = Field(
        10, ge=0, le=6000, description="What is more arrives as a digest. 0: no limit, and no digests: for machines."
    )
    reminder_after_s: float | None = Field(
        None, ge=60, le=30 * _DAY_S, description="Told again so often until somebody acknowledges. null: never."
    )
    escalate_after_s: float | None = Field(
        None, ge=0, le=30 * _DAY_S, description="Told only of what nobody has acknowledged for so long."
    )
    fallback_channel_id: int | None = Field(None, ge=1, description="Takes over when this channel stays dead.")


class ChannelCreate(ChannelFields):
    """A channel to make."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "ops", "kind": "WEBHOOK", "config": {"url": "https://example.com/hooks/tocsin"}}]
        }
    )

    kind: NotificationChannel

    @model_validator(mode="after")
    def _dashboard_needs_no_row(self) -> Self:
        if self.kind is NotificationChannel.DASHBOARD:
            raise ValueError("the dashboard shows every alert; it needs no channel")
        return self


class ChannelUpdate(ChannelFields):
    """The fields to change; what is left out stays as it is, and so does a secret that is sent back masked."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_enabled": False}]})

    name: str = Field("", min_length=1, max_length=100)

    def changes(self) -> dict[str, Any]:
        """Return only what was given."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class ChannelRead(ChannelFields):
    """A channel as every door shows it, with how it is. Secrets are masked."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")

    id: int
    kind: NotificationChannel
    last_message_at: UTCDatetime | None = Field(None, description="When it took a message for the last time.")
    failing_since: UTCDatetime | None = Field(None, description="null: the last try went well.")
    last_error: str | None = None
    paused_until: UTCDatetime | None = Field(None, description="Left alone until then: it failed, or asked for it.")
    failures_count: int = Field(0, description="Tries in a row that failed.")
    waiting_count: int = Field(0, description="Messages that wait to be sent.")
    created_at: UTCDatetime
    updated_at: UTCDatetime
