"""A page that is left open tells what happens while it is looked at: the whole program, nothing in its place."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.pages import serving
from tocsin.app import create_app
from tocsin.settings import Settings, load_settings

pytestmark = pytest.mark.browser


@dataclass
class Target:
    """A website on this machine that can be broken and mended."""

    code: int = 200
    server: ThreadingHTTPServer = field(init=False)

    def __post_init__(self) -> None:
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(target.code)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def target() -> Iterator[Target]:
    target = Target()
    thread = threading.Thread(target=target.server.serve_forever, daemon=True)
    thread.start()
    yield target
    target.server.shutdown()
    target.server.server_close()
    thread.join()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"TOCSIN_DATA_DIR": str(tmp_path)})


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    with serving(create_app(settings)) as address:
        yield address


def test_a_website_goes_down_and_comes_back_while_it_is_looked_at(
    page: Page, context: BrowserContext, target: Target
) -> None:
    fields = {"url": target.url, "name": "Shop", "max_retries": 0, "check_interval": 3600}
    made = context.request.post("/api/websites", data=fields)
    assert made.status == 201
    page.goto("/")
    row = page.locator("tbody tr")
    expect(row.locator(".state")).to_have_text("Up")  # checked at once, and told
    page.evaluate("window.isTheSamePage = true")

    target.code = 503
    assert context.request.post(f"/api/websites/{made.json()['id']}/check").ok
    expect(row.locator(".state")).to_have_text("Down")
    expect(page.locator("#trouble")).to_contain_text("HTTP 503")
    expect(page).to_have_title("(1 down) Websites · Tocsin")

    target.code = 200
    assert context.request.post(f"/api/websites/{made.json()['id']}/check").ok
    expect(row.locator(".state")).to_have_text("Up")
    expect(page.locator("#trouble")).to_contain_text("Nothing is wrong")
    assert page.evaluate("window.isTheSamePage")


def test_a_new_website_appears_in_an_open_list(page: Page, context: BrowserContext, target: Target) -> None:
    for name, path in (("First", "1"), ("Second", "2")):
        assert context.request.post("/api/websites", data={"url": target.url + path, "name": name}).status == 201
        if name == "First":
            page.goto("/")
            expect(page.locator("#live")).to_have_text("Live")
    expect(page.locator("tbody tr")).to_have_count(2)


def test_the_page_of_a_website_follows_its_checks(page: Page, context: BrowserContext, target: Target) -> None:
    made = context.request.post("/api/websites", data={"url": target.url, "max_retries": 0}).json()
    page.goto(f"/websites/{made['id']}")
    expect(page.locator("#headline")).to_contain_text("Up")
    expect(page.locator("#live")).to_have_text("Live")
    target.code = 500
    assert context.request.post(f"/api/websites/{made['id']}/check").ok
    expect(page.locator("#headline")).to_contain_text("HTTP 500")
    expect(page.locator("#downtimes")).to_contain_text("going on")
    expect(page.locator("#checks tbody tr").first).to_contain_text("http_server_error")


def test_a_page_says_that_it_lost_the_server_and_finds_it_again(
    context: BrowserContext, settings: Settings, faults: list[str], tmp_path: Path
) -> None:
    page = context.new_page()
    own = settings.with_changes(database_url=f"sqlite:///{tmp_path}/own.db")  # the fixture's server has the other
    with serving(create_app(own)) as address:
        page.goto(address)
        expect(page.locator("#live")).to_have_text("Live")
    expect(page.locator("#live")).to_have_text("Disconnected, reconnecting…")
    with serving(create_app(own), int(address.rpartition(":")[2])):
        expect(page.locator("#live")).to_have_text("Live")
    faults.clear()  # the browser reports each connection that was refused meanwhile


def test_people_log_in_and_out(page: Page, context: BrowserContext, faults: list[str]) -> None:
    page.goto("/settings")
    page.get_by_label("Name").first.fill("ada")
    page.get_by_label("Password").fill("correct horse battery staple")
    page.get_by_role("button", name="Add user").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    page.get_by_label("Password").fill("correct horse battery staple")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()  # where it was wanted
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    faults[:] = [fault for fault in faults if "401" not in fault]
