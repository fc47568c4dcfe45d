"""When a heartbeat's pings are expected: a period or a cron expression, and how long a ping may be late.

What a cron expression means is `tocsin.matching.heartbeats`'s.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from tocsin.model.heartbeats.keys import PREFIX, is_heartbeat
from tocsin.model.times import DAY_S, HOUR_S

DEFAULT_PERIOD_S = DAY_S
DEFAULT_GRACE_S = 300
LONGEST_S = 365 * DAY_S
DEFAULT_TIME_ZONE = "UTC"

FIELDS = ("period", "cron", "time_zone", "grace")
"""Fields of a website that only heartbeats have."""
NOT_JUDGED = ("expectations", "degraded_after_ms")
"""Fields that promise a judgement which a heartbeat never gets."""

_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": HOUR_S, "d": DAY_S, "w": 7 * DAY_S}
_SPAN = re.compile(r"([0-9]{1,10})\s*([a-z]*)")


def parse_span(value: Any) -> Any:
    """Return the seconds of a duration such as "90", "15m", "1 h", "1d", "1w"; what is no text as it is.

    Raises:
        ValueError: it is text, but no duration.
    """
    if not isinstance(value, str):
        return value
    found = _SPAN.fullmatch(value.strip().lower())
    if found is None or found[2] not in _UNITS:
        raise ValueError(f"{value!r} is no duration: write seconds, or for example 90s, 15m, 1h, 1d or 1w")
    return int(found[1]) * _UNITS[found[2]]


def span_text(seconds: float) -> str:
    """Return a duration in its two largest units: "1 d", "1 h 30 min", "45 s"."""
    left = round(seconds)
    parts = []
    for size, unit in ((DAY_S, "d"), (HOUR_S, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def _within_a_year(value: int | None) -> int | None:
    if value is not None and not 1 <= value <= LONGEST_S:
        raise ValueError("the grace must be 1 second to 365 days")
    return value


def _is_a_zone(value: str | None) -> str | None:
    if value is not None:
        try:
            ZoneInfo(value)
        except (ValueError, OSError, LookupError) as error:
            raise ValueError(f"{value!r} is no time zone; write one such as Europe/Berlin, or UTC") from error
    return value


Span = Annotated[int | None, BeforeValidator(parse_span)]
Grace = Annotated[Span, AfterValidator(_within_a_year)]
TimeZone = Annotated[str | None, Field(max_length=64), AfterValidator(_is_a_zone)]


@dataclass(frozen=True, slots=True)
class Schedule:
    """When pings are expected: every `period_s` seconds, or by `cron` in `time_zone`; one of the two is None."""

    period_s: int | None
    cron: str | None = None
    time_zone: str = DEFAULT_TIME_ZONE
    grace_s: int = DEFAULT_GRACE_S

    @property
    def grace(self) -> timedelta:
        """How long after the expected moment a ping is only late."""
        return timedelta(seconds=self.grace_s)


def schedule_of(website: Any) -> Schedule:
    """Return the schedule of a heartbeat's row or schema."""
    grace = DEFAULT_GRACE_S if website.grace is None else website.grace
    return Schedule(website.period, website.cron, website.time_zone or DEFAULT_TIME_ZONE, grace)


def heartbeat_name(schedule: Schedule) -> str:
    """Return the name of a heartbeat that was given none. Its key, which is secret, must not be in it."""
    return f"Heartbeat, {schedule.cron}" if schedule.cron else f"Heartbeat every {span_text(schedule.period_s or 0)}"


def settled(given: Mapping[str, Any], check_interval: int | None = None) -> Schedule:
    """Return the schedule of a heartbeat, what was left out filled in.

    Args:
        given: those of `FIELDS` that are set; None counts as left out.
        check_interval: seconds; where it was given, it stands for a period that was not.

    Raises:
        ValueError: they contradict each other.
    """
    period, cron, zone, grace = (given.get(name) for name in FIELDS)
    if period is not None and cron is not None:
        raise ValueError("a heartbeat has a period or a cron expression, not both")
    if cron is None and zone is not None:
        raise ValueError("a time zone belongs to a cron expression; a period is the same everywhere")
    if period is None and cron is None:
        period = check_interval or DEFAULT_PERIOD_S
    return Schedule(period, cron, zone or DEFAULT_TIME_ZONE, DEFAULT_GRACE_S if grace is None else grace)


def changed(stored: Mapping[str, Any], changes: Mapping[str, Any]) -> Schedule:
    """Return the schedule that a heartbeat has after `changes`: a period takes a cron expression's place, and back.

    Args:
        stored: its `FIELDS` until now.
        changes: those of them that were given, None where they were taken away.

    Raises:
        ValueError: nothing is left that says when pings are expected, or too much.
    """
    merged = {**stored, **changes}
    if changes.get("cron") is not None and changes.get("period") is None:
        merged["period"] = None
    if changes.get("period") is not None and changes.get("cron") is None:
        merged |= {"cron": None, "time_zone": changes.get("time_zone")}
    if merged["period"] is None and merged["cron"] is None:
        raise ValueError("a heartbeat needs a period or a cron expression")
    return settled(merged)


def fields_of(schedule: Schedule) -> dict[str, Any]:
    """Return a schedule as the fields of a website."""
    zone = schedule.time_zone if schedule.cron else None
    return {"period": schedule.period_s, "cron": schedule.cron, "time_zone": zone, "grace": schedule.grace_s}


def refuse_foreign_fields(url: str, given: Mapping[str, Any]) -> None:
    """Raise ValueError where a website was given a field that means nothing for its kind; None is not given."""
    is_one = is_heartbeat(url)
    strange = [name for name in (NOT_JUDGED if is_one else FIELDS) if given.get(name)]
    if strange and is_one:
        raise ValueError(f"{' and '.join(strange)}: a heartbeat is not looked at, so it cannot be judged by this")
    if strange:
        raise ValueError(f"{' and '.join(strange)}: only heartbeats have this, whose URLs begin with {PREFIX}")
