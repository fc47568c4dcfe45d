"""Everything of Alertmanager's API v2 but posting alerts. Errors have Alertmanager's own shapes, so no OpenAPI here."""

from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response

from tocsin.actions import alertmanager
from tocsin.api.answers import READ, WRITE
from tocsin.api.dependencies import Db, Here
from tocsin.errors import Invalid, NotFound
from tocsin.model.alertmanager import config_text, rfc3339
from tocsin.model.times import utcnow
from tocsin.storage.database import Session

VERSION = "0.28.0"
"""The version of Alertmanager whose API this is: amtool compares it to its own."""

router = APIRouter(include_in_schema=False)

Flag = Annotated[bool, Query()]
Filters = Annotated[list[str], Query(alias="filter")]


def answer(body: Any, status: int = 200) -> Response:
    """Return JSON as Alertmanager does: never stored by whoever is in between."""
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(body), status, headers, media_type="application/json")


def _now(here: Here) -> datetime:
    """Return the moment, once every accepted alert is worked in: who posts and then asks sees what was posted."""
    if here.inbox is not None:
        here.inbox.settle()
    return utcnow()


@router.get("/api/v2/alerts", dependencies=[READ])
def list_alerts(  # noqa: PLR0913, PLR0917 (each a query parameter)
    db: Db,
    here: Here,
    active: Flag = True,
    silenced: Flag = True,
    inhibited: Flag = True,
    unprocessed: Flag = True,
    filters: Filters = [],  # noqa: B006
    receiver: str = "",
) -> Response:
    """Open alerts, by fingerprint."""
    try:
        wanted = alertmanager.asked(
            filters, receiver, active=active, silenced=silenced, inhibited=inhibited, unprocessed=unprocessed
        )
    except Invalid as error:
        return answer(error.message, 400)
    return answer([one.to_dict() for one in alertmanager.list_open(db, wanted, _now(here))])


@router.get("/api/v2/alerts/groups", dependencies=[READ])
def list_groups(  # noqa: PLR0913, PLR0917
    db: Db,
    here: Here,
    active: Flag = True,
    silenced: Flag = True,
    inhibited: Flag = True,
    muted: Flag = True,
    filters: Filters = [],  # noqa: B006
    receiver: str = "",
) -> Response:
    """Open alerts as they are told."""
    try:
        wanted = alertmanager.asked(
            filters, receiver, active=active, silenced=silenced, inhibited=inhibited, muted=muted
        )
    except Invalid as error:
        return answer(error.message, 400)
    return answer(alertmanager.list_groups(db, wanted, _now(here)))


@router.get("/api/v2/receivers", dependencies=[READ])
def list_receivers(db: Db) -> Response:
    """The channels."""
    return answer([{"name": name} for name in alertmanager.list_receivers(db)])


@router.get("/api/v2/status", dependencies=[READ])
def get_status(db: Db, here: Here) -> Response:
    """What amtool asks before every command."""
    return answer(
        {
            "cluster": {"name": "tocsin", "status": "disabled", "peers": []},
            "versionInfo": {
                "version": VERSION, "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": "",
            },
            "config": {"original": config_text(alertmanager.list_receivers(db))},
            "uptime": rfc3339(here.started_at),
        }
    )  # fmt: skip


@router.get("/api/v2/silences", dependencies=[READ])
def list_silences(db: Db, filters: Filters = []) -> Response:  # noqa: B006
    """Silences: active, pending, expired."""
    try:
        return answer(alertmanager.list_silences(db, filters, utcnow()))
    except Invalid as error:
        return answer(error.message, 400)


@router.post("/api/v2/silences", dependencies=[WRITE])
async def set_silence(request: Request, db: Db) -> Response:
    """Make or change a silence."""
    body = await request.body()
    from starlette.concurrency import run_in_threadpool  # noqa: PLC0415

    return await run_in_threadpool(_set_silence, db, body)


def _set_silence(db: Session, body: bytes) -> Response:
    try:
        posted = alertmanager.read_silence(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        return answer({"code": 400, "message": f"parsing silence body failed: {error}"}, 400)
    except Invalid as error:
        if error.field is None:
            return answer({"code": 400, "message": error.message}, 400)
        return answer({"code": 612, "message": error.message}, 422)
    try:
        return answer({"silenceID": alertmanager.set_silence(db, posted, utcnow())})
    except NotFound as error:
        return answer(error.message, 404)
    except Invalid as error:
        return answer(error.message, 400)


@router.get("/api/v2/silence/{key}", dependencies=[READ])
def get_silence(db: Db, key: str) -> Response:
    """One silence."""
    try:
        alertmanager.check_key(key)
        return answer(alertmanager.get_silence(db, key, utcnow()))
    except Invalid as error:
        return answer({"code": 601, "message": error.message}, 422)
    except NotFound:
        return Response(status_code=404)


@router.delete("/api/v2/silence/{key}", dependencies=[WRITE])
def expire_silence(db: Db, key: str) -> Response:
    """End a silence."""
    try:
        alertmanager.check_key(key)
        alertmanager.expire_silence(db, key, utcnow())
    except Invalid as error:
        return answer({"code": 601, "message": error.message}, 422)
    except NotFound as error:
        return answer(error.message, 404)
    return Response(status_code=200)


@router.api_route("/-/healthy", methods=["GET", "HEAD"])
@router.api_route("/-/ready", methods=["GET", "HEAD"])
async def is_well() -> Response:
    """For whoever watches over Alertmanagers."""
    return Response("OK", media_type="text/plain")


@router.post("/-/reload", dependencies=[WRITE])
async def reload() -> Response:
    """Nothing to do: every change is heeded as it is made."""
    return Response(status_code=200)
