"""One website's pages, and the form it is made with."""

import re
from datetime import timedelta
from random import Random

import httpx
import pytest

from tests.support.api import FakeWatch
from tests.support.heartbeats import KEY, add_heartbeat, ping, send
from tests.support.small_team import REFUSED, good_check, record, settle_in
from tocsin import Database, WebsiteCreate, WebsiteCRUD
from tocsin.model.heartbeats.pings import PingKind
from tocsin.model.masks import MASK
from tocsin.model.options import CheckOptions
from tocsin.model.times import utcnow
from tocsin.storage.results import ResultWriter
from tocsin.watch.judge import settle

TICKED = {"is_active": "on", "follow_redirects": "on", "verify_tls": "on"}
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def add(database: Database, **fields: object) -> int:
    with database.session() as db:
        found: int = WebsiteCRUD.create(db, WebsiteCreate.model_validate({"url": "https://a.example", **fields})).id
        return found


async def test_a_website_added_by_form_is_stored_and_the_watch_is_told(
    client: httpx.AsyncClient, database: Database, watch: FakeWatch
) -> None:
    sent = {"url": " https://a.example ", "name": "", "check_interval": "120", "is_active": "on", "verify_tls": "on"}
    response = await client.post("/websites/new", data=sent)
    assert (response.status_code, response.headers["location"]) == (303, "/websites/1")
    with database.session() as db:
        row = WebsiteCRUD.get_by_id(db, 1)
        assert row is not None
        assert (row.url, row.name, row.check_interval, row.follow_redirects) == (
            "https://a.example",
            "a.example",
            120,
            False,
        )
    assert watch.wakes == 1


async def test_another_kind_of_check_is_added_by_the_same_form(client: httpx.AsyncClient, database: Database) -> None:
    sent = {"url": "dns:///Example.com?type=mx", "is_active": "on", "follow_redirects": "on", "verify_tls": "on"}
    assert (await client.post("/websites/new", data=sent)).status_code == 303
    page = (await client.get("/websites/1")).text
    assert "<h1>example.com MX</h1>" in page
    assert "<dt>Expected status</dt>" not in page
    assert 'href="dns:' not in page
    response = await client.post("/websites/new", data={**sent, "url": "tcp://a.example:1", "method": "HEAD"})
    assert response.status_code == 422
    assert "have no use for method" in response.text


async def test_a_form_that_cannot_be_taken_keeps_what_was_typed(client: httpx.AsyncClient, watch: FakeWatch) -> None:
    sent = {"url": "nowhere", "name": EVIL, "timeout": "soon", "expectations": "body contains", "is_active": "on"}
    response = await client.post("/websites/new", data=sent)
    page = response.text
    assert response.status_code == 422
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    for name in ("url", "timeout", "expectations"):
        assert f'id="{name}-fault"' in page
        assert re.search(rf'id="{name}"[^>]*aria-invalid="true" aria-describedby="{name}-fault', page)
    assert 'value="soon"' in page
    assert "body contains</textarea>" in page
    assert '<details class="more" open>' in page
    assert watch.wakes == 0


async def test_a_url_that_is_watched_already_is_said_beside_it(client: httpx.AsyncClient, database: Database) -> None:
    add(database)
    response = await client.post("/websites/new", data={"url": "https://A.example/"})
    assert response.status_code == 422
    assert 'id="url-fault">https://A.example/ is watched already.' in response.text


async def test_editing_keeps_masked_secrets(client: httpx.AsyncClient, database: Database) -> None:
    website_id = add(
        database,
        auth={"kind": "basic", "username": "monitor", "password": "hush-hush"},
        request_headers={"Authorization": "Bearer hush-hush"},
        request_body="password=hush-hush",
        expectations=[{"on": "body", "op": "contains", "value": "Welcome"}],
    )
    page = (await client.get(f"/websites/{website_id}/edit")).text
    assert "hush-hush" not in page
    assert "body contains Welcome</textarea>" in page
    sent = {
        "url": "https://a.example", "name": "Renamed", "is_active": "on", "auth_kind": "basic",
        "auth_username": "monitor", "auth_password": MASK, "request_headers": f"Authorization: {MASK}",
        "method": "HEAD", "address_family": "any", "request_body": MASK,
    }  # fmt: skip
    assert f">\n{MASK}</textarea>" in page
    assert (await client.post(f"/websites/{website_id}/edit", data=sent)).status_code == 303
    with database.session() as db:
        row = WebsiteCRUD.get_by_id(db, website_id)
        assert row is not None
        assert (row.name, row.method, row.expectations) == ("Renamed", "HEAD", [])
        assert row.auth == {"kind": "basic", "username": "monitor", "password": "hush-hush"}
        assert row.request_headers == {"Authorization": "Bearer hush-hush"}
        assert row.request_body == "password=hush-hush"


