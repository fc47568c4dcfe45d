"""One process delivers at a time; another takes over when it is gone, and nobody writes over a newer word."""

from datetime import timedelta

from sqlalchemy import update

from tests.support.delivering import (
    add_channel,
    attempts,
    deliveries,
    is_idle,
    open_alert,
    open_alerts,
    reasons,
)
from tests.support.receivers import Receiver, send
from tests.support.watching import eventually
from tocsin import Database
from tocsin.delivery.lanes import LanePlan, Lanes, Later, Sending
from tocsin.delivery.outcome import Try
from tocsin.delivery.planner import LEASE, Planning
from tocsin.delivery.service import Delivery, DeliveryPlan
from tocsin.model.messages import Outcome
from tocsin.model.times import utcnow
from tocsin.storage.delivery.trimming import trim_deliveries
from tocsin.storage.leases import holds_lease, release_lease, take_lease
from tocsin.storage.tables.alerts import AlertModel
from tocsin.storage.tables.deliveries import DeliveryRow

TEN_S = timedelta(seconds=10)


def take(database: Database, holder: str, *, after_s: float = 0) -> bool:
    with database.write_transaction() as connection:
        return take_lease(connection, LEASE, holder, utcnow() + timedelta(seconds=after_s), TEN_S)


def test_a_lease_is_taken_kept_and_taken_over_when_it_runs_out(database: Database) -> None:
    assert take(database, "one")
    assert take(database, "one", after_s=5)
    assert not take(database, "two", after_s=14)
    assert take(database, "two", after_s=16)
    with database.write_transaction() as connection:
        assert not holds_lease(connection, LEASE, "one", utcnow())
        release_lease(connection, LEASE, "one")
        assert holds_lease(connection, LEASE, "two", utcnow())
        release_lease(connection, LEASE)
    assert take(database, "one")


async def test_of_two_processes_one_delivers_and_the_other_takes_over(database: Database, receiver: Receiver) -> None:
    add_channel(database, config={"url": receiver.url()})
    first, second = (Delivery(database, send, DeliveryPlan(stop_within_s=1)) for _ in range(2))
    first.start()
    await eventually(lambda: first.is_active)
    second.start()
    try:
        open_alert(database, "a")
        await eventually(receiver.taken)
        holders = [first.is_active, second.is_active]
        first.stop()
        open_alert(database, "b")
        await eventually(lambda: len(receiver.taken()) == 2, within_s=15)
        holders.append(second.is_active)
    finally:
        first.stop()
        second.stop()
    assert holders == [True, False, True]
    assert [one.outcome for one in attempts(database)] == ["sent", "sent"]


def test_who_lost_the_lease_plans_and_claims_nothing(database: Database) -> None:
    channel = add_channel(database)
    alert = open_alert(database)
    take(database, "another")
    assert Planning(database, "one").plan_batch() == 0
    assert Planning(database, "one").look_again() == 0
    assert Lanes(database, "one", LanePlan()).next_of(channel) == Later(None)
    assert reasons(database, alert) == []


def claimed(database: Database, holder: str) -> Sending:
    """Plan and claim the first delivery as `holder`."""
    take(database, holder)
    Planning(database, holder).plan_batch()
    step = Lanes(database, holder, LanePlan()).next_of(1)
    assert isinstance(step, Sending)
    return step


def test_an_answer_that_comes_after_its_claim_ran_out_changes_only_the_attempt(database: Database) -> None:
    add_channel(database)
    open_alert(database)
    first = claimed(database, "one")
    with database.write_transaction() as connection:
        connection.execute(update(DeliveryRow).values(claimed_until=utcnow() - TEN_S))
        release_lease(connection, LEASE)
    second = claimed(database, "two")
    assert second.message.possibly_repeated
    assert second.message.key == first.message.key
    lanes = Lanes(database, "one", LanePlan())
    assert lanes.record(first, Try(Outcome.TEMPORARY, utcnow(), "late")) is None
    assert [one.status for one in deliveries(database)] == ["SENDING"]
    assert Lanes(database, "two", LanePlan()).record(second, Try(Outcome.SENT, utcnow())) is not None
    assert [one.status for one in deliveries(database)] == ["SENT"]


def test_a_change_that_cannot_be_planned_stops_nobody_else(database: Database) -> None:
    add_channel(database, matchers=[{"name": "team", "value": "web", "isRegex": False, "isEqual": True}])
    ids = open_alerts(database, ["a", "b", "c"], labels={"team": "web"})
    with database.write_transaction() as connection:  # as no part of Tocsin would store it
        connection.execute(update(AlertModel).where(AlertModel.id == ids[1]).values(labels=["no", "labels"]))
    take(database, "one")
    assert Planning(database, "one").plan_batch() == 3
    assert [reasons(database, one)[0] for one in ids] == ["new_problem", "broken", "new_problem"]
    assert len(deliveries(database)) == 2


def test_old_deliveries_go_unless_their_alert_is_open(database: Database) -> None:
    add_channel(database)
    ids = open_alerts(database, ["over", "open"])
    take(database, "one")
    Planning(database, "one").plan_batch()
    with database.write_transaction() as connection:
        connection.execute(update(DeliveryRow).values(status="SENT"))
        connection.execute(update(AlertModel).where(AlertModel.id == ids[0]).values(status="RESOLVED"))
        assert trim_deliveries(connection, utcnow() - TEN_S) == 0
        assert trim_deliveries(connection, utcnow() + TEN_S) == 4
        assert trim_deliveries(connection, utcnow() + TEN_S) == 0
    assert (reasons(database, ids[0]), len(reasons(database, ids[1], 1))) == ([], 3)
    assert len(deliveries(database)) == 1
    assert not is_idle(database) or deliveries(database)[0].status == "SENT"
