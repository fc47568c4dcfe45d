"""What routers share in describing themselves: the problems they answer with, and the scope they ask for."""

from typing import Any

from fastapi import Depends

from tocsin.api.auth import require
from tocsin.api.problems import Problem
from tocsin.model.enums import Scope

READ = Depends(require(Scope.READ))
WRITE = Depends(require(Scope.WRITE))

Responses = dict[int | str, dict[str, Any]]

_MEANINGS = {
    401: "Nobody is logged in, or the token is not known.",
    403: "Known, but not allowed; or the request came from another site.",
    404: "There is no such thing.",
    409: "It contradicts what is there already.",
    413: "The body is larger than 1 MiB.",
    422: "The request cannot be taken as it is; `errors` names every field at fault.",
    502: "The other side did not take it; the detail says why.",
    503: "The database cannot be reached, or is busy for too long; try again later.",
}


def faults(*statuses: int) -> Responses:
    """Return the problems an endpoint answers with; those that any of them may are always there."""
    return {status: {"model": Problem, "description": _MEANINGS[status]} for status in (401, 403, *statuses, 503)}