async def test_an_empty_name_is_refused_when_editing(client: httpx.AsyncClient, database: Database) -> None:
    sent = {"url": "https://a.example", "name": " ", "method": "GET", "address_family": "any"}
    response = await client.post(f"/websites/{add(database)}/edit", data=sent)
    assert response.status_code == 422
    assert 'id="name-fault"' in response.text


async def test_the_page_of_a_website_tells_how_it_is_and_was(client: httpx.AsyncClient, database: Database) -> None:
    ids = settle_in(database, utcnow(), days=1)
    page = (await client.get(f"/websites/{ids[1]}")).text
    assert "Down: Checkout API" in page
    headline = page[page.index('id="headline"') : page.index('id="uptime"')]
    assert "HTTP 503" in headline
    assert "http_server_error" in headline
    assert page.count("<dt>Uptime, ") == 3
    assert "going on" in page
    assert "Example Issuing CA 7" in page
    assert len(re.findall(r'href="/websites/2/checks/\d+"', page)) == 30
    failed = (await client.get(f"/websites/{ids[1]}?status=DOWN")).text
    assert 0 < len(re.findall(r'href="/websites/2/checks/\d+"', failed)) < 30


async def test_a_website_that_was_never_checked_has_a_page(client: httpx.AsyncClient, database: Database) -> None:
    page = (await client.get(f"/websites/{add(database)}")).text
    assert "Pending" in page
    assert "The first check has not come yet." in page
    assert "No certificate has been read yet." in page


async def test_checking_now_shows_what_it_saw(client: httpx.AsyncClient, database: Database) -> None:
    website_id = add(database)
    response = await client.post(f"/websites/{website_id}/check")
    assert response.status_code == 303
    page = (await client.get(response.headers["location"])).text
    assert "Checked just now" in page
    assert "12 ms" in page


async def test_pausing_and_resuming_reach_the_watch(
    client: httpx.AsyncClient, database: Database, watch: FakeWatch
) -> None:
    website_id = add(database)
    assert (await client.post(f"/websites/{website_id}/pause")).status_code == 303
    assert "Resume" in (await client.get(f"/websites/{website_id}")).text
    assert (await client.post(f"/websites/{website_id}/resume")).status_code == 303
    assert "Pause" in (await client.get(f"/websites/{website_id}")).text
    assert watch.wakes == 2


async def test_deleting_asks_first(client: httpx.AsyncClient, database: Database) -> None:
    website_id = add(database, name="Shop")
    assert "Delete Shop?" in (await client.get(f"/websites/{website_id}/delete")).text
    assert (await client.get(f"/websites/{website_id}")).status_code == 200
    response = await client.post(f"/websites/{website_id}/delete")
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert (await client.get(f"/websites/{website_id}")).status_code == 404


async def test_a_failed_check_shows_its_evidence(client: httpx.AsyncClient, database: Database) -> None:
    website_id = add(database)
    at = utcnow() - timedelta(minutes=1)
    seen = settle(REFUSED(good_check("https://a.example/", at, 100, Random(1))), CheckOptions(), at)
    record(database, ResultWriter(), {website_id: seen})
    page = (await client.get(f"/websites/{website_id}/checks/1")).text
    assert "refused the connection" in page
    assert "192.0.2.14, 2001:db8::14" in page
    assert "4 attempts in one check." in page


@pytest.mark.parametrize(
    "path",
    ["/websites/7", "/websites/x", "/websites/0", "/websites/7/edit", "/websites/1/checks/9", "/websites/7/delete"],
)
async def test_what_is_not_there_is_a_page_that_says_so(
    client: httpx.AsyncClient, database: Database, path: str
) -> None:
    add(database)
    response = await client.get(path)
    assert response.status_code == 404
    assert "That did not work" in response.text


