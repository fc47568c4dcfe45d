"""Shapes that the server draws as SVG: 24 hours as bars, and a check's phases as a waterfall. Pure geometry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.actions.overview import HourCounts

STEP, BAR, HEIGHT = 5, 4, 24
"""Width of an hour, of its bar, and the height of the worst, in the drawing's own units."""

# The worse an hour was, the taller its bar: readable without colour.
_HEIGHTS = {"down": 24, "degraded": 18, "unknown": 12, "up": 12}
_LEAST = 4  # the thinnest that a share of an hour is drawn, however small it is


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour that was not simply up, with the words for it. `moment` is its start."""

    x: int
    moment: datetime
    text: str


@dataclass(frozen=True, slots=True)
class HourBars:
    """SVG path data by status, the hours that have something to say, and the whole in a sentence."""

    paths: dict[str, str]
    hours: list[Hour]
    summary: str


@dataclass(frozen=True, slots=True)
class PhaseBar:
    """One phase of a check: where it starts and how long it is, in percent of the whole."""

    name: str
    label: str
    start_percent: float
    width_percent: float
    duration_ms: float


def hour_bars(hours: Sequence[HourCounts | None], first_hour: datetime) -> HourBars:
    """Return the drawing of consecutive hours, oldest first; None is an hour without checks."""
    paths: dict[str, list[str]] = {}
    notable: list[Hour] = []
    for index, counts in enumerate(hours):
        x = index * STEP
        if counts is None:
            paths.setdefault("none", []).append(_rectangle(x, HEIGHT - 2, 2))
            continue
        for name, y, height in _stack(counts):
            paths.setdefault(name, []).append(_rectangle(x, y, height))
        if counts.down or counts.degraded or counts.unknown:
            notable.append(Hour(x, first_hour + timedelta(hours=index), _words(counts)))
    drawn = {name: "".join(parts) for name, parts in paths.items()}
    return HourBars(drawn, notable, _summary(hours))


def _rectangle(x: int, y: int, height: int) -> str:
    return f"M{x} {y}h{BAR}v{height}h-{BAR}z"


def _stack(counts: HourCounts) -> list[tuple[str, int, int]]:
    """Return name, top and height of each share of one hour's bar, the worst on top."""
    shares = [(name, getattr(counts, name)) for name in ("down", "degraded", "unknown", "up")]
    shares = [(name, number) for name, number in shares if number]
    if not shares:
        return [("none", HEIGHT - 2, 2)]
    total, left = sum(number for _, number in shares), _HEIGHTS[shares[0][0]]
    y, height, stacked = HEIGHT - left, left, []
    for below, (name, number) in zip(range(len(shares) - 1, 0, -1), shares, strict=False):
        part = min(max(_LEAST, round(height * number / total)), left - _LEAST * below)
        stacked.append((name, y, part))
        y, left = y + part, left - part
    return [*stacked, (shares[-1][0], y, left)]


def _words(counts: HourCounts) -> str:
    named = ((counts.down, "down"), (counts.degraded, "degraded"), (counts.unknown, "unknown"), (counts.up, "up"))
    return ", ".join(f"{number} {name}" for number, name in named if number)


def _summary(hours: Sequence[HourCounts | None]) -> str:
    seen = [counts for counts in hours if counts is not None]
    if not seen:
        return f"No checks in the last {len(hours)} hours"
    down = sum(1 for counts in seen if counts.down)
    degraded = sum(1 for counts in seen if counts.degraded and not counts.down)
    unknown = sum(1 for counts in seen if counts.unknown and not counts.down and not counts.degraded)
    parts = [(down, "down"), (degraded, "degraded"), (unknown, "unknown")]
    told = [f"{number} with {name} checks" for number, name in parts if number]
    return f"Of {len(seen)} hours with checks: " + (", ".join(told) if told else "all up")


def phase_bars(phases: Sequence[tuple[str, str, float | None]]) -> list[PhaseBar]:
    """Return a waterfall of (name, label, milliseconds) in order; phases that were not reached are left out."""
    reached = [(name, label, duration) for name, label, duration in phases if duration is not None]
    total = sum(duration for _, _, duration in reached) or 1.0
    bars, start = [], 0.0
    for name, label, duration in reached:
        width = 100 * duration / total
        bars.append(PhaseBar(name, label, round(start, 2), round(max(width, 0.4), 2), duration))
        start += width
    return bars
