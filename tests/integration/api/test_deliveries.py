"""Deliveries over HTTP, and why somebody did or did not hear of an alert."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.delivering import add_channel, deliveries, delivering, is_idle, open_alert
from tests.support.receivers import Receiver, running_receiver
from tests.support.watching import eventually
from tocsin import Database
from tocsin.model.alerts import AlertPriority


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as one:
        yield one


async def test_an_alert_shows_what_was_sent_when_and_with_which_answer(
    client: httpx.AsyncClient, database: Database, receiver: Receiver
) -> None:
    add_channel(database, "hook", config={"url": receiver.url()})
    with delivering(database):
        alert = open_alert(database)
        await eventually(lambda: is_idle(database) and receiver.taken())
    page = (await client.get(f"/api/alerts/{alert}/deliveries")).json()
    assert page["total"] == 1
    one = page["items"][0]
    assert (one["channel_name"], one["status"], one["kind"], one["alerts_count"]) == ("hook", "SENT", "firing", 1)
    assert [(two["outcome"], two["code"], two["provider_id"]) for two in one["attempts"]] == [("sent", 200, "m1")]
    assert (await client.get("/api/deliveries?status=SENT&kind=firing")).json()["total"] == 1
    assert (await client.get("/api/deliveries?status=FAILED")).json()["total"] == 0
    assert (await client.get("/api/alerts/99/deliveries")).status_code == 404


async def test_why_says_for_each_channel_whether_it_heard_and_what_decided(
    client: httpx.AsyncClient, database: Database, receiver: Receiver
) -> None:
    hook = add_channel(database, "hook", config={"url": receiver.url()})
    add_channel(database, "pager", min_priority=AlertPriority.CRITICAL)
    with delivering(database):
        alert = open_alert(database)
        await eventually(lambda: is_idle(database) and receiver.taken())
    add_channel(database, "young")
    why = (await client.get(f"/api/alerts/{alert}/why")).json()
    said = {one["channel_name"]: (one["was_told"], one["text"]) for one in why["channels"]}
    assert said["hook"][0] is True
    assert said["hook"][1].startswith("Told at ")
    assert said["pager"] == (False, "The alert is HIGH; the channel hears from CRITICAL upwards.")
    assert said["young"] == (False, "The channel did not exist when it was planned.")
    steps = [
        (one["step"], one["reason"], one["is_told"]) for one in why["decisions"] if one["channel_id"] in (None, hook)
    ]
    assert steps == [("life", "new_problem", True), ("routing", "default_channel", True), ("group", "collected", True)]
    only = (await client.get(f"/api/alerts/{alert}/why?channel=pager")).json()
    assert [one["reason"] for one in only["decisions"]] == ["new_problem", "below_priority"]
    assert (await client.get(f"/api/alerts/{alert}/why?channel=nobody")).status_code == 404
    assert (await client.get("/api/alerts/99/why")).status_code == 404


async def test_a_failed_delivery_is_tried_again_when_somebody_asks(
    client: httpx.AsyncClient, database: Database, receiver: Receiver
) -> None:
    add_channel(database, config={"url": receiver.url()})
    receiver.answer = 404
    with delivering(database):
        alert = open_alert(database)
        await eventually(lambda: deliveries(database, status="FAILED"))
        why = (await client.get(f"/api/alerts/{alert}/why")).json()
        assert why["channels"][0]["text"] == "It was not told: The channel refuses: answered 404"
        receiver.answer = 200
        failed = deliveries(database)[0].id
        assert (await client.post(f"/api/deliveries/{failed}/retry")).json()["status"] == "PENDING"
        await eventually(receiver.taken)
        await eventually(lambda: is_idle(database))
    again = await client.post(f"/api/deliveries/{failed}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert (await client.post("/api/deliveries/99/retry")).status_code == 404


async def test_metrics_count_deliveries_and_tries(
    client: httpx.AsyncClient, database: Database, receiver: Receiver
) -> None:
    add_channel(database, config={"url": receiver.url()})
    with delivering(database):
        open_alert(database)
        await eventually(lambda: is_idle(database) and receiver.taken())
    text = (await client.get("/metrics")).text
    assert 'tocsin_deliveries{status="SENT"} 1' in text
    assert 'tocsin_delivery_attempts{outcome="sent"} 1' in text
    assert "tocsin_delivery_oldest_waiting_seconds 0" in text
    assert "tocsin_alert_changes_unplanned 0" in text