async def test_nothing_that_users_or_websites_write_becomes_markup(
    client: httpx.AsyncClient, database: Database
) -> None:
    website_id = add(
        database, name=EVIL, description=EVIL, group=EVIL, tags=[EVIL], url="https://a.example/?q='onload=alert(3)"
    )
    at = utcnow() - timedelta(minutes=1)
    seen = good_check("https://a.example/", at, 100, Random(1))
    evil = REFUSED(seen).evolve(
        message=EVIL, headers=(("x-evil", EVIL),), body_head=EVIL, final_url=EVIL, addresses=(EVIL,)
    )
    record(database, ResultWriter(), {website_id: settle(evil, CheckOptions(), at)})
    for path in ("/", "/websites/1", "/websites/1/edit", "/websites/1/delete", "/websites/1/checks/1", f"/?q={EVIL}"):
        page = (await client.get(path)).text
        assert "<script>alert" not in page, path
        assert "<img" not in page, path
        assert "&lt;script&gt;alert" in page, path


async def test_a_condition_that_could_never_be_met_is_said_beside_its_field(
    client: httpx.AsyncClient, database: Database
) -> None:
    sent = {"url": "https://b.example", "expectations": 'body contains x\njson $.a == "ok"\nbody matches a('}
    response = await client.post("/websites/new", data=sent)
    assert response.status_code == 422
    assert re.search(r'id="expectations-fault">Expectation 3: .{9,30} is no regular expression', response.text)
    sent["expectations"] = sent["expectations"].replace("a(", "^a$")
    assert (await client.post("/websites/new", data=sent)).status_code == 303
    with database.session() as db:
        row = WebsiteCRUD.get_by_url(db, "https://b.example")
        assert row is not None
        assert [one["op"] for one in row.expectations] == ["contains", "==", "matches"]
    page = (await client.get(f"/websites/{row.id}/edit")).text
    assert "json $.a == &#34;ok&#34;\nbody matches ^a$</textarea>" in page


async def test_a_heartbeat_added_by_form_shows_the_address_that_its_job_calls(
    client: httpx.AsyncClient, database: Database
) -> None:
    sent = {"url": "heartbeat:nightly", "period": "1d", "grace": "1h", "check_interval": "300", **TICKED}
    assert (await client.post("/websites/new", data=sent)).status_code == 303
    page = (await client.get("/websites/1")).text
    assert "curl -fsS -m 10 --retry 5 http://127.0.0.1:8000/ping/nightly\n" in page
    assert "No ping has come yet." in page
    assert "Check now" not in page
    assert "Certificate" not in page
    assert 'href="heartbeat:' not in page
    form = (await client.get("/websites/1/edit")).text
    assert '<details class="more" open>' in form
    for name, value in (("period", "86400"), ("grace", "3600"), ("cron", ""), ("time_zone", "")):
        assert re.search(rf'id="{name}"[^>]* value="{value}"', form), name


async def test_a_heartbeats_form_changes_its_schedule_and_says_what_is_none(
    client: httpx.AsyncClient, database: Database
) -> None:
    add_heartbeat(database)
    sent = {"url": f"heartbeat:{KEY}", "name": "Backup", "cron": "every night", "grace": "5m", **TICKED}
    response = await client.post("/websites/1/edit", data=sent)
    assert response.status_code == 422
    assert 'id="cron-fault">' in response.text
    assert (await client.post("/websites/1/edit", data={**sent, "cron": "0 3 * * *"})).status_code == 303
    page = (await client.get("/websites/1")).text
    assert "0 3 * * * (UTC)" in page


async def test_a_heartbeat_shows_its_pings_and_what_its_job_printed(
    client: httpx.AsyncClient, database: Database
) -> None:
    add_heartbeat(database)
    send(database, 1, ping(PingKind.START), ping(PingKind.FAIL, exit_code=3, body=EVIL.encode(), body_bytes=2000))
    page = (await client.get("/websites/1")).text
    assert "fail (3)" in page
    assert "Next one expected" in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert '<a href="/api/websites/1/pings/2/body">2.0 KB</a>' in page
    check = (await client.get("/websites/1/checks/1")).text
    assert "Start of the body" in check
    assert "Where the time went" not in check
    send(database, 1, ping(PingKind.START), ping())
    assert "Last heard of" in (await client.get("/websites/1")).text
