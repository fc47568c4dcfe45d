"""The list of websites as a page."""

import re
from datetime import timedelta
from random import Random

import httpx
import pytest

from tests.support.api import FakeWatch
from tests.support.small_team import answers, good_check, record
from tocsin import Database, WebsiteCreate, WebsiteCRUD
from tocsin.model.options import CheckOptions
from tocsin.model.times import utcnow
from tocsin.storage.results import ResultWriter
from tocsin.watch.judge import settle


def add(database: Database, url: str, **fields: object) -> int:
    with database.session() as db:
        found: int = WebsiteCRUD.create(db, WebsiteCreate.model_validate({"url": url, **fields})).id
        return found


def check(database: Database, website_id: int, url: str, code: int = 200) -> None:
    """Store one check of a minute ago, as the running program does."""
    at = utcnow() - timedelta(minutes=1)
    result = settle(answers(code)(good_check(url, at, 100, Random(1))), CheckOptions(), at)
    record(database, ResultWriter(), {website_id: result})


def rows(page: str) -> list[str]:
    """The names in the list, in order."""
    return re.findall(r'<td[^>]*class="site"><a [^>]*>([^<]*)</a>', page)


async def test_an_empty_list_leads_to_the_first_website(client: httpx.AsyncClient) -> None:
    response = await client.get("/")
    assert response.status_code == 200
    assert "Nothing is watched yet" in response.text
    assert 'href="/websites/new"' in response.text
    assert "<table" not in response.text


async def test_what_is_wrong_stands_first_with_its_reason(client: httpx.AsyncClient, database: Database) -> None:
    check(database, add(database, "https://a.example/", name="Fine"), "https://a.example/")
    check(database, add(database, "https://b.example/", name="Broken"), "https://b.example/", 503)
    page = (await client.get("/")).text
    trouble = page[page.index('id="trouble"') : page.index('id="list"')]
    assert "Broken" in trouble
    assert "HTTP 503" in trouble
    assert "Fine" not in trouble
    assert "(1 down)" in page[page.index("<title>") : page.index("</title>")]
    assert rows(page) == ["Broken", "Fine"]


async def test_our_own_blindness_is_said_before_everything_else(
    client: httpx.AsyncClient, database: Database, watch: FakeWatch
) -> None:
    add(database, "https://a.example/")
    assert "cannot see" not in (await client.get("/")).text
    watch.blind_since = utcnow()
    page = (await client.get("/")).text
    note = page[page.index('id="vantage"') : page.index('id="summary"')]
    assert "Tocsin itself cannot see the network" in note
    assert "no answer from the gateway 192.0.2.1" in note


async def test_what_a_downtime_rule_waits_for_is_shown(client: httpx.AsyncClient, database: Database) -> None:
    site = add(database, "https://a.example/", down_after=2)
    check(database, site, "https://a.example/", 503)
    page = (await client.get("/")).text
    assert "suspect" in page[page.index("<tbody") : page.index("</tbody>")]
    headline = (await client.get(f"/websites/{site}")).text
    assert "Suspect:</strong> 1 failed, down from 2 in a row on." in headline
    assert "after 2 failed checks in a row, up again at the first good one" in headline


async def test_a_row_shows_status_bars_uptime_response_and_when(client: httpx.AsyncClient, database: Database) -> None:
    check(database, add(database, "https://a.example/"), "https://a.example/")
    page = (await client.get("/")).text
    row = page[page.index("<tbody") : page.index("</tbody>")]
    assert 'href="#i-up"' in row
    assert "</svg>Up</span>" in row
    assert 'aria-label="Of 1 hours with checks: all up"' in row
    assert "100 %" in row
    assert re.search(r"\d+ ms", row)
    assert re.search(r'<time datetime="[^"]+Z" data-as="ago" title="[^"]+ UTC">1 min ago</time>', row)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Alpha", "beta", "Gamma 100%"]),
        ("?q=ALP", ["Alpha"]),
        ("?q=g.example", ["Gamma 100%"]),
        ("?q=0%25", ["Gamma 100%"]),
        ("?q=_", []),
        ("?status=down", ["beta"]),
        ("?status=up&q=a", ["Alpha"]),
        ("?status=pending", []),
        ("?status=paused", ["Gamma 100%"]),
        ("?status=nonsense", ["Alpha", "beta", "Gamma 100%"]),
    ],
)
async def test_search_and_status_narrow_the_list(
    client: httpx.AsyncClient, database: Database, query: str, found: list[str]
) -> None:
    check(database, add(database, "https://a.example/", name="Alpha"), "https://a.example/")
    check(database, add(database, "https://b.example/", name="beta"), "https://b.example/", 500)
    add(database, "https://g.example/", name="Gamma 100%", is_active=False)
    page = (await client.get(f"/{query}")).text
    assert rows(page) == found
    assert ("No website matches." in page) == (not found)


async def test_a_long_list_comes_in_pages_that_keep_the_search(client: httpx.AsyncClient, database: Database) -> None:
    for number in range(101):
        add(database, f"https://s{number:03}.example/", name=f"Site {number:03}")
    first = (await client.get("/", params={"q": "site"})).text
    assert len(rows(first)) == 100
    assert 'href="/?q=site&amp;page=2"' in first
    second = (await client.get("/", params={"q": "site", "page": 2})).text
    assert rows(second) == ["Site 100"]
    assert 'href="/?q=site"' in second


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=99999999999999999999", "q=" + "x" * 201])
async def test_a_query_that_cannot_be_is_a_page_too(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"/?{query}")
    assert response.status_code == 404
    assert "That did not work" in response.text
    assert response.headers["content-type"].startswith("text/html")


async def test_the_number_of_queries_does_not_grow_with_the_list(client: httpx.AsyncClient, database: Database) -> None:
    from sqlalchemy import event

    counts = []
    for size in (3, 60):
        for number in range(size):
            add(database, f"https://n{size}-{number}.example/")
        statements: list[str] = []
        listener = lambda *arguments: statements.append(arguments[2])  # noqa: E731, B023
        event.listen(database.engine, "before_cursor_execute", listener)
        await client.get("/")
        event.remove(database.engine, "before_cursor_execute", listener)
        counts.append(len(statements))
    assert counts[0] == counts[1] < 15
