"""Debug sessions and their network events in both databases."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.event import listen
from sqlalchemy.orm import Session

from tocsin import (
    Conflict,
    Database,
    DebugSession,
    DebugSessionCreate,
    DebugSessionCRUD,
    DebugSessionUpdate,
    HTTPMethod,
    NetworkEvent,
    NetworkEventCreate,
    NetworkEventCRUD,
    NetworkEventType,
    NotFound,
    Website,
    WebsiteCRUD,
)
from tocsin.model.debug_sessions import DebugSessionRead
from tocsin.model.network_events import NetworkEventRead

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def start(db: Session, site: int, key: str = "key", at: datetime | None = None) -> DebugSession:
    return DebugSessionCRUD.create(db, DebugSessionCreate(website_id=site, session_key=key, started_at=at))


def event(session_id: int, number: int = 0, **facts: object) -> NetworkEventCreate:
    fields = {"debug_session_id": session_id, "event_type": "REQUEST", "url": f"https://example.com/{number}", **facts}
    return NetworkEventCreate.model_validate(fields)


def test_a_debug_session_comes_back_as_it_was_given(database: Database, db: Session, site: int) -> None:
    given = DebugSessionCreate(
        website_id=site,
        session_key="ä/1",
        user_agent="Mozilla",
        browser_type="chromium",
        started_at=NOON.replace(tzinfo=None),
    )
    made = DebugSessionCRUD.create(db, given)
    with database.session() as other:
        shown = DebugSessionRead.model_validate(DebugSessionCRUD.get_by_session_key(other, "ä/1"))
        assert (shown.id, shown.user_agent, shown.browser_type, shown.started_at) == (
            made.id,
            "Mozilla",
            "chromium",
            NOON,
        )
        assert (shown.completed_at, shown.success) == (None, None)
        assert shown.created_at.tzinfo is UTC
        by_id = DebugSessionCRUD.get_by_id(other, made.id)
        assert by_id is not None
        assert by_id.session_key == "ä/1"
    assert DebugSessionCRUD.get_by_session_key(db, "none") is None
    assert DebugSessionCRUD.get_by_id(db, 99) is None


def test_a_key_names_one_session(db: Session, site: int) -> None:
    start(db, site)
    with pytest.raises(Conflict, match="'key' is taken"):
        start(db, site)


def test_a_session_needs_its_website(database: Database, db: Session, site: int) -> None:
    with pytest.raises(NotFound, match="no website 99"):
        start(db, 99)
    held = db.get(Website, site)
    assert held is not None
    with database.session() as other:
        WebsiteCRUD.delete(other, site)
    with pytest.raises(NotFound, match="deleted meanwhile"):
        start(db, site)


def test_an_update_changes_what_was_given(db: Session, site: int) -> None:
    made = start(db, site)
    DebugSessionCRUD.update(db, made.id, DebugSessionUpdate(success=False, error_message="no page"))
    after = DebugSessionCRUD.update(db, made.id, DebugSessionUpdate(completed_at=NOON.replace(tzinfo=None)))
    assert after is not None
    assert (after.success, after.error_message, after.completed_at) == (False, "no page", NOON)
    assert DebugSessionCRUD.update(db, 99, DebugSessionUpdate(success=True)) is None


def test_sessions_are_listed_newest_first_and_the_id_breaks_ties(db: Session, site: int) -> None:
    late = start(db, site, "late", NOON + timedelta(hours=1)).id
    tied = [start(db, site, f"tied {number}", NOON).id for number in range(2)]
    found, total = DebugSessionCRUD.get_by_website(db, site)
    assert ([one.id for one in found], total) == ([late, tied[1], tied[0]], 3)
    found, total = DebugSessionCRUD.get_by_website(db, site, skip=2, limit=5)
    assert ([one.id for one in found], total) == ([tied[0]], 3)


def test_an_event_comes_back_as_it_was_given(database: Database, db: Session, site: int) -> None:
    facts: dict[str, Any] = {
        "event_type": NetworkEventType.RESPONSE, "method": HTTPMethod.POST, "status_code": 201,
        "request_headers": '{"a": 1}',
        "response_headers": "{}", "request_payload": "ä", "response_payload": "ö", "duration_ms": 12.345,
        "error_message": "none", "timestamp": NOON,
    }  # fmt: skip
    made = NetworkEventCRUD.create(db, event(start(db, site).id, **facts))
    with database.session() as other:
        read = other.get(NetworkEvent, made.id)
        assert {name: getattr(read, name) for name in facts} == facts
        shown = NetworkEventRead.model_validate(read)
        assert shown.timestamp.tzinfo is shown.created_at.tzinfo is UTC
        assert read is not None
        assert read.debug_session.session_key == "key"


def test_an_event_without_details_happened_now(db: Session, site: int) -> None:
    made = NetworkEventCRUD.create(db, event(start(db, site).id, timestamp=None))
    assert (made.method, made.status_code, made.duration_ms) == (None, None, None)
    assert made.timestamp == made.created_at


def test_many_events_come_back_with_ids_in_the_order_given(db: Session, site: int) -> None:
    session_id = start(db, site).id
    given = [event(session_id, number, timestamp=NOON - timedelta(seconds=number)) for number in range(700)]
    made = NetworkEventCRUD.bulk_create(db, given)
    assert [one.url for one in made] == [one.url for one in given]
    ids = [one.id for one in made]
    assert ids == sorted(set(ids))
    assert all(isinstance(one, NetworkEvent) for one in made)
    found, total = NetworkEventCRUD.get_by_session(db, session_id, limit=1000)
    assert ([one.id for one in found], total) == (ids[::-1], 700)
    assert NetworkEventCRUD.bulk_create(db, []) == []


def test_events_stored_from_many_sides_keep_their_own(database: Database, db: Session, site: int) -> None:
    sessions = [start(db, site, str(number)).id for number in range(4)]
    made: dict[int, list[NetworkEvent]] = {}

    def store(session_id: int) -> None:
        with database.session() as own:
            batches = [
                NetworkEventCRUD.bulk_create(own, [event(session_id, one) for one in range(50)]) for _ in range(3)
            ]
            made[session_id] = [one for batch in batches for one in batch]

    threads = [threading.Thread(target=store, args=(session_id,)) for session_id in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all({one.debug_session_id for one in made[session_id]} == {session_id} for session_id in sessions)
    assert len({one.id for events in made.values() for one in events}) == 600
    assert [one.url for one in made[sessions[0]]] == [f"https://example.com/{number}" for number in range(50)] * 3


def test_all_events_are_stored_or_none(database: Database, db: Session, site: int) -> None:
    session_id = start(db, site).id
    with pytest.raises(NotFound, match="no debug session 98"):
        NetworkEventCRUD.bulk_create(db, [event(session_id), event(99), event(98)])
    with pytest.raises(NotFound, match="no debug session 99"):
        NetworkEventCRUD.create(db, event(99))
    assert db.scalars(select(NetworkEvent)).all() == []


def test_a_session_deleted_while_its_events_come_in_is_not_found(database: Database, db: Session, site: int) -> None:
    session_id = start(db, site).id

    def delete_first(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT debug_sessions.id"):
            with database.session() as other:
                WebsiteCRUD.delete(other, site)

    listen(database.engine, "after_cursor_execute", delete_first, once=True)
    with pytest.raises(NotFound, match="deleted meanwhile"):
        NetworkEventCRUD.bulk_create(db, [event(session_id)])
    assert NetworkEventCRUD.get_by_session(db, session_id) == ([], 0)


def test_events_are_found_by_time_with_both_ends_included(db: Session, site: int) -> None:
    session_id = start(db, site).id
    NetworkEventCRUD.bulk_create(
        db, [event(session_id, number, timestamp=NOON + timedelta(seconds=number)) for number in range(5)]
    )
    early, late = (NOON + timedelta(seconds=1)).replace(tzinfo=None), NOON + timedelta(seconds=3)
    found = NetworkEventCRUD.get_by_time_range(db, session_id, early, late)
    assert [one.url[-1] for one in found] == ["1", "2", "3"]
    page, total = NetworkEventCRUD.get_by_session(db, session_id, skip=3, limit=1)
    assert ([one.url[-1] for one in page], total) == (["3"], 5)
