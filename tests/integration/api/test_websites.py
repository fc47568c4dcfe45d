"""Websites over HTTP."""

from typing import Any

import httpx
import pytest

from tests.support.api import FakeWatch
from tocsin import Database, MonitorCheckCreate, MonitorCheckCRUD, MonitorStatus
from tocsin.actions.services import Services
from tocsin.storage.websites import WebsiteCRUD

URL = "https://example.com"


async def add(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    response = await client.post("/api/websites", json={"url": URL, **fields})
    assert response.status_code == 201, response.text
    website: dict[str, Any] = response.json()
    return website


def record(database: Database, website_id: int, status: MonitorStatus) -> None:
    with database.session() as db:
        MonitorCheckCRUD.create(
            db,
            MonitorCheckCreate(website_id=website_id, status=status, response_time_ms=80, error_message="as it was"),
        )


async def test_a_website_is_created_with_the_documented_defaults(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/websites", json={"url": URL})
    website = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/api/websites/{website['id']}"
    defaults = {
        "url": URL, "name": "example.com", "enabled": True, "is_active": True, "check_interval": 300, "timeout": 30,
        "max_retries": 3, "method": "GET", "request_headers": {}, "request_body": None, "auth": None,
        "expected_status": "200-399", "follow_redirects": True, "max_redirects": 10, "verify_tls": True,
        "address_family": "any", "proxy": None, "degraded_after_ms": None, "expectations": [], "tags": [],
        "group": None, "regions": [], "down_after": 1, "down_window": None, "up_after": 1,
        "status": "UNKNOWN", "last_checked_at": None, "certificate_not_after": None,
    }  # fmt: skip
    assert {name: website[name] for name in defaults} == defaults
    assert website["created_at"].endswith("Z")


async def test_a_website_is_read_back_from_where_it_was_created(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/websites", json={"url": URL, "enabled": False, "tags": ["a"]})
    again = await client.get(response.headers["location"])
    assert again.status_code == 200
    assert again.json() == response.json()
    assert again.json()["is_active"] is False


async def test_a_downtime_rule_is_set_and_checked_against_what_is_stored(client: httpx.AsyncClient) -> None:
    rule = {"down_after": 3, "down_window": 5, "up_after": 2}
    created = (await client.post("/api/websites", json={"url": URL, **rule})).json()
    assert {name: created[name] for name in rule} == rule
    assert (created["pending_status"], created["failing_checks_count"]) == (None, 0)
    one = f"/api/websites/{created['id']}"
    refused = await client.patch(one, json={"down_after": 6})
    assert refused.status_code == 422
    assert "cannot lie within the last 5" in refused.text
    assert (await client.get(one)).json()["down_after"] == 3
    assert (await client.patch(one, json={"down_after": 6, "down_window": None})).json()["down_window"] is None


async def test_every_change_wakes_the_watch_and_is_told_live(
    client: httpx.AsyncClient, services: Services, watch: FakeWatch
) -> None:
    with services.live.subscribe() as events:
        one = f"/api/websites/{(await add(client))['id']}"
        await client.patch(one, json={"name": "New"})
        await client.delete(one)
        told = [(await anext(events)).data["change"] for _ in range(3)]
    assert watch.wakes == 3
    assert told == ["created", "updated", "deleted"]


async def test_a_refused_change_wakes_nobody(client: httpx.AsyncClient, watch: FakeWatch) -> None:
    await client.post("/api/websites", json={"url": "nonsense"})
    await client.patch("/api/websites/1", json={"name": "New"})
    await client.delete("/api/websites/1")
    assert watch.wakes == 0


async def test_the_same_url_in_other_words_is_a_conflict(client: httpx.AsyncClient) -> None:
    await add(client)
    response = await client.post("/api/websites", json={"url": "HTTPS://EXAMPLE.com:443/"})
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "conflict"


async def test_a_change_to_another_websites_url_is_a_conflict(client: httpx.AsyncClient) -> None:
    await add(client)
    other = await add(client, url="https://example.org")
    response = await client.patch(f"/api/websites/{other['id']}", json={"url": URL})
    assert response.status_code == 409


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"url": "example.com"}, "url"),
        ({}, "url"),
        ({"url": URL, "check_interval": 59}, "check_interval"),
        ({"url": URL, "check_interval": 3601}, "check_interval"),
        ({"url": URL, "timeout": 0}, "timeout"),
        ({"url": URL, "max_retries": 11}, "max_retries"),
        ({"url": URL, "method": "BREW"}, "method"),
        ({"url": URL, "colour": "red"}, "colour"),
        ({"url": URL, "expected_status": "20x"}, "expected_status"),
        ({"url": URL, "request_headers": {"a b": "c"}}, "request_headers"),
        ({"url": URL, "auth": {"kind": "basic", "username": "me"}}, "auth.basic.password"),
        ({"url": URL, "enabled": True, "is_active": False}, ""),
        ({"url": URL, "expectations": [{"on": "total_ms", "op": "<", "value": float("nan")}]}, "expectations.0.value"),
    ],
)
async def test_an_invalid_website_is_refused_with_the_field_at_fault(
    client: httpx.AsyncClient, fields: dict[str, Any], field: str
) -> None:
    import json

    response = await client.post(
        "/api/websites", content=json.dumps(fields), headers={"content-type": "application/json"}
    )
    assert response.status_code == 422
    problem = response.json()
    assert problem["code"] == "invalid"
    assert any(error["field"].startswith(field) and error["message"] for error in problem["errors"]), problem


