"""Numbers and moments as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.dashboard import wording
from tocsin.model.standing import Standing

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0, "0 s"),
        (0.4, "0 s"),
        (45, "45 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (7860, "2 h 11 min"),
        (3 * 86400, "3 d"),
        (3 * 86400 + 3599, "3 d"),
        (-5, "0 s"),
    ],
)
def test_a_span_has_its_two_largest_units(seconds: float | None, text: str) -> None:
    assert wording.span(seconds) == text


def test_what_goes_on_is_told_without_seconds_from_a_minute_on() -> None:
    assert wording.lasting(59) == "59 s"
    assert wording.lasting(597) == "9 min"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "now"), (0, "now"), (12, "12 s ago"), (200, "3 min ago"), (7300, "2 h ago"), (200_000, "2 d ago")],
)
def test_how_long_ago_is_told_in_one_unit(seconds: int, text: str) -> None:
    assert wording.ago(NOW - timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.44, "0.4 ms"), (9.97, "10 ms"), (142.4, "142 ms"), (999.4, "999 ms"), (1240, "1.24 s")],
)
def test_durations_keep_about_three_digits(value: float | None, text: str) -> None:
    assert wording.milliseconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (100, "100 %"),
        (99.9999, "99.99 %"),
        (99.5, "99.50 %"),
        (98.96, "98.9 %"),
        (0, "0.0 %"),
    ],
)
def test_what_is_not_quite_all_is_never_shown_as_all(value: float | None, text: str) -> None:
    assert wording.percent(value) == text


@pytest.mark.parametrize(
    ("left", "text", "level"),
    [
        (timedelta(days=61, hours=5), "61 d", "ok"),
        (timedelta(days=14), "14 d", "ok"),
        (timedelta(days=13, hours=23), "13 d", "soon"),
        (timedelta(days=2, hours=1), "2 d", "urgent"),
        (timedelta(hours=5), "5 h", "urgent"),
        (timedelta(seconds=-1), "expired", "urgent"),
    ],
)
def test_a_certificate_says_how_long_it_lasts_and_whether_that_matters(left: timedelta, text: str, level: str) -> None:
    assert wording.days_left(NOW + left, NOW) == (text, level)


def test_a_moment_in_another_zone_is_written_in_utc() -> None:
    there = NOW.astimezone(datetime.strptime("+0200", "%z").tzinfo)
    assert wording.utc_text(there) == "2026-03-14 15:09:26 UTC"


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, "–"), (512, "512 bytes"), (14_200, "14.2 KB"), (1_340_000, "1.3 MB")],
)
def test_sizes_are_told_in_a_unit_that_fits(count: int | None, text: str) -> None:
    assert wording.size(count) == text


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("CN=shop.example.com", "shop.example.com"),
        ("C=XX,O=Example Trust", "Example Trust"),
        ("O=Example Trust, CN=Root X1", "Root X1"),
        ("C=XX", "C=XX"),
    ],
)
def test_a_distinguished_name_is_shortened_to_what_people_know(name: str, short: str) -> None:
    assert wording.common_name(name) == short


def test_every_standing_has_a_word_and_a_meaning() -> None:
    assert set(wording.WORDS) == set(wording.MEANINGS) == set(Standing)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the name is taken", "The name is taken."),
        ("https://a.example is watched already", "https://a.example is watched already."),
        ("'x' is no code", "'x' is no code."),
        ("Really?", "Really?"),
        ("", "."),
    ],
)
def test_an_error_is_shown_as_a_sentence(text: str, shown: str) -> None:
    assert wording.sentence(text) == shown
