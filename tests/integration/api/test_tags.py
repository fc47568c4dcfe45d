"""Several websites at once over HTTP: tags and groups, pausing and resuming them."""

from typing import Any

import httpx
import pytest

from tests.support.api import FakeWatch
from tests.support.history import add_site, record, saw
from tocsin import Database, MonitorStatus
from tocsin.actions.services import Services
from tocsin.model.times import utcnow
from tocsin.storage import websites as storage_websites


@pytest.fixture
def sites(database: Database) -> list[int]:
    """Four websites: two of a shop, one of them in the group Front, and two that have nothing to do with it."""
    return [
        add_site(database, tags=["shop", "paid"], group="Front"),
        add_site(database, tags=["shop"]),
        add_site(database, tags=["shop 2"], group="front"),
        add_site(database),
    ]


async def send(client: httpx.AsyncClient, what: str, **selection: Any) -> dict[str, Any]:
    response = await client.post(f"/api/websites/{what}", json=selection)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def paused(client: httpx.AsyncClient) -> list[int]:
    return sorted(one["id"] for one in (await client.get("/api/websites?enabled=false")).json()["items"])


async def test_websites_are_paused_and_resumed_by_id_tag_and_group(
    client: httpx.AsyncClient, services: Services, watch: FakeWatch, sites: list[int]
) -> None:
    with services.live.subscribe() as events:
        assert await send(client, "pause", tag="shop") == {"changed": 2, "ids": sites[:2]}
        assert [(await anext(events)).data for _ in range(2)] == [
            {"website_id": one, "change": "updated"} for one in sites[:2]
        ]
    assert watch.wakes == 2
    assert await paused(client) == sites[:2]
    assert await send(client, "pause", ids=[sites[3], sites[0], sites[3]]) == {"changed": 1, "ids": [sites[3]]}
    assert await send(client, "resume", group="Front") == {"changed": 1, "ids": [sites[0]]}
    assert await paused(client) == [sites[1], sites[3]]
    assert await send(client, "resume", ids=sites) == {"changed": 2, "ids": [sites[1], sites[3]]}
    assert await paused(client) == []


async def test_many_are_switched_in_several_statements(
    client: httpx.AsyncClient, sites: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_websites, "_AT_ONCE", 3)
    assert await send(client, "pause", ids=sites) == {"changed": 4, "ids": sites}


async def test_one_that_is_not_there_leaves_all_as_they_are(
    client: httpx.AsyncClient, watch: FakeWatch, sites: list[int]
) -> None:
    for selection, why in (
        ({"ids": [sites[0], 998, 999]}, "there is no website 998, 999: nothing was changed"),
        ({"ids": list(range(1000, 1020))}, "1009, …: nothing was changed"),
        ({"tag": "Shop"}, "no website has the tag 'Shop'"),
        ({"group": "Back"}, "no website has the group 'Back'"),
    ):
        response = await client.post("/api/websites/pause", json=selection)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
        assert why in response.json()["detail"]
    assert await paused(client) == []
    assert watch.wakes == 0


@pytest.mark.parametrize(
    "selection", [{}, {"ids": []}, {"ids": [1], "tag": "a"}, {"tag": "a", "group": "b"}, {"ids": [0]}, {"ids": [2**63]}]
)
async def test_exactly_one_way_to_name_them_is_taken(client: httpx.AsyncClient, selection: dict[str, Any]) -> None:
    response = await client.post("/api/websites/resume", json=selection)
    assert (response.status_code, response.json()["code"]) == (422, "invalid")


async def test_tags_and_groups_are_listed_with_how_their_websites_are(
    client: httpx.AsyncClient, database: Database, sites: list[int]
) -> None:
    record(database, sites[0], saw(utcnow()))
    record(database, sites[1], saw(utcnow(), MonitorStatus.DOWN))
    await send(client, "pause", ids=[sites[1], sites[2]])
    listed = (await client.get("/api/tags")).json()
    nobody = {"UP": 0, "DOWN": 0, "DEGRADED": 0, "UNKNOWN": 0}
    assert listed["tags"] == [
        {"name": "paid", "websites_count": 1, "by_status": {**nobody, "UP": 1}, "paused_count": 0},
        {"name": "shop", "websites_count": 2, "by_status": {**nobody, "UP": 1}, "paused_count": 1},
        {"name": "shop 2", "websites_count": 1, "by_status": nobody, "paused_count": 1},
    ]
    assert [(one["name"], one["websites_count"]) for one in listed["groups"]] == [("Front", 1), ("front", 1)]


async def test_a_website_that_was_never_checked_counts_as_unknown(client: httpx.AsyncClient, sites: list[int]) -> None:
    (paid, *_) = (await client.get("/api/tags")).json()["tags"]
    assert paid["by_status"]["UNKNOWN"] == 1


async def test_without_websites_there_are_no_tags(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/tags")).json() == {"tags": [], "groups": []}


async def test_a_new_name_keeps_the_number_and_the_history(
    client: httpx.AsyncClient, database: Database, sites: list[int]
) -> None:
    one = f"/api/websites/{sites[0]}"
    stored = record(database, sites[0], saw(utcnow(), MonitorStatus.DOWN))[0]
    before = (await client.get(f"{one}/badge.svg")).text
    renamed = (await client.patch(one, json={"name": "Renamed", "group": "Other", "tags": ["b"]})).json()
    assert (renamed["id"], renamed["status"]) == (sites[0], "DOWN")
    assert [check["id"] for check in (await client.get(f"{one}/checks")).json()["items"]] == [stored.check_id]
    assert (await client.get(f"{one}/downtimes")).json()["total"] == 1
    after = (await client.get(f"{one}/badge.svg")).text
    assert "Renamed: status down" in after
    assert ">down</text>" in before
    assert ">down</text>" in after
