"""Alerts in figures, as the database counts them: what patterns are concluded from. Frozen values."""

from collections.abc import Sequence
from dataclasses import dataclass

TOGETHER_S = 300
"""Alerts that begin within the same five minutes come together."""


@dataclass(frozen=True, slots=True)
class TypeCount:
    """How the alerts of one type (and rule) ended."""

    alert_type: str
    rule_id: int | None
    count: int
    seen_count: int  # sightings, repeats included
    closed_count: int
    noise_count: int  # ended, and nobody had acknowledged them
    resolved_count: int
    resolved_s: float  # how long those took, together


@dataclass(frozen=True, slots=True)
class Ended:
    """One alert that ended: how long things took, in seconds."""

    alert_type: str
    rule_id: int | None
    is_resolved: bool  # False: it expired
    acknowledged_s: float | None
    ended_s: float


@dataclass(frozen=True, slots=True)
class Observed:
    """A value that made an alert."""

    alert_type: str
    rule_id: int | None
    value: float


@dataclass(frozen=True, slots=True)
class FlappingAlert:
    """An alert that comes and goes."""

    alert_id: int
    title: str
    resource: str | None
    reopened_count: int
    is_flapping: bool  # now


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of the alerts that were first seen within so many days."""

    days: float
    types: Sequence[TypeCount] = ()
    hours: Sequence[tuple[int, int, int]] = ()  # weekday with Monday 0, hour in UTC, alerts
    ended: Sequence[Ended] = ()
    together: Sequence[tuple[int, str]] = ()  # number of five minutes since 1970, alert type; once each
    values: Sequence[Observed] = ()
    flapping: Sequence[FlappingAlert] = ()
    resources_count: int = 0
