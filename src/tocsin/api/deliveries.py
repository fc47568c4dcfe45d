"""Deliveries over HTTP: list, try again, an alert's own; and why somebody did or did not hear of an alert."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from tocsin.actions import deliveries
from tocsin.actions.deliveries import DeliveryQuery
from tocsin.api.answers import READ, WRITE, faults
from tocsin.api.dependencies import MAX_ID, Db, Here
from tocsin.model.delivery.reads import DeliveryRead, WhyRead
from tocsin.model.pages import Page, PageQuery
from tocsin.model.texts import QueryText

router = APIRouter(prefix="/api", tags=["deliveries"], responses=faults(422))

AlertId = Annotated[int, Path(ge=1, le=MAX_ID, description="The alert's id.", examples=[1])]
DeliveryId = Annotated[int, Path(ge=1, le=MAX_ID, description="The delivery's id.", examples=[1])]


@router.get("/deliveries", summary="List deliveries", dependencies=[READ])
def list_deliveries(db: Db, query: Annotated[DeliveryQuery, Query()]) -> Page[DeliveryRead]:
    """Newest first: every message to a channel, with each try and its outcome."""
    return deliveries.list_deliveries(db, query)


@router.post(
    "/deliveries/{delivery_id}/retry", summary="Try a delivery again", dependencies=[WRITE], responses=faults(404, 409)
)
def retry_delivery(db: Db, here: Here, delivery_id: DeliveryId) -> DeliveryRead:
    """One that failed, or waits for another try, is tried at once."""
    asked = deliveries.retry_delivery(db, delivery_id)
    here.wake_delivery()
    return asked


@router.get("/alerts/{alert_id}/deliveries", summary="List an alert's deliveries", dependencies=[READ],
            responses=faults(404))  # fmt: skip
def list_of_alert(db: Db, alert_id: AlertId, query: Annotated[PageQuery, Query()]) -> Page[DeliveryRead]:
    """Newest first: what was sent, when, with which answer, and when the next try is."""
    return deliveries.list_of_alert(db, alert_id, query)


@router.get("/alerts/{alert_id}/why", summary="Explain who was told of an alert", dependencies=[READ],
            responses=faults(404))  # fmt: skip
def explain(
    db: Db,
    alert_id: AlertId,
    channel: Annotated[QueryText | None, Query(description="Only this channel: its id or name.")] = None,
) -> WhyRead:
    """Whether each channel heard of it, and each decision on the way, oldest first."""
    wanted = int(channel) if channel is not None and channel.isascii() and channel.isdigit() else channel
    return deliveries.explain(db, alert_id, wanted)
