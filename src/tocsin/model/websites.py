"""Schemas of a website: what is watched, and how."""

from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    computed_field,
    field_validator,
    model_validator,
)

from tocsin.model.downtimes import LONGEST_WINDOW, DowntimeRule, window_fault
from tocsin.model.enums import Cause, MonitorStatus
from tocsin.model.heartbeats.keys import is_heartbeat
from tocsin.model.heartbeats.pings import HeartbeatFacts
from tocsin.model.heartbeats.schedules import (
    FIELDS,
    LONGEST_S,
    Grace,
    Span,
    TimeZone,
    fields_of,
    heartbeat_name,
    refuse_foreign_fields,
    settled,
    span_text,
)
from tocsin.model.options import CheckOptions
from tocsin.model.targets.kinds import refuse_useless_options
from tocsin.model.times import UTCDatetime
from tocsin.model.urls import check_url, short_name


@dataclass(slots=True)
class IntervalBounds:
    """Shortest and longest check interval that is accepted, in seconds; the settings may move them."""

    min_s: int = 60
    max_s: int = 3600


INTERVAL_BOUNDS = IntervalBounds()


def _within_bounds(value: int) -> int:
    if not INTERVAL_BOUNDS.min_s <= value <= INTERVAL_BOUNDS.max_s:
        raise ValueError(
            f"the check interval must be {INTERVAL_BOUNDS.min_s} to {INTERVAL_BOUNDS.max_s} seconds"
            " (settings TOCSIN_CHECK_INTERVAL_MIN and TOCSIN_CHECK_INTERVAL_MAX)"
        )
    return value


def _is_a_period(value: int | None) -> int | None:
    shortest = min(60, INTERVAL_BOUNDS.min_s)
    if value is not None and not shortest <= value <= LONGEST_S:
        raise ValueError(f"the period must be {span_text(shortest)} to {span_text(LONGEST_S)}")
    return value


Url = Annotated[str, AfterValidator(check_url)]
CheckInterval = Annotated[int, AfterValidator(_within_bounds)]
Period = Annotated[Span, AfterValidator(_is_a_period)]
Label = Annotated[str, Field(min_length=1, max_length=100)]