async def test_a_text_that_no_column_holds_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/websites", json={"url": URL, "description": "a\0b"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "description"


async def test_a_change_leaves_the_rest_as_it_is(client: httpx.AsyncClient) -> None:
    before = await add(client, tags=["shop"], check_interval=600)
    response = await client.patch(f"/api/websites/{before['id']}", json={"enabled": False, "name": "Shop"})
    assert response.status_code == 200
    expected = {**before, "enabled": False, "is_active": False, "name": "Shop"}
    assert {**response.json(), "updated_at": None} == {**expected, "updated_at": None}
    assert response.json()["updated_at"] > before["updated_at"]


@pytest.mark.parametrize("fields", [{"name": " "}, {"name": None}, {"check_interval": None}, {"check_interval": 5}])
async def test_a_change_to_nothing_or_out_of_bounds_is_refused(
    client: httpx.AsyncClient, fields: dict[str, Any]
) -> None:
    website = await add(client)
    response = await client.patch(f"/api/websites/{website['id']}", json=fields)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == next(iter(fields))


async def test_a_deleted_website_is_gone_with_its_checks(client: httpx.AsyncClient, database: Database) -> None:
    website = await add(client)
    record(database, website["id"], MonitorStatus.UP)
    one = f"/api/websites/{website['id']}"
    response = await client.delete(one)
    assert (response.status_code, response.content) == (204, b"")
    for call in (client.get(one), client.delete(one), client.get(f"{one}/checks"), client.patch(one, json={})):
        response = await call
        assert response.status_code == 404
        assert response.json()["detail"] == f"there is no website {website['id']}"


