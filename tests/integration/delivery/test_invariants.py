"""Whatever happens, in whatever order: who heard of a problem hears of its end, once and after it; nothing is lost."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.support.delivery_sim import Sim
from tocsin import Database
from tocsin.model.alerts import AlertStatus

HOSTS = st.integers(0, 2)
STEPS = st.one_of(
    st.tuples(st.just("alert"), HOSTS, st.sampled_from(["opens", "resolves"])),
    st.tuples(st.just("alert"), HOSTS, st.sampled_from(["opens", "resolves", "acknowledged"])),
    st.tuples(st.just("storm"), st.sampled_from(["opens", "resolves"])),
    st.tuples(st.just("mood"), st.sampled_from(["a", "b"]), st.sampled_from(["ok", "down", "silent", "killed"])),
    st.tuples(st.just("wait"), st.sampled_from([0, 1, 5, 30, 90])),
    st.tuples(st.just("mute"), HOSTS, st.integers(1, 3)),
)
STORIES = st.lists(STEPS, min_size=6, max_size=20)
CHANNELS = st.fixed_dictionaries(
    {
        "group_wait_s": st.sampled_from([0, 10]),
        "group_interval_s": st.sampled_from([0, 60]),
        "rate_limit_per_minute": st.sampled_from([0, 2, 10]),
        "reminder_after_s": st.sampled_from([None, None, 600]),
    }
)

UNHURRIED: dict[str, Any] = {
    "deadline": None,
    "phases": (Phase.explicit, Phase.reuse, Phase.generate),  # shrinking a story takes minutes
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("invariants")
    database = Database(folder / "tocsin.db")
    yield database
    database.dispose()


def play(sim: Sim, story: list[tuple[Any, ...]]) -> None:
    for step in story:
        match step:
            case ("alert", number, what):
                sim.alert(number, what)
            case ("storm", what):
                for number in range(8):
                    sim.alert(number, what)
            case ("mood", name, mood):
                sim.mood[name] = mood
            case ("wait", seconds):
                sim.run(seconds, step_s=max(2, seconds / 6))
            case ("mute", number, minutes):
                sim.silence(number, minutes)


def faults(sim: Sim, name: str) -> list[str]:
    """Return what is wrong with what a channel heard."""
    found = []
    for alert_id in sim.alerts.values():
        story = sim.story(name, alert_id)
        kinds = [kind for kind, _ in story]
        ends = sum(kind == "resolved" and not is_repeat for kind, is_repeat in story)
        if ends > sum(kind in ("opened", "reopened") for kind in kinds):
            found.append(f"alert {alert_id}: more ends than beginnings: {story}")
        if kinds and kinds[0] == "resolved":
            found.append(f"alert {alert_id}: its end came first: {story}")
        if kinds and sim.last_kind(alert_id) == "resolved" and kinds[-1] != "resolved":
            found.append(f"alert {alert_id}: its end was not told: {story}")
    return found


def twice(sim: Sim) -> list[str]:
    """Return changes that a channel was told twice without a mark, reminders apart."""
    seen: Counter[tuple[str, int]] = Counter()
    for one in sim.heard:
        if one.possibly_repeated or one.kind == "reminder":
            continue
        seen.update((one.channel, change) for _, change, kind in one.changes if kind == "resolved")
    return [f"{key} was told {count} times" for key, count in seen.items() if count > 1]


@settings(max_examples=25, **UNHURRIED)
@given(story=STORIES, one=CHANNELS, two=CHANNELS)
def test_every_end_follows_its_beginning_and_nothing_is_lost(
    sqlite: Database, story: list[tuple[Any, ...]], one: dict[str, Any], two: dict[str, Any]
) -> None:
    sim = Sim(sqlite)
    sim.add_channel("a", **one)
    sim.add_channel("b", **two)
    play(sim, story)
    sim.settle()
    assert [fault for name in ("a", "b") for fault in faults(sim, name)] == []
    assert twice(sim) == []
    assert [(row.id, row.status, row.kind) for row in sim.waiting() if row.kind != "reminder"] == []
    assert [(row.id, row.reason) for row in sim.failed()] == []
    for alert_id in sim.alerts.values():
        is_told = sim.story("a", alert_id)
        assert is_told or was_muted(sim, alert_id), f"nobody heard of alert {alert_id}"


def was_muted(sim: Sim, alert_id: int) -> bool:
    """Return whether a mute, or somebody who acknowledged it within one, kept an alert from being told."""
    from tests.support.delivering import reasons

    found = reasons(sim.database, alert_id)
    return "muted" in found and bool({"over_before_mute", "known_before_mute"} & set(found))


@settings(max_examples=8, **UNHURRIED)
@given(story=STORIES, one=CHANNELS, mood=st.sampled_from(["down", "refuses", "silent"]))
def test_what_a_channel_cannot_tell_its_fallback_tells(
    sqlite: Database, story: list[tuple[Any, ...]], one: dict[str, Any], mood: str
) -> None:
    sim = Sim(sqlite)
    sim.add_channel("b", is_default=False)
    sim.add_channel("a", **one, fallback_channel_id=sim.channels["b"])
    sim.run(0)
    sim.mood["a"] = mood
    for step in story:
        if step[0] in ("alert", "storm", "wait"):
            play(sim, [step])
    for seconds in (30, 1200, 3600):
        sim.run(seconds, step_s=seconds / 20)
    sim.settle()
    assert faults(sim, "b") == []
    assert sim.failed() == []
    for alert_id in sim.alerts.values():
        assert sim.story("a", alert_id) or sim.story("b", alert_id), f"nobody heard of alert {alert_id}"


def test_a_mute_that_ends_tells_what_is_still_there(sqlite: Database) -> None:
    sim = Sim(sqlite)
    sim.add_channel("a")
    sim.silence(1, minutes=10)
    sim.silence(2, minutes=10)
    for number in (1, 2, 3):
        sim.alert(number, "opens")
    sim.run(60)
    sim.alert(2, "resolves")
    sim.run(60)
    assert [len(one.changes) for one in sim.heard] == [1], "only host 3 is not muted"
    sim.run(600)
    assert sim.story("a", sim.alerts[1]) == [("opened", False)]
    assert sim.story("a", sim.alerts[2]) == []
    assert sim._status(sim.alerts[1]) is AlertStatus.ACTIVE


def test_what_went_down_before_a_mute_and_came_back_inside_is_told_once(sqlite: Database) -> None:
    sim = Sim(sqlite)
    sim.add_channel("a")
    sim.alert(1, "opens")
    sim.run(5)
    sim.silence(1, minutes=10)
    sim.alert(1, "resolves")
    sim.run(700)
    assert sim.story("a", sim.alerts[1]) == [("opened", False), ("resolved", False)]


def test_reminders_come_until_somebody_acknowledges(sqlite: Database) -> None:
    sim = Sim(sqlite)
    sim.add_channel("a", reminder_after_s=600)
    sim.alert(1, "opens")
    sim.run(1300, step_s=10)
    assert [one.kind for one in sim.heard] == ["firing", "reminder", "reminder"]
    sim.alert(1, "acknowledged")
    sim.run(1300, step_s=10)
    assert len(sim.heard) == 3
    sim.alert(1, "resolves")
    sim.run(10)
    assert sim.heard[-1].kind == "resolved"


def test_an_escalation_channel_hears_only_of_what_nobody_acknowledged(sqlite: Database) -> None:
    sim = Sim(sqlite)
    sim.add_channel("a")
    sim.add_channel("boss", escalate_after_s=900)
    sim.alert(1, "opens")
    sim.alert(2, "opens")
    sim.run(60)
    sim.alert(2, "acknowledged")
    sim.run(1000, step_s=10)
    sim.alert(1, "resolves")
    sim.alert(2, "resolves")
    sim.run(10)
    heard = [(one.kind, [kind for _, _, kind in one.changes]) for one in sim.heard if one.channel == "boss"]
    assert heard == [("escalation", ["opened"]), ("resolved", ["resolved"])]
