"""The program as a whole starts where it can, and says why where it cannot."""

import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from tocsin.app import allow_open_files, create_app
from tocsin.errors import Conflict, Invalid, SchemaBehind, SettingsInvalid
from tocsin.settings import Settings, load_settings
from tocsin.storage.database import Database


def settings(database_url: str, **changes: object) -> Settings:
    return load_settings({"TOCSIN_DATABASE_URL": database_url}).with_changes(**changes)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """The app sets up logging for its process; here that is the tests' own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """Yield a client on loopback of the started app."""
    transport = ASGITransport(app, client=("127.0.0.1", 1))
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        yield client


async def test_it_serves_on_a_new_sqlite_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/made/on/the/way/tocsin.db"
    async with running(create_app(settings(url))) as client:
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/api/websites")).json()["total"] == 0


async def test_it_refuses_recommendations_that_cannot_be_used(tmp_path: Path) -> None:
    advice = tmp_path / "advice.toml"
    advice.write_text('"cpu_*" = "Ask {whom}"\n', encoding="utf-8")
    with pytest.raises(Invalid, match=r"there is no \{whom\}"):
        async with running(create_app(settings(f"sqlite:///{tmp_path}/x.db", recommendations=str(advice)))):
            pass


async def test_it_refuses_a_postgres_without_the_schema_and_names_the_command(postgres_url: str) -> None:
    with pytest.raises(SchemaBehind, match="tocsin db upgrade"):
        async with running(create_app(settings(postgres_url))):
            pass


async def test_it_serves_on_a_postgres_that_was_upgraded(postgres_url: str) -> None:
    Database(postgres_url).dispose()
    app = create_app(settings(postgres_url))
    async with running(app) as client:
        assert (await client.get("/readyz")).status_code == 200


async def test_the_settings_move_the_bounds_of_the_interval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.model.websites.INTERVAL_BOUNDS.min_s", 60)
    chosen = settings(f"sqlite:///{tmp_path}/t.db", check_interval_min=5, scheduler_enabled=False)
    async with running(create_app(chosen)) as client:
        new = {"url": "http://127.0.0.1:9/", "check_interval": 5}
        assert (await client.post("/api/websites", json=new)).status_code == 201
        assert (await client.post("/api/websites", json={**new, "check_interval": 4})).status_code == 422


async def test_the_settings_forbid_networks_to_the_watch(tmp_path: Path) -> None:
    forbidding = load_settings({"TOCSIN_DATA_DIR": str(tmp_path), "TOCSIN_FORBIDDEN_NETWORKS": "127.0.0.0/8"})
    async with running(create_app(forbidding)) as client:
        made = await client.post("/api/websites", json={"url": "tcp://127.0.0.1:1", "max_retries": 0})
        check = await client.post(f"/api/websites/{made.json()['id']}/check")
    assert check.json()["cause"] == "address_forbidden"


async def test_fewer_files_than_checks_is_said_and_heeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.app.allow_open_files", lambda _wanted: 600)
    app = create_app(settings(f"sqlite:///{tmp_path}/t.db"))
    async with running(app):
        assert app.state.tocsin.settings.max_concurrent_checks == 100


def test_the_limit_of_open_files_is_never_lowered() -> None:
    now = allow_open_files(1)
    assert allow_open_files(now) == now
    assert allow_open_files(now + 1) >= now


def test_uvicorn_finds_the_app_by_its_name(tmp_path: Path) -> None:
    code = "from tocsin.app import app; print(app.title)"
    environ = {"TOCSIN_DATA_DIR": str(tmp_path), "PATH": ""}
    run = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert run.stdout == "Tocsin\n"


def test_wrong_settings_stop_it_before_anything_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_PORT", "many")
    with pytest.raises(SettingsInvalid, match="TOCSIN_PORT: 'many' is not a whole number"):
        create_app()


def test_an_unknown_attribute_of_the_module_is_an_error() -> None:
    import tocsin.app

    with pytest.raises(AttributeError, match="nothing"):
        _ = tocsin.app.nothing


def test_get_db_yields_a_session_on_the_configured_database(tmp_path: Path) -> None:
    code = (
        "from tocsin import get_db, WebsiteCRUD, WebsiteCreate\n"
        "db = next(get_db())\n"
        "print(WebsiteCRUD.create(db, WebsiteCreate(url='https://example.com')).id)"
    )
    environ = {"TOCSIN_DATA_DIR": str(tmp_path / "data"), "TOCSIN_UNKNOWN": "is no fault of the host's", "PATH": ""}
    run = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert run.stdout == "1\n"
    assert (tmp_path / "data" / "tocsin.db").exists()


async def test_a_second_watcher_of_one_sqlite_file_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/t.db"
    async with running(create_app(settings(url))):
        with pytest.raises(Conflict, match=r"another Tocsin \(process \d+\) watches .*TOCSIN_SCHEDULER_ENABLED=false"):
            async with running(create_app(settings(url))):
                pass
        async with running(create_app(settings(url, scheduler_enabled=False))) as beside:
            assert (await beside.get("/api/websites")).status_code == 200
    async with running(create_app(settings(url))):
        pass
