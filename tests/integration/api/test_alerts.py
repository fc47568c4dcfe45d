"""Alerts over HTTP."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.alerts import make, minutes, see
from tocsin import Database

PROBLEM: dict[str, Any] = {
    "alert_type": "database_slow_query",
    "title": "Slow Database Query on Bookings Table",
    "message": "Query took 5.23 seconds (threshold: 1.0s, exceeded by 423%)",
    "priority": "HIGH",
    "category": "DATABASE",
    "resource": "bookings table",
    "metadata": {"rows_scanned": 50000},
}


async def report(client: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    return await client.post("/api/alerts", json={**PROBLEM, **fields})


async def test_a_problem_is_reported_counted_and_read(client: httpx.AsyncClient) -> None:
    first = await report(client)
    assert (first.status_code, first.headers["Location"]) == (201, "/api/alerts/1")
    again = await report(client)
    assert (again.status_code, again.json()["notification_count"]) == (200, 2)
    alert = (await client.get("/api/alerts/1")).json()
    assert alert == again.json()
    assert (alert["status"], alert["priority"], alert["source"]) == ("ACTIVE", "HIGH", "api")
    assert alert["metadata"]["rows_scanned"] == 50000
    assert any("EXPLAIN" in text for text in alert["recommendations"])
    assert alert["first_seen_at"].endswith("Z")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"),
        ({"priority": "LOUD"}, "priority"),
        ({"colour": "red"}, "colour"),
        ({"ttl_s": 0}, "ttl_s"),
        ({"message": "a\0b"}, "message"),
    ],
)
async def test_what_cannot_be_taken_names_its_field(
    client: httpx.AsyncClient, fields: dict[str, Any], field: str
) -> None:
    refused = await report(client, **fields)
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["errors"]] == [field]


async def test_an_end_of_what_is_not_open_is_refused_and_of_what_is_resolves(client: httpx.AsyncClient) -> None:
    over = {"ends_at": "2026-01-01T00:00:00Z"}
    assert (await report(client, **over)).status_code == 422
    await report(client)
    assert (await report(client, **over)).json()["status"] == "RESOLVED"


async def test_a_life_over_http_with_its_history(client: httpx.AsyncClient) -> None:
    await report(client)
    acknowledged = await client.post("/api/alerts/1/acknowledge", json={"by": "maria", "notes": "Looking"})
    assert (acknowledged.json()["status"], acknowledged.json()["acknowledged_by"]) == ("ACKNOWLEDGED", "maria")
    refused = await client.post("/api/alerts/1/acknowledge")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert "acknowledged already by maria" in refused.json()["detail"]
    muted = await client.post("/api/alerts/1/suppress", json={"reason": "Planned", "duration_hours": 2})
    assert muted.json()["status"] == "SUPPRESSED"
    resolved = await client.post("/api/alerts/1/resolve")
    assert resolved.json()["resolved_by"]  # whoever asked
    history = (await client.get("/api/alerts/1/history")).json()
    assert [one["kind"] for one in history] == ["opened", "acknowledged", "suppressed", "resolved"]
    assert history[1]["note"] == "Looking"


async def test_many_are_changed_each_on_its_own(client: httpx.AsyncClient) -> None:
    for name in ("a", "b"):
        await report(client, alert_type=name)
    await client.post("/api/alerts/1/resolve")
    done = (await client.post("/api/alerts/acknowledge", json={"ids": [1, 2, 99], "by": "maria"})).json()
    assert [one["id"] for one in done["changed"]] == [2]
    assert [(one["alert_id"], one["code"]) for one in done["refused"]] == [(1, "conflict"), (99, "not_found")]
    muted = (await client.post("/api/alerts/suppress", json={"ids": [2], "duration_hours": 1})).json()
    assert muted["changed"][0]["status"] == "SUPPRESSED"
    resolved = (await client.post("/api/alerts/resolve", json={"ids": [2, 2]})).json()
    assert [one["status"] for one in resolved["changed"]] == ["RESOLVED"]
    assert (await client.post("/api/alerts/resolve", json={"ids": []})).status_code == 422


async def test_alerts_are_listed_by_what_is_asked(client: httpx.AsyncClient) -> None:
    for name, priority in (("a", "LOW"), ("b", "CRITICAL"), ("c", "HIGH")):
        await report(client, alert_type=name, priority=priority)
    await client.post("/api/alerts/3/resolve")

    async def listed(query: str) -> list[str]:
        page = (await client.get(f"/api/alerts?{query}")).json()
        assert page["total"] == len(page["items"])
        return [one["alert_type"] for one in page["items"]]

    assert await listed("") == ["c", "b", "a"]
    assert await listed("open=true") == ["b", "a"]
    assert await listed("open=false") == ["c"]
    assert await listed("open=true&status=resolved") == []
    assert await listed("status=resolved,active") == ["c", "b", "a"]
    assert await listed("priority=low,critical") == ["b", "a"]
    assert await listed("alert_type=a&category=database&resource=bookings%20table") == ["a"]
    assert await listed("search=BOOKINGS&flapping=false") == ["c", "b", "a"]
    assert await listed("since=2099-01-01T00:00:00Z") == []
    assert (await client.get("/api/alerts?status=loud")).status_code == 422


async def test_no_alert_is_not_found(client: httpx.AsyncClient) -> None:
    for answer in (
        await client.get("/api/alerts/5"),
        await client.get("/api/alerts/5/history"),
        await client.post("/api/alerts/5/resolve"),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (404, "there is no alert 5")


async def test_patterns_over_http(client: httpx.AsyncClient, database: Database) -> None:
    see(database, make("old"), at=minutes(0))
    await report(client)
    found = (await client.get("/api/alerts/patterns?days=1")).json()
    assert (found["total_alerts"], found["most_common_type"]) == (1, "database_slow_query")
    assert len(found["hourly_distribution"]) == 24
    assert (await client.get("/api/alerts/patterns?days=0")).status_code == 422


async def test_reports_of_one_problem_at_once_are_one_alert(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(report(client) for _ in range(8)))
    assert len({one.json()["id"] for one in answers}) == 1
    assert sorted(one.status_code for one in answers) == [200] * 7 + [201]
