"""Alerts are told: to the right channels, in order, once, together where they belong together."""

from tests.support.delivering import (
    add_channel,
    change_alert,
    deliveries,
    delivering,
    is_idle,
    open_alert,
    open_alerts,
    reasons,
)
from tests.support.receivers import Receiver
from tests.support.watching import eventually
from tocsin import Database
from tocsin.model.alerts import AlertPriority


async def test_a_problem_and_its_end_are_told_once_and_in_order(database: Database, receiver: Receiver) -> None:
    channel = add_channel(database, config={"url": receiver.url()})
    with delivering(database):
        alert = open_alert(database)
        await eventually(lambda: receiver.kinds() == ["firing"])
        change_alert(database, alert, "resolved")
        await eventually(lambda: receiver.kinds() == ["firing", "resolved"])
        await eventually(lambda: is_idle(database))
    firing, resolved = receiver.taken()
    assert firing.body["alerts"] == [{"id": alert, "title": "api is down", "status": "ACTIVE", "priority": "HIGH"}]
    assert resolved.body["alerts"][0]["status"] == "RESOLVED"
    assert resolved.body["previous_id"] == "m1"
    assert not any(one.body["possibly_repeated"] or one.body["late_since"] for one in receiver.taken())
    assert reasons(database, alert, channel) == [
        "new_problem", "default_channel", "collected", "is_over", "told_of_problem", "collected",
    ]  # fmt: skip


async def test_alerts_of_one_group_are_told_together(database: Database, receiver: Receiver) -> None:
    add_channel(database, config={"url": receiver.url()}, group_wait_s=1)
    with delivering(database):
        open_alerts(database, ["a", "b", "c"], group_key="host 1")
        await eventually(receiver.taken)
        await eventually(lambda: is_idle(database))
    assert [(one.kind, one.body["alerts_count"]) for one in receiver.taken()] == [("firing", 3)]


async def test_what_joins_a_group_that_was_told_is_a_change_of_it(database: Database, receiver: Receiver) -> None:
    add_channel(database, config={"url": receiver.url()}, group_interval_s=1)
    with delivering(database):
        open_alert(database, "a", group_key="host 1")
        await eventually(receiver.taken)
        open_alert(database, "b", group_key="host 1")
        await eventually(lambda: len(receiver.taken()) == 2)
    assert receiver.kinds() == ["firing", "changed"]
    assert [one["title"] for one in receiver.taken()[1].body["alerts"]] == ["b is down"]
    assert (receiver.taken()[1].at - receiver.taken()[0].at).total_seconds() >= 0.9


async def test_more_than_a_handful_of_groups_is_one_digest(database: Database, receiver: Receiver) -> None:
    add_channel(database, config={"url": receiver.url()}, group_wait_s=1, group_interval_s=2)
    with delivering(database, external_url="https://tocsin.example.com/"):
        ids = open_alerts(database, [f"host{number}" for number in range(40)])
        await eventually(receiver.taken)
        for alert in ids[:30]:
            change_alert(database, alert, "resolved")
        await eventually(lambda: is_idle(database))
    first, second = receiver.taken()
    assert (first.kind, first.body["alerts_count"], first.body["causes"]) == ("digest", 40, [["down", 40]])
    assert first.body["link"] == "https://tocsin.example.com/alerts"
    assert (second.kind, second.body["alerts_count"], second.body["resolved_count"]) == ("digest", 30, 30)


async def test_fired_and_resolved_before_it_was_told_is_one_message(database: Database, receiver: Receiver) -> None:
    add_channel(database, config={"url": receiver.url()}, group_wait_s=1)
    alert = open_alert(database)
    change_alert(database, alert, "resolved")
    with delivering(database):
        await eventually(lambda: is_idle(database))
    assert receiver.kinds() == ["resolved"]
    assert receiver.taken()[0].body["text"] == "It began and ended before this message was due."


async def test_an_alert_without_any_channel_is_kept_and_says_so(database: Database) -> None:
    with delivering(database):
        alert = open_alert(database)
        await eventually(lambda: reasons(database, alert))
    assert reasons(database, alert) == ["new_problem", "no_channel"]
    assert deliveries(database) == []


async def test_one_that_became_severe_enough_is_new_to_who_did_not_hear_of_it(
    database: Database, receiver: Receiver
) -> None:
    add_channel(database, "all", config={"url": receiver.url("/all")})
    add_channel(database, "pager", config={"url": receiver.url("/pager")}, min_priority=AlertPriority.CRITICAL)
    with delivering(database):
        alert = open_alert(database, priority=AlertPriority.MEDIUM)
        await eventually(lambda: receiver.taken("/all"))
        change_alert(database, alert, "raised", priority=AlertPriority.CRITICAL)
        await eventually(lambda: receiver.taken("/pager") and len(receiver.taken("/all")) == 2)
        change_alert(database, alert, "resolved")
        await eventually(lambda: len(receiver.taken()) == 5)
    assert receiver.kinds("/all") == ["firing", "changed", "resolved"]
    assert receiver.kinds("/pager") == ["firing", "resolved"]


async def test_changes_that_concern_nobody_are_history(database: Database, receiver: Receiver) -> None:
    add_channel(database, config={"url": receiver.url()})
    with delivering(database):
        alert = open_alert(database)
        await eventually(receiver.taken)
        change_alert(database, alert, "acknowledged")
        await eventually(lambda: "not_told" in reasons(database, alert))
    assert receiver.kinds() == ["firing"]
