"""Heartbeats over HTTP: the addresses that jobs call, with a real watch behind them, and what they left."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.support.api import make_app
from tests.support.books import PlainBook
from tests.support.heartbeats import KEY, add_heartbeat, state_of
from tests.support.watching import running_watch
from tocsin import Database
from tocsin.actions.services import Services
from tocsin.api import heartbeats as door
from tocsin.model.times import utcnow
from tocsin.settings import load_settings
from tocsin.watch.live import LiveHub
from tocsin.watch.service import WatchPlan

RID = "123E4567-E89B-42D3-A456-426614174000"


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Anybody, from anywhere: pings take no token."""
    live = LiveHub()
    async with running_watch(database, live=live, plan=WatchPlan(is_enabled=False)) as watch:
        app = make_app(Services(load_settings({}), database, watch, live, utcnow(), PlainBook()))
        transport = httpx.ASGITransport(app, client=("198.51.100.7", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://tocsin.example") as client:
            yield client


@pytest.fixture
async def here(client: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """A program on this machine, which may read and write."""
    app = client._transport.app  # type: ignore[attr-defined]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as local:
        yield local


async def pings(here: httpx.AsyncClient, website_id: int = 1, **query: Any) -> list[dict[str, Any]]:
    answer = await here.get(f"/api/websites/{website_id}/pings", params=query)
    assert answer.status_code == 200
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("end", ["", "/"])
async def test_every_way_to_ping_answers_when_it_is_stored(
    client: httpx.AsyncClient, here: httpx.AsyncClient, database: Database, method: str, end: str
) -> None:
    add_heartbeat(database)
    ways = {"": ("success", None), "/start": ("start", None), "/fail": ("fail", None), "/log": ("log", None),
            "/0": ("success", 0), "/255": ("fail", 255), "/007": ("fail", 7)}  # fmt: skip
    for what, (kind, code) in ways.items():
        path = f"/ping/{KEY}{what}{end}"
        answer = await client.request(method, path, params={"rid": RID}, headers={"User-Agent": "job/1"})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.headers["ping-body-limit"] == "100000"
        if method != "HEAD":
            assert answer.text == "OK"
        one = (await pings(here))[0]
        assert (one["kind"], one["exit_code"], one["method"]) == (kind, code, method)
        assert (one["rid"], one["address"], one["user_agent"]) == (RID.lower(), "198.51.100.7", "job/1")


async def test_what_is_wrong_with_a_ping_is_said(client: httpx.AsyncClient, database: Database) -> None:
    site = add_heartbeat(database)
    for path, status, detail in (
        (f"/ping/{KEY}/256", 400, "an exit code is 0 to 255, not 256"),
        (f"/ping/{KEY}/{'9' * 5000}", 400, "an exit code is 0 to 255"),
        (f"/ping/{KEY}?rid=7", 400, "rid is no UUID"),
        (f"/ping/{KEY}/-1", 404, "after the key comes start, fail, log, an exit code"),
        (f"/ping/{KEY}/stop", 404, "after the key comes start"),
        (f"/ping/{KEY}/٣", 404, "after the key comes start"),
        ("/ping/nobodys-key", 404, "no heartbeat has this key"),
        ("/ping/nobodys-key/start", 404, "no heartbeat has this key"),
        ("/ping/%00%ff", 404, "no heartbeat has this key"),
        ("/ping/", 404, "nothing at this address"),
        (f"/ping/{KEY}/1/2", 404, "nothing at this address"),
    ):
        answer = await client.get(path)
        assert (answer.status_code, detail in answer.json()["detail"]) == (status, True), path
        assert answer.headers["content-type"] == "application/problem+json"
    refused = await client.put(f"/ping/{KEY}")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST")
    assert state_of(database, site).pings_count == 0


async def test_a_body_is_kept_byte_for_byte_up_to_the_limit(
    client: httpx.AsyncClient, here: httpx.AsyncClient, database: Database
) -> None:
    add_heartbeat(database)
    body = bytes(range(256)) * 1000
    assert (await client.post(f"/ping/{KEY}", content=body)).text == "OK"
    (one,) = await pings(here)
    assert one["body_bytes"] == 256_000
    assert one["body_head"].startswith("\0\1\2")
    kept = await here.get("/api/websites/1/pings/1/body")
    assert kept.content == body[:100_000]
    assert kept.headers["content-type"] == "application/octet-stream"
    missing = await here.get("/api/websites/1/pings/2/body")
    assert (missing.status_code, "no ping 2" in missing.json()["detail"]) == (404, True)


async def test_a_job_that_says_more_than_is_read_is_no_missing_job(
    client: httpx.AsyncClient, here: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MOST_READ", 3_000_000)
    add_heartbeat(database)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 100_000

    assert (await client.post(f"/ping/{KEY}", content=b"y" * 2_000_000)).status_code == 200
    assert (await client.post(f"/ping/{KEY}", content=chunks())).status_code == 200
    streamed, whole = await pings(here)
    assert whole["body_bytes"] == 2_000_000
    assert 3_000_000 < streamed["body_bytes"] <= 3_100_000


async def test_a_body_that_does_not_end_is_cut_off(
    client: httpx.AsyncClient, here: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "BODY_S", 0.2)
    add_heartbeat(database)
    never = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        yield b"so far"
        await never.wait()

    assert (await client.post(f"/ping/{KEY}/1", content=chunks())).status_code == 200
    (one,) = await pings(here)
    assert (one["body_head"], one["kind"]) == ("so far", "fail")


async def test_strangers_cannot_make_us_read_what_they_send(client: httpx.AsyncClient, database: Database) -> None:
    taken = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(50):
            taken += 1
            yield b"x" * 100_000

    assert (await client.post("/ping/nobodys-key", content=chunks())).status_code == 404
    assert taken == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=3000), agent=st.binary(max_size=40), tail=st.text(max_size=20))
async def test_whatever_comes_is_answered(
    client: httpx.AsyncClient, database: Database, body: bytes, agent: bytes, tail: str
) -> None:
    async def send(path: bytes, headers: list[tuple[bytes, bytes]]) -> int:
        """Call the application as a server does: with whatever the wire had."""
        told: list[Any] = []
        sent = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Any:
            return next(sent)

        async def tell(message: Any) -> None:
            told.append(message)

        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
                 "path": path.decode(), "raw_path": path, "query_string": b"", "root_path": "", "headers": headers,
                 "client": ("198.51.100.7", 1), "server": ("127.0.0.1", 80)}  # fmt: skip
        await client._transport.app(scope, receive, tell)  # type: ignore[attr-defined]
        status: int = told[0]["status"]
        return status

    if not hasattr(database, "is_ready"):
        add_heartbeat(database)
        database.is_ready = True  # type: ignore[attr-defined]
    assert await send(f"/ping/{KEY}/1".encode(), [(b"user-agent", agent)]) == 200
    assert await send(f"/ping/{tail}".encode(errors="replace"), []) in (200, 404)
    assert await send(f"/ping/{KEY}/{tail}".encode(errors="replace"), []) in (200, 400, 404)


async def test_a_website_shows_where_to_ping_and_what_is_expected(
    client: httpx.AsyncClient, here: httpx.AsyncClient
) -> None:
    made = await here.post("/api/websites", json={"url": "heartbeat:", "period": "1h", "grace": "5m", "name": "Backup"})
    assert made.status_code == 201
    site = made.json()
    path = site["ping_url"]
    assert path == "/ping/" + site["url"].removeprefix("heartbeat:")
    assert (site["status"], site["next_expected_at"], site["period"], site["grace"]) == ("UNKNOWN", None, 3600, 300)
    await client.get(f"{path}/start")
    site = (await here.get("/api/websites/1")).json()
    assert (site["is_started"], site["is_late"], site["status"]) == (True, False, "UNKNOWN")
    await client.post(path, content=b"all well")
    site = (await here.get("/api/websites")).json()["items"][0]
    assert (site["is_started"], site["status"], site["next_expected_at"] > site["last_ping_at"]) == (False, "UP", True)
    assert site["last_response_time_ms"] is not None
    detail = (await here.get("/api/websites/1/checks/1")).json()
    assert (detail["evidence"]["body_head"], detail["http_method"]) == ("all well", "POST")


async def test_a_rename_keeps_the_key_and_an_empty_key_makes_a_new_one(
    client: httpx.AsyncClient, here: httpx.AsyncClient
) -> None:
    first = (await here.post("/api/websites", json={"url": "heartbeat:", "cron": "@daily"})).json()
    await client.get(first["ping_url"])
    renamed = (await here.patch("/api/websites/1", json={"name": "Nightly", "group": "shop"})).json()
    assert (renamed["ping_url"], renamed["name"]) == (first["ping_url"], "Nightly")
    assert (await client.get(first["ping_url"])).status_code == 200
    assert [one["number"] for one in await pings(here)] == [2, 1]
    again = (await here.patch("/api/websites/1", json={"url": "heartbeat:"})).json()
    assert again["ping_url"] != first["ping_url"]
    assert (await client.get(first["ping_url"])).status_code == 404
    assert (await client.get(again["ping_url"])).status_code == 200
    assert len(await pings(here)) == 3


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"cron": "every night"}, "is no cron expression"),
        ({"cron": "0 3 * * *", "period": 60}, "a period or a cron expression, not both"),
        ({"cron": "0 3 * * *", "time_zone": "Mars/Base"}, "is no time zone"),
        ({"period": 5}, "the period must be 1 min to 365 d"),
        ({"url": "heartbeat:a b"}, "white space"),
        ({"url": "https://example.com", "grace": 60}, "only heartbeats have this"),
    ],
)
async def test_a_schedule_that_is_none_is_refused(here: httpx.AsyncClient, fields: dict[str, Any], fault: str) -> None:
    answer = await here.post("/api/websites", json={"url": "heartbeat:", **fields})
    assert answer.status_code == 422
    assert fault in answer.json()["detail"]


