"""What is told as what, to whom, in which message: the pure decisions of planning."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.delivery.group import DIGEST_GROUP, Collecting, group_of
from tocsin.delivery.life import telling_of
from tocsin.delivery.plan import Planner
from tocsin.delivery.route import route
from tocsin.matching.matchers import Matcher
from tocsin.matching.mutes import Mutes, Muting
from tocsin.model.alerts import AlertCategory, AlertPriority, AlertStatus, NotificationChannel
from tocsin.model.delivery.facts import (
    Belief,
    Change,
    ChannelFacts,
    DeliveryStatus,
    Member,
    NewDelivery,
    Queued,
    Subject,
    Telling,
)
from tocsin.model.delivery.reasons import Reason, sentence_of
from tocsin.model.messages import MessageKind

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
S, P = AlertStatus, AlertPriority


def change(kind: str = "opened", **fields: Any) -> Change:
    given = {"from_status": None, "to_status": S.ACTIVE, "to_priority": P.HIGH, **fields}
    return Change(id=given.pop("id", 1), alert_id=given.pop("alert_id", 1), kind=kind,
                  changed_at=given.pop("changed_at", NOW), **given)  # fmt: skip


def alert(**fields: Any) -> Subject:
    given = {
        "id": 1, "fingerprint": "f1", "alert_type": "down", "priority": P.HIGH, "category": AlertCategory.SYSTEM,
        "status": S.ACTIVE, "resource": "web1", "source": "api", "website_id": None, "group_key": "", **fields,
    }  # fmt: skip
    return Subject(**given)


def channel(number: int = 1, **fields: Any) -> ChannelFacts:
    return ChannelFacts(**{"id": number, "name": f"c{number}", "kind": NotificationChannel.EMAIL, **fields})


def queued(number: int = 1, **fields: Any) -> Queued:
    given = {
        "id": number, "channel_id": 1, "key": f"k{number}", "kind": MessageKind.FIRING, "group_key": f"g{number}",
        "status": DeliveryStatus.PENDING, "priority": P.HIGH, "due_at": NOW, "wanted_at": NOW, "created_at": NOW,
        **fields,
    }  # fmt: skip
    return Queued(**given)


@pytest.mark.parametrize(
    ("kind", "before", "after", "telling", "reason"),
    [
        ("opened", None, S.ACTIVE, Telling.PROBLEM, Reason.NEW_PROBLEM),
        ("reopened", S.RESOLVED, S.ACTIVE, Telling.PROBLEM, Reason.CAME_BACK),
        ("repeated", S.ACTIVE, S.ACTIVE, Telling.PROBLEM, Reason.STILL_THERE),
        ("returned", S.SUPPRESSED, S.ACTIVE, Telling.PROBLEM, Reason.STILL_THERE),
        ("raised", S.ACTIVE, S.ACTIVE, Telling.RAISED, Reason.MORE_SEVERE),
        ("resolved", S.ACTIVE, S.RESOLVED, Telling.RECOVERY, Reason.IS_OVER),
        ("expired", S.ACTIVE, S.EXPIRED, Telling.RECOVERY, Reason.IS_OVER),
        ("flapping", S.ACTIVE, S.ACTIVE, Telling.FLAPPING, Reason.BEGAN_FLAPPING),
        ("settled", S.RESOLVED, S.RESOLVED, Telling.RECOVERY, Reason.SETTLED),
        ("settled", S.ACTIVE, S.ACTIVE, Telling.PROBLEM, Reason.SETTLED),
        ("acknowledged", S.ACTIVE, S.ACKNOWLEDGED, Telling.NOTHING, Reason.NOT_TOLD),
        ("reminder", S.ACTIVE, S.ACTIVE, Telling.NOTHING, Reason.NOT_TOLD),
        ("of a later release", S.ACTIVE, S.RESOLVED, Telling.RECOVERY, Reason.IS_OVER),
        ("of a later release", None, S.ACTIVE, Telling.PROBLEM, Reason.NEW_PROBLEM),
        ("of a later release", S.EXPIRED, S.ACTIVE, Telling.PROBLEM, Reason.CAME_BACK),
    ],
)
def test_each_change_is_told_as_what_it_did(
    kind: str, before: AlertStatus | None, after: AlertStatus, telling: Telling, reason: Reason
) -> None:
    assert telling_of(change(kind, from_status=before, to_status=after), None) == (telling, reason)


def test_what_happens_while_an_alert_flaps_is_not_told() -> None:
    later = change("resolved", to_status=S.RESOLVED, changed_at=NOW + timedelta(seconds=1))
    assert telling_of(later, NOW) == (Telling.NOTHING, Reason.ALERT_FLAPS)
    assert telling_of(change("resolved", to_status=S.RESOLVED), NOW)[0] is Telling.RECOVERY


def verdicts(
    one: Subject, *channels: ChannelFacts, telling: Telling = Telling.PROBLEM, of: Change | None = None,
    beliefs: dict[int, Belief] | None = None,
) -> list[tuple[bool, Reason]]:  # fmt: skip
    found = route(of or change(), telling, one, channels, beliefs or {})
    return [(verdict.is_told, verdict.reason) for verdict in found]


PROBLEM_KNOWN = {1: Belief(1, Telling.PROBLEM, 1)}


def test_a_problem_goes_where_conditions_hold() -> None:
    team = (Matcher("team", "web"),)
    assert verdicts(
        alert(labels={"team": "db"}),
        channel(),
        channel(2, is_enabled=False),
        channel(3, is_default=False),
        channel(4, min_priority=P.CRITICAL),
        channel(5, matchers=team),
        channel(6, escalate_after_s=60),
    ) == [
        (True, Reason.DEFAULT_CHANNEL), (False, Reason.DISABLED), (False, Reason.NOT_DEFAULT),
        (False, Reason.BELOW_PRIORITY), (False, Reason.NO_MATCH), (False, Reason.ESCALATION_LATER),
    ]  # fmt: skip
    assert verdicts(alert(labels={"team": "web"}), channel(5, matchers=team)) == [(True, Reason.DEFAULT_CHANNEL)]


def test_an_alert_that_names_kinds_goes_to_all_channels_of_them() -> None:
    sms = channel(2, kind=NotificationChannel.SMS, is_default=False)
    named = alert(notification_channels=("SMS",))
    assert verdicts(named, channel(), sms) == [(False, Reason.NOT_NAMED), (True, Reason.NAMED)]


def test_an_alert_that_names_a_kind_nobody_has_is_told_by_default() -> None:
    assert verdicts(alert(notification_channels=("SMS",)), channel()) == [(True, Reason.DEFAULT_CHANNEL)]
    assert verdicts(alert(notification_channels=("DASHBOARD",)), channel()) == [(False, Reason.NOT_NAMED)]


def test_an_end_goes_to_who_was_told_of_the_problem() -> None:
    ended = change("resolved", to_status=S.RESOLVED)
    recovery: dict[str, Any] = {"telling": Telling.RECOVERY, "of": ended}
    assert verdicts(alert(), channel(), **recovery, beliefs=PROBLEM_KNOWN) == [(True, Reason.TOLD_OF_PROBLEM)]
    assert verdicts(alert(), channel(), **recovery) == [(False, Reason.NOT_TOLD_OF_PROBLEM)]
    over = {1: Belief(1, Telling.RECOVERY, 1)}
    assert verdicts(alert(), channel(), **recovery, beliefs=over) == [(False, Reason.NOT_TOLD_OF_PROBLEM)]
    silent, off = channel(tells_resolved=False), channel(is_enabled=False)
    assert verdicts(alert(), silent, **recovery, beliefs=PROBLEM_KNOWN) == [(False, Reason.NO_RECOVERIES)]
    assert verdicts(alert(), off, **recovery, beliefs=PROBLEM_KNOWN) == [(False, Reason.DISABLED)]


def test_after_a_mute_only_those_hear_who_do_not_know() -> None:
    held = change(is_held=True)
    assert verdicts(alert(), channel(), of=held, beliefs=PROBLEM_KNOWN) == [(False, Reason.KNOWS_ALREADY)]
    assert verdicts(alert(), channel(), of=held) == [(True, Reason.DEFAULT_CHANNEL)]
    boss = channel(escalate_after_s=60)
    assert verdicts(alert(), boss, beliefs=PROBLEM_KNOWN) == [(True, Reason.DEFAULT_CHANNEL)]


def test_groups_are_made_of_labels_or_of_what_the_alert_says() -> None:
    assert group_of(alert(), channel()) == "f1"
    assert group_of(alert(group_key="website:1"), channel()) == "website:1"
    assert group_of(alert(labels={"team": "web"}), channel(group_by=("team", "zone"))) == "team=web,zone="


def place(collecting: Collecting, group: str, kind: MessageKind = MessageKind.FIRING, *,
          priority: AlertPriority = P.MEDIUM, number: int = 1) -> tuple[Reason, float]:  # fmt: skip
    placed = collecting.place(Member(number, number), kind, group, priority)
    return placed.reason, (placed.due_at - NOW).total_seconds()


def test_the_first_message_waits_for_company_a_severe_one_on_a_quiet_channel_hardly() -> None:
    assert place(Collecting(channel(), [], NOW), "a") == (Reason.COLLECTED, 10)
    assert place(Collecting(channel(), [], NOW), "a", priority=P.CRITICAL) == (Reason.COLLECTED, 2)
    assert place(Collecting(channel(), [], NOW), "a", MessageKind.RESOLVED, priority=P.CRITICAL)[1] == 10
    assert place(Collecting(channel(group_wait_s=0), [], NOW), "a", priority=P.CRITICAL)[1] == 0
    busy = Collecting(channel(), [queued(status=DeliveryStatus.SENDING)], NOW)
    assert place(busy, "a", priority=P.CRITICAL) == (Reason.COLLECTED, 10)


def test_changes_of_a_group_that_was_told_keep_the_interval() -> None:
    told = queued(group_key="a", status=DeliveryStatus.SENT, sent_at=NOW - timedelta(seconds=20))
    assert place(Collecting(channel(), [told], NOW), "a") == (Reason.AFTER_INTERVAL, 40)
    long_ago = replace(told, sent_at=NOW - timedelta(seconds=200))
    assert place(Collecting(channel(), [long_ago], NOW), "a") == (Reason.COLLECTED, 10)


def test_what_belongs_together_joins_what_waits() -> None:
    collecting = Collecting(channel(), [queued(7, group_key="a", priority=P.LOW)], NOW)
    assert place(collecting, "a", number=1)[0] is Reason.JOINED
    assert place(collecting, "a", number=2, priority=P.CRITICAL)[0] is Reason.JOINED
    assert (collecting.joins, collecting.raised) == ({7: [Member(1, 1), Member(2, 2)]}, {7: P.CRITICAL})
    place(collecting, "b", MessageKind.RESOLVED, number=3)
    place(collecting, "b", MessageKind.CHANGED, number=4)
    assert [one.kind for one in collecting.new] == [MessageKind.RESOLVED]
    place(collecting, "b", number=5, priority=P.HIGH)
    assert [(one.kind, one.priority, len(one.members)) for one in collecting.new] == [(MessageKind.FIRING, P.HIGH, 3)]


def test_more_than_a_handful_of_groups_becomes_one_digest() -> None:
    collecting = Collecting(channel(), [queued(7, group_key="a")], NOW)
    reasons = [place(collecting, f"g{number}", number=number)[0] for number in range(1, 9)]
    assert reasons == [Reason.COLLECTED] * 4 + [Reason.IN_DIGEST] * 4
    (digest,) = collecting.new
    assert (digest.kind, digest.group_key, digest.priority) == (MessageKind.DIGEST, DIGEST_GROUP, P.HIGH)
    assert [one.change_id for one in digest.members] == list(range(1, 9))
    assert collecting.absorbed == [(7, digest)]


def test_a_decision_about_a_message_that_became_part_of_a_digest_means_the_digest() -> None:
    collecting = Collecting(channel(), [], NOW)
    placed = [collecting.place(Member(number, number), MessageKind.FIRING, f"g{number}", P.LOW) for number in range(6)]
    first = placed[0].delivery
    assert isinstance(first, NewDelivery)
    assert first.at_last is collecting.new[0]
    assert collecting.new[0].at_last is collecting.new[0]


def test_a_digest_that_waits_takes_everything_and_digests_keep_their_interval() -> None:
    waiting = queued(9, kind=MessageKind.DIGEST, group_key=DIGEST_GROUP)
    assert place(Collecting(channel(), [waiting], NOW), "a")[0] is Reason.IN_DIGEST
    sent_at = NOW - timedelta(seconds=10)
    sent = queued(9, kind=MessageKind.DIGEST, group_key=DIGEST_GROUP, status=DeliveryStatus.SENT, sent_at=sent_at)
    collecting = Collecting(channel(), [sent], NOW)
    for number in range(6):
        reason, due_s = place(collecting, f"g{number}", number=number)
    assert (reason, due_s) == (Reason.IN_DIGEST, 50)


def test_a_channel_for_machines_gets_no_digests() -> None:
    collecting = Collecting(channel(rate_limit_per_minute=0), [], NOW)
    assert [place(collecting, f"g{number}")[0] for number in range(9)] == [Reason.COLLECTED] * 9


def planner(one: Subject, *channels: ChannelFacts, mutings: tuple[Muting, ...] = (),
            beliefs: dict[int, dict[int, Belief]] | None = None, now: datetime = NOW) -> Planner:  # fmt: skip
    return Planner(alerts={1: one}, channels=channels, queued=[queued(5, channel_id=99)], beliefs=beliefs or {},
                   mutes=Mutes(mutings), now=now)  # fmt: skip


def reasons_of(made: Planner) -> list[Reason]:
    return [one.reason for one in made.plan.decisions]


MUTING = Muting("silence", 3, "key", "moving", NOW - timedelta(hours=1), NOW + timedelta(hours=1),
                matchers=(Matcher("alertname", "down"),))  # fmt: skip


def test_a_muted_problem_is_held_and_says_by_what() -> None:
    made = planner(alert(), channel(), mutings=(MUTING,))
    made.add(change())
    assert made.plan.held == {1: MUTING.ends_at}
    assert (made.plan.planned, made.plan.is_empty) == ([], False)
    muted = made.plan.decisions[-1]
    assert muted.reason is Reason.MUTED
    text = "Silence 3 mutes it until 2026-03-01T13:00:00Z (moving); if it is open then, it is told then."
    assert sentence_of(muted.reason, muted.details) == text
    made.add(change(is_held=True))
    assert len(made.plan.decisions) == 2, "that it is still muted is no news"


def test_a_maintenance_window_is_called_so() -> None:
    made = planner(alert(), channel(), mutings=(replace(MUTING, kind="maintenance", text=""),))
    made.add(change())
    assert made.plan.decisions[-1].details["kind"] == "Maintenance window"
    assert made.plan.decisions[-1].details["text"] == ""


@pytest.mark.parametrize(
    ("status", "reason"),
    [(S.RESOLVED, Reason.OVER_BEFORE_MUTE), (S.ACKNOWLEDGED, Reason.KNOWN_BEFORE_MUTE)],
)
def test_what_is_over_or_known_when_the_mute_ends_is_not_told(status: AlertStatus, reason: Reason) -> None:
    made = planner(alert(status=status), channel())
    made.add(change(is_held=True))
    assert (reasons_of(made), made.plan.planned) == ([reason], [1])


def test_what_is_still_there_when_the_mute_ends_is_told() -> None:
    made = planner(alert(), channel())
    made.supersede(change(id=1))
    made.add(change(id=2, is_held=True))
    assert reasons_of(made)[:2] == [Reason.KNOWN_BEFORE_MUTE, Reason.MUTE_OVER]
    assert [one.kind for one in made.plan.collecting[1].new] == [MessageKind.FIRING]


def test_what_nobody_has_to_hear_is_planned_with_its_reason() -> None:
    made = planner(alert(flapping_since=NOW - timedelta(seconds=1)), channel())
    made.add(change("acknowledged", from_status=S.ACTIVE, to_status=S.ACKNOWLEDGED))
    made.add(change("opened", id=2))
    assert [(one.step, one.reason) for one in made.plan.decisions] == [
        ("life", Reason.NOT_TOLD), ("flapping", Reason.ALERT_FLAPS),
    ]  # fmt: skip
    assert made.plan.planned == [1, 2]


def test_an_alert_that_nobody_takes_says_so() -> None:
    made = planner(alert(), channel(is_default=False))
    made.add(change())
    assert reasons_of(made) == [Reason.NEW_PROBLEM, Reason.NOT_DEFAULT, Reason.NO_CHANNEL]
    quiet = planner(alert(notification_channels=("DASHBOARD",)), channel())
    quiet.add(change())
    assert reasons_of(quiet)[-1] is Reason.DASHBOARD_ONLY
    later = planner(alert(), channel(escalate_after_s=60))
    later.add(change())
    assert reasons_of(later)[-1] is Reason.ESCALATION_LATER
    assert planner(alert()).plan.is_empty


def test_what_is_planned_first_counts_for_what_comes_after_it() -> None:
    made = planner(alert(), channel())
    made.add(change())
    made.add(change("resolved", id=2, from_status=S.ACTIVE, to_status=S.RESOLVED))
    (new,) = made.plan.collecting[1].new
    assert [one.change_id for one in new.members] == [1, 2]


def test_a_raise_is_a_problem_to_who_never_heard_of_it() -> None:
    made = planner(alert(), channel(), channel(2), beliefs={1: {2: Belief(1, Telling.PROBLEM, 4)}})
    made.add(change("raised", id=2, from_status=S.ACTIVE))
    kinds = [made.plan.collecting[number].new[0].kind for number in (1, 2)]
    assert kinds == [MessageKind.FIRING, MessageKind.CHANGED]


def test_a_reminder_is_planned_unless_a_mute_keeps_it_back() -> None:
    one = channel()
    made = planner(alert(), one)
    assert made.remind(change(), one, MessageKind.REMINDER, 600)
    assert made.plan.collecting[1].new[0].kind is MessageKind.REMINDER
    assert [decision.step for decision in made.plan.decisions] == ["reminder", "group"]
    assert made.remind(change(id=2), one, MessageKind.ESCALATION, 600)
    assert made.plan.decisions[2].step == "escalation"
    muted = planner(alert(), one, mutings=(MUTING,))
    assert not muted.remind(change(), one, MessageKind.REMINDER, 600)


def test_every_reason_is_a_sentence_and_an_unknown_one_stands_for_itself() -> None:
    assert all(sentence_of(one, {}).endswith((".", "?")) for one in Reason)
    assert sentence_of("of_a_later_release", {}) == "of a later release"
