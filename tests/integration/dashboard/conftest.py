"""Pages over HTTP, on a real database."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import httpx
import pytest
from fastapi import FastAPI

from tests.support.api import FakeWatch, make_services
from tests.support.pages import make_site
from tocsin import Database
from tocsin.actions.services import Services


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A Database on SQLite: what pages ask of storage is tested there, on both."""
    opened = Database(tmp_path / "tocsin.db")
    yield opened
    opened.dispose()


@pytest.fixture
def services(database: Database) -> Services:
    return make_services(database)


@pytest.fixture
def watch(services: Services) -> FakeWatch:
    return cast("FakeWatch", services.watch)


@pytest.fixture
def app(services: Services) -> FastAPI:
    return make_site(services)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A browser on this machine, where no user exists yet; it does not follow redirects."""
    address = "http://127.0.0.1:8000"
    transport, headers = httpx.ASGITransport(app), {"Origin": address}
    async with httpx.AsyncClient(transport=transport, base_url=address, headers=headers) as client:
        yield client
