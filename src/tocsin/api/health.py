"""Health over HTTP, for the machine that runs Tocsin. Open to everybody; gives nothing away."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from tocsin.actions.health import find_missing
from tocsin.api.answers import Responses
from tocsin.api.dependencies import Here
from tocsin.api.problems import Problem, problem

router = APIRouter(tags=["health"])

_NOT_READY: Responses = {503: {"model": Problem, "description": "Not ready; `missing` lists why."}}


class Health(BaseModel):
    """All is well."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", summary="Is the process alive?")
@router.head("/healthz", include_in_schema=False)
async def get_health() -> Health:
    """Answers as long as the process does. A database that is down does not mean that a restart would help."""
    return Health()


@router.get("/readyz", summary="Is the server ready?", response_model=Health, responses=_NOT_READY)
@router.head("/readyz", include_in_schema=False, response_model=Health)
def get_readiness(request: Request, here: Here) -> Health | Response:
    """The database can be reached, its schema is current, and the watch is running."""
    missing = find_missing(here)
    if missing:
        return problem(request.url.path, 503, "not_ready", "; ".join(missing), missing=missing)
    return Health()
