"""Server-sent events, over a real connection where that matters."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.support.api import record_look
from tests.support.web_server import running_server
from tocsin import Database, WebsiteCreate, WebsiteCRUD
from tocsin.actions.services import Services
from tocsin.api import events
from tocsin.api.events import EventQuery, stream
from tocsin.api.shutdown import ended_by_signals
from tocsin.model.enums import Cause
from tocsin.model.results import CertificateFacts, PeerCertificate
from tocsin.model.vantage import VantageChange
from tocsin.storage.outbox import last_event_id, record_vantage
from tocsin.watch.live import BUFFER, LiveEvent, LiveHub

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[3]


def watched(database: Database, count: int = 1) -> list[int]:
    with database.session() as db:
        return [WebsiteCRUD.create(db, WebsiteCreate(url=f"https://{number}.example")).id for number in range(count)]


def flap(services: Services, website_id: int, times: int, start: datetime = NOW) -> None:
    """Go down and come back: twice `times` transitions."""
    for number in range(times):
        for minute, cause in ((0, Cause.CONNECT_REFUSED), (1, None)):
            at = start + timedelta(minutes=2 * number + minute)
            record_look(services.database, website_id, at, cause=cause, live=services.live)


async def read(lines: AsyncIterator[str]) -> dict[str, Any]:
    """Return the next event with data; comments come as {"comment": text}."""
    event: dict[str, Any] = {}
    async for line in lines:
        if line.startswith(":"):
            event["comment"] = line[1:].strip()
        elif line:
            name, _, value = line.partition(": ")
            event[name] = json.loads(value) if name == "data" else value
        elif "data" in event or "comment" in event:
            return event
        else:
            event = {}
    return event


@asynccontextmanager
async def listening(
    address: str, query: str = "", headers: dict[str, str] | None = None
) -> AsyncIterator[AsyncIterator[str]]:
    async with (
        httpx.AsyncClient(base_url=address, timeout=20) as client,
        client.stream("GET", f"/api/events{query}", headers=headers) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        yield response.aiter_lines()


async def until(condition: Any) -> None:
    while not condition():  # noqa: ASYNC110 (what is waited for sets no event)
        await asyncio.sleep(0.01)


async def test_checks_and_transitions_arrive_as_they_are_committed(app: FastAPI, services: Services) -> None:
    (website_id,) = watched(services.database)
    async with running_server(app) as address, listening(address) as lines:
        await until(lambda: services.live.has_listeners)
        await asyncio.to_thread(flap, services, website_id, 1)
        found = [await read(lines) for _ in range(4)]
        services.live.close()
        assert await read(lines) == {}
    kinds = [one["event"] for one in found]
    assert kinds == ["check", "transition", "check", "transition"]
    down, back = found[1], found[3]
    assert "id" not in found[0]
    assert int(back["id"]) > int(down["id"])
    assert (down["data"]["to_status"], back["data"]["to_status"]) == ("DOWN", "UP")
    assert {"website_id", "check_id", "status", "cause", "message", "checked_at"} <= set(found[0]["data"])


async def test_a_change_of_a_website_arrives(app: FastAPI, services: Services) -> None:
    async with running_server(app) as address, listening(address, "?kinds=website") as lines:
        await until(lambda: services.live.has_listeners)
        async with httpx.AsyncClient(base_url=address) as client:
            await client.post("/api/websites", json={"url": "https://example.com"})
        event = await read(lines)
        services.live.close()
    assert event == {"event": "website", "data": {"website_id": 1, "change": "created"}}


async def test_a_listener_that_leaves_is_forgotten(app: FastAPI, services: Services) -> None:
    async with running_server(app) as address:
        async with listening(address):
            await until(lambda: services.live.has_listeners)
        await asyncio.wait_for(until(lambda: not services.live.has_listeners), 10)


async def test_a_listener_holds_no_database_connection(app: FastAPI, services: Services) -> None:
    async with running_server(app) as address, listening(address) as lines:
        assert (await anext(lines)).startswith("retry")
        assert services.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        services.live.close()


async def take(chunks: AsyncIterator[bytes], count: int) -> list[dict[str, Any]]:
    async def lines() -> AsyncIterator[str]:
        async for chunk in chunks:
            for line in chunk.decode().split("\n")[:-1]:
                yield line

    source = lines()
    return [await read(source) for _ in range(count)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["check 1", "transition 1", "website 2", "check 2"]),
        ({"kinds": ["check"]}, ["check 1", "check 2"]),
        ({"kinds": ["website,transition"]}, ["transition 1", "website 2"]),
        ({"website_id": 2}, ["website 2", "check 2"]),
        ({"website_id": 1, "kinds": ["website"]}, []),
    ],
)
async def test_a_listener_hears_only_what_it_asked_for(
    services: Services, query: dict[str, Any], expected: list[str]
) -> None:
    chunks = stream(services, EventQuery(**query))
    await anext(chunks)
    services.live.publish(
        LiveEvent("check", {"website_id": 1}),
        LiveEvent("transition", {"website_id": 1}, 7),
        LiveEvent("website", {"website_id": 2}),
        LiveEvent("check", {"website_id": 2}),
        LiveEvent("lost", {"count": 3}),
    )
    found = await take(chunks, len(expected) + 1)
    heard = [f"{one['event']} {one['data'].get('website_id', '')}" for one in found]
    assert heard == [*expected, "lost "]
    await chunks.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize("query", ["kinds=noise", "kinds=", "website_id=x", "website_id=0", "kind=check"])
async def test_an_unknown_query_for_events_is_refused(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"/api/events?{query}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid")


async def test_a_listener_that_comes_back_hears_what_it_missed_once(app: FastAPI, services: Services) -> None:
    first, second = watched(services.database, 2)
    flap(services, first, 2)
    flap(services, second, 1)
    with services.database.session() as db:
        newest = last_event_id(db)
    chunks = stream(services, EventQuery(kinds=["transition"]), after_id=newest - 4)
    assert await anext(chunks) == b"retry: 2000\n\n"
    missed = await take(chunks, 1)
    flap(services, first, 1, NOW + timedelta(hours=1))
    missed += await take(chunks, 5)
    assert [int(one["id"]) for one in missed] == [newest - 3, newest - 2, newest - 1, newest, newest + 1, newest + 2]
    assert {name: missed[0]["data"][name] for name in ("website_id", "from_status", "to_status", "cause")} == {
        "website_id": first,
        "from_status": "UP",
        "to_status": "DOWN",
        "cause": "connect_refused",
    }
    await chunks.aclose()  # type: ignore[attr-defined]


async def test_what_was_missed_is_filtered_too(services: Services) -> None:
    first, second = watched(services.database, 2)
    flap(services, first, 1)
    flap(services, second, 1)
    only = stream(services, EventQuery(website_id=second), after_id=0)
    await anext(only)
    assert {one["data"]["website_id"] for one in await take(only, 2)} == {second}
    await only.aclose()  # type: ignore[attr-defined]
    checks = stream(services, EventQuery(kinds=["check"]), after_id=0)
    await anext(checks)
    services.live.publish(LiveEvent("check", {"website_id": 9}))
    assert (await take(checks, 1))[0]["data"] == {"website_id": 9}
    await checks.aclose()  # type: ignore[attr-defined]


async def test_what_there_is_to_tell_of_certificates_is_an_event_of_its_own(services: Services) -> None:
    (website_id,) = watched(services.database)
    live = stream(services, EventQuery(kinds=["certificate", "transition"]))
    await anext(live)
    leaf = CertificateFacts("ab" * 32, "CN=example.com", "CN=CA", (), NOW, NOW + timedelta(days=2, hours=1))
    fresh = CertificateFacts("cd" * 32, "CN=example.com", "CN=CA", (), NOW, NOW + timedelta(days=90))
    for minute, facts in enumerate((leaf, leaf, fresh)):
        at = NOW + timedelta(minutes=minute)
        record_look(services.database, website_id, at, certificate=PeerCertificate((facts,), True), live=services.live)
    flap(services, website_id, 1, NOW + timedelta(hours=1))
    heard = await take(live, 4)
    assert [one["event"] for one in heard] == ["certificate", "certificate", "transition", "transition"]
    assert heard[0]["data"] == {
        "website_id": website_id,
        "check_id": heard[0]["data"]["check_id"],
        "status": "UP",
        "reason": "certificate_expires",
        "checked_at": "2026-03-01T12:00:00Z",
        "days_left": 2,
        "threshold_days": 3,
        "not_after": "2026-03-03T13:00:00Z",
        "subject": "CN=example.com",
        "issuer": "CN=CA",
        "sha256": "ab" * 32,
    }
    assert heard[1]["data"]["reason"] == "certificate_renewed"
    await live.aclose()  # type: ignore[attr-defined]
    expected_of: list[tuple[list[Any], list[dict[str, Any]]]] = [
        (["certificate"], heard[:2]),
        (["transition"], heard[2:]),
        (["certificate", "transition"], heard),
    ]
    for kinds, expected in expected_of:
        missed = stream(services, EventQuery(kinds=kinds), after_id=0)
        await anext(missed)
        again = await take(missed, len(expected))
        assert [(one["id"], one["event"]) for one in again] == [(one["id"], one["event"]) for one in expected]
        assert [one for one in again if one["event"] == "certificate"] == [
            one for one in expected if one["event"] == "certificate"
        ]
        await missed.aclose()  # type: ignore[attr-defined]


async def test_that_we_were_blind_is_told_whatever_website_is_asked_for(services: Services) -> None:
    [website_id] = watched(services.database)
    flap(services, website_id, 1)
    change = VantageChange(True, NOW, NOW - timedelta(seconds=5), ("the gateway 192.0.2.1",), 20)
    with services.database.write_transaction() as connection:
        event_id = record_vantage(connection, change, NOW)
    told = {
        "is_blind": True, "reason": "vantage_blind", "occurred_at": "2026-03-01T12:00:00Z",
        "since": "2026-03-01T11:59:55Z", "references": ["the gateway 192.0.2.1"], "websites_count": 20,
    }  # fmt: skip
    chunks = stream(services, EventQuery(website_id=website_id, kinds=["vantage"]), after_id=0)
    await anext(chunks)
    services.live.publish(LiveEvent("vantage", {"is_blind": False}, event_id + 1))
    missed, live = await take(chunks, 2)
    assert (missed["event"], missed["data"], missed["id"]) == ("vantage", told, str(event_id))
    assert live["data"] == {"is_blind": False}
    await chunks.aclose()  # type: ignore[attr-defined]

    transitions = stream(services, EventQuery(kinds=["transition"]), after_id=0)
    await anext(transitions)
    flap(services, website_id, 1, NOW + timedelta(hours=1))
    assert {one["event"] for one in await take(transitions, 4)} == {"transition"}
    await transitions.aclose()  # type: ignore[attr-defined]


async def test_one_that_missed_too_much_is_told_so(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "REPLAY_BATCH", 2)
    monkeypatch.setattr(events, "REPLAY_LIMIT", 4)
    (website_id,) = watched(services.database)
    flap(services, website_id, 4)
    chunks = stream(services, EventQuery(), after_id=0)
    await anext(chunks)
    found = await take(chunks, 5)
    with services.database.session() as db:
        newest = last_event_id(db)
    assert [one["event"] for one in found] == ["transition"] * 4 + ["lost"]
    assert found[-1]["data"] == {"count": newest - int(found[-2]["id"])}
    assert int(found[-1]["id"]) == newest
    await chunks.aclose()  # type: ignore[attr-defined]


async def test_a_new_listener_is_told_where_to_resume(services: Services) -> None:
    (website_id,) = watched(services.database)
    flap(services, website_id, 1)
    with services.database.session() as db:
        newest = last_event_id(db)
    chunks = stream(services, EventQuery())
    assert await anext(chunks) == f"retry: 2000\nid: {newest}\n\n".encode()
    await chunks.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize("last_id", ["", "abc", "²", "-1", "1.5"])
async def test_a_last_id_that_is_none_of_ours_is_overlooked(app: FastAPI, services: Services, last_id: str) -> None:
    headers = [(b"last-event-id", last_id.encode())]
    async with (
        running_server(app) as address,
        httpx.AsyncClient(base_url=address) as client,
        client.stream("GET", "/api/events", headers=headers) as response,
    ):
        assert response.status_code == 200
        assert (await anext(response.aiter_lines())).startswith("retry")
        services.live.close()


async def test_a_quiet_connection_is_kept_alive(services: Services) -> None:
    chunks = stream(services, EventQuery(), heartbeat_s=0.02)
    await anext(chunks)
    beats = [await anext(chunks) for _ in range(3)]
    assert beats == [b": still here\n\n"] * 3
    services.live.publish(LiveEvent("check", {"website_id": 1}))
    async for chunk in chunks:
        if chunk != beats[0]:
            break
    assert b"event: check" in chunk
    await chunks.aclose()  # type: ignore[attr-defined]


async def test_a_slow_listener_is_told_how_much_it_lost(services: Services) -> None:
    chunks = stream(services, EventQuery())
    await anext(chunks)
    for number in range(BUFFER + 25):
        services.live.publish(LiveEvent("check", {"website_id": number}))
    found = await take(chunks, 2)
    assert found[0] == {"event": "lost", "data": {"count": 25}}
    assert found[1]["data"] == {"website_id": 25}
    await chunks.aclose()  # type: ignore[attr-defined]


async def test_a_signal_ends_streams_and_then_does_what_it_did_before() -> None:
    hub, heard = LiveHub(), []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
    try:
        with hub.subscribe() as subscription, ended_by_signals(hub):
            os.kill(os.getpid(), signal.SIGTERM)
            with pytest.raises(StopAsyncIteration):
                await asyncio.wait_for(anext(subscription), 10)
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before[signal.SIGTERM])
    assert {number: signal.getsignal(number) for number in before} == before


async def test_outside_the_main_thread_signals_are_left_alone() -> None:
    async def inside() -> None:
        with ended_by_signals(LiveHub()):
            pass

    before = signal.getsignal(signal.SIGINT)
    await asyncio.to_thread(asyncio.run, inside())
    assert signal.getsignal(signal.SIGINT) is before


SERVER = """
import sys
import uvicorn
from tests.support.api import make_app, make_services
from tocsin import Database

app = make_app(make_services(Database(sys.argv[1])))
server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
startup = server.startup
async def tell(sockets=None):
    await startup(sockets)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
server.startup = tell
server.run()
"""


async def test_a_server_that_is_told_to_stop_does_not_wait_for_listeners(tmp_path: Path) -> None:
    server = subprocess.Popen(  # noqa: ASYNC220 (it returns at once)
        [sys.executable, "-c", SERVER, str(tmp_path / "tocsin.db")], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        port = (await asyncio.to_thread(server.stdout.readline)).strip()
        async with listening(f"http://127.0.0.1:{port}") as lines:
            assert (await anext(lines)).startswith("retry")
            server.send_signal(signal.SIGTERM)
            assert await read(lines) == {}
        await asyncio.to_thread(server.wait, 20)
    finally:
        server.kill()
        server.wait()
        if server.stdout:
            server.stdout.close()
    assert server.returncode in (0, -signal.SIGTERM)
