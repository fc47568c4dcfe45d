"""What does not hold, and how it is said."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin import CheckResult
from tocsin.model.expectations import Expectation
from tocsin.model.results import CertificateFacts, PeerCertificate, Phases
from tocsin.watch.expect import unmet_expectations

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LEAF = CertificateFacts("ab", "CN=example.com", "CN=CA", ("example.com",), NOW, NOW + timedelta(days=10))
RESULT = CheckResult(
    url="https://example.com/",
    started_at=NOW,
    http_status_code=200,
    phases=Phases(total_ms=120.0),
    headers=(("Content-Type", "text/html"), ("X-Cache", "HIT")),
    body_head="Welcome to 007",
    body_bytes=14,
    certificate=PeerCertificate((LEAF,), verified=True),
)


def texts(result: CheckResult = RESULT, **expectation: Any) -> list[str]:
    return [text for _, text in unmet_expectations(result, [Expectation(**expectation)], NOW)]


@pytest.mark.parametrize(
    "held",
    [
        {"on": "body", "op": "contains", "value": "Welcome"},
        {"on": "body", "op": "not_contains", "value": "Error"},
        {"on": "body", "op": "!=", "value": ""},
        {"on": "header", "name": "x-cache", "op": "==", "value": "HIT"},
        {"on": "total_ms", "op": "<=", "value": 120},
        {"on": "certificate_days", "op": ">", "value": 9.9},
        {"on": "certificate_days", "op": ">=", "value": 10},
        {"on": "body_bytes", "op": "==", "value": 14},
        {"on": "body_bytes", "op": "!=", "value": 15},
    ],
)
def test_what_holds_is_not_mentioned(held: dict[str, Any]) -> None:
    assert texts(**held) == []


@pytest.mark.parametrize(
    ("failed", "text"),
    [
        ({"on": "body", "op": "contains", "value": "7 0"}, "expected body contains '7 0' (got 'Welcome to 007')"),
        (
            {"on": "header", "name": "X-Cache", "op": "==", "value": "MISS"},
            "expected header X-Cache == 'MISS' (got 'HIT')",
        ),
        ({"on": "total_ms", "op": "<", "value": 100}, "expected total_ms < 100 (got 120)"),
        ({"on": "certificate_days", "op": ">", "value": 14}, "expected certificate_days > 14 (got 10)"),
    ],
)
def test_what_fails_says_expected_and_got(failed: dict[str, Any], text: str) -> None:
    assert texts(**failed) == [text]


@pytest.mark.parametrize(
    "missing",
    [
        {"on": "header", "name": "X-None", "op": "not_contains", "value": "x"},
        {"on": "tls_ms", "op": "<", "value": 1000},
        {"on": "certificate_days", "op": "<", "value": 1000},
    ],
)
def test_a_missing_value_never_passes(missing: dict[str, Any]) -> None:
    bare = RESULT.evolve(certificate=None)
    assert texts(bare, **missing)[0].endswith("(got nothing)")


def test_a_long_text_is_shown_shortened() -> None:
    (text,) = texts(RESULT.evolve(body_head="x" * 500), on="body", op="contains", value="y")
    assert text == f"expected body contains 'y' (got '{'x' * 80}…')"


def test_a_number_given_for_a_text_compares_as_it_is_written() -> None:
    assert texts(RESULT.evolve(body_head="7"), on="body", op="==", value=7) == []
    assert texts(RESULT.evolve(body_head="07"), on="body", op="==", value=7) == ["expected body == 7 (got '07')"]
