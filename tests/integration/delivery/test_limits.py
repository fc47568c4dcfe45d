"""Rate limits: what is held back arrives as a digest, what is new goes first, a restart forgets nothing."""

from datetime import timedelta

from sqlalchemy import select

from tests.support.delivering import (
    add_channel,
    deliveries,
    delivering,
    is_idle,
    open_alert,
    reasons,
    set_channel,
)
from tests.support.receivers import Receiver
from tests.support.watching import eventually
from tocsin import Database
from tocsin.model.times import utcnow
from tocsin.storage.tables.deliveries import Channel


async def test_what_the_limit_holds_back_arrives_as_a_digest(database: Database, receiver: Receiver) -> None:
    channel = add_channel(database, config={"url": receiver.url()}, rate_limit_per_minute=1)
    with delivering(database):
        first = open_alert(database, "first")
        await eventually(receiver.taken)
        held = [open_alert(database, f"held{number}") for number in range(3)]
        await eventually(lambda: len(deliveries(database, status="PENDING", reason="rate_limited")) == 3)
        set_channel(database, channel, tokens_at=utcnow() - timedelta(minutes=1))
        await eventually(lambda: is_idle(database))
    assert receiver.kinds() == ["firing", "digest"]
    assert receiver.taken()[1].body["alerts_count"] == 3
    assert "rate_limited" in reasons(database, held[0], channel)
    assert "rate_limited" not in reasons(database, first, channel)


async def test_a_used_up_limit_survives_a_restart(database: Database, receiver: Receiver) -> None:
    channel = add_channel(database, config={"url": receiver.url()}, rate_limit_per_minute=1)
    with delivering(database):
        open_alert(database, "first")
        await eventually(receiver.taken)
    with delivering(database):
        open_alert(database, "second")
        await eventually(lambda: deliveries(database, status="PENDING", reason="rate_limited"))
    with database.session() as db:
        assert (db.scalars(select(Channel.tokens).where(Channel.id == channel)).one() or 0) < 1
    assert len(receiver.received) == 1


async def test_a_new_problem_may_use_what_is_kept_in_reserve(database: Database, receiver: Receiver) -> None:
    channel = add_channel(database, config={"url": receiver.url()}, rate_limit_per_minute=10)
    set_channel(database, channel, tokens=1.5, tokens_at=utcnow())
    with delivering(database):
        open_alert(database)
        await eventually(receiver.taken)
    assert receiver.kinds() == ["firing"]


async def test_a_limit_of_nought_is_none_and_makes_no_digests(database: Database, receiver: Receiver) -> None:
    add_channel(database, config={"url": receiver.url()}, rate_limit_per_minute=0)
    for number in range(12):
        open_alert(database, f"host{number}")
    with delivering(database):
        await eventually(lambda: is_idle(database))
    assert receiver.kinds() == ["firing"] * 12
