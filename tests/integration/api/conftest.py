"""The API over HTTP, on a real database of each kind."""

from collections.abc import AsyncIterator
from typing import cast

import httpx
import pytest
from fastapi import FastAPI

from tests.support.api import FakeWatch, make_app, make_services
from tocsin import Database
from tocsin.actions.services import Services


@pytest.fixture
def services(database: Database) -> Services:
    return make_services(database)


@pytest.fixture
def watch(services: Services) -> FakeWatch:
    return cast("FakeWatch", services.watch)


@pytest.fixture
def app(services: Services) -> FastAPI:
    return make_app(services)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A program on this machine, where no user exists yet."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as client:
        yield client
