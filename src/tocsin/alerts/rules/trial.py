"""A rule tried on the past: when it would have fired, and which threshold would have been a fair one. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from statistics import median

from tocsin.alerts.rules.decide import Bound, Standing, State, decide
from tocsin.model.alert_rules import Firing
from tocsin.model.alerts import AlertPriority

Points = Sequence[tuple[datetime, float | None]]
"""A series' values in order of time."""

HEADROOM = 1.2
"""Source: the alert service's own advice, thresholds at P95 and 20 % more."""


@dataclass(slots=True)
class _Running:
    started_at: datetime
    worst: float


@dataclass(frozen=True, slots=True)
class Past:
    """What became of a rule over the past."""

    firings: list[Firing] = field(default_factory=list)
    points_count: int = 0
    p95: float | None = None
    suggested_threshold: float | None = None
    suggested_for_s: float | None = None


def try_on(
    bound: Bound, series: Mapping[str, Points], priority_of: Callable[[float], AlertPriority], now: datetime
) -> Past:
    """Return every firing of a rule over those series, newest first, with what the values suggest."""
    firings = [one for name, points in series.items() for one in _firings(bound, name, points, priority_of)]
    firings.sort(key=lambda one: (one.started_at, one.series), reverse=True)
    values = sorted(value for points in series.values() for _, value in points if value is not None)
    less = bound.comparison.less_is_worse
    edge = quantile(values, 0.05 if less else 0.95)
    suggested = None if edge is None else edge / HEADROOM if less else edge * HEADROOM
    return Past(
        firings=firings,
        points_count=len(values),
        p95=quantile(values, 0.95),
        suggested_threshold=None if suggested is None else float(f"{suggested:.3g}"),
        suggested_for_s=_suggested_for(bound, firings, now),
    )


def _firings(
    bound: Bound, name: str, points: Points, priority_of: Callable[[float], AlertPriority]
) -> Iterable[Firing]:
    standing, running = Standing(), None
    for at, value in points:
        decision = decide(bound, standing, value, at)
        standing = decision.standing
        if decision.is_end and running is not None:
            yield _firing(name, running, at, priority_of)
            running = None
        elif standing.state is State.FIRING:
            seen = bound.threshold if value is None else value
            running = running or _Running(at, seen)
            running.worst = (min if bound.comparison.less_is_worse else max)(running.worst, seen)
    if running is not None:
        yield _firing(name, running, None, priority_of)


def _firing(
    name: str, running: _Running, ended_at: datetime | None, priority_of: Callable[[float], AlertPriority]
) -> Firing:
    return Firing(
        series=name,
        started_at=running.started_at,
        ended_at=ended_at,
        worst_value=running.worst,
        priority=priority_of(running.worst),
    )


def _suggested_for(bound: Bound, firings: Sequence[Firing], now: datetime) -> float | None:
    """Return a `for` that outlasts the short half of its firings, where there are enough to tell."""
    lasted = sorted(((one.ended_at or now) - one.started_at).total_seconds() for one in firings)
    if len(lasted) < 4:
        return None
    short = median(lasted)
    if short > 3600 or short <= 0:
        return None
    return float(ceil((bound.lasting + timedelta(seconds=short)).total_seconds() / 60) * 60)


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the value that `share` (0 to 1) of all stay at or below; None where there are none."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, max(0, ceil(share * len(ordered)) - 1))]