@pytest.mark.parametrize("website_id", ["0", "-1", "x", str(2**63), "1e3"])
async def test_what_is_no_id_is_refused(client: httpx.AsyncClient, website_id: str) -> None:
    response = await client.get(f"/api/websites/{website_id}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "website_id"


async def test_lists_come_newest_first_in_pages(client: httpx.AsyncClient) -> None:
    ids = [(await add(client, url=f"https://{number}.example"))["id"] for number in range(5)]
    first = (await client.get("/api/websites", params={"page_size": 2})).json()
    last = (await client.get("/api/websites", params={"page_size": 2, "page": 3})).json()
    beyond = (await client.get("/api/websites", params={"page_size": 500, "page": 10_000_000})).json()
    assert [one["id"] for one in first["items"]] == [ids[4], ids[3]]
    assert (first["total"], first["page"], first["page_size"]) == (5, 1, 2)
    assert [one["id"] for one in last["items"]] == [ids[0]]
    assert (beyond["items"], beyond["total"]) == ([], 5)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"shop", "blog", "mail"}),
        ("?search=SHOP", {"shop"}),
        ("?search=100%25", set()),
        ("?is_active=true", {"shop", "blog"}),
        ("?enabled=false", {"mail"}),
        ("?enabled=false&is_active=false", {"mail"}),
        ("?status=DOWN", {"shop"}),
        ("?status=up", {"blog"}),
        ("?status=UNKNOWN", {"mail"}),
        ("?tag=eu", {"shop", "mail"}),
        ("?tag=e", set()),
        ("?group=prod", {"shop"}),
        ("?tag=eu&status=DOWN&search=shop&group=prod", {"shop"}),
    ],
)
async def test_websites_are_found_by_what_they_are(
    client: httpx.AsyncClient, database: Database, query: str, names: set[str]
) -> None:
    shop = await add(client, url="https://shop.example", name="shop", tags=["eu", "x"], group="prod")
    blog = await add(client, url="https://blog.example", name="blog")
    await add(client, url="https://mail.example", name="mail", enabled=False, tags=["eu"])
    record(database, shop["id"], MonitorStatus.DOWN)
    record(database, blog["id"], MonitorStatus.UP)
    found = (await client.get(f"/api/websites{query}")).json()
    assert {one["name"] for one in found["items"]} == names
    assert found["total"] == len(names)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page_size=501", "page_size"),
        ("status=BROKEN", "status"),
        ("is_active=maybe", "is_active"),
        ("stauts=DOWN", "stauts"),
        ("search=%00", "search"),
        ("enabled=true&is_active=false", ""),
    ],
)
async def test_an_unknown_query_is_refused(client: httpx.AsyncClient, query: str, field: str) -> None:
    response = await client.get(f"/api/websites?{query}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == field


async def test_a_website_shows_its_present_state(client: httpx.AsyncClient, database: Database) -> None:
    website = await add(client)
    record(database, website["id"], MonitorStatus.DOWN)
    shown = (await client.get(f"/api/websites/{website['id']}")).json()
    assert (shown["status"], shown["last_response_time_ms"], shown["last_message"]) == ("DOWN", 80, "as it was")
    assert shown["last_checked_at"] == shown["status_since"]
    assert shown["skipped_checks_count"] == 0


SECRETS: dict[str, Any] = {
    "auth": {"kind": "basic", "username": "me", "password": "pass-1"},
    "request_headers": {"Authorization": "secret-1", "X-Api-Key": "secret-2", "Accept": "text/html"},
    "request_body": '{"user": "me", "password": "secret-3"}',
    "proxy": "http://me:proxy-1@proxy.example:3128",
}


async def test_secrets_leave_only_masked_and_come_back_unharmed(client: httpx.AsyncClient, database: Database) -> None:
    created = await client.post("/api/websites", json={"url": URL, **SECRETS})
    website_id = created.json()["id"]
    one = f"/api/websites/{website_id}"
    shown = [created, await client.get(one), await client.get("/api/websites")]
    website = created.json()
    sent_back = {name: website[name] for name in SECRETS} | {"name": "New"}
    shown.append(await client.patch(one, json=sent_back))
    assert shown[-1].json()["name"] == "New"
    assert all("secret-" not in one.text and "pass-1" not in one.text and "proxy-1" not in one.text for one in shown)
    assert website["auth"] == {"kind": "basic", "username": "me", "password": "********"}
    assert website["request_headers"]["Accept"] == "text/html"
    assert website["proxy"] == "http://********@proxy.example:3128"
    assert website["request_body"] == "********"
    with database.session() as db:
        row = WebsiteCRUD.get_by_id(db, website_id)
        assert row is not None
        assert {name: getattr(row, name) for name in SECRETS} == SECRETS


async def test_a_bearer_token_is_masked_and_replaced(client: httpx.AsyncClient, database: Database) -> None:
    website = await add(client, auth={"kind": "bearer", "token": "old"})
    one = f"/api/websites/{website['id']}"
    assert website["auth"] == {"kind": "bearer", "token": "********"}
    await client.patch(one, json={"auth": {"kind": "bearer", "token": "new"}})
    with database.session() as db:
        row = WebsiteCRUD.get_by_id(db, website["id"])
        assert row is not None
        assert row.auth == {"kind": "bearer", "token": "new"}
    assert (await client.patch(one, json={"auth": None})).json()["auth"] is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"auth": {"kind": "bearer", "token": "********"}}, "auth.token"),
        ({"request_headers": {"Cookie": "********"}}, "request_headers.Cookie"),
        ({"request_body": "********"}, "request_body"),
        ({"proxy": "http://********@proxy.example"}, "proxy"),
    ],
)
async def test_a_mask_that_stands_for_nothing_is_refused(
    client: httpx.AsyncClient, fields: dict[str, Any], field: str
) -> None:
    website = await add(client)
    for response in (
        await client.post("/api/websites", json={"url": "https://example.org", **fields}),
        await client.patch(f"/api/websites/{website['id']}", json=fields),
    ):
        assert response.status_code == 422
        assert response.json()["errors"][0]["field"] == field


