"""Debug sessions over HTTP: their records and network events."""

from typing import Annotated, NoReturn
from urllib.parse import quote

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import AfterValidator

from tocsin.actions import debug_sessions
from tocsin.api.answers import READ, WRITE, faults
from tocsin.api.dependencies import Db, WebsiteId
from tocsin.errors import NotFound
from tocsin.model.debug_sessions import DebugSessionRead, DebugSessionStart, DebugSessionUpdate
from tocsin.model.network_events import NetworkEventRead, NetworkEventRecord
from tocsin.model.pages import Page, PageQuery
from tocsin.model.texts import storable

router = APIRouter(prefix="/api", tags=["debug sessions"], responses=faults(404, 422))

MAX_EVENTS = 10_000

SessionKey = Annotated[
    str, Path(min_length=1, max_length=255, examples=["debug-2026-01-01-123456"]), AfterValidator(storable)
]


@router.get("/websites/{website_id}/debug-sessions", summary="List a website's debug sessions", dependencies=[READ])
def list_debug_sessions(db: Db, website_id: WebsiteId, query: Annotated[PageQuery, Query()]) -> Page[DebugSessionRead]:
    """Newest first."""
    return debug_sessions.list_debug_sessions(db, website_id, query)


@router.post(
    "/websites/{website_id}/debug-sessions",
    status_code=201,
    summary="Record a debug session",
    dependencies=[WRITE],
    responses=faults(409, 413),
)
def start_debug_session(
    db: Db, website_id: WebsiteId, response: Response, start: DebugSessionStart | None = None
) -> DebugSessionRead:
    """Creates the record; its events are sent after it. Without `session_key` it gets one."""
    created = debug_sessions.start_debug_session(db, website_id, start or DebugSessionStart())
    response.headers["Location"] = f"/api/debug-sessions/{quote(created.session_key, safe='')}"
    return created


@router.get("/debug-sessions/{session_key}", summary="Get a debug session", dependencies=[READ])
def get_debug_session(db: Db, session_key: SessionKey) -> DebugSessionRead:
    """The record alone; its events are a list of their own."""
    return debug_sessions.get_debug_session(db, session_key)


@router.patch(
    "/debug-sessions/{session_key}", summary="Change a debug session", dependencies=[WRITE], responses=faults(413)
)
def update_debug_session(db: Db, session_key: SessionKey, update: DebugSessionUpdate) -> DebugSessionRead:
    """For its end and its outcome; what is left out stays as it is."""
    return debug_sessions.update_debug_session(db, session_key, update)


@router.get(
    "/debug-sessions/{session_key}/events", summary="List the network events of a debug session", dependencies=[READ]
)
def list_network_events(
    db: Db, session_key: SessionKey, query: Annotated[PageQuery, Query()]
) -> Page[NetworkEventRead]:
    """In the order they happened."""
    return debug_sessions.list_network_events(db, session_key, query)


@router.post(
    "/debug-sessions/{session_key}/events",
    status_code=201,
    summary="Record network events",
    dependencies=[WRITE],
    responses=faults(413),
)
def record_network_events(
    db: Db, session_key: SessionKey, events: Annotated[list[NetworkEventRecord], Body(max_length=MAX_EVENTS)]
) -> list[NetworkEventRead]:
    """All of them or none. Answers what was stored, in the order given."""
    return debug_sessions.record_network_events(db, session_key, events)


@router.get(
    "/debug-sessions/{session_key}/har",
    summary="Get the HTTP archive of a debug session",
    dependencies=[READ],
    response_class=Response,
    response_model=None,
)
def get_har(db: Db, session_key: SessionKey) -> NoReturn:
    """404 where nothing was captured, as with sessions that were recorded by hand."""
    debug_sessions.get_debug_session(db, session_key)
    raise NotFound(f"no HTTP archive was captured in the debug session {session_key!r}")


@router.get(
    "/debug-sessions/{session_key}/screenshot",
    summary="Get the screenshot of a debug session",
    dependencies=[READ],
    response_class=Response,
    response_model=None,
)
def get_screenshot(db: Db, session_key: SessionKey) -> NoReturn:
    """404 where nothing was captured, as with sessions that were recorded by hand."""
    debug_sessions.get_debug_session(db, session_key)
    raise NotFound(f"no screenshot was captured in the debug session {session_key!r}")
