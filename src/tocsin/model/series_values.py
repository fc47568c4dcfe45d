"""What rules ask for and are answered: series, their values, and what an aggregation makes of points. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from tocsin.model.alert_rules import Aggregation


@dataclass(frozen=True, slots=True)
class Ask:
    """What some rules want to know."""

    metric_name: str
    aggregation: Aggregation
    window_s: float


@dataclass(slots=True)
class Value:
    """One series and its value; None where there is none."""

    series: str  # its labels, joined: the key
    labels: dict[str, str]
    value: float | None
    resource: str = ""
    website_id: int | None = None


def series_key(labels: dict[str, str]) -> str:
    """Return the labels of a series as one text, at most 255 characters."""
    return ",".join(f"{name}={labels[name]}" for name in sorted(labels))[:255]


@dataclass(frozen=True, slots=True)
class Watched:
    """A website as rules know it."""

    id: int
    labels: dict[str, str]
    tags: frozenset[str]

    @property
    def resource(self) -> str:
        """What its alerts are about."""
        return self.labels["website"]

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether it has all of these labels; `tag` may be any of its tags."""
        return all(
            value in self.tags if name == "tag" else self.labels.get(name) == value for name, value in labels.items()
        )


def aggregate(points: Sequence[tuple[float, float]], aggregation: Aggregation) -> float | None:
    """Return what an aggregation makes of points (seconds, value) in order of time; None where it needs more."""
    if aggregation is Aggregation.RATE:
        return _rate(points)
    if (share := aggregation.share) is not None:
        ordered = sorted(value for _, value in points)
        return ordered[max(0, ceil(share * len(ordered)) - 1)]
    return _OF_POINTS[aggregation]([value for _, value in points])


_OF_POINTS: dict[Aggregation, Callable[[list[float]], float]] = {
    Aggregation.LAST: lambda values: values[-1],
    Aggregation.AVG: lambda values: sum(values) / len(values),
    Aggregation.MIN: min,
    Aggregation.MAX: max,
    Aggregation.SUM: sum,
    Aggregation.COUNT: lambda values: float(len(values)),
}


def _rate(points: Sequence[tuple[float, float]]) -> float | None:
    """Return a counter's growth a second; where it falls it began anew at zero.

    Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#rate
    """
    if len(points) < 2 or points[-1][0] <= points[0][0]:
        return None
    pairs = pairwise(points)
    grown = sum(later[1] - earlier[1] if later[1] >= earlier[1] else later[1] for earlier, later in pairs)
    return grown / (points[-1][0] - points[0][0])
