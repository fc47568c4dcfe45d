"""Health over HTTP."""

import httpx
import pytest
from sqlalchemy import text

from tests.support.api import FakeWatch
from tocsin import Database


async def test_a_living_process_says_so(client: httpx.AsyncClient) -> None:
    response = await client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_a_server_with_all_its_parts_is_ready(client: httpx.AsyncClient) -> None:
    response = await client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_can_be_asked_for_without_a_body(client: httpx.AsyncClient, path: str) -> None:
    response = await client.head(path)
    assert response.status_code == 200


async def test_what_is_missing_is_named(client: httpx.AsyncClient, database: Database, watch: FakeWatch) -> None:
    watch.is_running = False
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    response = await client.get("/readyz")
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "not_ready"
    schema, stopped = response.json()["missing"]
    assert "tocsin db upgrade" in schema
    assert "watch" in stopped
    assert (await client.get("/healthz")).status_code == 200
