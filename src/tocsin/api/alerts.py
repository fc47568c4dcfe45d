"""Alerts over HTTP: list, report, get, history, patterns; acknowledge, resolve and suppress, one or many."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response, Security

from tocsin.actions import alerts
from tocsin.actions.alerts import AlertQuery
from tocsin.alerts.patterns import AlertPatterns
from tocsin.api.answers import READ, faults
from tocsin.api.auth import Caller, require
from tocsin.api.dependencies import MAX_ID, Db, Here
from tocsin.model.alerting.schemas import (
    Acknowledgement,
    AlertChangeRead,
    AlertCreate,
    AlertRead,
    ManyAcknowledged,
    ManyChanged,
    ManyResolved,
    ManySuppressed,
    Resolution,
    Suppression,
)
from tocsin.model.enums import Scope
from tocsin.model.pages import Page

router = APIRouter(prefix="/api/alerts", tags=["alerts"])

AlertId = Annotated[int, Path(ge=1, le=MAX_ID, description="The alert's id.", examples=[1])]
Writer = Annotated[Caller, Security(require(Scope.WRITE))]
Days = Annotated[float, Query(gt=0, le=3660, description="How far to look back.")]

_CHANGED = faults(404, 409, 413, 422)


@router.get("", summary="List alerts", dependencies=[READ], responses=faults(422))
def list_alerts(db: Db, query: Annotated[AlertQuery, Query()]) -> Page[AlertRead]:
    """Those seen last come first. Conditions hold together."""
    return alerts.list_alerts(db, query)


@router.post(
    "",
    status_code=201,
    summary="Report a problem",
    responses={**faults(413, 422), 200: {"model": AlertRead, "description": "It was known already: counted."}},
)
def create_alert(db: Db, here: Here, _caller: Writer, response: Response, alert: AlertCreate) -> AlertRead:
    """However often it comes it is one alert, told again after its window or when it becomes more severe."""
    made, is_new = alerts.create_alert(db, alert, here.alerting.handling)
    here.alerting.wake()
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/api/alerts/{made.id}"
    return made


@router.get("/patterns", summary="What alerts have in common", dependencies=[READ], responses=faults(422))
def get_patterns(db: Db, days: Days = 7) -> AlertPatterns:
    """When they come, how long they last, which are noise, and what would make them fewer. Hours are UTC."""
    return alerts.get_patterns(db, days)


@router.post("/acknowledge", summary="Acknowledge many alerts", responses=faults(413, 422))
def acknowledge_alerts(db: Db, here: Here, caller: Writer, many: ManyAcknowledged) -> ManyChanged:
    """Each on its own: what cannot be acknowledged is returned with the reason."""
    return _change_many(db, here, caller, many)


@router.post("/resolve", summary="Resolve many alerts", responses=faults(413, 422))
def resolve_alerts(db: Db, here: Here, caller: Writer, many: ManyResolved) -> ManyChanged:
    """Each on its own: what cannot be resolved is returned with the reason."""
    return _change_many(db, here, caller, many)


@router.post("/suppress", summary="Suppress many alerts", responses=faults(413, 422))
def suppress_alerts(db: Db, here: Here, caller: Writer, many: ManySuppressed) -> ManyChanged:
    """Each on its own: what cannot be suppressed is returned with the reason."""
    return _change_many(db, here, caller, many)


@router.get("/{alert_id}", summary="Get an alert", dependencies=[READ], responses=faults(404, 422))
def get_alert(db: Db, alert_id: AlertId) -> AlertRead:
    """With its evidence and recommendations."""
    return alerts.get_alert(db, alert_id)


@router.get("/{alert_id}/history", summary="List an alert's changes", dependencies=[READ], responses=faults(404, 422))
def get_history(db: Db, alert_id: AlertId) -> list[AlertChangeRead]:
    """Oldest first: who, when, from what to what, and why."""
    return alerts.get_history(db, alert_id)


@router.post("/{alert_id}/acknowledge", summary="Acknowledge an alert", responses=_CHANGED)
def acknowledge_alert(
    db: Db, here: Here, caller: Writer, alert_id: AlertId, acknowledgement: Acknowledgement | None = None
) -> AlertRead:
    """Somebody is working on it. A second acknowledgement is refused and names the first."""
    return _change(db, here, caller, alert_id, acknowledgement or Acknowledgement())


@router.post("/{alert_id}/resolve", summary="Resolve an alert", responses=_CHANGED)
def resolve_alert(
    db: Db, here: Here, caller: Writer, alert_id: AlertId, resolution: Resolution | None = None
) -> AlertRead:
    """The problem is fixed. If it recurs within its window it opens again."""
    return _change(db, here, caller, alert_id, resolution or Resolution())


@router.post("/{alert_id}/suppress", summary="Suppress an alert", responses=_CHANGED)
def suppress_alert(
    db: Db, here: Here, caller: Writer, alert_id: AlertId, suppression: Suppression | None = None
) -> AlertRead:
    """It is mute for a while (an hour where nothing is said), then comes back by itself unless it is resolved."""
    return _change(db, here, caller, alert_id, suppression or Suppression())


def _change(db: Db, here: Here, caller: Caller, alert_id: int, change: alerts.Change) -> AlertRead:
    changed = alerts.change_alert(db, alert_id, change, caller.name, here.alerting.handling)
    here.alerting.wake()
    return changed


def _change_many(
    db: Db, here: Here, caller: Caller, many: ManyAcknowledged | ManyResolved | ManySuppressed
) -> ManyChanged:
    changed = alerts.change_alerts(db, many.ids, many, caller.name, here.alerting.handling)
    here.alerting.wake()
    return changed
