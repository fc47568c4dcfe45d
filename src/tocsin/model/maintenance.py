"""Schemas of a MaintenanceWindow: planned work, perhaps recurring. Checking goes on; alerts are muted."""

from datetime import date, time
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tocsin.model.matchers import MatcherFields
from tocsin.model.texts import Stored
from tocsin.model.times import UTCDatetime

LONGEST_MINUTES = 31 * 24 * 60


def _is_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone, write for example Europe/Berlin") from None
    return name


TimeZone = Annotated[str, AfterValidator(_is_time_zone)]
Minutes = Annotated[float, Field(gt=0, le=LONGEST_MINUTES)]
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _weekday(value: Any) -> Any:
    """Accept names beside numbers: "Monday", "mon", 1."""
    if isinstance(value, str) and not value.isdecimal():
        found = [
            number for number, name in enumerate(_WEEKDAYS, 1) if len(value) > 1 and name.startswith(value.lower())
        ]
        if len(found) != 1:
            raise ValueError(f"{value!r} is no day of the week, write for example Monday")
        return found[0]
    return value


Weekday = Annotated[int, BeforeValidator(_weekday), Field(ge=1, le=7)]


def _padded(value: Any) -> Any:
    return f"0{value}" if isinstance(value, str) and value[1:2] == ":" else value


Clock = Annotated[time, BeforeValidator(_padded)]


class Once(Stored):
    """From one moment to another."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["once"] = "once"
    starts_at: UTCDatetime
    ends_at: UTCDatetime

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise ValueError("ends_at must lie after starts_at")
        return self


class WallClock(Stored):
    """What recurs at a time of day: `start`, and either `end` (the next day's where it is not later) or a duration."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: Clock = Field(description="Time of day in the window's zone, 22:00.")
    end: Clock | None = Field(None, description="Time of day; the next day's where it is not later than `start`.")
    duration_minutes: Minutes | None = Field(None, description="Instead of `end`: how long it lasts, in minutes.")

    @model_validator(mode="after")
    def _ends_one_way(self) -> Self:
        if (self.end is None) == (self.duration_minutes is None):
            raise ValueError("give either `end` or `duration_minutes`")
        if self.start.tzinfo is not None or (self.end is not None and self.end.tzinfo is not None):
            raise ValueError("a time of day is meant in the window's time_zone; write it without an offset")
        return self


class Weekly(WallClock):
    """On days of the week."""

    kind: Literal["weekly"] = "weekly"
    weekdays: tuple[Weekday, ...] = Field(min_length=1, max_length=7, description="1 is Monday; names are taken too.")


class Monthly(WallClock):
    """On days of the month; -1 is the last one, -2 the one before. Months without that day are skipped."""

    kind: Literal["monthly"] = "monthly"
    days: tuple[Annotated[int, Field(ge=-31, le=31)], ...] = Field(min_length=1, max_length=31)

    @model_validator(mode="after")
    def _no_day_zero(self) -> Self:
        if 0 in self.days:
            raise ValueError("there is no day 0; -1 is the last day of the month")
        return self


class EveryNDays(WallClock):
    """Every so many days, counted from the first one."""

    kind: Literal["every_n_days"] = "every_n_days"
    every_days: int = Field(ge=1, le=366)
    first_day: date


class Cron(Stored):
    """Whenever a cron expression says, in the window's zone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["cron"] = "cron"
    cron: str = Field(max_length=200, examples=["0 3 * * 0"], description="minute hour day month weekday")
    duration_minutes: Minutes


Schedule = Annotated[Once | Weekly | Monthly | EveryNDays | Cron, Field(discriminator="kind")]


class MaintenanceFields(Stored):
    """Every field of a maintenance window that users set."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=255)
    description: str | None = Field(None, max_length=5000)
    is_enabled: bool = True
    schedule: Schedule
    time_zone: TimeZone = Field("UTC", examples=["Europe/Berlin"], description="In which the schedule is meant.")
    is_global: bool = Field(False, description="True: it concerns every website and every alert.")
    website_ids: list[int] = Field(default_factory=list, max_length=10_000)
    tags: list[str] = Field(default_factory=list, max_length=100, description="Websites with one of these tags.")
    groups: list[str] = Field(default_factory=list, max_length=100, description="Websites of one of these groups.")
    matchers: list[MatcherFields] = Field(
        default_factory=list, max_length=50, description="Alerts whose labels fulfil all of these."
    )


class MaintenanceWindowCreate(MaintenanceFields):
    """Planned work. Name what it concerns: websites, tags, groups, label matchers, or everything."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Sunday backups",
                    "schedule": {"kind": "weekly", "weekdays": ["Sunday"], "start": "02:00", "end": "04:00"},
                    "time_zone": "Europe/Berlin",
                    "tags": ["shop"],
                }
            ]
        }
    )

    @model_validator(mode="after")
    def _concerns_something(self) -> Self:
        named = self.website_ids or self.tags or self.groups or self.matchers
        if bool(named) is self.is_global:
            raise ValueError("name what it concerns: website_ids, tags, groups or matchers, or else is_global alone")
        return self


class MaintenanceWindowUpdate(MaintenanceFields):
    """The fields to change; what is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_enabled": False}]})

    def changes(self) -> dict[str, Any]:
        """Return only what was given, ready for storage."""
        return self.model_dump(exclude_unset=True, mode="json")


for _field in MaintenanceWindowUpdate.model_fields.values():
    _field.default, _field.default_factory = None, None
MaintenanceWindowUpdate.model_rebuild(force=True)


class MaintenanceWindowRead(MaintenanceFields):
    """A maintenance window as every door shows it."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")

    id: int
    created_by: str
    created_at: UTCDatetime
    updated_at: UTCDatetime
    is_in_force: bool = False
    next_start_at: UTCDatetime | None = Field(None, description="The next start, or the present occurrence's.")
    next_end_at: UTCDatetime | None = None


class PeriodRead(BaseModel):
    """One occurrence."""

    starts_at: UTCDatetime
    ends_at: UTCDatetime


class MutedAlert(BaseModel):
    """An alert that a mute would have kept quiet."""

    id: int
    alert_type: str
    title: str
    priority: str
    resource: str | None
    first_seen_at: UTCDatetime


class MutePreview(BaseModel):
    """What a silence or a maintenance window means: what it would have muted, and when it is in force next."""

    days: int = Field(description="How far back was looked.")
    muted_count: int
    muted: list[MutedAlert] = Field(description="The newest of them, at most 100.")
    periods: list[PeriodRead] = Field(description="Its next occurrences.")


class MaintenancePeriodRead(BaseModel):
    """A stretch in which a website was in maintenance; its uptime leaves it out."""

    model_config = ConfigDict(from_attributes=True)

    window_id: int = Field(description="Of a window that may be gone.")
    started_at: UTCDatetime
    ended_at: UTCDatetime = Field(description="As planned, or when it was cut short.")
    checks_count: int | None = Field(description="Checks in it; null until they are counted, 5 minutes after its end.")
    up_count: int | None = Field(description="Those that were UP or DEGRADED.")
    unknown_count: int | None
