from datetime import UTC, datetime

import pytest

from tocsin.channels.failures import advice_of, excerpt, hide, is_permanent, outcome_of, retry_after_s, seconds_to_wait
from tocsin.errors import SendFailed
from tocsin.model.messages import Outcome

NOW = datetime(2026, 3, 14, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (SendFailed("x"), Outcome.TEMPORARY),
        (SendFailed("x", may_have_arrived=True), Outcome.UNKNOWN),
        (SendFailed("x", is_permanent=True), Outcome.PERMANENT),
    ],
)
def test_a_failure_says_whether_another_try_makes_sense(failure: SendFailed, outcome: Outcome) -> None:
    assert outcome_of(failure) is outcome


def test_each_status_is_permanent_or_temporary() -> None:
    permanent = {status for status in range(100, 600) if is_permanent(status)}
    assert {301, 302, 400, 401, 402, 403, 404, 405, 410, 411, 413, 415, 422, 431} <= permanent
    assert not permanent & {100, 200, 408, 409, 421, 423, 425, 429, 500, 501, 502, 503, 504}


def test_only_statuses_that_one_can_do_something_about_have_advice() -> None:
    assert "make a new one" in advice_of(404)
    assert advice_of(503) == ""


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("7", 7.0),
        (" 0.25 ", 0.25),
        ("999999999", 86_400.0),
        ("Sat, 14 Mar 2026 02:30:09 GMT", 9.0),
        ("Sat, 14 Mar 2026 02:29:00 GMT", 0.0),
        ("Sat, 14 Mar 2026 03:30:09 +0100", 9.0),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, NOW) == seconds


@pytest.mark.parametrize(
    ("given", "seconds"), [(True, None), ("5", None), (float("nan"), None), (-1, 0.0), (2.5, 2.5), (10**9, 86_400.0)]
)
def test_a_providers_own_number_is_taken_with_care(given: object, seconds: float | None) -> None:
    assert seconds_to_wait(given) == seconds


def test_a_secret_is_masked_wherever_a_piece_of_it_stands() -> None:
    url = "https://me:password1@hooks.example/services/T0/B012345/abcdefgh?token=12345678"
    said = "404 at /services/T0/B012345/abcdefgh?token=12345678 for password1; 12345678 or abcdefgh; see services/T0"
    shown = hide(said, [url, "short"])
    assert shown == "404 at /******** for ********; ******** or ********; see ********/T0"
    assert hide("no xoxb-1-2 here", ["xoxb-1-2"]) == "no ******** here"


def test_what_a_provider_says_is_shown_on_one_line_and_not_whole() -> None:
    assert excerpt("a\n  b") == "a b"
    assert excerpt("x" * 500) == "x" * 199 + "…"
