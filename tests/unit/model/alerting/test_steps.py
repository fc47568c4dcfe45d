"""What a sighting or the clock means for an alert."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.model.alerting.life import ChangeKind
from tocsin.model.alerting.steps import (
    IGNORED,
    Calm,
    FlappingPlan,
    Step,
    decide_due,
    decide_sighting,
    due_at,
    note_change,
    settles_at,
)
from tocsin.model.alerts import AlertPriority, AlertStatus

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAN = FlappingPlan(changes_count=3, window_s=600)
HIGH, MEDIUM, LOW = AlertPriority.HIGH, AlertPriority.MEDIUM, AlertPriority.LOW


def minutes(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


@dataclass
class Alert:
    status: AlertStatus = AlertStatus.ACTIVE
    priority: AlertPriority = MEDIUM
    dedup_window_s: float = 3600
    first_seen_at: datetime = NOON
    last_told_at: datetime | None = NOON
    resolved_at: datetime | None = None
    suppressed_until: datetime | None = None
    ends_at: datetime | None = None
    expires_at: datetime | None = None
    flapping_since: datetime | None = None
    recent_changes: list[float] = field(default_factory=list)


def closed(at: datetime | None = NOON, **facts: object) -> Alert:
    return Alert(status=AlertStatus.RESOLVED, resolved_at=at, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "priority", "at", "step"),
    [
        (None, MEDIUM, NOON, Step(ChangeKind.OPENED, "new", is_told=True)),
        (Alert(), MEDIUM, minutes(59), Step(None, "within_window")),
        (Alert(), LOW, minutes(59), Step(None, "within_window")),
        (Alert(), MEDIUM, minutes(60), Step(ChangeKind.REPEATED, "window_over", is_told=True)),
        (Alert(last_told_at=None), MEDIUM, minutes(60), Step(ChangeKind.REPEATED, "window_over", is_told=True)),
        (Alert(flapping_since=NOON), MEDIUM, minutes(60), Step(None, "flapping")),
        (Alert(), HIGH, minutes(1), Step(ChangeKind.RAISED, "more_severe", is_told=True)),
        (Alert(AlertStatus.ACKNOWLEDGED), MEDIUM, minutes(99), Step(None, "acknowledged")),
        (Alert(AlertStatus.ACKNOWLEDGED), HIGH, minutes(1), Step(ChangeKind.RAISED, "more_severe", is_told=True)),
        (Alert(AlertStatus.SUPPRESSED), MEDIUM, minutes(99), Step(None, "suppressed")),
        (Alert(AlertStatus.SUPPRESSED), HIGH, NOON, Step(ChangeKind.RAISED, "more_severe_while_suppressed")),
        (closed(), MEDIUM, minutes(59), Step(ChangeKind.REOPENED, "recurred_within_window", is_told=True)),
        (closed(), MEDIUM, minutes(60), Step(ChangeKind.OPENED, "new", is_told=True)),
        (closed(at=None), MEDIUM, minutes(1), Step(ChangeKind.OPENED, "new", is_told=True)),
        (closed(flapping_since=NOON), LOW, minutes(99),
         Step(ChangeKind.REOPENED, "recurred_within_window", is_told=True)),
    ],
)  # fmt: skip
def test_a_sighting_opens_counts_tells_again_raises_or_reopens(
    known: Alert | None, priority: AlertPriority, at: datetime, step: Step
) -> None:
    assert decide_sighting(known, priority, at) == step


@pytest.mark.parametrize("known", [None, closed()])
def test_the_end_of_what_is_not_open_is_nothing(known: Alert | None) -> None:
    assert decide_sighting(known, MEDIUM, NOON, is_over=True) is IGNORED


@pytest.mark.parametrize("status", [status for status in AlertStatus if status.is_open])
def test_the_end_of_what_is_open_resolves_it(status: AlertStatus) -> None:
    assert decide_sighting(Alert(status), MEDIUM, NOON, is_over=True).kind is ChangeKind.RESOLVED


def test_more_changes_than_allowed_within_the_window_are_flapping() -> None:
    recent: list[float] = []
    calms = []
    for minute in range(4):
        recent, calm = note_change(recent, is_flapping=False, at=minutes(minute), plan=PLAN)
        calms.append(calm)
    assert calms == [Calm.STEADY, Calm.STEADY, Calm.STEADY, Calm.BEGINS]
    recent, calm = note_change(recent, is_flapping=True, at=minutes(5), plan=PLAN)
    assert calm is Calm.FLAPS
    assert len(recent) == 4


def test_changes_far_apart_are_not_flapping() -> None:
    recent: list[float] = []
    for number in range(20):
        recent, calm = note_change(recent, is_flapping=False, at=minutes(number * 4), plan=PLAN)
        assert calm is Calm.STEADY


def test_flapping_settles_a_window_after_the_last_change() -> None:
    alert = Alert(flapping_since=NOON, recent_changes=[minutes(3).timestamp()])
    assert settles_at(alert, PLAN) == minutes(13)
    assert settles_at(Alert(flapping_since=NOON), PLAN) == minutes(10)
    assert settles_at(Alert(), PLAN) is None


def test_the_clock_looks_at_what_comes_first() -> None:
    assert due_at(Alert(), PLAN) is None
    alert = Alert(AlertStatus.SUPPRESSED, suppressed_until=minutes(9), ends_at=minutes(8), expires_at=minutes(7))
    assert due_at(alert, PLAN) == minutes(7)
    assert due_at(Alert(suppressed_until=minutes(1)), PLAN) is None
    assert due_at(closed(ends_at=minutes(1), flapping_since=NOON), PLAN) == minutes(10)


@pytest.mark.parametrize(
    ("alert", "kind"),
    [
        (Alert(ends_at=NOON, expires_at=NOON), ChangeKind.RESOLVED),
        (Alert(ends_at=minutes(1), expires_at=NOON), ChangeKind.EXPIRED),
        (Alert(AlertStatus.SUPPRESSED, suppressed_until=NOON), ChangeKind.RETURNED),
        (Alert(AlertStatus.SUPPRESSED, suppressed_until=minutes(1)), None),
        (Alert(AlertStatus.SUPPRESSED), None),
        (Alert(suppressed_until=NOON), None),
        (Alert(flapping_since=minutes(-10)), ChangeKind.SETTLED),
        (Alert(flapping_since=minutes(-9)), None),
        (Alert(expires_at=minutes(1)), None),
        (closed(ends_at=NOON), None),
    ],
)
def test_what_is_due_is_done_one_thing_at_a_time(alert: Alert, kind: ChangeKind | None) -> None:
    step = decide_due(alert, NOON, PLAN)
    assert (step and step.kind) == kind
    assert step is None or step.is_told
