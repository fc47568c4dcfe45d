"""Downtimes over HTTP."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tocsin import Database, DowntimeWindowCreate, DowntimeWindowCRUD, WebsiteCreate, WebsiteCRUD

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def downtime_ids(database: Database) -> list[int]:
    """Of one website: one that is over, then one that goes on."""
    with database.session() as db:
        website = WebsiteCRUD.create(db, WebsiteCreate(url="https://example.com"))
        over = DowntimeWindowCreate(
            website_id=website.id, started_at=NOW - timedelta(hours=2), ended_at=NOW - timedelta(hours=1)
        )
        ongoing = DowntimeWindowCreate(website_id=website.id, started_at=NOW, root_cause="the disk is full")
        return [DowntimeWindowCRUD.create(db, one).id for one in (over, ongoing)]


async def test_downtimes_come_newest_first(client: httpx.AsyncClient, downtime_ids: list[int]) -> None:
    page = (await client.get("/api/websites/1/downtimes")).json()
    ongoing, over = page["items"]
    assert [ongoing["id"], over["id"]] == downtime_ids[::-1]
    assert (ongoing["is_ongoing"], ongoing["ended_at"], ongoing["duration_seconds"]) == (True, None, None)
    assert (over["is_ongoing"], over["ended_at"], over["duration_seconds"]) == (False, "2026-03-01T11:00:00Z", 3600)
    assert page["total"] == 2


async def test_those_that_are_over_can_be_asked_for_alone(client: httpx.AsyncClient, downtime_ids: list[int]) -> None:
    page = (await client.get("/api/websites/1/downtimes?include_ongoing=false")).json()
    assert [one["id"] for one in page["items"]] == downtime_ids[:1]


async def test_why_it_was_down_can_be_noted(client: httpx.AsyncClient, downtime_ids: list[int]) -> None:
    one = f"/api/downtimes/{downtime_ids[1]}"
    response = await client.patch(one, json={"notes": "log rotation is on"})
    assert response.status_code == 200
    assert (response.json()["notes"], response.json()["root_cause"]) == ("log rotation is on", "the disk is full")
    assert (await client.get(one)).json() == response.json()
    assert (await client.patch(one, json={"root_cause": None})).json()["root_cause"] is None


async def test_what_follows_from_checks_cannot_be_changed(client: httpx.AsyncClient, downtime_ids: list[int]) -> None:
    response = await client.patch(f"/api/downtimes/{downtime_ids[1]}", json={"ended_at": "2026-03-01T12:00:00Z"})
    assert response.status_code == 422
    assert response.json()["errors"] == [{"field": "ended_at", "message": "there is no such field"}]


async def test_no_downtime_is_not_found(client: httpx.AsyncClient) -> None:
    for response in (await client.get("/api/downtimes/5"), await client.patch("/api/downtimes/5", json={})):
        assert (response.status_code, response.json()["detail"]) == (404, "there is no downtime 5")
