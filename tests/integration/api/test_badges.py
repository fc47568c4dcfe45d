"""Badges over HTTP."""

from datetime import timedelta
from xml.etree import ElementTree

import httpx
import pytest

from tests.support.history import add_site, record, saw
from tocsin import Database, MonitorStatus
from tocsin.model.results import CertificateFacts, PeerCertificate
from tocsin.model.times import utcnow

EVIL = "<script>alert(1)</script>\"'&\x08\u2028"


def words(picture: str) -> list[str]:
    root = ElementTree.fromstring(picture)
    return [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text")]


async def badge(client: httpx.AsyncClient, website_id: int, query: str = "") -> list[str]:
    response = await client.get(f"/api/websites/{website_id}/badge.svg{query}")
    assert response.status_code == 200, response.text
    return words(response.text)


async def test_a_badge_says_how_a_website_is(client: httpx.AsyncClient, database: Database) -> None:
    site = add_site(database)
    assert await badge(client, site) == ["status", "pending"]
    assert await badge(client, site, "?kind=uptime") == ["uptime 24 h", "nothing seen"]
    assert await badge(client, site, "?kind=certificate") == ["certificate", "none seen"]
    now = utcnow()
    for ago, status in ((60, MonitorStatus.UP), (0, MonitorStatus.DEGRADED)):
        record(database, site, saw(now - timedelta(minutes=ago), status))
    assert await badge(client, site, "?kind=status") == ["status", "degraded"]
    assert (await badge(client, site, "?kind=uptime&hours=720")) == ["uptime 30 d", "100.00 %"]
    await client.post("/api/websites/pause", json={"ids": [site]})
    assert await badge(client, site) == ["status", "paused"]


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (timedelta(days=42, hours=1), "42 days left"),
        (timedelta(days=1, hours=1), "1 day left"),
        (timedelta(hours=3), "last day"),
        (-timedelta(hours=3), "expired"),
    ],
)
async def test_a_badge_counts_the_days_of_a_certificate(
    client: httpx.AsyncClient, database: Database, left: timedelta, text: str
) -> None:
    site, now = add_site(database), utcnow()
    leaf = CertificateFacts("ab", "CN=a", "CN=CA", (), now - timedelta(days=9), now + left)
    record(database, site, saw(now - timedelta(minutes=1), certificate=PeerCertificate((leaf,), True)))
    assert await badge(client, site, "?kind=certificate") == ["certificate", text]


async def test_a_badge_that_is_known_is_not_sent_again(client: httpx.AsyncClient, database: Database) -> None:
    address = f"/api/websites/{add_site(database)}/badge.svg"
    first = await client.get(address)
    assert first.headers["content-type"] == "image/svg+xml"
    assert first.headers["cache-control"] == "private, max-age=30"
    assert first.headers["content-security-policy"] == "default-src 'none'"
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await client.get(address, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await client.get(address, headers={"If-None-Match": '"other"'})).status_code == 200


async def test_nothing_in_a_name_becomes_markup(client: httpx.AsyncClient, database: Database) -> None:
    picture = (await client.get(f"/api/websites/{add_site(database, name=EVIL)}/badge.svg")).text
    assert "<script" not in picture
    title = next(ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}title")).text
    assert title == "<script>alert(1)</script>\"'&  : status pending"


@pytest.mark.parametrize("query", ["?kind=colour", "?hours=0", "?hours=x", "?label=x"])
async def test_an_unknown_badge_is_refused(client: httpx.AsyncClient, database: Database, query: str) -> None:
    response = await client.get(f"/api/websites/{add_site(database)}/badge.svg{query}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid")


async def test_a_website_that_is_not_there_has_no_badge(client: httpx.AsyncClient) -> None:
    for kind in ("status", "uptime", "certificate"):
        assert (await client.get(f"/api/websites/99/badge.svg?kind={kind}")).status_code == 404
