"""What one value means for one series of one rule: pending, firing, cleared, and why. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import isnan

from tocsin.model.alert_rules import Comparison, NoData


class State(StrEnum):
    """How a series stands against a rule."""

    OK = "ok"
    PENDING = "pending"  # crossed, but not for long enough
    FIRING = "firing"


class Verdict(StrEnum):
    """Why a series stands as it does after a value."""

    NOT_CROSSED = "not_crossed"
    CROSSED_NOT_LONG_ENOUGH = "crossed_not_long_enough"
    FIRED = "fired"
    STILL_FIRING = "still_firing"
    HELD_BY_HYSTERESIS = "held_by_hysteresis"
    CLEARED = "cleared"
    NO_DATA_KEPT = "no_data_kept"
    NO_DATA_FIRED = "no_data_fired"
    NO_DATA_CLEARED = "no_data_cleared"


@dataclass(frozen=True, slots=True)
class Bound:
    """The part of a rule that decides."""

    comparison: Comparison
    threshold: float
    clear_threshold: float | None = None
    lasting: timedelta = timedelta(0)
    no_data: NoData = NoData.KEEP

    def is_crossed(self, value: float) -> bool:
        """Return whether a value crosses the threshold."""
        return self.comparison.holds(value, self.threshold)

    def is_held(self, value: float) -> bool:
        """Return whether a value that no longer crosses has not reached the clear threshold either."""
        clear = self.threshold if self.clear_threshold is None else self.clear_threshold
        return self.comparison.holds(value, clear)


@dataclass(frozen=True, slots=True)
class Standing:
    """A series between two values."""

    state: State = State.OK
    since: datetime | None = None  # when the state began


@dataclass(frozen=True, slots=True)
class Decision:
    """The series after a value, and why."""

    standing: Standing
    verdict: Verdict

    @property
    def is_news(self) -> bool:
        """True where an alert begins or ends."""
        return self.verdict in (Verdict.FIRED, Verdict.NO_DATA_FIRED) or self.is_end

    @property
    def is_end(self) -> bool:
        """True where an alert ends."""
        return self.verdict in (Verdict.CLEARED, Verdict.NO_DATA_CLEARED)


def decide(bound: Bound, before: Standing, value: float | None, now: datetime) -> Decision:
    """Return how a series stands after a value taken at `now`; None (or NaN) is no value."""
    if value is None or isnan(value):
        return _without_data(bound, before, now)
    if bound.is_crossed(value):
        return _crossed(bound, before, now, Verdict.FIRED)
    if before.state is State.FIRING:
        if bound.is_held(value):
            return Decision(before, Verdict.HELD_BY_HYSTERESIS)
        return Decision(Standing(State.OK, now), Verdict.CLEARED)
    return Decision(_ok(before, now), Verdict.NOT_CROSSED)


def _crossed(bound: Bound, before: Standing, now: datetime, fired: Verdict) -> Decision:
    if before.state is State.FIRING:
        return Decision(before, Verdict.STILL_FIRING)
    since = before.since if before.state is State.PENDING and before.since is not None else now
    if now - since >= bound.lasting:
        return Decision(Standing(State.FIRING, now), fired)
    return Decision(Standing(State.PENDING, since), Verdict.CROSSED_NOT_LONG_ENOUGH)


def _without_data(bound: Bound, before: Standing, now: datetime) -> Decision:
    if bound.no_data is NoData.ALERT:
        return _crossed(bound, before, now, Verdict.NO_DATA_FIRED)
    if bound.no_data is NoData.KEEP:
        return Decision(before, Verdict.NO_DATA_KEPT)
    if before.state is State.FIRING:
        return Decision(Standing(State.OK, now), Verdict.NO_DATA_CLEARED)
    return Decision(_ok(before, now), Verdict.NOT_CROSSED)


def _ok(before: Standing, now: datetime) -> Standing:
    return before if before.state is State.OK else Standing(State.OK, now)
