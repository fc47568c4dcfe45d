"""The README's pictures, taken of a running Tocsin. `make screenshots` keeps them; otherwise they are only tried."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from tests.support.small_team import settle_in
from tocsin import Database
from tocsin.model.times import utcnow

pytestmark = pytest.mark.browser

HEIGHTS = {"home": 900, "website": 1060}


@pytest.fixture(scope="module")
def team_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(tmp_path_factory.mktemp("team") / "tocsin.db")
    settle_in(database, utcnow(), days=7)
    yield database
    database.dispose()


@pytest.fixture
def database(team_database: Database) -> Database:
    return team_database


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["home", "website"])
def test_a_picture_of_each_page_in_both_themes(
    browser: Browser, address: str, tmp_path: Path, name: str, theme: Literal["light", "dark"]
) -> None:
    folder = Path(os.environ.get("SCREENSHOTS_TO") or tmp_path)
    context = browser.new_context(
        viewport={"width": 1280, "height": HEIGHTS[name]}, color_scheme=theme, timezone_id="UTC", locale="en-GB",
        device_scale_factor=1.5, reduced_motion="reduce",
    )  # fmt: skip
    page = context.new_page()
    page.goto(address + ("/" if name == "home" else "/websites/2"))
    expect(page.locator("#live")).to_have_text("Live")
    if name == "website":
        expect(page.locator("#chart")).to_have_attribute("data-drawn", "percentiles 24")
    page.wait_for_timeout(600)  # the parts that the open stream has fetched anew
    file = folder / (f"{name}.png" if theme == "light" else f"{name}-dark.png")
    page.screenshot(path=file)
    assert file.stat().st_size > 50_000
    context.close()
