"""Channels over HTTP."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.delivering import attempts, deliveries, set_channel
from tests.support.receivers import Receiver, running_receiver
from tocsin import Database
from tocsin.model.times import utcnow


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as one:
        yield one


async def make(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    body = {"name": "ops", "kind": "WEBHOOK", "config": {"url": "http://127.0.0.1:9/", "token": "geheim"}, **fields}
    answer = await client.post("/api/channels", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"/api/channels/{made['id']}"
    return made


async def test_a_channel_is_made_with_its_kinds_defaults_and_its_secret_masked(client: httpx.AsyncClient) -> None:
    made = await make(client, matchers=[{"name": "team", "value": "web"}])
    assert made["config"] == {"url": "http://127.0.0.1:9/", "token": "********"}
    assert (made["rate_limit_per_minute"], made["group_wait_s"], made["is_default"]) == (30, 10, True)
    assert made["matchers"] == [{"name": "team", "value": "web", "isRegex": False, "isEqual": True}]
    assert (made["failing_since"], made["waiting_count"]) == (None, 0)
    listed = (await client.get("/api/channels?kind=WEBHOOK")).json()
    assert (listed["total"], listed["items"]) == (1, [made])
    assert "geheim" not in (await client.get("/api/channels")).text


async def test_a_mask_that_comes_back_is_the_stored_secret(client: httpx.AsyncClient, database: Database) -> None:
    made = await make(client)
    path = f"/api/channels/{made['id']}"
    config = {"url": "http://127.0.0.1:10/", "token": "********"}
    changed = (await client.patch(path, json={"config": config})).json()
    assert changed["config"] == config
    set_channel(database, made["id"], failing_since=utcnow(), failures_count=3, paused_until=utcnow())
    assert (await client.patch(path, json={"config": {"url": "http://x/"}})).json()["paused_until"] is None


async def test_what_is_wrong_with_a_channel_is_said_field_by_field(client: httpx.AsyncClient) -> None:
    made = await make(client)
    path = f"/api/channels/{made['id']}"
    again = await client.post("/api/channels", json={"name": "ops", "kind": "WEBHOOK", "config": {"url": "x"}})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    for body, word in (
        ({"config": {}}, "url"),
        ({"fallback_channel_id": made["id"]}, "own fallback"),
        ({"fallback_channel_id": 99}, "no channel 99"),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, "regular expression"),
        ({"name": None}, "name"),
        ({"group_wait_s": -1}, "greater than or equal to 0"),
    ):
        answer = await client.patch(path, json=body)
        assert answer.status_code == 422, (body, answer.text)
        assert word in answer.text
    dashboard = await client.post("/api/channels", json={"name": "d", "kind": "DASHBOARD"})
    assert dashboard.status_code == 422
    assert (await client.get("/api/channels/99")).status_code == 404


async def test_a_channel_goes_and_nobody_falls_back_to_it(client: httpx.AsyncClient) -> None:
    first = await make(client)
    second = await make(client, name="backup", fallback_channel_id=first["id"])
    assert (await client.delete(f"/api/channels/{first['id']}")).status_code == 204
    assert (await client.get(f"/api/channels/{second['id']}")).json()["fallback_channel_id"] is None


async def test_a_test_message_is_sent_now_and_recorded(
    client: httpx.AsyncClient, database: Database, receiver: Receiver
) -> None:
    made = await make(client, config={"url": receiver.url()})
    set_channel(database, made["id"], failing_since=utcnow(), last_error="old")
    sent = (await client.post(f"/api/channels/{made['id']}/test")).json()
    assert (sent["code"], sent["provider_id"]) == (200, "m1")
    assert receiver.kinds() == ["test"]
    assert [(row.id, row.status, row.kind) for row in deliveries(database)] == [(sent["delivery_id"], "SENT", "test")]
    assert (await client.get(f"/api/channels/{made['id']}")).json()["failing_since"] is None


async def test_a_test_that_is_refused_says_why_and_is_recorded(
    client: httpx.AsyncClient, database: Database, receiver: Receiver
) -> None:
    made = await make(client, config={"url": receiver.url()})
    receiver.answer = 403
    answer = await client.post(f"/api/channels/{made['id']}/test")
    assert (answer.status_code, answer.json()["code"]) == (502, "send_failed")
    assert "answered 403" in answer.json()["detail"]
    assert [(one.outcome, one.code) for one in attempts(database)] == [("permanent", 403)]