async def test_checking_a_heartbeat_now_says_that_nobody_looks(here: httpx.AsyncClient, database: Database) -> None:
    add_heartbeat(database)
    answer = await here.post("/api/websites/1/check")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "its job reports by itself" in answer.json()["detail"]


async def test_the_list_of_pings_comes_in_pages_and_needs_the_right_to_read(
    client: httpx.AsyncClient, here: httpx.AsyncClient, database: Database
) -> None:
    add_heartbeat(database)
    for _ in range(5):
        await client.get(f"/ping/{KEY}/log")
    page = await here.get("/api/websites/1/pings", params={"page": 2, "page_size": 2})
    assert {**page.json(), "items": [one["number"] for one in page.json()["items"]]} == {
        "items": [3, 2], "total": 5, "page": 2, "page_size": 2}  # fmt: skip
    assert (await client.get("/api/websites/1/pings")).status_code == 403
    assert (await client.get("/api/websites/1/pings/1/body")).status_code == 403
    assert (await here.get("/api/websites/7/pings")).status_code == 404


async def test_metrics_and_logs_do_not_hold_the_key(
    client: httpx.AsyncClient, here: httpx.AsyncClient, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    add_heartbeat(database)
    await client.get(f"/ping/{KEY}/3")
    metrics = (await here.get("/metrics")).text
    assert 'url="heartbeat:********"' in metrics
    assert KEY not in metrics
    database.dispose()
    with caplog.at_level(logging.DEBUG), pytest.MonkeyPatch.context() as patch:
        patch.setattr("tocsin.watch.pings.MOST_WAITING", 0)
        answer = await client.get(f"/ping/{KEY}")
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert "/ping/********: too many pings" in caplog.text
    assert KEY not in "".join(record.getMessage() for record in caplog.records if record.name.startswith("tocsin"))
