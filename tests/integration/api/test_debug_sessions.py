"""Debug sessions and network events over HTTP."""

from typing import Any

import httpx
import pytest

from tocsin import Database, WebsiteCreate, WebsiteCRUD

LIST = "/api/websites/1/debug-sessions"


@pytest.fixture(autouse=True)
def website(database: Database) -> None:
    with database.session() as db:
        WebsiteCRUD.create(db, WebsiteCreate(url="https://example.com"))


async def start(client: httpx.AsyncClient, key: str) -> dict[str, Any]:
    response = await client.post(LIST, json={"session_key": key})
    assert response.status_code == 201, response.text
    session: dict[str, Any] = response.json()
    return session


async def test_a_debug_session_is_recorded_and_read_back(client: httpx.AsyncClient) -> None:
    fields = {"website_id": 1, "session_key": "first run é", "user_agent": "Mozilla/5.0", "browser_type": "chromium"}
    response = await client.post(LIST, json=fields)
    assert response.status_code == 201
    assert response.json() | fields == response.json()
    assert (await client.get(response.headers["location"])).json() == response.json()


async def test_a_debug_session_without_a_key_gets_one(client: httpx.AsyncClient) -> None:
    keys = {(await client.post(LIST)).json()["session_key"], (await client.post(LIST, json={})).json()["session_key"]}
    assert len(keys) == 2
    assert all(key.startswith("debug-") for key in keys)


async def test_a_key_that_is_taken_is_a_conflict(client: httpx.AsyncClient) -> None:
    await start(client, "once")
    response = await client.post(LIST, json={"session_key": "once"})
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"session_key": "a/b"}, "session_key"), ({"session_key": ""}, "session_key"), ({"website_id": 2}, "website_id")],
)
async def test_a_debug_session_that_cannot_be_is_refused(
    client: httpx.AsyncClient, fields: dict[str, Any], field: str
) -> None:
    response = await client.post(LIST, json=fields)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == field


async def test_debug_sessions_come_newest_first(client: httpx.AsyncClient) -> None:
    ids = [(await start(client, f"run-{number}"))["id"] for number in range(3)]
    page = (await client.get(LIST, params={"page_size": 2})).json()
    assert [one["id"] for one in page["items"]] == [ids[2], ids[1]]
    assert page["total"] == 3
    assert (await client.post("/api/websites/2/debug-sessions", json={})).status_code == 404


async def test_a_debug_session_ends_with_its_outcome(client: httpx.AsyncClient) -> None:
    await start(client, "run")
    outcome = {"completed_at": "2026-01-01T12:00:00Z", "success": False, "error_message": "the page stayed blank"}
    response = await client.patch("/api/debug-sessions/run", json=outcome)
    assert response.status_code == 200
    assert response.json() | outcome == response.json()


async def test_events_are_stored_in_bulk_and_listed_in_order(client: httpx.AsyncClient) -> None:
    session = await start(client, "run")
    events = [
        {"event_type": "RESPONSE", "url": "https://example.com/", "status_code": 200, "duration_ms": 12.5,
         "timestamp": "2026-01-01T12:00:01Z", "debug_session_id": session["id"]},
        {"event_type": "REQUEST", "url": "https://example.com/", "method": "GET", "timestamp": "2026-01-01T12:00:00Z"},
    ]  # fmt: skip
    path = "/api/debug-sessions/run/events"
    response = await client.post(path, json=events)
    assert response.status_code == 201
    assert [one["event_type"] for one in response.json()] == ["RESPONSE", "REQUEST"]
    page = (await client.get(path)).json()
    assert [one["event_type"] for one in page["items"]] == ["REQUEST", "RESPONSE"]
    assert page["items"][1] | events[0] == page["items"][1]


async def test_one_bad_event_keeps_all_out(client: httpx.AsyncClient) -> None:
    session = await start(client, "run")
    good = {"event_type": "REQUEST", "url": "https://example.com/"}
    path = "/api/debug-sessions/run/events"
    for bad, field in (
        ({"event_type": "NOISE", "url": "x"}, "1.event_type"),
        ({**good, "debug_session_id": session["id"] + 1}, "1.debug_session_id"),
    ):
        response = await client.post(path, json=[good, bad])
        assert response.status_code == 422
        assert response.json()["errors"][0]["field"] == field
    assert (await client.get(path)).json()["total"] == 0
    assert (await client.post(path, json=[])).json() == []


async def test_nothing_was_captured_is_said_clearly(client: httpx.AsyncClient) -> None:
    await start(client, "run")
    for part, word in (("har", "HTTP archive"), ("screenshot", "screenshot")):
        response = await client.get(f"/api/debug-sessions/run/{part}")
        assert response.status_code == 404
        assert word in response.json()["detail"]
        assert "captured" in response.json()["detail"]


@pytest.mark.parametrize("part", ["", "/events", "/har", "/screenshot"])
async def test_no_debug_session_is_not_found(client: httpx.AsyncClient, part: str) -> None:
    response = await client.get(f"/api/debug-sessions/nobody{part}")
    assert (response.status_code, response.json()["detail"]) == (404, "there is no debug session 'nobody'")
