"""What a sighting, or the clock, means for an alert: counted, told again, raised, reopened, closed; with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from tocsin.model.alerting.life import ACTIVE, SUPPRESSED, ChangeKind
from tocsin.model.alerts import AlertPriority, AlertStatus


@dataclass(frozen=True, slots=True)
class FlappingPlan:
    """When an alert counts as flapping: more than so many openings and closings within the window."""

    changes_count: int = 6
    window_s: float = 1200.0


class Known(Protocol):
    """The newest alert of a fingerprint, as far as it decides what comes next."""

    status: AlertStatus
    priority: AlertPriority
    dedup_window_s: float
    first_seen_at: datetime
    last_told_at: datetime | None
    resolved_at: datetime | None  # when it was closed, by whatever
    suppressed_until: datetime | None
    ends_at: datetime | None
    expires_at: datetime | None
    flapping_since: datetime | None
    recent_changes: list[float]


class Step(NamedTuple):
    """What is to be done: the kind of change (None: nothing but counting), why, and whether anybody hears of it."""

    kind: ChangeKind | None
    reason: str
    is_told: bool = False


IGNORED = Step(None, "not_open")
"""The end of a problem that is not open: there is nothing to do."""


def decide_sighting(known: Known | None, priority: AlertPriority, at: datetime, *, is_over: bool = False) -> Step:
    """Return what another sighting means.

    Args:
        known: the newest alert of the same fingerprint, or None.
        priority: of this sighting.
        at: when it was seen.
        is_over: it says that the problem has ended.
    """
    if known is None or not known.status.is_open:
        return IGNORED if is_over else _begins(known, at)
    if is_over:
        return Step(ChangeKind.RESOLVED, "ended", is_told=True)
    if priority.rank < known.priority.rank:
        if known.status is SUPPRESSED:
            return Step(ChangeKind.RAISED, "more_severe_while_suppressed")
        return Step(ChangeKind.RAISED, "more_severe", is_told=True)
    return _repeated(known, at)


def _begins(known: Known | None, at: datetime) -> Step:
    """Return what a problem that is not open means: it is new, or the last one goes on."""
    if known is not None and _reopens(known, at):
        return Step(ChangeKind.REOPENED, "recurred_within_window", is_told=True)
    return Step(ChangeKind.OPENED, "new", is_told=True)


def _repeated(known: Known, at: datetime) -> Step:
    """Return what the same again means for an open alert."""
    if known.status is not ACTIVE:
        return Step(None, known.status.lower())
    if known.flapping_since is not None:
        return Step(None, "flapping")
    told_at = known.last_told_at or known.first_seen_at
    if at - told_at >= timedelta(seconds=known.dedup_window_s):
        return Step(ChangeKind.REPEATED, "window_over", is_told=True)
    return Step(None, "within_window")


def _reopens(known: Known, at: datetime) -> bool:
    """Return whether a closed alert is the same problem still: within its window, or until its flapping settles."""
    if known.flapping_since is not None:
        return True
    closed_at = known.resolved_at
    return closed_at is not None and at - closed_at < timedelta(seconds=known.dedup_window_s)


class Calm(StrEnum):
    """How an alert stands with regard to flapping after one more opening or closing."""

    STEADY = "steady"
    BEGINS = "begins"
    FLAPS = "flaps"


def note_change(
    recent: Sequence[float], *, is_flapping: bool, at: datetime, plan: FlappingPlan
) -> tuple[list[float], Calm]:
    """Return when an alert opened or closed of late (seconds since 1970), this change included, and what that makes."""
    now_s = at.timestamp()
    within = [moment for moment in recent if now_s - plan.window_s < moment <= now_s]
    within = [*within, now_s][-(plan.changes_count + 1) :]
    if is_flapping:
        return within, Calm.FLAPS
    return within, Calm.BEGINS if len(within) > plan.changes_count else Calm.STEADY


def settles_at(known: Known, plan: FlappingPlan) -> datetime | None:
    """Return when a flapping alert will have been quiet for a window; None where it does not flap."""
    if known.flapping_since is None:
        return None
    last_s = max([*known.recent_changes, known.flapping_since.timestamp()])
    return datetime.fromtimestamp(last_s + plan.window_s, UTC)


def due_at(known: Known, plan: FlappingPlan) -> datetime | None:
    """Return when the clock has to look at an alert next; None where nothing happens to it by itself."""
    moments = [settles_at(known, plan)]
    if known.status.is_open:
        moments += [known.ends_at, known.expires_at]
    if known.status is SUPPRESSED:
        moments.append(known.suppressed_until)
    return min((moment for moment in moments if moment is not None), default=None)


def decide_due(known: Known, now: datetime, plan: FlappingPlan) -> Step | None:
    """Return the one thing that is due for an alert now, what ends it first; None where nothing is."""
    if known.status.is_open:
        if known.ends_at is not None and known.ends_at <= now:
            return Step(ChangeKind.RESOLVED, "ended", is_told=True)
        if known.expires_at is not None and known.expires_at <= now:
            return Step(ChangeKind.EXPIRED, "ttl_over", is_told=True)
    if known.status is SUPPRESSED and known.suppressed_until is not None and known.suppressed_until <= now:
        return Step(ChangeKind.RETURNED, "suppression_over", is_told=True)
    quiet_at = settles_at(known, plan)
    if quiet_at is not None and quiet_at <= now:
        return Step(ChangeKind.SETTLED, "quiet", is_told=True)
    return None
