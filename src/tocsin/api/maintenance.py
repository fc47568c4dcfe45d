"""Maintenance windows over HTTP: list, get, create, change, delete, preview, and a website's periods."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from tocsin.actions import maintenance
from tocsin.api.answers import READ, WRITE, faults
from tocsin.api.auth import Writer
from tocsin.api.dependencies import MAX_ID, Db, WebsiteId
from tocsin.model.maintenance import (
    MaintenancePeriodRead,
    MaintenanceWindowCreate,
    MaintenanceWindowRead,
    MaintenanceWindowUpdate,
    MutePreview,
)
from tocsin.model.pages import Page, PageQuery

router = APIRouter(prefix="/api", tags=["maintenance"], responses=faults(422))

WindowId = Annotated[int, Path(ge=1, le=MAX_ID, description="The maintenance window's id.", examples=[1])]


@router.get("/maintenance-windows", summary="List maintenance windows", dependencies=[READ])
def list_windows(db: Db, query: Annotated[PageQuery, Query()]) -> Page[MaintenanceWindowRead]:
    """Newest first, each with its next occurrence."""
    return maintenance.list_windows(db, query)


@router.post("/maintenance-windows", status_code=201, summary="Plan maintenance", responses=faults(413))
def create_window(db: Db, caller: Writer, window: MaintenanceWindowCreate) -> MaintenanceWindowRead:
    """Once, weekly, monthly, every so many days or by cron, in a time zone of its own. Websites are checked all the
    same; their alerts are muted, and their uptime leaves the time out.
    """
    return maintenance.create_window(db, window, caller.name)


@router.post(
    "/maintenance-windows/preview",
    summary="See what maintenance would mute",
    dependencies=[READ],
    responses=faults(413),
)
def preview_window(db: Db, window: MaintenanceWindowCreate) -> MutePreview:
    """Which alerts of the last seven days it would have muted, and when it is in force next. Nothing is stored."""
    return maintenance.preview_window(db, window)


@router.get(
    "/maintenance-windows/{window_id}", summary="Get a maintenance window", dependencies=[READ], responses=faults(404)
)
def get_window(db: Db, window_id: WindowId) -> MaintenanceWindowRead:
    """A maintenance window with its next occurrence."""
    return maintenance.get_window(db, window_id)


@router.patch(
    "/maintenance-windows/{window_id}",
    summary="Change a maintenance window",
    dependencies=[WRITE],
    responses=faults(404, 413),
)
def update_window(db: Db, window_id: WindowId, update: MaintenanceWindowUpdate) -> MaintenanceWindowRead:
    """What is left out stays as it is. What has passed is not changed by it."""
    return maintenance.update_window(db, window_id, update)


@router.delete(
    "/maintenance-windows/{window_id}",
    status_code=204,
    summary="Delete a maintenance window",
    dependencies=[WRITE],
    responses=faults(404),
)
def delete_window(db: Db, window_id: WindowId) -> None:
    """One that is in force ends. What has passed stays left out of the uptime."""
    maintenance.delete_window(db, window_id)


@router.get(
    "/websites/{website_id}/maintenance-periods",
    summary="List when a website was in maintenance",
    dependencies=[READ],
    responses=faults(404),
)
def list_periods(db: Db, website_id: WebsiteId, query: Annotated[PageQuery, Query()]) -> Page[MaintenancePeriodRead]:
    """Newest first. Uptime leaves these stretches out; with them it can be recomputed from what is exported."""
    return maintenance.list_website_periods(db, website_id, query)
