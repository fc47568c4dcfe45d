"""Are the websites down, or are we blind: each case."""

from datetime import UTC, datetime

import pytest

from tocsin import Cause, CheckResult, MonitorStatus, Phase
from tocsin.model.vantage import Answer, Reference, ReferenceKind, Said
from tocsin.watch.vantage import (
    Evidence,
    Glimpse,
    Trust,
    Verdict,
    blinded,
    decide,
    gather,
    is_dark,
    is_light,
)

GATEWAY, RESOLVER = Reference(ReferenceKind.GATEWAY), Reference(ReferenceKind.RESOLVER)
NOTHING, ALL_DARK, MOST_ANSWER = Evidence(), Evidence(20, 18, 5), Evidence(20, 3, 3)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def check(
    cause: Cause | None = None, status: MonitorStatus = MonitorStatus.DOWN, code: int | None = None
) -> CheckResult:
    url = "https://example.com/"
    return CheckResult(url=url, started_at=NOW, cause=cause, status=status, http_status_code=code, message="refused.")


@pytest.mark.parametrize(
    "cause",
    [Cause.DNS_TIMEOUT, Cause.DNS_SERVER_FAILURE, Cause.NO_ROUTE, Cause.CONNECT_REFUSED, Cause.CONNECT_TIMEOUT,
     Cause.CONNECT_RESET, Cause.TLS_TIMEOUT, Cause.TIMEOUT_FIRST_BYTE, Cause.TIMEOUT_BODY],
)  # fmt: skip
def test_failures_of_the_network_may_be_our_own(cause: Cause) -> None:
    assert is_dark(check(cause))
    assert not is_light(check(cause))


@pytest.mark.parametrize(
    "cause",
    [Cause.HTTP_SERVER_ERROR, Cause.EXPECTATION_FAILED, Cause.TLS_EXPIRED, Cause.DNS_NOT_FOUND, Cause.EMPTY_REPLY,
     Cause.ADDRESS_FORBIDDEN, Cause.HEARTBEAT_MISSED],
)  # fmt: skip
def test_what_answered_wrongly_is_never_blamed_on_us(cause: Cause) -> None:
    assert not is_dark(check(cause))


def test_a_slow_answer_and_an_error_page_are_light() -> None:
    assert is_light(check(Cause.SLOW, MonitorStatus.DEGRADED))
    assert is_light(check(Cause.HTTP_SERVER_ERROR, code=503))
    assert not is_dark(check(Cause.CONNECT_TIMEOUT, MonitorStatus.UNKNOWN))
    assert not is_light(check(Cause.EMPTY_REPLY))


def test_each_website_counts_by_its_last_glimpse_within_the_stretch() -> None:
    newest_first = [
        Glimpse(1, "a", 9.0, is_dark=True),
        Glimpse(2, "b", 8.0, is_dark=True),
        Glimpse(1, "a", 7.0, is_dark=False),
        Glimpse(3, "b", 6.0, is_dark=True),
        Glimpse(4, "", 5.0, is_dark=False),
        Glimpse(5, "", 1.0, is_dark=False),
    ]
    assert gather(newest_first, since=2.0) == Evidence(4, 3, 2)
    assert gather(newest_first, since=10.0) == NOTHING


@pytest.mark.parametrize(
    ("evidence", "light", "dark"),
    [
        (NOTHING, False, False),
        (Evidence(1, 1, 1), False, False),
        (Evidence(2, 1, 1), True, False),
        (Evidence(5, 4, 4), False, True),  # four fifths
        (Evidence(3, 3, 1), False, False),  # one host
        (Evidence(3, 3, 2), False, True),
        (Evidence(20, 15, 9), True, False),
    ],
)
def test_four_fifths_of_three_websites_at_two_hosts_are_dark(evidence: Evidence, light: bool, dark: bool) -> None:
    assert (evidence.is_light, evidence.is_dark) == (light, dark)


@pytest.mark.parametrize(
    ("gateway", "resolver", "trust", "meanwhile", "lately", "verdict"),
    [
        (Said.ANSWERS, Said.SILENT, {}, NOTHING, ALL_DARK, Verdict.REFERENCE_ANSWERS),
        (Said.SILENT, Said.SILENT, {"gateway": Trust.PROVEN}, MOST_ANSWER, ALL_DARK, Verdict.WEBSITES_ANSWER),
        (Said.SILENT, Said.SILENT, {"gateway": Trust.PROVEN}, NOTHING, NOTHING, Verdict.ALL_SILENT),
        (Said.ABSENT, Said.SILENT, {"gateway": Trust.PROVEN}, NOTHING, NOTHING, Verdict.ALL_SILENT),
        (Said.SILENT, Said.SILENT, {}, NOTHING, NOTHING, Verdict.NO_WITNESS),
        (Said.SILENT, Said.SILENT, {}, NOTHING, ALL_DARK, Verdict.ALL_SILENT),
        (Said.ABSENT, Said.ABSENT, {}, NOTHING, ALL_DARK, Verdict.NO_WITNESS),
        (Said.SILENT, Said.SILENT, dict.fromkeys(("gateway", "resolver"), Trust.MUTE), NOTHING, ALL_DARK,
         Verdict.NO_WITNESS),
    ],
)  # fmt: skip
def test_blind_is_who_hears_neither_websites_nor_references_that_can_be_believed(
    gateway: Said, resolver: Said, trust: dict[str, Trust], meanwhile: Evidence, lately: Evidence, verdict: Verdict
) -> None:
    answers = [Answer(GATEWAY, gateway, "the gateway"), Answer(RESOLVER, resolver, "the name server")]
    assert decide(answers, trust, meanwhile=meanwhile, lately=lately) is verdict


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["the gateway 192.0.2.1"], "the gateway 192.0.2.1 does not answer"),
        (["a", "b"], "neither a nor b answers"),
        (["a", "b", "c"], "neither a, b nor c answers"),
        ([], "no reference does not answer"),
    ],
)
def test_a_check_made_blindly_names_who_is_silent_and_what_it_saw(names: list[str], said: str) -> None:
    seen = blinded(check(Cause.CONNECT_TIMEOUT), names)
    assert (seen.status, seen.cause, seen.phase) == (MonitorStatus.UNKNOWN, Cause.VANTAGE_BLIND, Phase.VANTAGE)
    assert seen.message == f"Tocsin itself cannot see the network: {said}. The check itself: refused."
    assert "The check itself" not in blinded(check(Cause.CONNECT_TIMEOUT).evolve(message=""), names).message
