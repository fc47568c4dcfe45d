"""Every page in both themes, on a desk and on a phone, by keyboard, and in the viewer's own time zone."""

import re
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.small_team import REFUSED, good_check, record, settle_in
from tocsin import Database, WebsiteCreate, WebsiteCRUD
from tocsin.model.options import CheckOptions
from tocsin.model.times import utcnow
from tocsin.storage.results import ResultWriter
from tocsin.watch.judge import settle

pytestmark = pytest.mark.browser

PATHS = ("/", "/websites/2", "/websites/new", "/websites/2/edit", "/websites/2/delete", "/settings", "/websites/99")
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
LABELLED = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a')]
    .filter((one) => !(one.labels?.length || one.textContent.trim() || one.getAttribute('aria-label')))
    .map((one) => one.outerHTML)"""
WIDER = """() => [...document.querySelectorAll('body *')]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
    .filter((one) => !one.closest('.scroll, .visually-hidden, .sprite'))
    .map((one) => one.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def team_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The small team, read by every test of this file and changed by none."""
    database = Database(tmp_path_factory.mktemp("team") / "tocsin.db")
    settle_in(database, utcnow(), days=1)
    yield database
    database.dispose()


@pytest.fixture
def database(request: pytest.FixtureRequest, team_database: Database) -> Database:
    return team_database


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [380, 1280])
def test_every_page_fits_its_window_and_labels_its_fields(
    page: Page, theme: Literal["light", "dark"], width: int, faults: list[str]
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)
    for path in PATHS:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, page.evaluate(WIDER))
        assert page.evaluate(LABELLED) == [], path
        assert page.locator("h1, h2").count() > 0, path
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(245, 246, 247)" if theme == "light" else "rgb(14, 18, 22)"
        )
    faults[:] = [fault for fault in faults if "404" not in fault]  # one of the pages is not there on purpose


def test_times_are_the_viewers_with_utc_on_hover(browser: Browser, address: str, page: Page) -> None:
    page.goto("/websites/2")
    written = page.locator("#checks time").first
    context = browser.new_context(base_url=address, locale="en-GB", timezone_id="Asia/Tokyo")
    there = context.new_page()
    there.goto("/websites/2")
    elsewhere = there.locator("#checks time").first
    expect(elsewhere).not_to_have_text(re.compile("UTC"))
    hours = [int(re.findall(r"(\d\d):\d\d:\d\d", one.inner_text())[0]) for one in (written, elsewhere)]
    assert (hours[1] - hours[0]) % 24 == 9
    assert elsewhere.get_attribute("title") == written.get_attribute("title")
    assert (elsewhere.get_attribute("title") or "").endswith(" UTC")
    context.close()


def test_the_chart_is_drawn_and_changes_with_its_switches(page: Page) -> None:
    page.goto("/websites/2")
    chart = page.locator("#chart")
    expect(chart).to_have_attribute("data-drawn", "percentiles 24")
    expect(chart.locator("canvas")).to_have_count(1)
    page.get_by_role("button", name="Phases").click()
    expect(chart).to_have_attribute("data-drawn", "phases 24")
    expect(chart.locator(".u-legend")).to_contain_text("First byte")
    expect(page.get_by_role("button", name="Phases")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="7 d").click()
    expect(chart).to_have_attribute("data-drawn", "phases 168")
    page.emulate_media(color_scheme="dark")
    expect(chart.locator("canvas")).to_have_count(1)


def test_the_chart_paints_latency_and_shades_the_downtime(page: Page) -> None:
    page.goto("/websites/2")
    expect(page.locator("#chart")).to_have_attribute("data-drawn", "percentiles 24")
    colours = page.evaluate(
        """() => {
            const canvas = document.querySelector('#chart canvas');
            const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            let [blue, red] = [0, 0];
            for (let i = 0; i < data.length; i += 4) {
                if (data[i + 3] < 40) continue;
                if (data[i + 2] > data[i] + 40) blue += 1;
                if (data[i] > data[i + 2] + 60 && data[i] > data[i + 1] + 60) red += 1;
            }
            return [blue, red];
        }"""
    )
    assert min(colours) > 100


def test_the_page_is_used_by_keyboard(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("/")
    expect(page.get_by_label("Search name or URL")).to_be_focused()
    page.keyboard.type("checkout")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody a").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Checkout API")).to_be_visible()


def test_status_is_told_by_word_and_shape_not_by_colour_alone(page: Page) -> None:
    page.goto("/")
    for row in page.locator("tbody tr").all():
        word = row.locator(".state").inner_text().strip()
        assert word in ("Up", "Down", "Degraded", "Unknown", "Pending", "Paused")
        assert row.locator(".state use").get_attribute("href") == f"#i-{word.lower()}"
        assert "hours" in (row.locator(".bars").get_attribute("aria-label") or "")


class TestWithWebsitesOfItsOwn:
    """Pages of a database that starts empty."""

    @pytest.fixture
    def database(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
        opened = Database(tmp_path_factory.mktemp("own") / "tocsin.db")
        yield opened
        opened.dispose()

    def test_the_first_website_is_added_in_three_steps(self, page: Page, faults: list[str]) -> None:
        page.goto("/")
        page.get_by_role("link", name="Add a website").click()
        expect(page.get_by_label("URL")).to_be_focused()
        page.keyboard.type("example.com")
        page.keyboard.press("Enter")
        fault = page.locator("#url-fault")
        expect(fault).to_contain_text("must start with one of http://, https://")
        expect(page.get_by_label("URL")).to_have_value("example.com")
        page.get_by_label("URL").fill("https://example.com")
        page.get_by_role("button", name="Add and check it").click()
        expect(page.get_by_role("heading", name="example.com")).to_be_visible()
        faults[:] = [text for text in faults if "422" not in text]  # the browser reports the refused form

    def test_options_are_kept_over_a_fault_and_saved(self, page: Page, database: Database, faults: list[str]) -> None:
        page.goto("/websites/new")
        page.get_by_label("URL").fill("https://example.com/login")
        page.get_by_text("More options").click()
        page.get_by_label("Log-in").select_option("basic")
        page.get_by_label("User", exact=True).fill("monitor")
        page.get_by_label("Password").fill("secret")
        page.get_by_label("Expectations").fill("body contains Welcome\ntotal_ms < fast")
        page.get_by_role("button", name="Add and check it").click()
        expect(page.locator("#expectations-fault")).to_contain_text("Line 2")
        expect(page.get_by_label("User", exact=True)).to_have_value("monitor")
        page.get_by_label("Expectations").fill("body contains Welcome")
        page.get_by_role("button", name="Add and check it").click()
        expect(page.get_by_role("button", name="Check now")).to_be_visible()
        with database.session() as db:
            row = WebsiteCRUD.get_by_id(db, 1)
            assert row is not None
            assert row.auth == {"kind": "basic", "username": "monitor", "password": "secret"}
            assert [one["value"] for one in row.expectations] == ["Welcome"]
        faults[:] = [text for text in faults if "422" not in text]

    def test_checking_now_shows_the_result_on_the_page(self, page: Page, database: Database) -> None:
        with database.session() as db:
            WebsiteCRUD.create(db, WebsiteCreate(url="https://example.com"))
        page.goto("/websites/1")
        page.get_by_role("button", name="Check now").click()
        expect(page.locator("#checked")).to_contain_text("Checked just now: Up")
        expect(page.locator("#checks tbody tr")).to_have_count(1)

    def test_nothing_that_users_or_websites_write_runs(self, page: Page, database: Database) -> None:
        with database.session() as db:
            website = WebsiteCreate(
                url="https://a.example/?q='onload=alert(3)", name=EVIL, description=EVIL, group=EVIL, tags=[EVIL]
            )
            WebsiteCRUD.create(db, website)
        at = utcnow() - timedelta(minutes=1)
        seen = REFUSED(good_check("https://a.example/", at, 100, Random(1))).evolve(
            message=EVIL, headers=(("x-evil", EVIL),), body_head=EVIL, final_url=EVIL, addresses=(EVIL,)
        )
        record(database, ResultWriter(), {1: settle(seen, CheckOptions(), at)})
        for path in ("/", "/websites/1", "/websites/1/edit", "/websites/1/delete", "/websites/1/checks/1", "/?q=<img>"):
            page.goto(path)
            page.wait_for_load_state("networkidle") if path.endswith("delete") else page.wait_for_timeout(150)
            assert page.locator("main img, main script:not([src])").count() == 0
        page.goto("/")
        expect(page.locator("#trouble")).to_contain_text(EVIL)


def test_the_api_reference_is_drawn_without_anything_from_elsewhere(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/docs")
    expect(page.get_by_text("/api/websites/{website_id}/check", exact=True).first).to_be_visible(timeout=30_000)
    assert {re.sub(r"(//[^/]+).*", r"\1", url) for url in asked if not url.startswith("data:")} == {
        re.sub(r"(//[^/]+).*", r"\1", page.url)
    }
