"""A website that has been watched for a minute: its chart shows something, and its checks fit onto a phone."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from tests.support.api import record_look
from tocsin import Database, WebsiteCreate, WebsiteCRUD
from tocsin.model.enums import Cause
from tocsin.model.times import utcnow

pytestmark = pytest.mark.browser

COLOURED = """() => {
    const canvas = document.querySelector('#chart canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
        const [red, green, blue, alpha] = data.slice(at, at + 4);
        if (alpha > 200 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) count += 1;
    }
    return count;
}"""


@pytest.fixture
def path(database: Database) -> str:
    with database.session() as db:
        website_id = WebsiteCRUD.create(db, WebsiteCreate(url="https://example.com")).id
    now = utcnow()
    for seconds in (50, 40, 30):
        record_look(database, website_id, now - timedelta(seconds=seconds))
    return f"/websites/{website_id}"


@pytest.mark.parametrize("view", ["percentiles", "phases"])
def test_checks_of_one_minute_are_drawn_as_dots(page: Page, path: str, view: str) -> None:
    page.goto(path)
    page.locator(f'button[value="{view}"]').click()
    page.wait_for_selector(f'#chart[data-drawn="{view} 24"]')
    assert page.evaluate(COLOURED) > 10


@pytest.mark.parametrize("width", [390, 1280])
def test_a_check_with_a_message_stays_a_low_row(page: Page, database: Database, path: str, width: int) -> None:
    record_look(database, int(path.rpartition("/")[2]), utcnow(), cause=Cause.CONNECT_REFUSED)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(path)
    rows = page.locator(".checks tbody tr")
    assert rows.count() == 4
    for row in rows.all():
        box = row.bounding_box()
        assert box is not None
        assert box["height"] < 110
        assert box["x"] + box["width"] <= width
