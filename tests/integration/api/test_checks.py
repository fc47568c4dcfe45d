"""Checks, uptime and series over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.support.api import FakeWatch, record_look
from tocsin import Database, MonitorCheckCreate, MonitorCheckCRUD, MonitorStatus, WebsiteCreate, WebsiteCRUD
from tocsin.model.enums import Cause, HTTPMethod
from tocsin.model.times import isoformat, utcnow

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def website_id(database: Database) -> int:
    with database.session() as db:
        found: int = WebsiteCRUD.create(db, WebsiteCreate(url="https://example.com")).id
        return found


def record(database: Database, website_id: int, status: MonitorStatus, at: datetime, **fields: Any) -> int:
    with database.session() as db:
        check = MonitorCheckCreate(website_id=website_id, status=status, checked_at=at, **fields)
        found: int = MonitorCheckCRUD.create(db, check).id
        return found


async def test_checking_now_answers_the_stored_check(client: httpx.AsyncClient, website_id: int) -> None:
    response = await client.post(f"/api/websites/{website_id}/check")
    check = response.json()
    assert response.status_code == 200
    assert (check["website_id"], check["status"], check["is_available"]) == (website_id, "UP", True)
    assert check["diagnosis"] is None
    listed = (await client.get(f"/api/websites/{website_id}/checks")).json()
    assert [one["id"] for one in listed["items"]] == [check["id"]]


async def test_checking_what_is_not_there_is_not_found(client: httpx.AsyncClient, watch: FakeWatch) -> None:
    response = await client.post("/api/websites/77/check")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_checks_come_newest_first_and_id_breaks_ties(
    client: httpx.AsyncClient, database: Database, website_id: int
) -> None:
    older = record(database, website_id, MonitorStatus.UP, NOW - timedelta(minutes=5))
    first = record(database, website_id, MonitorStatus.DOWN, NOW)
    second = record(database, website_id, MonitorStatus.UP, NOW)
    page = (await client.get(f"/api/websites/{website_id}/checks")).json()
    assert [one["id"] for one in page["items"]] == [second, first, older]
    assert page["items"][0]["checked_at"] == "2026-03-01T12:00:00Z"
    assert (page["total"], page["page"], page["page_size"]) == (3, 1, 50)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"status": "DOWN"}, 1),
        ({"status": "down"}, 1),
        ({"from": "2026-03-01T12:00:00Z"}, 1),
        ({"to": "2026-03-01T11:59:59Z"}, 2),
        ({"from": "2026-03-01T13:55:00+02:00", "to": "2026-03-01T12:00:00"}, 2),
        ({"from": "0001-01-01T00:00:00Z"}, 3),
        ({"page": "2", "page_size": "2"}, 1),
    ],
)
async def test_checks_are_found_by_status_and_time(
    client: httpx.AsyncClient, database: Database, website_id: int, query: dict[str, str], count: int
) -> None:
    for minutes, status in ((0, MonitorStatus.UP), (5, MonitorStatus.DOWN), (10, MonitorStatus.UP)):
        record(database, website_id, status, NOW - timedelta(minutes=minutes))
    page = (await client.get(f"/api/websites/{website_id}/checks", params=query)).json()
    assert len(page["items"]) == count


async def test_a_plus_sign_that_was_not_escaped_is_understood(
    client: httpx.AsyncClient, database: Database, website_id: int
) -> None:
    record(database, website_id, MonitorStatus.UP, NOW)
    page = (await client.get(f"/api/websites/{website_id}/checks?from=2026-03-01T14:00:00+02:00")).json()
    assert page["total"] == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=FINE", "status"),
        ("from=yesterday", "from"),
        ("to=0001-01-01T00:00:00%2B14:00", "to"),
        ("page_size=0", "page_size"),
        ("since=2026-01-01", "since"),
        ("from=2026-03-02&to=2026-03-01", ""),
    ],
)
async def test_an_unknown_query_for_checks_is_refused(
    client: httpx.AsyncClient, website_id: int, query: str, field: str
) -> None:
    response = await client.get(f"/api/websites/{website_id}/checks?{query}")
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["field"] == field


async def test_evidence_is_shown_with_one_check_and_not_in_lists(
    client: httpx.AsyncClient, database: Database, website_id: int
) -> None:
    check_id = record_look(database, website_id, NOW, cause=Cause.CONNECT_REFUSED)
    listed = (await client.get(f"/api/websites/{website_id}/checks")).json()["items"][0]
    check = (await client.get(f"/api/websites/{website_id}/checks/{check_id}")).json()
    assert listed["evidence"] is None
    assert (check["status"], check["cause"], check["phase"]) == ("DOWN", "connect_refused", "connect")
    assert check["evidence"]["addresses"] == ["192.0.2.1"]
    assert {name: check[name] for name in listed} == {**listed, "evidence": check["evidence"]}
    assert check["addresses"] == ["192.0.2.1"]
    assert check["phases"]["total_ms"] == check["response_time_ms"]


async def test_a_secret_that_the_website_sent_back_is_masked(client: httpx.AsyncClient, database: Database) -> None:
    auth = {"kind": "basic", "username": "me", "password": "hush-1"}
    site = WebsiteCreate(url="https://example.com", auth=auth, request_headers={"X-Api-Key": "hush-2"})
    with database.session() as db:
        website_id = WebsiteCRUD.create(db, site).id
    check_id = record_look(database, website_id, NOW, body_head="Hello me, you sent hush-1 and hush-2.")
    check = (await client.get(f"/api/websites/{website_id}/checks/{check_id}")).json()
    assert check["evidence"]["body_head"] == "Hello me, you sent ******** and ********."


async def test_a_check_of_another_website_is_not_found(
    client: httpx.AsyncClient, database: Database, website_id: int
) -> None:
    check_id = record(database, website_id, MonitorStatus.UP, NOW, http_method=HTTPMethod.HEAD)
    for path in (f"{website_id + 1}/checks/{check_id}", f"{website_id}/checks/{check_id + 1}"):
        response = await client.get(f"/api/websites/{path}")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_uptime_counts_the_checks_that_could_tell(
    client: httpx.AsyncClient, database: Database, website_id: int
) -> None:
    now = utcnow()
    statuses = (MonitorStatus.UP, MonitorStatus.DEGRADED, MonitorStatus.DOWN, MonitorStatus.UNKNOWN)
    for minutes, status in enumerate(statuses, start=1):
        record(database, website_id, status, now - timedelta(minutes=minutes))
    uptime = (await client.get(f"/api/websites/{website_id}/uptime", params={"hours": 2})).json()
    assert (uptime["website_id"], uptime["hours"]) == (website_id, 2)
    assert (uptime["checks_count"], uptime["up_count"]) == (4, 2)
    assert uptime["by_checks_percent"] == pytest.approx(66.666667)
    assert set(uptime) == {
        "website_id", "hours", "by_checks_percent", "by_time_percent", "checks_count", "up_count",
        "unknown_seconds", "downtime_seconds",
    }  # fmt: skip


async def test_uptime_of_nothing_seen_is_null(client: httpx.AsyncClient, website_id: int) -> None:
    uptime = (await client.get(f"/api/websites/{website_id}/uptime")).json()
    assert (uptime["hours"], uptime["by_checks_percent"], uptime["by_time_percent"]) == (24, None, None)


@pytest.mark.parametrize("path", ["uptime", "series", "checks", "downtimes", "debug-sessions"])
async def test_the_past_of_no_website_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/api/websites/9/{path}")).status_code == 404


@pytest.mark.parametrize("hours", ["0", "87601", "1.5", "day"])
async def test_hours_out_of_reach_are_refused(client: httpx.AsyncClient, website_id: int, hours: str) -> None:
    response = await client.get(f"/api/websites/{website_id}/uptime", params={"hours": hours})
    assert response.status_code == 422


async def test_series_has_at_most_the_asked_number_of_buckets(
    client: httpx.AsyncClient, database: Database, website_id: int
) -> None:
    now = utcnow()
    for minutes in range(1, 40):
        status = MonitorStatus.DOWN if minutes == 1 else MonitorStatus.UP
        record(
            database, website_id, status, now - timedelta(minutes=minutes), response_time_ms=100, dns_time_ms=4,
            ttfb_ms=50,
        )  # fmt: skip
    path = f"/api/websites/{website_id}/series"
    query = {"from": isoformat(now - timedelta(hours=1)), "to": isoformat(now), "points": "10"}
    series = (await client.get(path, params=query)).json()
    assert {name: series[name] for name in ("website_id", "from", "to")} == {
        "website_id": website_id,
        "from": query["from"],
        "to": query["to"],
    }
    assert 1 <= len(series["points"]) <= 10
    assert sum(point["checks_count"] for point in series["points"]) == 39
    assert series["points"][0]["up_share"] == 1
    assert series["points"][0]["p50_ms"] == pytest.approx(100, rel=0.02)
    assert series["points"][0]["dns_ms"] == pytest.approx(4)
    default = (await client.get(path)).json()
    assert sum(point["checks_count"] for point in default["points"]) == 39


@pytest.mark.parametrize(
    "query", ["points=0", "points=2001", "from=2026-03-02&to=2026-03-01", "from=9999-01-01T00:00:00Z", "step=5"]
)
async def test_an_impossible_stretch_is_refused(client: httpx.AsyncClient, website_id: int, query: str) -> None:
    response = await client.get(f"/api/websites/{website_id}/series?{query}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize("query", ["to=1970-01-01T00:00:00Z", "from=0001-01-01&to=9999-12-31T23:59:59Z&points=1"])
async def test_the_ends_of_time_are_no_fault(client: httpx.AsyncClient, website_id: int, query: str) -> None:
    response = await client.get(f"/api/websites/{website_id}/series?{query}")
    assert response.status_code == 200, response.text
    assert response.json()["points"] == []
