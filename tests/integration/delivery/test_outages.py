"""Channels that fail: what is told late, what is told as missed, what is moved, and what is given up."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from tests.support.delivering import (
    add_channel,
    attempts,
    change_alert,
    deliveries,
    delivering,
    is_idle,
    make_due,
    open_alert,
    reasons,
    set_channel,
)
from tests.support.receivers import Answer, Receiver, send
from tests.support.watching import eventually
from tocsin import Database
from tocsin.model.delivery.facts import Destination
from tocsin.model.messages import Message, Receipt
from tocsin.model.times import utcnow
from tocsin.storage.tables.deliveries import Channel, DeliveryRow


async def test_what_fired_and_resolved_during_an_outage_is_told_as_missed(
    database: Database, receiver: Receiver
) -> None:
    add_channel(database, config={"url": receiver.url()})
    receiver.answer = 500
    with delivering(database):
        alert = open_alert(database)
        await eventually(lambda: deliveries(database, status="PENDING", attempts_count=1))
        change_alert(database, alert, "resolved")
        await eventually(lambda: len(deliveries(database)) == 2)
        receiver.answer = 200
        make_due(database)
        await eventually(lambda: is_idle(database))
    assert receiver.kinds() == ["missed"]
    told = receiver.taken()[0].body
    assert (told["alerts"][0]["status"], bool(told["late_since"])) == ("RESOLVED", True)
    assert told["possibly_repeated"] is False
    assert told["key"] != receiver.received[0].body["key"], "what says something else has another key"


async def test_an_outage_of_many_alerts_ends_in_one_digest(database: Database, receiver: Receiver) -> None:
    channel = add_channel(database, config={"url": receiver.url()})
    receiver.answer = 503
    with delivering(database):
        first = open_alert(database, "host0")
        await eventually(lambda: deliveries(database, status="PENDING", attempts_count=1))
        for number in range(1, 10):
            open_alert(database, f"host{number}")
        change_alert(database, first, "resolved")
        await eventually(lambda: len(reasons(database, first, channel)) == 6)
        receiver.answer = 200
        make_due(database)
        await eventually(lambda: is_idle(database))
    assert receiver.kinds() == ["digest"]
    assert (receiver.taken()[0].body["alerts_count"], receiver.taken()[0].body["resolved_count"]) == (10, 1)


async def test_retry_after_is_honoured_to_the_second(database: Database, receiver: Receiver) -> None:
    add_channel(database, config={"url": receiver.url()})
    receiver.answer = lambda _path, _body: (429, 2) if not receiver.received else 200
    with delivering(database):
        open_alert(database)
        await eventually(receiver.taken)
    refused, taken = receiver.received
    assert 2 <= (taken.at - refused.at).total_seconds() <= 4
    assert refused.body["key"] == taken.body["key"]
    first = attempts(database)[0]
    assert (first.outcome, first.code, first.status_class, first.retry_after_s) == ("temporary", 429, "4xx", 2)


async def test_a_refusal_for_good_stops_and_is_shown(database: Database, receiver: Receiver) -> None:
    channel = add_channel(database, config={"url": receiver.url()})
    receiver.answer = 404
    with delivering(database):
        alert = open_alert(database)
        await eventually(lambda: deliveries(database, status="FAILED", reason="rejected"))
    with database.session() as db:
        row = db.get_one(Channel, channel)
        assert (row.last_error, row.failing_since is not None, row.rejections_count) == ("answered 404", True, 1)
    assert reasons(database, alert, channel)[-1] == "rejected"
    assert len(receiver.received) == 1


async def test_what_was_refused_is_told_once_the_channel_is_mended(database: Database, receiver: Receiver) -> None:
    add_channel(database, config={"url": receiver.url()})
    receiver.answer = 401
    with delivering(database):
        open_alert(database, "first")
        await eventually(lambda: deliveries(database, status="FAILED"))
        receiver.answer = 200
        open_alert(database, "second")
        await eventually(lambda: len(receiver.taken()) == 2)
    assert [one.body["alerts"][0]["title"] for one in receiver.taken()] == ["second is down", "first is down"]


async def test_after_three_refusals_a_channel_is_left_alone(database: Database, receiver: Receiver) -> None:
    add_channel(database, config={"url": receiver.url()})
    receiver.answer = 404
    with delivering(database):
        for name in ("a", "b", "c", "d"):
            open_alert(database, name)
            await eventually(lambda: is_idle(database) or len(receiver.received) == 3)
        await eventually(lambda: deliveries(database, status="PENDING"))
    assert len(receiver.received) == 3


async def test_a_hanging_channel_keeps_no_other_waiting(database: Database, receiver: Receiver) -> None:
    add_channel(database, "slow", config={"url": receiver.url("/slow")})
    add_channel(database, "fast", config={"url": receiver.url("/fast")})

    def answer(path: str, _body: dict[str, Any]) -> Answer:
        return "hang" if path == "/slow" else 200

    receiver.answer = answer
    with delivering(database, timeout_s=30, stop_within_s=0.1):
        for number in range(3):
            open_alert(database, f"host{number}")
            await eventually(lambda wanted=number + 1: len(receiver.taken("/fast")) == wanted)  # type: ignore[misc]
        assert [one.path for one in receiver.received].count("/slow") == 1


async def test_a_lost_answer_is_repeated_and_says_so(database: Database, receiver: Receiver) -> None:
    add_channel(database, config={"url": receiver.url()})
    receiver.answer = lambda _path, _body: "reset" if not receiver.received else 200
    with delivering(database):
        open_alert(database)
        await eventually(lambda: deliveries(database, possibly_repeated=True, status="PENDING"))
        make_due(database)
        await eventually(receiver.taken)
    first, second = receiver.received
    assert first.body["key"] == second.body["key"]
    assert (first.body["possibly_repeated"], second.body["possibly_repeated"]) == (False, True)
    assert [one.outcome for one in attempts(database)] == ["unknown", "sent"]


async def test_an_end_never_overtakes_a_beginning_whose_answer_was_lost(database: Database, receiver: Receiver) -> None:
    add_channel(database, config={"url": receiver.url()})
    receiver.answer = lambda _path, _body: "hang" if not receiver.received else 200
    with delivering(database, timeout_s=0.5):
        alert = open_alert(database)
        await eventually(lambda: receiver.received)
        change_alert(database, alert, "resolved")
        await eventually(lambda: deliveries(database, possibly_repeated=True))
        make_due(database)
        await eventually(lambda: is_idle(database))
    assert receiver.kinds() == ["firing", "resolved"]


async def test_a_channel_that_fails_for_long_leaves_it_to_its_fallback(database: Database, receiver: Receiver) -> None:
    backup = add_channel(database, "backup", config={"url": receiver.url("/backup")}, is_default=False)
    channel = add_channel(database, "main", config={"url": receiver.url("/main")}, fallback_channel_id=backup)
    receiver.answer = lambda path, _body: 500 if path == "/main" else 200
    with delivering(database):
        alert = open_alert(database)
        await eventually(lambda: deliveries(database, channel_id=channel, attempts_count=1, status="PENDING"))
        set_channel(database, channel, failing_since=utcnow() - timedelta(minutes=11))
        make_due(database)
        await eventually(lambda: receiver.taken("/backup"))
        change_alert(database, alert, "resolved")
        await eventually(lambda: len(receiver.taken("/backup")) == 2)
    assert receiver.kinds("/backup") == ["firing", "resolved"]
    assert "meant for the channel main" in receiver.taken("/backup")[0].body["text"]
    assert deliveries(database, channel_id=channel)[0].status == "MOVED"
    assert "channel_dead" in reasons(database, alert, channel)
    assert reasons(database, alert, channel)[-1] == "not_told_of_problem"


async def test_two_channels_that_stand_in_for_each_other_do_not_go_in_circles(
    database: Database, receiver: Receiver
) -> None:
    one = add_channel(database, "one", config={"url": receiver.url("/one")})
    two = add_channel(database, "two", config={"url": receiver.url("/two")}, is_default=False, fallback_channel_id=one)
    set_channel(database, one, fallback_channel_id=two)
    receiver.answer = 410
    with delivering(database):
        open_alert(database)
        await eventually(lambda: is_idle(database))
    assert [one.path for one in receiver.received] == ["/one", "/two"]
    assert [one.status for one in deliveries(database)] == ["MOVED", "FAILED"]


async def test_after_a_day_of_tries_a_delivery_is_given_up(database: Database, receiver: Receiver) -> None:
    channel = add_channel(database, config={"url": receiver.url()})
    receiver.answer = 500
    with delivering(database):
        alert = open_alert(database)
        await eventually(lambda: deliveries(database, attempts_count=1, status="PENDING"))
        with database.write_transaction() as connection:
            connection.execute(update(DeliveryRow).values(created_at=utcnow() - timedelta(hours=25)))
        make_due(database)
        await eventually(lambda: deliveries(database, status="FAILED", reason="gave_up"))
    assert reasons(database, alert, channel)[-1] == "gave_up"


async def test_a_channel_with_a_fault_of_its_own_is_tried_again(database: Database, receiver: Receiver) -> None:
    add_channel(database, config={"url": receiver.url()})
    calls = []

    async def faulty(destination: Destination, message: Message) -> Receipt:
        calls.append(message.key)
        if len(calls) == 1:
            raise KeyError("a fault")
        return await send(destination, message)

    with delivering(database, sender=faulty):
        open_alert(database)
        await eventually(lambda: deliveries(database, attempts_count=1, status="PENDING"))
        make_due(database)
        await eventually(receiver.taken)
    assert attempts(database)[0].error == "KeyError: 'a fault'"


async def test_what_waits_at_the_stop_is_told_after_the_start(database: Database, receiver: Receiver) -> None:
    add_channel(database, config={"url": receiver.url()})
    receiver.answer = "hang"
    with delivering(database, timeout_s=30, stop_within_s=0.1):
        open_alert(database, "under way")
        await eventually(lambda: receiver.received)
        open_alert(database, "waiting")
        await eventually(lambda: len(deliveries(database)) == 2)
    receiver.answer = 200
    with delivering(database):
        await eventually(lambda: len(receiver.taken()) == 2)
    told = {one.body["alerts"][0]["title"]: one.body["possibly_repeated"] for one in receiver.taken()}
    assert told == {"under way is down": True, "waiting is down": False}


async def test_what_waits_on_a_channel_that_is_disabled_is_dropped_and_shown(
    database: Database, receiver: Receiver
) -> None:
    channel = add_channel(database, config={"url": receiver.url()}, group_wait_s=1)
    with delivering(database):
        open_alert(database)
        await eventually(lambda: deliveries(database, status="PENDING"))
        set_channel(database, channel, is_enabled=False)
        await eventually(lambda: deliveries(database, status="DROPPED", reason="disabled"))
    assert receiver.received == []
