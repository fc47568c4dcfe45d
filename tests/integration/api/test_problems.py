"""Whatever goes wrong is answered as a problem document."""

import json
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from tests.support.api import make_app, make_services
from tocsin import Database
from tocsin.api.border import MAX_BODY
from tocsin.errors import ExtraMissing, TooManyTries
from tocsin.storage.database import Session

FIELDS = {"type", "title", "status", "detail", "code", "instance"}


def check_problem(response: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, object] = response.json()
    assert set(problem) >= FIELDS
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:tocsin:problem:{code}"
    assert problem["instance"] == response.request.url.path
    return problem


async def test_an_address_that_leads_nowhere_is_a_problem(client: httpx.AsyncClient) -> None:
    check_problem(await client.get("/api/nothing"), 404, "not_found")


async def test_a_method_that_is_not_known_is_a_problem_that_names_the_others(client: httpx.AsyncClient) -> None:
    response = await client.put("/api/websites", json={})
    check_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, POST"
    response = await client.post("/api/websites/1", json={})
    check_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, PATCH, DELETE"


@pytest.mark.parametrize("body", ["{", '{"url": }', "", "[1", '"x"', "null"])
async def test_a_body_that_is_no_website_is_a_problem(client: httpx.AsyncClient, body: str) -> None:
    response = await client.post("/api/websites", content=body, headers={"Content-Type": "application/json"})
    assert check_problem(response, 422, "invalid")["errors"]


async def test_a_body_that_nests_without_end_is_a_problem(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/api/websites", content='{"a":' + "[" * 100_000, headers={"Content-Type": "application/json"}
    )
    check_problem(response, 422, "invalid")


@pytest.mark.parametrize("body", [b'{"url": "https://a.example", "name": "\xff"}', b"\x80", b"\xed\xa0\x80"])
async def test_a_body_that_is_not_utf_8_is_a_problem_like_other_broken_json(
    client: httpx.AsyncClient, body: bytes
) -> None:
    response = await client.post("/api/websites", content=body, headers={"Content-Type": "application/json"})
    assert "no JSON" in str(check_problem(response, 422, "invalid")["detail"])


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
@pytest.mark.parametrize("path", ["/api/websites", "/api/debug-sessions/s/events"])
async def test_json_under_another_name_is_told_the_right_one(
    client: httpx.AsyncClient, kind: str | None, path: str
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    response = await client.post(path, content='{"url": "https://a.example"}', headers=headers)
    detail = str(check_problem(response, 422, "invalid")["detail"])
    assert "Content-Type: application/json" in detail
    assert kind is None or kind in detail


@pytest.mark.parametrize(
    ("auth", "said"),
    [
        ({"password": "x"}, "its field 'kind' is missing"),
        ({"kind": "digest"}, "'digest' is no 'kind'; write one of 'basic', 'bearer'"),
    ],
)
async def test_credentials_of_no_known_kind_are_told_so_in_plain_words(
    client: httpx.AsyncClient, auth: dict[str, str], said: str
) -> None:
    response = await client.post("/api/websites", json={"url": "https://a.example", "auth": auth})
    problem = check_problem(response, 422, "invalid")
    assert said in str(problem["detail"])
    assert problem["errors"][0]["field"] == "auth"  # type: ignore[index]


async def test_half_a_character_in_a_field_is_a_problem(client: httpx.AsyncClient) -> None:
    for body in ('{"url": "https://a.example", "name": "\\ud800"}', '{"url": "https://a.example", "\\ud800": 1}'):
        response = await client.post("/api/websites", content=body, headers={"Content-Type": "application/json"})
        check_problem(response, 422, "invalid")


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/api/websites", {"url": "https://b.example", "name": "nul\0x"}, "name"),
        ("PATCH", "/api/websites/1", {"tags": ["a\0"]}, "tags"),
        ("PATCH", "/api/websites/1", {"request_headers": {"X-A": "\0"}}, "request_headers"),
        ("POST", "/api/websites/1/debug-sessions", {"user_agent": "\0"}, "user_agent"),
        ("POST", "/api/debug-sessions/s/events", [{"event_type": "REQUEST", "url": "\0"}], "0.url"),
        ("GET", "/api/websites?search=%00", None, "search"),
        ("GET", "/api/debug-sessions/a%00b", None, "session_key"),
    ],
)
async def test_a_character_that_no_column_holds_is_named_with_its_field(
    client: httpx.AsyncClient, method: str, path: str, body: object, field: str
) -> None:
    await client.post("/api/websites", json={"url": "https://a.example"})
    await client.post("/api/websites/1/debug-sessions", json={"session_key": "s"})
    response = await client.request(method, path, json=body)
    assert response.json()["errors"][0]["field"] == field, response.text
    assert "NUL" in response.text or "control character" in response.text
    assert (response.status_code, response.json()["code"]) == (422, "invalid")


