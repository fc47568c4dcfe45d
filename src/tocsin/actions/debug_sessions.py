"""What can be asked about debug sessions: start, list, get, update, and record or list their network events."""

import secrets
from collections.abc import Sequence

from tocsin.actions.websites import find_website
from tocsin.errors import Invalid, NotFound
from tocsin.model.debug_sessions import DebugSessionCreate, DebugSessionRead, DebugSessionStart, DebugSessionUpdate
from tocsin.model.network_events import NetworkEventCreate, NetworkEventRead, NetworkEventRecord
from tocsin.model.pages import Page, PageQuery
from tocsin.model.times import utcnow
from tocsin.storage.database import Session
from tocsin.storage.debug_sessions import DebugSessionCRUD
from tocsin.storage.network_events import NetworkEventCRUD
from tocsin.storage.tables import DebugSession


def start_debug_session(db: Session, website_id: int, start: DebugSessionStart) -> DebugSessionRead:
    """Record a debug session that begins.

    Raises:
        NotFound: there is no such website.
        Conflict: the session key is taken.
        Invalid: the body names another website than the call.
    """
    _same(start.website_id, website_id, "website_id")
    fields = start.model_dump()
    key = start.session_key or f"debug-{utcnow():%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
    create = DebugSessionCreate(**{**fields, "website_id": website_id, "session_key": key})
    return DebugSessionRead.model_validate(DebugSessionCRUD.create(db, create))


def list_debug_sessions(db: Session, website_id: int, query: PageQuery) -> Page[DebugSessionRead]:
    """Return one page of a website's debug sessions, newest first.

    Raises:
        NotFound: there is no such website.
    """
    find_website(db, website_id)
    rows, total = DebugSessionCRUD.get_by_website(db, website_id, query.skip, query.page_size)
    return query.page_of([DebugSessionRead.model_validate(row) for row in rows], total)


def get_debug_session(db: Session, session_key: str) -> DebugSessionRead:
    """Return the debug session of that key.

    Raises:
        NotFound: there is none.
    """
    return DebugSessionRead.model_validate(_find(db, session_key))


def update_debug_session(db: Session, session_key: str, update: DebugSessionUpdate) -> DebugSessionRead:
    """Change the fields that were given.

    Raises:
        NotFound: there is no debug session of that key.
    """
    row = _find(db, session_key)
    DebugSessionCRUD.update(db, row.id, update)
    return DebugSessionRead.model_validate(row)


def list_network_events(db: Session, session_key: str, query: PageQuery) -> Page[NetworkEventRead]:
    """Return one page of a debug session's events, in the order they happened.

    Raises:
        NotFound: there is no debug session of that key.
    """
    row = _find(db, session_key)
    rows, total = NetworkEventCRUD.get_by_session(db, row.id, query.skip, query.page_size)
    return query.page_of([NetworkEventRead.model_validate(event) for event in rows], total)


def record_network_events(
    db: Session, session_key: str, events: Sequence[NetworkEventRecord]
) -> list[NetworkEventRead]:
    """Store events of a debug session, all or none, and return them in the order given.

    Raises:
        NotFound: there is no debug session of that key.
        Invalid: an event names another debug session.
    """
    row = _find(db, session_key)
    for number, event in enumerate(events):
        _same(event.debug_session_id, row.id, f"{number}.debug_session_id")
    creates = [NetworkEventCreate(**{**event.model_dump(), "debug_session_id": row.id}) for event in events]
    return [NetworkEventRead.model_validate(one) for one in NetworkEventCRUD.bulk_create(db, creates)]


def _find(db: Session, session_key: str) -> DebugSession:
    row = DebugSessionCRUD.get_by_session_key(db, session_key)
    if row is None:
        raise NotFound(f"there is no debug session {session_key!r}")
    return row


def _same(given: int | None, meant: int, field: str) -> None:
    if given not in (None, meant):
        raise Invalid(f"it names {given}, the URL {meant}; it may be left out", field=field)
