"""Downtimes over HTTP: list, get, and note why."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from tocsin.actions import downtimes
from tocsin.actions.downtimes import DowntimeQuery
from tocsin.api.answers import READ, WRITE, faults
from tocsin.api.dependencies import MAX_ID, Db, WebsiteId
from tocsin.model.downtimes import DowntimeWindowNotes, DowntimeWindowRead
from tocsin.model.pages import Page

router = APIRouter(prefix="/api", tags=["downtimes"], responses=faults(404, 422))

DowntimeId = Annotated[int, Path(ge=1, le=MAX_ID, description="The downtime's id.", examples=[1])]


@router.get("/websites/{website_id}/downtimes", summary="List a website's downtimes", dependencies=[READ])
def list_downtimes(db: Db, website_id: WebsiteId, query: Annotated[DowntimeQuery, Query()]) -> Page[DowntimeWindowRead]:
    """Newest first; one that is going on has no `ended_at`."""
    return downtimes.list_downtimes(db, website_id, query)


@router.get("/downtimes/{downtime_id}", summary="Get a downtime", dependencies=[READ])
def get_downtime(db: Db, downtime_id: DowntimeId) -> DowntimeWindowRead:
    """From the first failed check to the recovery."""
    return downtimes.get_downtime(db, downtime_id)


@router.patch(
    "/downtimes/{downtime_id}", summary="Note why a website was down", dependencies=[WRITE], responses=faults(413)
)
def note_downtime(db: Db, downtime_id: DowntimeId, notes: DowntimeWindowNotes) -> DowntimeWindowRead:
    """What is left out stays as it is; when it began and ended follows from the checks alone."""
    return downtimes.note_downtime(db, downtime_id, notes)
