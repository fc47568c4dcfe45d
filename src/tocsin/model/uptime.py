"""Uptime, twice: by checks, and by time. Pure arithmetic; the inputs are what the export contains.

By checks: of all checks that could tell, the share that was UP or DEGRADED. A check counts once, however
many attempts it took; UNKNOWN ones are left out, and so are those made during maintenance.

By time: of the seconds in which we could tell, the share outside downtime windows. Observation starts at the
first check (or downtime) within reach; unknown stretches and maintenance are left out on both sides of the
fraction. While a
website's checks have stopped coming, its time is unknown from one allowance after the last check on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

Interval = tuple[float, float]
"""Start and end, in seconds since 1970; never empty."""


class Uptime(BaseModel):
    """How available a website was over the last `hours`. Percentages are null where nothing was seen."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "website_id": 1,
                    "hours": 24,
                    "by_checks_percent": 98.958333,
                    "by_time_percent": 98.961806,
                    "checks_count": 288,
                    "up_count": 285,
                    "unknown_seconds": 0,
                    "downtime_seconds": 897,
                }
            ]
        }
    )

    website_id: int
    hours: int
    by_checks_percent: float | None = Field(description="Share of checks that were UP or DEGRADED, UNKNOWN left out.")
    by_time_percent: float | None = Field(description="Share of observed time outside downtimes.")
    checks_count: int = Field(description="All checks outside maintenance, UNKNOWN ones included.")
    up_count: int = Field(description="UP and DEGRADED checks.")
    unknown_seconds: float = Field(description="Time since the first check in which nobody could tell.")
    downtime_seconds: float


@dataclass(frozen=True, slots=True)
class TimeShare:
    """What of a window was observed, and what of that was downtime, in seconds."""

    observed_s: float
    downtime_s: float
    unknown_s: float
    maintenance_s: float = 0.0

    @property
    def percent(self) -> float | None:
        """Return the available share of the observed time, 0 to 100."""
        return None if self.observed_s <= 0 else 100 * (1 - self.downtime_s / self.observed_s)


def percent_of_checks(available_count: int, checks_count: int, unknown_count: int) -> float | None:
    """Return the share of checks that were available among those that could tell, 0 to 100."""
    told = checks_count - unknown_count
    return None if told <= 0 else 100 * available_count / told


def time_share(
    window: tuple[datetime, datetime],
    observed_from: datetime | None,
    downtimes: Iterable[tuple[datetime, datetime | None]],
    unknown: Iterable[tuple[datetime, datetime]],
    maintenance: Iterable[tuple[datetime, datetime]] = (),
) -> TimeShare:
    """Return observed, down, unknown and planned seconds within `window`.

    Args:
        window: its start and end.
        observed_from: when the website was first looked at; None where it never was.
        downtimes: start and end of each downtime, end None while it is going on; they may overlap.
        unknown: stretches in which nobody could tell; they may overlap.
        maintenance: stretches of planned work; what is unknown within them counts as planned.
    """
    if observed_from is None:
        return TimeShare(0.0, 0.0, 0.0)
    start, end = max(window[0], observed_from).timestamp(), window[1].timestamp()
    if end <= start:
        return TimeShare(0.0, 0.0, 0.0)
    planned = union(clip(((a.timestamp(), b.timestamp()) for a, b in maintenance), start, end))
    blind = clip(((a.timestamp(), b.timestamp()) for a, b in unknown), start, end)
    left_out = union([*planned, *blind])
    down = union(clip(((a.timestamp(), b.timestamp() if b else end) for a, b in downtimes), start, end))
    maintenance_s, left_out_s = length(planned), length(left_out)
    downtime_s = length(down) - length(overlap(down, left_out))
    return TimeShare(end - start - left_out_s, downtime_s, left_out_s - maintenance_s, maintenance_s)


def clip(intervals: Iterable[Interval], start: float, end: float) -> list[Interval]:
    """Return the parts of `intervals` between `start` and `end`."""
    clipped = ((max(a, start), min(b, end)) for a, b in intervals)
    return [(a, b) for a, b in clipped if a < b]


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the same moments as disjoint intervals, in order."""
    merged: list[Interval] = []
    for a, b in sorted(intervals):
        if merged and a <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], b))
        else:
            merged.append((a, b))
    return merged


def overlap(left: list[Interval], right: list[Interval]) -> list[Interval]:
    """Return the moments in both of two lists of disjoint intervals, each in order."""
    both: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            both.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return both


def length(intervals: Iterable[Interval]) -> float:
    """Return the seconds that disjoint intervals last together."""
    return sum(b - a for a, b in intervals)
