"""Alertmanager's API v2, as its clients use it."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.support.api import make_app, make_services
from tocsin import Database
from tocsin.actions import access
from tocsin.alerts.inbox import AlertInbox, InboxPlan
from tocsin.model.alerts import AlertPriority, AlertStatus
from tocsin.model.enums import Scope
from tocsin.model.times import isoformat, utcnow
from tocsin.storage.tables.alerts import AlertModel

HOUR = timedelta(hours=1)
DISK = {"alertname": "DiskFull", "instance": "web1", "severity": "warning"}


@pytest.fixture
async def app(database: Database) -> AsyncIterator[FastAPI]:
    services = make_services(database)
    inbox = AlertInbox(database, InboxPlan(), lambda: None)
    inbox.start()
    services.inbox = inbox
    yield make_app(services)
    await asyncio.to_thread(inbox.stop)


def posted(labels: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    return {"labels": labels or DISK, "annotations": {"summary": "the disk is full"}, **fields}


async def shown(client: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    response = await client.get(f"/api/v2/alerts{query}")
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()
    return found


async def test_who_posts_and_asks_sees_what_was_posted(client: httpx.AsyncClient) -> None:
    starts = utcnow() - HOUR
    body = posted(startsAt=isoformat(starts), endsAt=isoformat(utcnow() + HOUR), generatorURL="http://prom/graph")
    response = await client.post("/api/v2/alerts", json=[body])
    assert (response.status_code, response.content) == (200, b"")
    (one,) = await shown(client)
    assert one["fingerprint"] == "ab9b94ebc8f8ae97", "as Alertmanager computes it"
    assert (one["labels"], one["annotations"]) == (DISK, {"summary": "the disk is full"})
    assert one["status"] == {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []}
    assert one["receivers"] == [{"name": "dashboard"}]
    assert (one["startsAt"][:19], one["generatorURL"]) == (isoformat(starts)[:19], "http://prom/graph")


async def test_an_alert_of_prometheus_is_an_alert_of_tocsin(client: httpx.AsyncClient, database: Database) -> None:
    labels = {"alertname": "Down", "service": "shop", "severity": "page", "category": "database"}
    annotations = {"description": "no answer", "runbook_url": "https://wiki.example/down"}
    await client.post("/api/v2/alerts", json=[{"labels": labels, "annotations": annotations}])
    await shown(client)
    with database.session() as db:
        row = db.query(AlertModel).one()
        assert (row.alert_type, row.title, row.message, row.resource) == ("Down", "Down", "no answer", "shop")
        assert (row.priority, row.category, row.source) == (AlertPriority.CRITICAL, "DATABASE", "alertmanager")
        assert row.runbook_url == "https://wiki.example/down"
        assert row.ends_at is not None
        assert timedelta(minutes=4) < row.ends_at - utcnow() < timedelta(minutes=6), (
            "without an end it resolves by itself"
        )


async def test_posting_again_is_one_alert_and_an_end_resolves_it(client: httpx.AsyncClient, database: Database) -> None:
    for _ in range(3):
        await client.post("/api/v2/alerts", json=[posted()])
    assert len(await shown(client)) == 1
    over = posted(startsAt=isoformat(utcnow() - HOUR), endsAt=isoformat(utcnow() - HOUR / 2))
    for _ in range(2):
        assert (await client.post("/api/v2/alerts", json=[over])).status_code == 200
    assert await shown(client) == []
    with database.session() as db:
        row = db.query(AlertModel).one()
        assert (row.status, row.notification_count) == (AlertStatus.RESOLVED, 3)


async def test_gos_zero_time_means_not_given(client: httpx.AsyncClient) -> None:
    zero = "0001-01-01T00:00:00.000Z"
    assert (await client.post("/api/v2/alerts", json=[posted(startsAt=zero, endsAt=zero)])).status_code == 200
    assert len(await shown(client)) == 1


async def test_of_a_batch_the_good_alerts_are_kept_and_the_others_named(client: httpx.AsyncClient) -> None:
    now = utcnow()
    batch = [
        posted({"alertname": "ok1"}),
        posted({"alertname": ""}),
        posted({"alertname": "x"}, startsAt=isoformat(now), endsAt=isoformat(now - HOUR)),
        posted({"alertname": "ok2", "empty": ""}),
    ]
    response = await client.post("/api/v2/alerts", json=batch)
    assert response.status_code == 400
    assert response.json() == "at least one label pair required\nstart time must be before end time"
    assert response.headers["content-type"] == "application/json"
    assert sorted(one["labels"]["alertname"] for one in await shown(client)) == ["ok1", "ok2"]
    assert [one for one in await shown(client) if "empty" in one["labels"]] == []


@pytest.mark.parametrize(
    ("body", "status", "fault"),
    [
        ("{}", 400, {"code": 400, "message": "a list of alerts is expected"}),
        ("[1]", 400, {"code": 400, "message": "0: an object is expected"}),
        ("[", 400, None),
        ("[{}]", 422, {"code": 602, "message": "0.labels in body is required"}),
        ('[{"labels": {"a": 1}}]', 400, {"code": 400, "message": "0.labels: an object of texts is expected"}),
        ('[{"labels": {"a": "b"}, "startsAt": "now"}]', 400, None),
        ('[{"labels": {"a": "b"}, "generatorURL": "::"}]', 422, None),
    ],
)
async def test_what_is_no_list_of_alerts_is_refused_whole(
    client: httpx.AsyncClient, body: str, status: int, fault: dict[str, Any] | None
) -> None:
    response = await client.post("/api/v2/alerts", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    assert fault in (None, response.json())
    assert await shown(client) == []


async def test_other_kinds_and_methods_are_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/v2/alerts", content="a: b", headers={"Content-Type": "text/yaml"})
    assert response.status_code == 415
    assert (await client.put("/api/v2/alerts", json=[])).status_code == 405
    assert (await client.post("/api/v2/alerts", json=[])).status_code == 200
    assert (await client.post("/api/v2/alerts", content=b" " * (16 * 1024 * 1024 + 1))).status_code == 413


async def test_alerts_are_filtered_as_alertmanager_does(client: httpx.AsyncClient) -> None:
    names = [
        {"alertname": name, "severity": severity} for name, severity in (("a", "info"), ("b", "warning"), ("c", ""))
    ]
    await client.post("/api/v2/alerts", json=[posted(one) for one in names])
    for query, expected in (
        ("?filter=severity=warning", "b"), ('?filter=alertname=~"a|b"', "ab"), ('?filter=severity=""', "c"),
        ("?filter=severity!=info&filter=alertname!=c", "b"), ("?receiver=dash.*", "abc"), ("?receiver=other", ""),
        ("?active=false", ""),
    ):  # fmt: skip
        assert "".join(sorted(one["labels"]["alertname"] for one in await shown(client, query))) == expected, query
    bad = await client.get("/api/v2/alerts?filter=foo")
    assert (bad.status_code, bad.json().startswith("bad matcher format: foo")) == (400, True)
    groups = (await client.get("/api/v2/alerts/groups")).json()
    assert [(one["labels"], one["receiver"], len(one["alerts"])) for one in groups] == [
        ({"alertname": name}, {"name": "dashboard"}, 1) for name in "abc"
    ]


async def test_silences_live_as_alertmanagers_do(client: httpx.AsyncClient) -> None:
    now = utcnow()
    body = {
        "matchers": [{"name": "alertname", "value": "Disk.*", "isRegex": True}],
        "startsAt": isoformat(now), "endsAt": isoformat(now + HOUR), "createdBy": "ops", "comment": "moving",
    }  # fmt: skip
    key = (await client.post("/api/v2/silences", json=body)).json()["silenceID"]
    await client.post("/api/v2/alerts", json=[posted()])
    (alert,) = await shown(client)
    assert (alert["status"]["state"], alert["status"]["silencedBy"]) == ("suppressed", [key])
    assert await shown(client, "?silenced=false") == []
    (one,) = (await client.get("/api/v2/silences?filter=alertname=~Disk.*")).json()
    assert (one["id"], one["status"], one["annotations"], one["createdBy"]) == (key, {"state": "active"}, {}, "ops")
    assert one["matchers"][0]["isEqual"] is True
    assert (await client.get("/api/v2/silences?filter=alertname=x")).json() == []
    longer = {**body, "id": key, "startsAt": one["startsAt"], "endsAt": isoformat(now + 2 * HOUR)}
    assert (await client.post("/api/v2/silences", json=longer)).json() == {"silenceID": key}, "changed in place"
    other = {**longer, "matchers": [{"name": "a", "value": "b", "isRegex": False}]}
    new = (await client.post("/api/v2/silences", json=other)).json()["silenceID"]
    assert new != key
    assert (await client.get(f"/api/v2/silence/{key}")).json()["status"] == {"state": "expired"}
    for _ in range(2):
        assert (await client.delete(f"/api/v2/silence/{new}")).status_code == 200
    assert (await shown(client))[0]["status"]["state"] == "active"


@pytest.mark.parametrize(
    ("change", "status", "fault"),
    [
        ({"matchers": []}, 422, "matchers in body is required"),
        ({"matchers": [{"name": "a", "value": ""}]}, 400, "must not match the empty string"),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, 400, "no regular expression"),
        ({"endsAt": "2020-01-01T00:00:00Z"}, 400, "end time can't be in the past"),
        ({"startsAt": "2090-01-01T00:00:00Z"}, 400, "start time must be before end time"),
        ({"id": "0c5c5a04-6c84-4b8c-a2d9-5a4a4c6c7d11"}, 404, "silence not found"),
        ({"id": "7"}, 422, "no UUID"),
    ],
)
async def test_a_silence_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, change: dict[str, Any], status: int, fault: str
) -> None:
    now = utcnow()
    body = {
        "matchers": [{"name": "a", "value": "b", "isRegex": False}], "createdBy": "", "comment": "",
        "startsAt": isoformat(now), "endsAt": isoformat(now + HOUR),
    }  # fmt: skip
    response = await client.post("/api/v2/silences", json={**body, **change})
    assert (response.status_code, fault in response.text) == (status, True), response.text


async def test_no_silence_is_not_found_and_no_uuid_is_none(client: httpx.AsyncClient) -> None:
    unknown = "/api/v2/silence/0c5c5a04-6c84-4b8c-a2d9-5a4a4c6c7d11"
    assert ((await client.get(unknown)).status_code, (await client.get(unknown)).content) == (404, b"")
    assert (await client.delete(unknown)).status_code == 404
    assert (await client.get("/api/v2/silence/7")).status_code == 422
    assert (await client.delete("/api/v2/silence/7")).status_code == 422


async def test_the_status_is_one_that_amtool_reads(client: httpx.AsyncClient) -> None:
    status = (await client.get("/api/v2/status")).json()
    assert status["cluster"]["status"] == "disabled"
    assert 'receiver: "dashboard"' in status["config"]["original"]
    assert (await client.get("/api/v2/receivers")).json() == [{"name": "dashboard"}]
    assert (await client.get("/-/healthy")).text == "OK"
    assert (await client.head("/-/ready")).status_code == 200
    assert (await client.post("/-/reload")).status_code == 200


async def test_posting_takes_a_token_that_may_write(client: httpx.AsyncClient, database: Database) -> None:
    with database.session() as db:
        access.create_user(db, "ada", "a long enough password")
        secrets = {scope: access.create_token(db, scope, scope).secret for scope in (Scope.READ, Scope.WRITE)}
    for headers, status in (
        ({}, 401), ({"Authorization": "Bearer nonsense"}, 401),
        ({"Authorization": f"Bearer {secrets[Scope.READ]}"}, 403),
        ({"Authorization": f"Bearer {secrets[Scope.WRITE]}"}, 200),
        ({"Authorization": f"Bearer {secrets[Scope.WRITE]}"}, 200),
    ):  # fmt: skip
        response = await client.post("/api/v2/alerts", json=[posted()], headers=headers)
        assert response.status_code == status, response.text


async def test_many_at_once_share_commits_and_none_is_lost(client: httpx.AsyncClient, database: Database) -> None:
    async def post(number: int) -> None:
        labels = {"alertname": "storm", "number": str(number % 100)}
        assert (await client.post("/api/v2/alerts", json=[posted(labels)])).status_code == 200

    await asyncio.gather(*(post(number) for number in range(300)))
    assert len(await shown(client)) == 100
    with database.session() as db:
        assert {row.notification_count for row in db.query(AlertModel)} == {3}


async def test_what_was_accepted_before_a_restart_is_worked_in_after_it(database: Database) -> None:
    inbox = AlertInbox(database, InboxPlan(), lambda: None)
    inbox._threads = inbox._threads[:1]  # it accepts, and is killed before it works anything in
    inbox.start()
    await inbox.accept(json.dumps([posted()]).encode())
    await asyncio.to_thread(inbox.stop)
    with database.session() as db:
        assert db.query(AlertModel).count() == 0
    again = AlertInbox(database, InboxPlan(is_power_safe=True), lambda: None)
    again.start()
    assert await asyncio.to_thread(again.settle)
    await again.accept(json.dumps([posted({"alertname": "later"})]).encode())
    assert await asyncio.to_thread(again.settle)
    await asyncio.to_thread(again.stop)
    with database.session() as db:
        assert db.query(AlertModel).count() == 2
