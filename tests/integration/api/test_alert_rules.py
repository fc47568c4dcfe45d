"""Alert rules over HTTP."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.support.history import add_site, record, saw
from tocsin import Database
from tocsin.alerts.rules.monitor import ThresholdMonitor
from tocsin.model.times import utcnow


def rule(**fields: Any) -> dict[str, Any]:
    return {"name": "Slow", "metric_name": "website.response_time_ms", "threshold": 800, "for_s": 300, **fields}


async def test_a_rule_is_made_read_changed_and_removed(client: httpx.AsyncClient) -> None:
    made = await client.post("/api/alert-rules", json=rule(severity_map={"CRITICAL": 2000}, comparison=">="))
    assert made.status_code == 201
    one = made.json()
    assert (one["comparison"], one["aggregation"], one["window_s"], one["no_data"]) == (">=", "last", 300, "keep")
    assert (one["severity_map"], one["standings"]) == ({"CRITICAL": 2000.0}, [])
    changed = (await client.patch("/api/alert-rules/1", json={"threshold": 900, "is_enabled": False})).json()
    assert (changed["threshold"], changed["is_enabled"], changed["name"]) == (900, False, "Slow")
    assert (await client.get("/api/alert-rules/1")).json() == changed
    assert (await client.get("/api/alert-rules?is_enabled=true")).json()["total"] == 0
    assert (await client.get("/api/alert-rules?metric_name=website.response_time_ms")).json()["items"] == [changed]
    assert (await client.delete("/api/alert-rules/1")).status_code == 204
    assert (await client.get("/api/alert-rules/1")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "status", "fault"),
    [
        ({"metric_name": "website.speed"}, 422, "there is no metric"),
        ({"clear_threshold": 900}, 422, "would still cross"),
        ({"aggregation": "mode"}, 422, "aggregation"),
        ({"threshold": "NaN"}, 422, "threshold"),
        ({"name": "taken"}, 409, "there is a rule 'taken' already"),
        ({"surprise": 1}, 422, "there is no such field"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, fields: dict[str, Any], status: int, fault: str
) -> None:
    await client.post("/api/alert-rules", json=rule(name="taken"))
    response = await client.post("/api/alert-rules", json=rule(**fields))
    assert (response.status_code, fault in response.text) == (status, True), response.text


async def test_a_change_must_leave_a_rule_that_makes_sense(client: httpx.AsyncClient) -> None:
    for name in ("a", "b"):
        await client.post("/api/alert-rules", json=rule(name=name))
    response = await client.patch("/api/alert-rules/1", json={"clear_threshold": 1000})
    assert (response.status_code, "would still cross" in response.text) == (422, True)
    assert (await client.patch("/api/alert-rules/1", json={"name": "b"})).status_code == 409
    assert (await client.patch("/api/alert-rules/9", json={})).status_code == 404


async def test_a_rule_is_tried_on_the_past_without_being_stored(client: httpx.AsyncClient, database: Database) -> None:
    site, now = add_site(database, name="shop"), utcnow()
    for minute in range(30, 0, -1):
        record(database, site, saw(now - timedelta(minutes=minute)))
    seen = (await client.post("/api/alert-rules/try?days=7", json=rule(threshold=10, for_s=0))).json()
    assert (seen["fired_count"], seen["days"], seen["points_count"]) == (1, 7, 30)
    assert (seen["firings"][0]["series"], seen["firings"][0]["ended_at"]) == ("shop", None)
    assert (await client.get("/api/alert-rules")).json()["total"] == 0


async def test_what_fires_now_is_shown_with_its_rule(client: httpx.AsyncClient, database: Database) -> None:
    with database.session() as db:
        monitor = ThresholdMonitor(db)
        monitor.create_rule(name="queue", metric_name="queue_length", threshold=10)
        monitor.record("queue_length", 50, service="mail")
        monitor.evaluate()
    (standing,) = (await client.get("/api/alert-rules/1")).json()["standings"]
    assert (standing["series"], standing["state"], standing["value"]) == ("service=mail", "firing", 50)
    names = {one["name"]: one["is_own"] for one in (await client.get("/api/metrics")).json()}
    assert (names["queue_length"], names["website.up"], names["cpu_percent"]) == (False, True, True)
