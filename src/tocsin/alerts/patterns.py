"""What alerts have in common: when they come, how long they last, which are noise, what would make them fewer.

Pure: the figures come from `storage.alerts.patterns`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from math import ceil, floor

from typing_extensions import TypedDict  # pydantic reads it, and needs this one before Python 3.12

from tocsin.alerts.priority import BOUND, is_bounded, is_less_worse
from tocsin.model.alerting.figures import Figures, FlappingAlert, TypeCount

HEADROOM = 0.2
SHORT_S = 600.0
"""What ends unacknowledged within this would not have been told, had its rule waited."""
FEW = 5
"""Fewer than so many say nothing."""
MOST_TYPES_AT_ONCE = 40
LISTED = 20


class Noise(TypedDict):
    """How often alerts of a type or rule ended without anybody having acknowledged them."""

    alert_type: str
    rule_id: int | None
    count: int
    unacknowledged_count: int
    share: float


class Suggestion(TypedDict):
    """What would make the alerts of a type or rule fewer and truer; None where too little is known."""

    alert_type: str
    rule_id: int | None
    observed_count: int
    p95_value: float | None
    suggested_threshold: float | None  # 95th percentile of what was observed, and 20 % of headroom
    short_lived_count: int
    suggested_for_s: int | None  # waiting so long spares most of the short-lived ones


class Together(TypedDict):
    """Two types that begin within the same five minutes."""

    types: tuple[str, str]
    count: int
    share: float  # of the times the rarer of the two came


class Flapping(TypedDict):
    """An alert that comes and goes."""

    alert_id: int
    title: str
    resource: str | None
    reopened_count: int
    is_flapping: bool


class AlertPatterns(TypedDict):
    """Times are minutes where the name says so; hours are UTC, weekdays begin with Monday. None: nothing was seen."""

    days: float
    total_alerts: int
    total_sightings: int
    resources_count: int
    most_common_type: str | None
    type_distribution: dict[str, int]
    peak_hour: int | None
    hourly_distribution: list[int]
    weekday_hour_matrix: list[list[int]]
    avg_resolution_time_minutes: float | None
    median_resolution_time_minutes: float | None
    p95_resolution_time_minutes: float | None
    median_acknowledge_time_minutes: float | None
    p95_acknowledge_time_minutes: float | None
    noise_share: float | None
    noise: list[Noise]
    flapping: list[Flapping]
    together: list[Together]
    suggestions: list[Suggestion]


def conclude(figures: Figures) -> AlertPatterns:
    """Return the patterns in those figures."""
    by_type: Counter[str] = Counter()
    for one in figures.types:
        by_type[one.alert_type] += one.count
    matrix = [[0] * 24 for _ in range(7)]
    for weekday, hour, count in figures.hours:
        matrix[weekday][hour] += count
    hourly = [sum(day[hour] for day in matrix) for hour in range(24)]
    total = sum(by_type.values())
    resolved = [one.ended_s for one in figures.ended if one.is_resolved]
    acknowledged = [one.acknowledged_s for one in figures.ended if one.acknowledged_s is not None]
    closed = sum(one.closed_count for one in figures.types)
    resolved_count = sum(one.resolved_count for one in figures.types)
    took_s = sum(one.resolved_s for one in figures.types)
    return AlertPatterns(
        days=figures.days,
        total_alerts=total,
        total_sightings=sum(one.seen_count for one in figures.types),
        resources_count=figures.resources_count,
        most_common_type=by_type.most_common(1)[0][0] if by_type else None,
        type_distribution=dict(by_type.most_common()),
        peak_hour=hourly.index(max(hourly)) if total else None,
        hourly_distribution=hourly,
        weekday_hour_matrix=matrix,
        avg_resolution_time_minutes=round(took_s / resolved_count / 60, 2) if resolved_count else None,
        median_resolution_time_minutes=_minutes(quantile(resolved, 0.5)),
        p95_resolution_time_minutes=_minutes(quantile(resolved, 0.95)),
        median_acknowledge_time_minutes=_minutes(quantile(acknowledged, 0.5)),
        p95_acknowledge_time_minutes=_minutes(quantile(acknowledged, 0.95)),
        noise_share=round(sum(one.noise_count for one in figures.types) / closed, 3) if closed else None,
        noise=_noise(figures.types),
        flapping=[_flapping(one) for one in figures.flapping],
        together=_together(figures.together),
        suggestions=_suggestions(figures),
    )


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the value below which that share of them lies, between two of them where need be; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    low = floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def suggested_threshold(metric_name: str, values: Sequence[float]) -> float | None:
    """Return the 95th percentile of observed values and 20 % of headroom; None of fewer than five.

    Where less is worse it is the 5th percentile less 20 %. A percentage stays within its bounds: between the
    percentile and 100 it goes a fifth of the way.
    """
    if len(values) < FEW:
        return None
    less = is_less_worse(metric_name, 0.0, 0.0)
    observed = quantile(values, 0.05 if less else 0.95) or 0.0
    if is_bounded(metric_name, observed):
        room = observed if less else BOUND - observed
        return _rounded(observed - HEADROOM * room if less else observed + HEADROOM * room)
    return _rounded(observed - HEADROOM * abs(observed) if less else observed + HEADROOM * abs(observed))


def suggested_for(durations: Sequence[float]) -> int | None:
    """Return how many seconds a rule should wait to spare 95 % of what ends by itself so soon; None of too few."""
    wait = quantile(durations, 0.95) if len(durations) >= FEW else None
    if wait is None:
        return None
    step = next((step for limit, step in ((60, 15), (300, 30)) if wait <= limit), 60)
    return max(step, ceil(wait / step) * step)


def _noise(types: Sequence[TypeCount]) -> list[Noise]:
    rows = [
        Noise(
            alert_type=one.alert_type,
            rule_id=one.rule_id,
            count=one.closed_count,
            unacknowledged_count=one.noise_count,
            share=round(one.noise_count / one.closed_count, 3),
        )
        for one in types
        if one.noise_count
    ]
    return sorted(rows, key=lambda row: (-row["unacknowledged_count"], row["alert_type"]))[:LISTED]


def _flapping(one: FlappingAlert) -> Flapping:
    return Flapping(
        alert_id=one.alert_id,
        title=one.title,
        resource=one.resource,
        reopened_count=one.reopened_count,
        is_flapping=one.is_flapping,
    )


def _together(began: Iterable[tuple[int, str]]) -> list[Together]:
    """Return the pairs of types that began together more than once. In a storm of types only some are paired."""
    buckets: defaultdict[int, set[str]] = defaultdict(set)
    for bucket, alert_type in began:
        buckets[bucket].add(alert_type)
    alone: Counter[str] = Counter(alert_type for types in buckets.values() for alert_type in types)
    pairs: Counter[tuple[str, str]] = Counter()
    for types in buckets.values():
        pairs.update(combinations(sorted(types)[:MOST_TYPES_AT_ONCE], 2))
    rows = [
        Together(types=pair, count=count, share=round(count / min(alone[pair[0]], alone[pair[1]]), 3))
        for pair, count in pairs.items()
        if count > 1
    ]
    return sorted(rows, key=lambda row: (-row["count"], -row["share"], row["types"]))[:LISTED]


def _suggestions(figures: Figures) -> list[Suggestion]:
    values: defaultdict[tuple[str, int | None], list[float]] = defaultdict(list)
    short: defaultdict[tuple[str, int | None], list[float]] = defaultdict(list)
    for seen in figures.values:
        values[seen.alert_type, seen.rule_id].append(seen.value)
    for one in figures.ended:
        if one.acknowledged_s is None and one.ended_s <= SHORT_S:
            short[one.alert_type, one.rule_id].append(one.ended_s)
    rows = [
        Suggestion(
            alert_type=key[0],
            rule_id=key[1],
            observed_count=len(values[key]),
            p95_value=None if (p95 := quantile(values[key], 0.95)) is None else _rounded(p95),
            suggested_threshold=suggested_threshold(key[0], values[key]),
            short_lived_count=len(short[key]),
            suggested_for_s=suggested_for(short[key]),
        )
        for key in dict.fromkeys((one.alert_type, one.rule_id) for one in figures.types)
    ]
    return [row for row in rows if row["suggested_threshold"] is not None or row["suggested_for_s"] is not None]


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 60, 2)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
