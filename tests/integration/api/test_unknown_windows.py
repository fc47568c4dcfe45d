"""Unknown windows over HTTP: what uptime by time leaves out can be read."""

from datetime import UTC, datetime, timedelta

import httpx

from tocsin import Database, MonitorCheckCreate, MonitorCheckCRUD, MonitorStatus, WebsiteCreate, WebsiteCRUD

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_what_nobody_could_tell_is_listed_newest_first(client: httpx.AsyncClient, database: Database) -> None:
    with database.session() as db:
        website = WebsiteCRUD.create(db, WebsiteCreate(url="https://example.com", check_interval=60))
        for at in (NOW, NOW + timedelta(hours=1)):
            check = MonitorCheckCreate(website_id=website.id, status=MonitorStatus.UNKNOWN, checked_at=at)
            MonitorCheckCRUD.create(db, check)
    page = (await client.get(f"/api/websites/{website.id}/unknown-windows")).json()
    assert page["total"] == 2
    newest, oldest = page["items"]
    assert (oldest["started_at"], oldest["ended_at"]) == ("2026-03-01T12:00:00Z", "2026-03-01T12:01:00Z")
    assert (newest["started_at"], newest["reason"]) == ("2026-03-01T13:00:00Z", "unknown")


async def test_of_no_website_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/websites/7/unknown-windows")).status_code == 404
