"""Fixtures for every test: a database of each kind, and what happens where there is no Chromium."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.databases import PostgresServer, running_postgres

if TYPE_CHECKING:
    from tocsin import Database

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
NO_CHROMIUM = "there is no Chromium here: install it (Debian: apt-get install chromium)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the browser tests where there is no browser."""
    if CHROMIUM is None:
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=NO_CHROMIUM))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it loudly where browser tests were skipped."""
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum("browser" in report.keywords for report in skipped) if CHROMIUM is None else 0
    if count:
        terminalreporter.write_sep("!", f"{count} BROWSER TESTS SKIPPED: {NO_CHROMIUM}", red=True, bold=True)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium; tests that use it are marked `browser`."""
    assert CHROMIUM is not None, "mark this test with pytest.mark.browser"
    return CHROMIUM


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """One real PostgreSQL for all processes of this run."""
    worker = getattr(request.config, "workerinput", None)
    run_id = worker["testrunuid"] if worker else f"of-{os.getpid()}"
    with running_postgres(run_id) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty PostgreSQL database, as `postgresql+psycopg://…`."""
    with postgres_server.empty_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind in turn: the test runs twice."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tocsin.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def database(database_url: str) -> "Iterator[Database]":
    """A Database with all tables, of each kind in turn."""
    from tocsin import Database

    opened = Database(database_url)
    yield opened
    opened.dispose()
