"""Which changes of an alert anybody has to hear of, and as what. Pure."""

from datetime import datetime

from tocsin.model.alerts import AlertStatus
from tocsin.model.delivery.facts import Change, Telling
from tocsin.model.delivery.reasons import Reason

_BY_KIND = {
    "opened": (Telling.PROBLEM, Reason.NEW_PROBLEM),
    "reopened": (Telling.PROBLEM, Reason.CAME_BACK),
    "repeated": (Telling.PROBLEM, Reason.STILL_THERE),
    "returned": (Telling.PROBLEM, Reason.STILL_THERE),
    "raised": (Telling.RAISED, Reason.MORE_SEVERE),
    "resolved": (Telling.RECOVERY, Reason.IS_OVER),
    "expired": (Telling.RECOVERY, Reason.IS_OVER),
    "flapping": (Telling.FLAPPING, Reason.BEGAN_FLAPPING),
}
_HUSHED_BY_FLAPPING = ("opened", "reopened", "repeated", "resolved", "expired")


def telling_of(change: Change, flapping_since: datetime | None) -> tuple[Telling, Reason]:
    """Return what a change means to people, and why.

    Kinds that are not known are told by what they did to the alert: an end is an end, a beginning a beginning.

    Args:
        change: what happened.
        flapping_since: since when the alert comes and goes, if it does.
    """
    if change.kind in _HUSHED_BY_FLAPPING and flapping_since is not None and change.changed_at > flapping_since:
        return Telling.NOTHING, Reason.ALERT_FLAPS
    if change.kind == "settled":
        is_over = not change.to_status.is_open
        return (Telling.RECOVERY if is_over else Telling.PROBLEM), Reason.SETTLED
    if change.kind in _BY_KIND:
        return _BY_KIND[change.kind]
    was_open = change.from_status is not None and change.from_status.is_open
    if was_open and not change.to_status.is_open:
        return Telling.RECOVERY, Reason.IS_OVER
    if not was_open and change.to_status is AlertStatus.ACTIVE:
        return Telling.PROBLEM, Reason.NEW_PROBLEM if change.from_status is None else Reason.CAME_BACK
    return Telling.NOTHING, Reason.NOT_TOLD
