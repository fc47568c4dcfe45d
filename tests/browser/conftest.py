"""A real Chromium on real pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.api import make_services
from tests.support.pages import make_site, serving
from tocsin import Database
from tocsin.actions.services import Services

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """The system's Chromium. Playwright keeps this thread's event loop busy, so it ends before other tests begin."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def faults() -> list[str]:
    """What a page complained of in its console; a test ends with none."""
    return []


@pytest.fixture
def context(browser: Browser, address: str, faults: list[str]) -> Iterator[BrowserContext]:
    """A browser window's own world, without cookies, in UTC and English."""
    context = browser.new_context(base_url=address, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(15_000)
    context.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    context.on("weberror", lambda error: faults.append(str(error.error)))
    context.on("dialog", lambda dialog: faults.append(f"a dialog: {dialog.message}"))
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, faults: list[str]) -> Iterator[Page]:
    """A page that must not complain: no script fault, nothing that the content security policy stopped."""
    yield context.new_page()
    assert faults == []


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty Database."""
    opened = Database(tmp_path / "tocsin.db")
    yield opened
    opened.dispose()


@pytest.fixture
def services(database: Database) -> Services:
    """Services whose watch checks only what is asked for."""
    return make_services(database)


@pytest.fixture
def address(services: Services) -> Iterator[str]:
    """Where pages and API are served."""
    with serving(make_site(services)) as address:
        yield address
        services.live.close()
