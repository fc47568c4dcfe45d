"""Heartbeats over HTTP: the addresses that jobs call, open to whoever knows the key, and the pings that came."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response

from tocsin.actions import heartbeats
from tocsin.api.answers import READ, Responses, faults
from tocsin.api.dependencies import MAX_ID, Db, Here, WebsiteId
from tocsin.api.problems import Problem
from tocsin.model.enums import HTTPMethod
from tocsin.model.heartbeats.pings import BODY_LIMIT, Ping, PingKind, PingRead
from tocsin.model.pages import Page, PageQuery
from tocsin.model.times import utcnow

router = APIRouter(tags=["heartbeats"])

BODY_S = 30.0
"""Seconds within which a body has to arrive. What came until then is kept: the call itself says enough."""
MOST_READ = 16 * 1024 * 1024
"""Bytes of a body that are read, and thrown away beyond the limit, so that the caller can send all it has."""
HEADERS = {"Ping-Body-Limit": str(BODY_LIMIT), "Cache-Control": "no-store"}

_KINDS = {"start": PingKind.START, "fail": PingKind.FAIL, "log": PingKind.LOG}
_ANSWERS: Responses = {
    200: {"description": "`OK`: it is stored.", "content": {"text/plain": {"example": "OK"}}},
    400: {"model": Problem, "description": "The exit code is above 255, or `rid` is no UUID."},
    404: {"model": Problem, "description": "No heartbeat has this key."},
    503: {"model": Problem, "description": "The database cannot be reached, or is busy for too long; try again later."},
}

Key = Annotated[
    str,
    Path(
        description="The heartbeat's key: all that its URL has after `heartbeat:`.",
        examples=["6f0c1c5e-3f7b-4d58-9f0e-6a0d5a1d2b3c"],
    ),
]
What = Annotated[
    str,
    Path(
        description="`start`, `fail`, `log`, or an exit code: 0 is success, 1 to 255 are failure.",
        examples=["start", "3"],
    ),
]
Rid = Annotated[str | None, Query(description="A UUID that ties the end of a run to its start.")]
Number = Annotated[int, Path(ge=1, le=MAX_ID, description="The ping's number.", examples=[1])]


async def succeed(request: Request, here: Here, key: Key, rid: Rid = None) -> Response:
    """The job has ended well. Any of GET, HEAD and POST; the head of a POST's body is kept."""
    return await _take(request, here, key, PingKind.SUCCESS, rid)


async def report(request: Request, here: Here, key: Key, what: What, rid: Rid = None) -> Response:
    """The job starts, has failed, has something to say, or has ended with that exit code.

    A start sets a timer: without an end within the grace it is DOWN. A failure is DOWN at once. A log changes nothing.
    """
    if what in _KINDS:
        return await _take(request, here, key, _KINDS[what], rid)
    if not (what.isascii() and what.isdigit()):
        raise HTTPException(404, "after the key comes start, fail, log, an exit code, or nothing")
    exit_code = int(what[:9])
    if exit_code > 255:
        raise HTTPException(400, f"an exit code is 0 to 255, not {what[:9]}")
    kind = PingKind.FAIL if exit_code else PingKind.SUCCESS
    return await _take(request, here, key, kind, rid, exit_code)


for _path, _endpoint, _summary in (
    ("/ping/{key}", succeed, "Report success"),
    ("/ping/{key}/{what}", report, "Report a start, a failure, a log or an exit code"),
):
    for _method in ("GET", "POST", "HEAD"):
        for _end in ("", "/"):  # a redirect to the other one would be taken for success, and the ping be lost
            router.add_api_route(
                _path + _end,
                _endpoint,
                methods=[_method],
                summary=_summary,
                response_class=Response,  # what describes a problem is no plain text
                responses=_ANSWERS,
                include_in_schema=_method != "HEAD" and not _end,
            )


_PINGS = "/api/websites/{website_id}/pings"


@router.get(_PINGS, summary="List a heartbeat's pings", dependencies=[READ], responses=faults(404, 422))
def list_pings(db: Db, website_id: WebsiteId, query: Annotated[PageQuery, Query()]) -> Page[PingRead]:
    """The last hundred, newest first, each with the head of its body."""
    return heartbeats.list_pings(db, website_id, query)


@router.get(
    f"{_PINGS}/{{number}}/body",
    summary="Get the body of a ping",
    dependencies=[READ],
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {"example": "no space left on disk"}}},
        **faults(404, 422),
    },
)
def get_ping_body(db: Db, website_id: WebsiteId, number: Number) -> Response:
    """As it came, byte for byte, as far as it is kept."""
    body = heartbeats.get_ping_body(db, website_id, number)
    headers = {"Content-Disposition": f'attachment; filename="ping-{number}"', "X-Content-Type-Options": "nosniff"}
    return Response(body, media_type="application/octet-stream", headers=headers)


async def _take(
    request: Request, here: Here, key: str, kind: PingKind, rid: str | None, exit_code: int | None = None
) -> Response:
    run_id = _uuid(rid)
    await here.watch.find_heartbeat(key)  # first, so that strangers cannot make us read what they send
    body, size = await _read_body(request)
    ping = Ping(
        kind=kind,
        at=utcnow(),
        rid=run_id,
        exit_code=exit_code,
        method=HTTPMethod(request.method),
        body=body,
        body_bytes=size,
        address=request.client.host[:64] if request.client else None,
        user_agent=_plain(request.headers.get("user-agent")),
    )
    await here.watch.take_ping(key, ping)
    return PlainTextResponse("OK", headers=HEADERS)


def _uuid(rid: str | None) -> str | None:
    if rid is None:
        return None
    try:
        return str(UUID(rid))
    except ValueError:
        raise HTTPException(400, "rid is no UUID, such as 123e4567-e89b-42d3-a456-426614174000") from None


def _plain(text: str | None) -> str | None:
    """Return a header that came from outside in characters that every column holds."""
    return text[:255].replace("\0", "") if text else None


async def _read_body(request: Request) -> tuple[bytes, int]:
    """Return the head of the body, and how large it was as far as it was read."""
    head, size = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                size += len(chunk)
                head += chunk[: BODY_LIMIT - len(head)]
                if size > MOST_READ:
                    break
    except TimeoutError:
        pass
    except ClientDisconnect:
        raise HTTPException(400, "the connection was closed before the body's end") from None
    return bytes(head), size
