"""Which silence or maintenance window keeps an alert quiet, and how long."""

from datetime import UTC, datetime, timedelta

from tocsin.matching.matchers import Matcher
from tocsin.matching.mutes import Mute, Mutes, Muting

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SILENCE = Muting("silence", 1, "key", "moving", NOW - HOUR, NOW + HOUR, matchers=(Matcher("website", "shop"),))
WINDOW = Muting("maintenance", 2, "", "Sunday", NOW - HOUR, NOW + 2 * HOUR, website_ids=frozenset({7}))


def test_nothing_mutes_what_nothing_names() -> None:
    mutes = Mutes([SILENCE, WINDOW])
    assert mutes.verdict({"website": "blog"}, 8, NOW) is None
    assert mutes.verdict({"website": "blog"}, None, NOW) is None


def test_of_several_the_one_that_lasts_longest_counts() -> None:
    mutes = Mutes([SILENCE, WINDOW])
    assert mutes.verdict({"website": "shop"}, 7, NOW) == Mute("maintenance", 2, "", "Sunday", NOW + 2 * HOUR)
    assert mutes.verdict({"website": "shop"}, 8, NOW) == Mute("silence", 1, "key", "moving", NOW + HOUR)


def test_it_begins_with_its_start_and_ends_before_its_end() -> None:
    assert SILENCE.covers({"website": "shop"}, None, NOW - HOUR)
    assert not SILENCE.covers({"website": "shop"}, None, NOW + HOUR)


def test_a_window_over_everything_covers_everything_and_one_over_nothing_nothing() -> None:
    everything = Muting("maintenance", 3, "", "all", NOW, NOW + HOUR, is_global=True)
    assert everything.covers({}, None, NOW)
    nothing = Muting("maintenance", 4, "", "none", NOW, NOW + HOUR)
    assert not nothing.covers({}, 7, NOW)


def test_only_silences_are_told_to_alertmanagers_clients() -> None:
    everything = Muting("maintenance", 3, "", "all", NOW, NOW + HOUR, is_global=True)
    assert Mutes([SILENCE, everything]).silences_of({"website": "shop"}, NOW) == ["key"]