class WebsiteFields(CheckOptions):
    """Every field of a website that users set, apart from its URL."""

    name: str = Field("", max_length=255, description="Shown everywhere; the URL's host where none is given.")
    description: str | None = Field(None, max_length=5000)
    check_interval: CheckInterval = Field(300, description="Seconds between checks (60 to 3600 unless set otherwise).")
    down_after: int = Field(
        1, ge=1, le=LONGEST_WINDOW, description="So many failed checks open a downtime: of the last `down_window`."
    )
    down_window: int | None = Field(
        None,
        ge=1,
        le=LONGEST_WINDOW,
        description="How many of the last checks are looked at; null: `down_after`, so in a row.",
    )
    up_after: int = Field(1, ge=1, le=LONGEST_WINDOW, description="So many good checks in a row close it.")
    is_active: bool = Field(True, description="False: known, but not checked. `enabled` is accepted too.")
    tags: list[Label] = Field(default_factory=list, max_length=50)
    group: str | None = Field(None, max_length=100)
    regions: list[Label] = Field(default_factory=list, max_length=50)
    period: Period = Field(
        None,
        description="Heartbeats: seconds between pings (60 s to 365 d), or 15m, 1h, 1d. 1 day without a cron.",
        examples=[86400],
    )
    cron: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Heartbeats: when pings are expected instead, as in cron.",
        examples=["0 3 * * *"],
    )
    time_zone: TimeZone = Field(
        None, description="Heartbeats: of the cron expression; UTC, if left out.", examples=["Europe/Berlin"]
    )
    grace: Grace = Field(
        None, description="Heartbeats: so many seconds later a ping is missing; 300, if left out.", examples=[300]
    )

    @property
    def downtime_rule(self) -> DowntimeRule:
        """Return when it counts as down."""
        return DowntimeRule(self.down_after, self.down_window, self.up_after)

    @field_validator("down_window")
    @classmethod
    def _window_holds_what_must_fail(cls, value: int | None, info: ValidationInfo) -> int | None:
        fault = window_fault(info.data.get("down_after"), value)
        if fault:
            raise ValueError(fault)
        return value

    @model_validator(mode="before")
    @classmethod
    def _enabled_is_is_active(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "enabled" not in data:
            return data
        if data.get("is_active", data["enabled"]) != data["enabled"]:
            raise ValueError("`enabled` and `is_active` are one field and contradict each other")
        rest = {name: value for name, value in data.items() if name != "enabled"}
        return {**rest, "is_active": data["enabled"]}


class WebsiteCreate(WebsiteFields):
    """A website to watch. Only `url` is needed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"url": "https://example.com", "name": "Example Site", "enabled": True, "check_interval": 300}]
        }
    )

    url: Url = Field(max_length=2048, examples=["https://example.com"])

    @model_validator(mode="after")
    def _filled_in(self) -> Self:
        refuse_foreign_fields(self.url, vars(self))
        if is_heartbeat(self.url):
            interval = self.check_interval if "check_interval" in self.model_fields_set else None
            schedule = settled({name: getattr(self, name) for name in FIELDS}, interval)
            for name, value in fields_of(schedule).items():
                setattr(self, name, value)
            self.name = self.name if self.name.strip() else heartbeat_name(schedule)
        if not self.name.strip():
            self.name = short_name(self.url)
        return self

    @model_validator(mode="after")
    def _options_are_of_use(self) -> Self:
        refuse_useless_options(self.url, vars(self))
        return self


class WebsiteUpdate(WebsiteFields):
    """The fields to change; what is left out stays as it is. Attributes not given read None."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "New Name", "check_interval": 600}]})

    url: Url = ""

    def changes(self) -> dict[str, Any]:
        """Return only what was given, ready for storage (enums and nested values as plain data)."""
        return self.model_dump(exclude_unset=True, mode="json")


for _field in WebsiteUpdate.model_fields.values():
    _field.default, _field.default_factory = None, None
WebsiteUpdate.model_rebuild(force=True)


class WebsiteHead(BaseModel):
    """What a website's JSON begins with: the fields by which people know it."""

    id: int
    url: str
    name: str
    status: MonitorStatus = Field(
        MonitorStatus.UNKNOWN,
        description="Of the last check, as far as the downtime rule takes it for granted; UNKNOWN before the first.",
    )


class WebsiteRead(HeartbeatFacts, WebsiteFields, WebsiteHead):  # pydantic takes the fields of the last base first
    """A website as every door shows it, with its present state. Secrets are masked."""

    model_config = ConfigDict(
        from_attributes=True,
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "id": 1,
                    "url": "https://example.com",
                    "name": "Example Site",
                    "status": "UP",
                    "is_active": True,
                    "enabled": True,
                    "check_interval": 300,
                    "timeout": 30,
                    "method": "GET",
                    "auth": {"kind": "basic", "username": "monitor", "password": "********"},
                    "expected_status": "200-399",
                    "tags": ["shop"],
                    "created_at": "2026-01-01T11:00:00Z",
                    "updated_at": "2026-01-01T11:00:00Z",
                    "status_since": "2026-01-01T11:00:01Z",
                    "last_checked_at": "2026-01-01T12:00:01Z",
                    "last_response_time_ms": 142.1,
                    "certificate_not_after": "2026-03-01T00:00:00Z",
                }
            ]
        },
    )

    # Stored values were checked when they came in; the bounds may have moved since.
    check_interval: int = 300
    period: int | None = None
    cron: str | None = None
    time_zone: str | None = None
    grace: int | None = None
    created_at: UTCDatetime
    updated_at: UTCDatetime
    status_since: UTCDatetime | None = None
    last_checked_at: UTCDatetime | None = None
    last_response_time_ms: float | None = None
    last_cause: Cause | None = None
    last_message: str | None = None
    last_check_status: MonitorStatus | None = Field(
        None, description="Of the last check itself; `status` may wait for the downtime rule."
    )
    pending_status: MonitorStatus | None = Field(
        None, description="What `status` becomes if the next checks say the same; null: nothing is pending."
    )
    failing_checks_count: int = Field(0, description="Failed checks that wait for `down_after` before it is down.")
    recovering_checks_count: int = Field(0, description="Good checks that wait for `up_after` before it is up.")
    breaker_open_until: UTCDatetime | None = Field(
        None, description="Checks are skipped until then, after five failures in a row."
    )
    skipped_checks_count: int = Field(0, description="Checks the circuit breaker has skipped so far.")
    certificate_not_after: UTCDatetime | None = Field(None, description="When the leaf certificate expires.")

    @property
    def pending_text(self) -> str:
        """Return what the downtime rule waits for at present; empty where it waits for nothing."""
        return self.downtime_rule.pending_text(self.failing_checks_count, self.recovering_checks_count)

    @computed_field(description="The same as is_active.")  # type: ignore[prop-decorator]
    @property
    def enabled(self) -> bool:
        """The same as `is_active`, under the name it also has on input."""
        return self.is_active
