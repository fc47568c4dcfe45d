"""Unknown windows over HTTP: list them."""

from typing import Annotated

from fastapi import APIRouter, Query

from tocsin.actions import unknown_windows
from tocsin.api.answers import READ, faults
from tocsin.api.dependencies import Db, WebsiteId
from tocsin.model.pages import Page, PageQuery
from tocsin.model.unknown_windows import UnknownWindowRead

router = APIRouter(prefix="/api", tags=["downtimes"], responses=faults(404, 422))


@router.get("/websites/{website_id}/unknown-windows", summary="List when nobody could tell", dependencies=[READ])
def list_unknown_windows(
    db: Db, website_id: WebsiteId, query: Annotated[PageQuery, Query()]
) -> Page[UnknownWindowRead]:
    """Newest first. Uptime by time leaves these stretches out; with them it can be recomputed from what is exported."""
    return unknown_windows.list_unknown_windows(db, website_id, query)
