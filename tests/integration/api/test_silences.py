"""Silences over HTTP."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tocsin import Database
from tocsin.model.alerts import AlertCategory, AlertPriority
from tocsin.model.times import isoformat, utcnow
from tocsin.storage.tables.alerts import AlertModel

HOUR = timedelta(hours=1)


def silence(**fields: Any) -> dict[str, Any]:
    matchers = [{"name": "website", "value": "shop.*", "isRegex": True}]
    return {"matchers": matchers, "ends_at": isoformat(utcnow() + HOUR), "comment": "moving", **fields}


async def test_a_silence_begins_now_and_ends_when_it_is_ended(client: httpx.AsyncClient) -> None:
    made = await client.post("/api/silences", json=silence())
    assert made.status_code == 201
    one = made.json()
    assert (one["state"], one["created_by"], one["comment"]) == ("active", "this machine", "moving")
    assert one["matchers"] == [{"name": "website", "value": "shop.*", "isRegex": True, "isEqual": True}]
    assert (await client.get(f"/api/silences/{one['id']}")).json() == one
    ended = await client.delete(f"/api/silences/{one['id']}")
    assert ended.json()["state"] == "expired"
    again = await client.delete(f"/api/silences/{one['id']}")
    assert again.json()["ends_at"] == ended.json()["ends_at"]
    refused = await client.put(f"/api/silences/{one['id']}", json=silence())
    assert (refused.status_code, refused.json()["detail"]) == (422, f"silence {one['id']} is over; make a new one")


async def test_they_come_in_the_order_in_which_they_matter(client: httpx.AsyncClient) -> None:
    now = utcnow()
    for start, end in ((0, 3), (2, 5), (0, 1), (1, 9)):
        body = silence(starts_at=isoformat(now + start * HOUR), ends_at=isoformat(now + end * HOUR))
        assert (await client.post("/api/silences", json=body)).status_code == 201
    await client.delete("/api/silences/3")
    page = (await client.get("/api/silences")).json()
    assert [(one["id"], one["state"]) for one in page["items"]] == [
        (1, "active"), (4, "pending"), (2, "pending"), (3, "expired"),
    ]  # fmt: skip
    assert (await client.get("/api/silences?state=pending")).json()["total"] == 2


async def test_a_silence_can_be_changed(client: httpx.AsyncClient) -> None:
    later = utcnow() + HOUR
    body = silence(starts_at=isoformat(later), ends_at=isoformat(later + HOUR))
    one = (await client.post("/api/silences", json=body)).json()
    sooner = silence(starts_at=isoformat(later - HOUR / 2), comment="sooner", matchers=[{"name": "a", "value": "b"}])
    changed = (await client.put(f"/api/silences/{one['id']}", json=sooner)).json()
    assert (changed["comment"], changed["starts_at"]) == ("sooner", isoformat(later - HOUR / 2))
    assert changed["matchers"][0]["name"] == "a"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"matchers": []}, "at least 1"),
        ({"matchers": [{"name": "a", "value": ".*", "isRegex": True}]}, "everything would be muted"),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, "no regular expression"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "over already"),
        ({"starts_at": "2090-01-01T00:00:00Z"}, "after starts_at"),
    ],
)
async def test_a_silence_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, fields: dict[str, Any], fault: str
) -> None:
    response = await client.post("/api/silences", json=silence(**fields))
    assert response.status_code == 422
    assert fault in response.text
    assert (await client.get("/api/silences")).json()["total"] == 0


async def test_a_preview_names_the_alerts_it_would_have_muted(client: httpx.AsyncClient, database: Database) -> None:
    with database.session() as db:
        for number, name in enumerate(("shop.example", "shop.example", "blog.example")):
            db.add(
                AlertModel(
                    fingerprint=str(number), alert_type="website_down", title=f"{name} is down", message="",
                    priority=AlertPriority.CRITICAL, category=AlertCategory.AVAILABILITY, labels={"website": name},
                    first_seen_at=utcnow() - timedelta(days=4 * number),
                )
            )  # fmt: skip
        db.commit()
    seen = (await client.post("/api/silences/preview", json=silence())).json()
    assert (seen["days"], seen["muted_count"]) == (7, 2)
    assert [one["title"] for one in seen["muted"]] == ["shop.example is down"] * 2
    assert (await client.get("/api/silences")).json()["total"] == 0
    window = {
        "name": "nights", "schedule": {"kind": "cron", "cron": "* * * * *", "duration_minutes": 2},
        "matchers": [{"name": "website", "value": "blog", "isEqual": False}],
    }  # fmt: skip
    planned = (await client.post("/api/maintenance-windows/preview", json=window)).json()
    assert (planned["muted_count"], len(planned["periods"])) == (2, 5)


async def test_no_silence_is_not_found(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/silences/5")
    assert (response.status_code, response.json()["detail"]) == (404, "there is no silence 5")