async def test_stored_credentials_do_not_follow_a_website_to_another_host(client: httpx.AsyncClient) -> None:
    auth = {"kind": "bearer", "token": "secret"}
    headers = {"X-Api-Key": "secret"}
    new = {"url": "https://example.com/a", "auth": auth, "request_headers": headers, "request_body": "secret"}
    place = (await client.post("/api/websites", json=new)).headers["Location"]
    assert (await client.patch(place, json={"url": "https://EXAMPLE.com:443/b"})).status_code == 200
    for url in ("https://other.example/", "http://example.com/b", "https://example.com:8443/b"):
        masked: dict[str, Any] = (await client.get(place)).json()
        for names in ((), ("auth", "request_headers", "request_body")):
            sent = {name: masked[name] for name in names}
            refused = await client.patch(place, json={**sent, "url": url})
            assert refused.status_code == 422
            assert "send auth and request_headers and request_body too" in refused.json()["detail"]
    anew: dict[str, Any] = {"auth": None, "request_headers": {}, "request_body": "another"}
    assert (await client.patch(place, json={"url": "https://other.example/", **anew})).status_code == 200


async def test_other_kinds_of_check_are_websites_with_another_scheme(client: httpx.AsyncClient) -> None:
    made = await client.post("/api/websites", json={"url": "tcp://DB.example:5432"})
    assert (made.status_code, made.json()["name"]) == (201, "DB.example:5432")
    again = await client.post("/api/websites", json={"url": "tcp://db.example:5432"})
    assert again.status_code == 409
    useless = await client.post("/api/websites", json={"url": "icmp://a.example", "method": "HEAD"})
    assert useless.status_code == 422
    assert "icmp:// checks have no use for method" in useless.text


async def test_an_option_is_refused_that_the_new_kind_of_check_overlooks(client: httpx.AsyncClient) -> None:
    made = await client.post("/api/websites", json={"url": "https://a.example", "method": "HEAD"})
    path = f"/api/websites/{made.json()['id']}"
    refused = await client.patch(path, json={"url": "tls://a.example:443"})
    assert (refused.status_code, "no use for method" in refused.text) == (422, True)
    moved = await client.patch(path, json={"url": "tls://a.example:443", "method": "GET"})
    assert (moved.status_code, moved.json()["url"]) == (200, "tls://a.example:443")
    assert (await client.patch(path, json={"expected_status": "200"})).status_code == 422


@pytest.mark.parametrize(
    ("expectation", "why"),
    [
        (
            {"on": "body", "op": "matches", "value": "(?<=a)b"},
            "RE2 has no look-behind at character 1, '(?<=a)b'",
        ),
        ({"on": "json", "path": "$.a b", "op": "exists"}, "the JSONPath is wrong at character 5"),
    ],
)
async def test_an_expectation_that_could_never_be_met_is_refused(
    client: httpx.AsyncClient, expectation: dict[str, Any], why: str
) -> None:
    fine = {"on": "json", "path": "$.a", "op": "==", "value": 12345678901234567890}
    one = f"/api/websites/{(await add(client, expectations=[fine]))['id']}"
    assert (await client.get(one)).json()["expectations"] == [{**fine, "name": None}]
    both = {"expectations": [fine, expectation]}
    for refused in (
        await client.patch(one, json=both),
        await client.post("/api/websites", json={"url": "https://other.example", **both}),
    ):
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "expectations")
        assert "expectation 2: " in refused.json()["detail"]
        assert why in refused.json()["detail"]
