"""Checks over HTTP: check now, list, get; and what they add up to: uptime and series."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.concurrency import run_in_threadpool

from tocsin.actions import checks, uptime
from tocsin.actions.checks import CheckQuery
from tocsin.actions.services import Services
from tocsin.actions.uptime import SeriesQuery, UptimeQuery
from tocsin.api.answers import READ, WRITE, faults
from tocsin.api.dependencies import MAX_ID, Db, Here, WebsiteId, open_session
from tocsin.model.checks import MonitorCheckDetail, MonitorCheckRead
from tocsin.model.pages import Page
from tocsin.model.series import Series
from tocsin.model.uptime import Uptime

router = APIRouter(prefix="/api/websites/{website_id}", tags=["checks"], responses=faults(404, 422))

CheckId = Annotated[int, Path(ge=1, le=MAX_ID, description="The check's id.", examples=[1])]


@router.post("/check", summary="Check a website now", dependencies=[WRITE])
async def check_now(here: Here, website_id: WebsiteId) -> MonitorCheckDetail:
    """Answers when the check is done and stored. The circuit breaker, and whether it is active, do not matter."""
    check_id = await here.watch.check_now(website_id)
    return await run_in_threadpool(_read_check, here, website_id, check_id)


@router.get("/checks", summary="List a website's checks", dependencies=[READ])
def list_checks(db: Db, website_id: WebsiteId, query: Annotated[CheckQuery, Query()]) -> Page[MonitorCheckRead]:
    """Newest first, without evidence. `from` and `to` are both included."""
    return checks.list_checks(db, website_id, query)


@router.get("/checks/{check_id}", summary="Get a check", dependencies=[READ])
def get_check(db: Db, website_id: WebsiteId, check_id: CheckId) -> MonitorCheckDetail:
    """With evidence, which is kept for failures and for the last good check."""
    return checks.get_check(db, website_id, check_id)


@router.get("/uptime", summary="Get a website's uptime", dependencies=[READ])
def get_uptime(db: Db, website_id: WebsiteId, query: Annotated[UptimeQuery, Query()]) -> Uptime:
    """By checks and by time, over the last so many hours. Percentages are null where nothing was seen."""
    return uptime.get_uptime(db, website_id, query)


@router.get("/series", summary="Get a website's latency and availability over time", dependencies=[READ])
def get_series(db: Db, website_id: WebsiteId, query: Annotated[SeriesQuery, Query()]) -> Series:
    """At most `points` buckets, oldest first; buckets without checks are left out."""
    return uptime.get_series(db, website_id, query)


def _read_check(here: Services, website_id: int, check_id: int) -> MonitorCheckDetail:
    with open_session(here) as db:
        return checks.get_check(db, website_id, check_id)
