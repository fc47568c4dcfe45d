from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from tocsin.channels.texts.wording import (
    GOOD_COLOUR,
    GOOD_SIGN,
    When,
    clean,
    colour_of,
    counted,
    duration,
    is_link,
    one_line,
    sign_of,
)
from tocsin.model.alerts import AlertPriority
from tocsin.model.messages import MessageKind

NOW = datetime(2026, 3, 14, 2, 30, tzinfo=UTC)


def test_times_name_their_zone_and_the_date_where_it_is_another_day() -> None:
    when = When(NOW)
    assert when.moment(NOW - timedelta(minutes=20)) == "02:10 UTC"
    assert when.moment(NOW - timedelta(hours=3)) == "2026-03-13 23:30 UTC"
    assert When(NOW, ZoneInfo("Europe/Berlin")).moment(NOW) == "03:30 CET"
    assert When(NOW, ZoneInfo("America/Sao_Paulo")).moment(NOW) == "23:30 UTC-03"
    assert When(NOW, timezone(timedelta(hours=2), "")).moment(NOW) == "04:30 UTC"


def test_a_moment_to_come_lies_no_time_back() -> None:
    assert When(NOW).since(NOW + timedelta(hours=1)) == 0
    assert When(NOW).since(NOW - timedelta(seconds=90)) == 90


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (45, "45 s"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (7800, "2 h 10 min"),
        (273_600, "3 d 4 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_counts_are_readable() -> None:
    assert counted(1, "alert") == "1 alert"
    assert counted(10_000, "alert") == "10,000 alerts"


def test_what_is_over_is_green() -> None:
    assert sign_of(MessageKind.RESOLVED, AlertPriority.CRITICAL) == GOOD_SIGN
    assert sign_of(MessageKind.FIRING, AlertPriority.CRITICAL) == "🔴"
    assert colour_of(MessageKind.RESOLVED, AlertPriority.CRITICAL) == GOOD_COLOUR
    assert len({colour_of(MessageKind.FIRING, priority) for priority in AlertPriority}) == 5


def test_characters_that_no_provider_takes_are_replaced() -> None:
    assert clean(" a\x00b\ud800c\r\nd\re\tf ") == "a\ufffdb\ufffdc\nd\ne\tf"
    assert one_line(" a \n b\t") == "a b"


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("https://tocsin.example/alerts/1?a=b#c", True),
        ("http://[2001:db8::1]:8000/", True),
        (None, False),
        ("", False),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("https://[::1/", False),
        ("wiki/runbook", False),
        ('https://x.example/"onclick', False),
        ("https://x.example/a b", False),
        ("https://x.example/" + "x" * 2000, False),
    ],
)
def test_only_web_addresses_become_links(url: str | None, answer: bool) -> None:
    assert is_link(url) is answer
