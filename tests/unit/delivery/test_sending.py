"""What a channel sends next, what follows from a try, what a message says: the pure decisions of sending."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.unit.delivery.test_deciding import NOW, P, S, change, channel, queued
from tocsin.delivery.bucket import Bucket, bucket_of
from tocsin.delivery.choose import Act, choose, is_dead
from tocsin.delivery.compose import Setting, compose, net_of
from tocsin.delivery.outcome import Next, Try, consequence_of, failed_try
from tocsin.errors import Invalid, SendFailed
from tocsin.model.alerts import AlertCategory
from tocsin.model.delivery.facts import ChannelFacts, DeliveryStatus, Queued, Told
from tocsin.model.delivery.reads import outcome_text, plain_details
from tocsin.model.delivery.reasons import Reason
from tocsin.model.messages import AlertFacts, Message, MessageKind, Outcome

LATER = NOW + timedelta(minutes=3)
FULL = channel()
K = MessageKind


def test_a_bucket_fills_with_time_and_keeps_a_reserve() -> None:
    assert bucket_of(channel(rate_limit_per_minute=0), NOW) is None
    assert bucket_of(FULL, NOW) == Bucket(10, 10)
    half_a_minute_ago = channel(tokens=1, tokens_at=NOW - timedelta(seconds=30))
    found = bucket_of(half_a_minute_ago, NOW)
    assert found == Bucket(10, 6)
    assert (found.affordable_count, found.spent()) == (4, 5)
    low = Bucket(10, 1)
    assert (low.allows(urgent=True), low.allows(urgent=False)) == (True, False)
    assert (low.wait(urgent=False), low.wait(urgent=True)) == (timedelta(seconds=12), timedelta(0))
    assert Bucket(1, 1).reserve == 0
    ahead = channel(tokens=3, tokens_at=NOW + timedelta(hours=1))  # the clock was set back
    assert bucket_of(ahead, NOW) == Bucket(10, 3)


def chosen(*waiting: Queued, of: ChannelFacts = FULL, fallback: bool = False) -> tuple[Act, list[int], bool]:
    found = choose(of, waiting, NOW, has_fallback=fallback)
    return found.act, [one.id for one in found.queued], found.is_digest


def test_nothing_is_sent_before_its_time_or_beside_another() -> None:
    assert choose(FULL, [], NOW, has_fallback=False).until is None
    assert choose(FULL, [queued(due_at=LATER)], NOW, has_fallback=False).until == LATER
    sending = queued(2, status=DeliveryStatus.SENDING, claimed_until=LATER)
    assert choose(FULL, [queued(), sending], NOW, has_fallback=False).until == LATER


def test_a_disabled_channel_drops_what_is_due() -> None:
    assert chosen(queued(), queued(2, due_at=LATER), of=channel(is_enabled=False)) == (Act.DROP, [1], False)


def test_a_paused_channel_waits_or_leaves_it_to_its_fallback() -> None:
    paused = channel(paused_until=LATER, failing_since=NOW)
    assert choose(paused, [queued()], NOW, has_fallback=True).until == LATER
    dead = replace(paused, failing_since=NOW - timedelta(minutes=10))
    assert chosen(queued(), of=dead, fallback=True) == (Act.MOVE, [1], False)
    assert chosen(queued(), of=dead) == (Act.WAIT, [], False)
    assert chosen(queued(), of=replace(dead, paused_until=NOW)) == (Act.SEND, [1], False)
    assert is_dead(channel(rejections_count=3), NOW)


def test_of_one_group_everything_goes_together_and_nothing_overtakes() -> None:
    first, second = queued(1, group_key="a", attempts_count=2, due_at=LATER), queued(2, group_key="a")
    assert chosen(first, second) == (Act.SEND, [1, 2], False)
    perhaps_told = replace(first, possibly_repeated=True)
    assert chosen(perhaps_told, second) == (Act.SEND, [1], False)
    assert chosen(perhaps_told, second, of=channel(rate_limit_per_minute=0)) == (Act.SEND, [1], False)


def test_more_than_a_handful_is_a_digest_of_all_that_waits() -> None:
    many = [queued(number) for number in range(1, 7)]
    assert chosen(*many) == (Act.SEND, [1, 2, 3, 4, 5, 6], True)
    assert chosen(*many, of=channel(rate_limit_per_minute=0)) == (Act.SEND, [1], False)
    perhaps_told = queued(7, possibly_repeated=True, due_at=LATER)
    assert chosen(*many, perhaps_told) == (Act.SEND, [7], False)


def test_a_report_is_never_told_among_others() -> None:
    report = queued(9, kind=K.REPORT, group_key="")
    many = [queued(number) for number in range(1, 7)]
    assert chosen(report, *many) == (Act.SEND, [1, 2, 3, 4, 5, 6], True)
    assert chosen(report, queued(10, kind=K.RESOLVED, group_key="")) == (Act.SEND, [9], False)
    assert chosen(queued(1, group_key=""), report) == (Act.SEND, [1], False)


def test_digests_keep_their_interval() -> None:
    sent = queued(9, kind=K.DIGEST, status=DeliveryStatus.SENT, sent_at=NOW - timedelta(seconds=20))
    found = choose(FULL, [*(queued(number) for number in range(1, 7)), sent], NOW, has_fallback=False)
    assert (found.act, found.until) == (Act.WAIT, NOW + timedelta(seconds=40))
    assert found.limited == ()


def test_a_waiting_digest_takes_the_others_along() -> None:
    digest = queued(2, kind=K.DIGEST, group_key="digest")
    assert chosen(queued(1, kind=K.RESOLVED), digest) == (Act.SEND, [1, 2], True)
    assert chosen(digest) == (Act.SEND, [2], False)


def limited(tokens: float) -> ChannelFacts:
    return channel(tokens=tokens, tokens_at=NOW)


def test_a_new_problem_goes_first_and_may_use_the_reserve() -> None:
    old, new = queued(1, kind=K.RESOLVED), queued(2)
    assert chosen(old, new) == (Act.SEND, [2], False)
    assert chosen(old, new, of=limited(1)) == (Act.SEND, [2], False)
    found = choose(limited(1), [old], NOW, has_fallback=False)
    assert (found.act, [one.id for one in found.limited]) == (Act.WAIT, [1])
    assert found.until == NOW + timedelta(seconds=12)


def test_what_the_limit_held_back_goes_as_one() -> None:
    held = [queued(number, reason=Reason.RATE_LIMITED) for number in (1, 2, 3)]
    short = choose(limited(0), held, NOW, has_fallback=False)
    assert (short.act, len(short.limited)) == (Act.WAIT, 3)
    found = choose(limited(3), held, NOW, has_fallback=False)
    assert (found.act, found.is_digest, len(found.queued), len(found.limited)) == (Act.SEND, True, 3, 3)
    sent = queued(9, kind=K.DIGEST, status=DeliveryStatus.SENT, sent_at=NOW - timedelta(seconds=20))
    waits = choose(limited(3), [*held, sent], NOW, has_fallback=False)
    assert (waits.act, len(waits.limited)) == (Act.WAIT, 3)


@pytest.mark.parametrize(
    ("error", "outcome", "text"),
    [
        (SendFailed("no", status=500), Outcome.TEMPORARY, "no"),
        (SendFailed("no", is_permanent=True), Outcome.PERMANENT, "no"),
        (SendFailed("no", may_have_arrived=True), Outcome.UNKNOWN, "no"),
        (TimeoutError(), Outcome.UNKNOWN, "no answer in time"),
        (Invalid("url: wrong"), Outcome.PERMANENT, "url: wrong"),
        (KeyError("x"), Outcome.TEMPORARY, "KeyError: 'x'"),
    ],
)
def test_what_a_channel_raises_is_an_outcome(error: Exception, outcome: Outcome, text: str) -> None:
    found = failed_try(error, NOW)
    assert (found.outcome, found.error) == (outcome, text)


def test_a_code_has_a_class() -> None:
    assert (Try(Outcome.SENT, NOW, code=204).status_class, Try(Outcome.SENT, NOW).status_class) == ("2xx", None)


def after(this: Try, delivery: Queued | None = None, of: ChannelFacts = FULL, *, lost: int = 0,
          fallback: bool = False) -> tuple[Next, Reason | None, float | None]:  # fmt: skip
    one = delivery or queued(attempts_count=1)
    found = consequence_of(this, one, of, lost, 0.5, has_fallback=fallback)
    wait_s = None if found.retry_at is None else (found.retry_at - this.ended_at).total_seconds()
    return found.next, found.reason, wait_s


DOWN = Try(Outcome.TEMPORARY, NOW, "down")
REFUSED = Try(Outcome.PERMANENT, NOW, "gone")
LOST = Try(Outcome.UNKNOWN, NOW, "silent")


def test_success_makes_a_channel_healthy() -> None:
    found = consequence_of(Try(Outcome.SENT, NOW), queued(), channel(failing_since=NOW), 0, 0.5, has_fallback=False)
    assert (found.next, found.health.failing_since, found.health.failures_count) == (Next.DONE, None, 0)


def test_what_is_temporary_is_tried_again_ever_later_for_a_day() -> None:
    waits = [after(DOWN, queued(attempts_count=number))[2] for number in (1, 2, 3, 20)]
    assert waits == [5, 10, 20, 900]
    old = queued(attempts_count=9, created_at=NOW - timedelta(hours=24))
    assert after(DOWN, old)[:2] == (Next.FAIL, Reason.GAVE_UP)
    assert after(DOWN, old, fallback=True)[:2] == (Next.MOVE, Reason.GAVE_UP)
    asked = replace(old, details={"retried_at": NOW.isoformat()})
    assert after(DOWN, asked)[0] is Next.RETRY


def test_a_provider_that_asks_for_time_gets_it_for_the_whole_channel() -> None:
    asked = replace(DOWN, retry_after_s=2)
    assert after(asked)[2] == 2.5
    found = consequence_of(asked, queued(), FULL, 0, 1.0, has_fallback=False)
    assert found.health.paused_until == found.retry_at == NOW + timedelta(seconds=3)
    assert after(replace(DOWN, retry_after_s=1e9))[2] == 3600 * 1.25


def test_one_failing_message_keeps_the_others_waiting_no_longer_than_a_minute() -> None:
    late = queued(attempts_count=20)
    found = consequence_of(DOWN, late, channel(failures_count=19), 0, 0.5, has_fallback=False)
    assert found.health.paused_until == NOW + timedelta(seconds=60)


def test_a_refusal_ends_it_and_the_third_pauses_the_channel() -> None:
    assert after(REFUSED)[:2] == (Next.FAIL, Reason.REJECTED)
    assert after(REFUSED, fallback=True)[:2] == (Next.MOVE, Reason.REJECTED)
    found = consequence_of(REFUSED, queued(), channel(rejections_count=2), 0, 0.5, has_fallback=False)
    assert (found.health.rejections_count, found.health.paused_until) == (3, NOW + timedelta(minutes=10))
    assert consequence_of(REFUSED, queued(), FULL, 0, 0.5, has_fallback=False).health.paused_until is None


def test_a_channel_dead_for_ten_minutes_leaves_it_to_its_fallback() -> None:
    dead = channel(failing_since=NOW - timedelta(minutes=10))
    assert after(DOWN, of=dead, fallback=True)[:2] == (Next.MOVE, Reason.CHANNEL_DEAD)
    assert after(DOWN, of=dead)[0] is Next.RETRY


def test_a_lost_answer_is_repeated_soon_once_and_then_rarely() -> None:
    assert after(LOST, lost=1)[2] == 5
    assert after(LOST, lost=2)[2] == 900
    assert after(LOST, lost=5)[:2] == (Next.FAIL, Reason.ANSWER_LOST)
    assert after(LOST, lost=2, fallback=True)[:2] == (Next.MOVE, Reason.ANSWER_LOST)


def told(kind: str = "opened", number: int = 1, **fields: Any) -> Told:
    given = {"cause": "down", "status_now": S.ACTIVE, "was_told_before": False, **fields}
    to_status = {"resolved": S.RESOLVED}.get(kind, S.ACTIVE)
    priority = given.pop("priority", P.HIGH)
    one = change(kind, id=given.pop("id", number), alert_id=number, to_status=to_status, to_priority=priority)
    return Told(one, given["cause"], NOW, given["status_now"], given["was_told_before"])


def facts(number: int, **fields: Any) -> AlertFacts:
    given = {
        "alert_type": "down", "title": f"t{number}", "message": "m", "priority": P.LOW, "status": S.ACTIVE,
        "category": AlertCategory.SYSTEM, "fingerprint": "f", "first_seen_at": NOW, "last_seen_at": NOW, **fields,
    }  # fmt: skip
    return AlertFacts(id=number, **given)


def message(
    *members: Told, of: Queued | None = None, known: bool = False, now: datetime = NOW, url: str = "", **more: Any
) -> Message | None:
    nets = net_of(members)
    shown = {one: facts(one, **more) for one in nets}
    return compose(of or queued(), nets, shown, Setting(now, url, known))


def kind(*members: Told, **more: Any) -> MessageKind | None:
    found = message(*members, **more)
    return None if found is None else found.kind


def test_a_message_is_of_the_kind_that_its_members_make_it() -> None:
    over = told("resolved", id=2, status_now=S.RESOLVED)
    assert kind(told()) is K.FIRING
    assert kind(told(), known=True) is K.CHANGED
    assert kind(told("raised", was_told_before=True)) is K.CHANGED
    assert kind(told("raised")) is K.FIRING
    assert kind(told("flapping")) is K.FLAPPING
    assert kind(told(), over) is K.RESOLVED
    assert kind(told(), over, of=queued(attempts_count=1)) is K.MISSED
    assert kind(replace(over, was_told_before=True), of=queued(attempts_count=1)) is K.RESOLVED
    assert kind(over, of=queued(attempts_count=1)) is K.MISSED
    assert kind(told(), of=queued(kind=K.DIGEST)) is K.DIGEST
    assert kind(of=queued(kind=K.DIGEST)) is None
    assert kind() is None


def test_a_reminder_is_dropped_once_somebody_acknowledged() -> None:
    reminder = queued(kind=K.REMINDER)
    assert kind(told(), of=reminder) is K.REMINDER
    assert kind(told(status_now=S.ACKNOWLEDGED), of=reminder) is None
    assert kind(told(), told("resolved", id=2), of=reminder) is K.RESOLVED


def test_a_message_says_what_was_so_at_the_change_it_tells() -> None:
    found = message(told(), status=S.RESOLVED, resolved_at=NOW, url="https://t.example/")
    assert found is not None
    one = found.alerts[0]
    assert (one.status, one.priority, one.resolved_at) == (S.ACTIVE, P.HIGH, None)
    assert (one.url, found.link) == ("https://t.example/alerts/1", "https://t.example/alerts/1")
    ended = message(told("resolved"), status=S.RESOLVED, resolved_at=NOW)
    assert ended is not None
    assert (ended.alerts[0].resolved_at, ended.link, ended.resolved_count) == (NOW, None, 1)
    assert ended.text == "It began and ended before this message was due."


def test_a_late_or_moved_message_says_so() -> None:
    moved = queued(details={"moved_from": "ops", "error": "answered 500"}, wanted_at=NOW - timedelta(hours=1))
    found = message(told(), of=moved)
    assert found is not None
    assert found.text == "This was meant for the channel ops, which fails: answered 500."
    assert found.late_since == moved.wanted_at
    silent = message(told(), of=replace(moved, details={"moved_from": "ops"}))
    assert silent is not None
    assert silent.text.endswith("it does not answer.")
    late = message(told(), now=NOW + timedelta(minutes=5))
    assert late is not None
    assert late.late_since == NOW


def test_a_digest_counts_and_shows_the_worst_first() -> None:
    members = [told(number=number, priority=P.LOW) for number in range(1, 30)]
    members += [told(number=50, priority=P.CRITICAL, cause="dns"), told("resolved", number=60)]
    found = message(*members, of=queued(kind=K.DIGEST), url="https://t.example")
    assert found is not None
    assert (found.alerts_count, found.resolved_count, len(found.alerts)) == (31, 1, 10)
    assert found.alerts[0].id == 50
    assert found.causes == (("down", 30), ("dns", 1))
    assert (found.title, found.link) == ("31 alerts: 30 open, 1 resolved", "https://t.example/alerts")
    over = message(told("resolved"), of=queued(kind=K.DIGEST))
    going_on = message(told(), of=queued(kind=K.DIGEST))
    assert over is not None
    assert going_on is not None
    assert (over.title, going_on.title) == ("1 alert: 1 resolved", "1 alert: 1 open")


def test_a_report_brings_its_own_words() -> None:
    report = queued(kind=K.REPORT, details={"title": "The week", "text": "All was well."})
    found = compose(report, {}, {}, Setting(NOW))
    assert found is not None
    assert (found.kind, found.title, found.text, found.alerts) == (K.REPORT, "The week", "All was well.", ())


def test_what_became_of_a_delivery_is_a_sentence() -> None:
    assert outcome_text("SENT", NOW, "") == "Told at 2026-03-01 12:00:00 UTC."
    assert outcome_text("SENT", None, "") == "Told."
    assert outcome_text("PENDING", None, "") == "It waits to be sent."
    assert outcome_text("PENDING", None, "x.") == "It waits: x."
    assert outcome_text("OTHER", None, "") == "OTHER"
    assert plain_details(None) == {}
    assert plain_details({"a": 1}) == {"a": 1}