async def test_an_answer_never_repeats_a_secret_that_was_refused(client: httpx.AsyncClient) -> None:
    auth = {"kind": "basic", "username": "me", "password": ["hush-hush"]}
    response = await client.post("/api/websites", json={"url": "https://a.example", "auth": auth})
    check_problem(response, 422, "invalid")
    assert "hush-hush" not in response.text


async def test_a_body_over_the_limit_is_refused_unread(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/websites", content=b"x" * (MAX_BODY + 1))
    check_problem(response, 413, "body_too_large")


async def test_a_body_that_does_not_say_how_long_it_is_ends_at_the_limit(client: httpx.AsyncClient) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 50 * MAX_BODY:
            sent += 65536
            yield b" " * 65536

    response = await client.post("/api/websites", content=chunks(), headers={"Content-Type": "application/json"})
    check_problem(response, 413, "body_too_large")
    assert sent < 3 * MAX_BODY


async def test_a_body_at_the_limit_is_read(client: httpx.AsyncClient) -> None:
    body = json.dumps({"url": "https://a.example"}).ljust(MAX_BODY)
    response = await client.post("/api/websites", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 201


async def test_a_fault_of_our_own_gives_only_an_id_away(
    app: FastAPI, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("the password is swordfish")

    @app.get("/missing-extra")
    def missing_extra() -> None:
        raise ExtraMissing("install swordfish")

    with caplog.at_level(logging.ERROR):
        for path in ("/broken", "/missing-extra"):
            caplog.clear()
            response = await client.get(path)
            problem = check_problem(response, 500, "internal_error")
            assert "swordfish" not in response.text
            assert str(problem["error_id"]) in caplog.text
            assert "swordfish" in caplog.text


async def test_a_fault_in_the_middle_of_an_answer_ends_the_connection(app: FastAPI, client: httpx.AsyncClient) -> None:
    from starlette.responses import StreamingResponse

    async def half() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("the rest is gone")

    @app.get("/half")
    async def get_half() -> StreamingResponse:
        return StreamingResponse(half())

    with pytest.raises(RuntimeError, match="the rest is gone"):
        await client.get("/half")


async def test_too_many_tries_say_when_to_come_back(app: FastAPI, client: httpx.AsyncClient) -> None:
    @app.get("/slow-down")
    def slow_down() -> None:
        raise TooManyTries(retry_after_s=17)

    response = await client.get("/slow-down")
    check_problem(response, 429, "too_many_tries")
    assert response.headers["retry-after"] == "17"


async def test_a_locked_database_is_a_problem_that_passes(tmp_path: Path) -> None:
    database = Database(tmp_path / "tocsin.db")
    with database.engine.connect() as only_connection:
        only_connection.exec_driver_sql("PRAGMA busy_timeout = 50")
    transport = httpx.ASGITransport(make_app(make_services(database)))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        with closing(sqlite3.connect(tmp_path / "tocsin.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            response = await client.post("/api/websites", json={"url": "https://a.example"})
        check_problem(response, 503, "storage_unavailable")
        assert int(response.headers["retry-after"]) > 0
        assert "sqlite" not in response.text
        assert (await client.post("/api/websites", json={"url": "https://a.example"})).status_code == 201
    database.dispose()


async def test_a_database_that_is_gone_is_a_problem_without_its_address(postgres_url: str) -> None:
    gone = Database(postgres_url.replace("/test_", "/never_"), create=False)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(make_app(make_services(gone))), base_url="http://127.0.0.1"
    ) as client:
        response = await client.get("/api/websites")
        ready = await client.get("/readyz")
    gone.dispose()
    check_problem(response, 503, "storage_unavailable")
    assert "never_" not in response.text + ready.text
    assert check_problem(ready, 503, "not_ready")["missing"] == ["the database cannot be reached"]


async def test_a_row_that_vanishes_meanwhile_is_a_conflict(
    app: FastAPI, client: httpx.AsyncClient, database: Database
) -> None:
    from tocsin.api.dependencies import Db
    from tocsin.storage.websites import WebsiteCRUD

    @app.post("/race/{website_id}")
    def race(db: Db, website_id: int) -> None:
        row = WebsiteCRUD.get_by_id(db, website_id)
        assert row is not None
        with Session(database.engine) as other:
            WebsiteCRUD.delete(other, website_id)
        row.name = "gone"
        db.commit()

    created = await client.post("/api/websites", json={"url": "https://a.example"})
    response = await client.post(f"/race/{created.json()['id']}")
    check_problem(response, 409, "conflict")
