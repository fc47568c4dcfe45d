"""The life of an alert: kinds of change, and which status may follow which, with the reason where one may not."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from tocsin.model.alerts import AlertStatus

ACTIVE, ACKNOWLEDGED, SUPPRESSED, RESOLVED, EXPIRED = AlertStatus


class ChangeKind(StrEnum):
    """What happened to an alert; a change is stored with one of these."""

    OPENED = "opened"
    REPEATED = "repeated"  # it goes on, and its window is over: told again
    RAISED = "raised"  # it became more severe
    REOPENED = "reopened"  # it recurred within its window
    ACKNOWLEDGED = "acknowledged"
    SUPPRESSED = "suppressed"
    RETURNED = "returned"  # its suppression is over
    RESOLVED = "resolved"
    EXPIRED = "expired"
    FLAPPING = "flapping"  # it comes and goes; what follows is not told
    SETTLED = "settled"  # it has been quiet for a while
    REMINDER = "reminder"  # nobody has acknowledged it


COMES_AND_GOES = frozenset({ChangeKind.OPENED, ChangeKind.REOPENED, ChangeKind.RESOLVED, ChangeKind.EXPIRED})
"""The changes that make flapping."""

CLOSED_BY = {ChangeKind.RESOLVED: RESOLVED, ChangeKind.EXPIRED: EXPIRED}

FOLLOWERS: dict[AlertStatus, frozenset[AlertStatus]] = {
    ACTIVE: frozenset({ACKNOWLEDGED, RESOLVED, SUPPRESSED, EXPIRED}),
    ACKNOWLEDGED: frozenset({RESOLVED, SUPPRESSED, EXPIRED}),
    SUPPRESSED: frozenset({ACTIVE, RESOLVED, EXPIRED}),
    RESOLVED: frozenset(),
    EXPIRED: frozenset(),
}
"""What may follow. A recurrence, which reopens a closed alert, is no request and not listed."""


class LifeFacts(Protocol):
    """An alert as far as its life goes."""

    id: int
    status: AlertStatus
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    suppressed_until: datetime | None
    suppressed_by: str | None


def refusal(alert: LifeFacts, wanted: AlertStatus) -> str | None:
    """Return why an alert cannot be given the status `wanted`, naming who was first; None where it can."""
    if wanted in FOLLOWERS[alert.status]:
        return None
    if alert.status is ACKNOWLEDGED:
        return f"alert {alert.id} is acknowledged already{_who(alert.acknowledged_by)}{_when(alert.acknowledged_at)}"
    if alert.status is SUPPRESSED:
        until = "" if alert.suppressed_until is None else f" until {_moment(alert.suppressed_until)}"
        return (
            f"alert {alert.id} is suppressed{until}{_who(alert.suppressed_by)};"
            " it comes back by itself then, and may be resolved before"
        )
    if alert.status is ACTIVE:
        return f"alert {alert.id} is ACTIVE already"
    word = "was resolved" if alert.status is RESOLVED else "has expired"
    who = _who(alert.resolved_by) if alert.status is RESOLVED else ""
    return (
        f"alert {alert.id} {word}{who}{_when(alert.resolved_at)}, which is final;"
        " if the problem recurs within its window it opens again by itself"
    )


def _who(name: str | None) -> str:
    return f" by {name}" if name else ""


def _when(moment: datetime | None) -> str:
    return "" if moment is None else f" at {_moment(moment)}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
