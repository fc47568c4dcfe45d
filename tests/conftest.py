"""Fixtures for every test: a database of each kind, and what happens where a program is missing."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.databases import PostgresServer, running_postgres
from tocsin.cli.measuring.processes import find_nginx

if TYPE_CHECKING:
    from tocsin import Database

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
NO_CHROMIUM = "there is no Chromium here: install it (Debian: apt-get install chromium)"
PEERS = all(shutil.which(name) for name in ("prometheus", "amtool"))
NO_PEERS = "there is no Prometheus here: install it (Debian: apt-get install prometheus prometheus-alertmanager)"
NO_NGINX = "there is no nginx here: install it (Debian: apt-get install nginx)"
_MISSING = {
    marker: reason
    for marker, reason, is_there in (
        ("browser", NO_CHROMIUM, CHROMIUM),
        ("nginx", NO_NGINX, find_nginx()),
        ("peers", NO_PEERS, PEERS),
    )
    if not is_there
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests whose program is not on this machine."""
    for item in items:
        for marker, reason in _MISSING.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it loudly where tests were skipped for want of a program."""
    skipped = terminalreporter.stats.get("skipped", [])
    for marker, reason in _MISSING.items():
        if count := sum(marker in report.keywords for report in skipped):
            terminalreporter.write_sep("!", f"{count} {marker.upper()} TESTS SKIPPED: {reason}", red=True, bold=True)


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
