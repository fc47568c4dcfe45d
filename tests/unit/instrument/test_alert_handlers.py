"""Handlers of a program that has no server: what they say, and how often."""

import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin import Invalid, RateLimitedAlertHandler, SlowQueryAlert
from tocsin.instrument.alert_handlers import SlackAlertHandler, WebhookAlertHandler, describe

SLOW = SlowQueryAlert("SELECT * FROM t WHERE id = 7", 5230, 1000, datetime(2026, 3, 1, tzinfo=UTC), {"id": 7})


@pytest.mark.parametrize(
    ("duration_ms", "severity"), [(10_000, "critical"), (5000, "high"), (2000, "medium"), (1999, "low"), (1001, "low")]
)
def test_severity_grows_with_the_times_of_the_threshold(duration_ms: float, severity: str) -> None:
    alert = SlowQueryAlert("SELECT 1", duration_ms, 1000)
    assert (alert._get_severity(), alert.severity) == (severity, severity)
    assert SlowQueryAlert("SELECT 1", 1, 0).severity == "critical"


def test_the_json_form_leaves_parameters_out_and_prefers_the_pattern() -> None:
    assert SLOW.to_dict() == {
        "query": "SELECT * FROM t WHERE id = 7", "duration_ms": 5230, "threshold_ms": 1000, "severity": "high",
        "timestamp": "2026-03-01T00:00:00Z", "error": None,
    }  # fmt: skip
    assert SlowQueryAlert("SELECT 7", 1, 1, pattern="SELECT ?").to_dict()["query"] == "SELECT ?"
    assert "7}" not in repr(SLOW)


async def test_what_is_over_the_limit_is_dropped_and_said(caplog: pytest.LogCaptureFixture) -> None:
    told: list[Any] = []
    clock = iter([0.0, 1.0, 2.0, 59.9, 60.0, 60.5, 61.0])

    async def slowly(alert: Any) -> None:
        told.append(alert)

    limited = RateLimitedAlertHandler(slowly, max_per_minute=2, clock=lambda: next(clock))
    with caplog.at_level(logging.WARNING):
        for number in range(7):
            await limited(number)
    assert told == [0, 1, 4, 6]
    assert (limited.dropped_count, len(caplog.records)) == (3, 3)
    assert "Alert rate limit exceeded" in caplog.text


async def test_a_plain_function_and_a_pools_two_arguments_are_passed_on() -> None:
    told: list[Any] = []
    await RateLimitedAlertHandler(lambda kind, data: told.append((kind, data)))("pool_exhausted", {"size": 5})
    assert told == [("pool_exhausted", {"size": 5})]
    with pytest.raises(Invalid, match="at least 1"):
        RateLimitedAlertHandler(print, 0)


def test_each_kind_of_alert_is_described() -> None:
    assert describe(SLOW)[:2] == ("Slow query: 5230 ms (threshold 1000 ms)", "high")
    assert describe("connection_leak", {"severity": "low", "held": 3}) == (
        "Connection pool: connection leak", "low", {"severity": "low", "held": 3},
    )  # fmt: skip
    assert describe("x", 3)[2] == {"data": 3}


def test_payloads_say_what_and_how_much_and_stay_within_slacks_limit() -> None:
    assert WebhookAlertHandler("https://hooks.example/x").payload("pool_slow", {"wait_ms": 9})["type"] == "pool_slow"
    long = SlowQueryAlert("SELECT <b> & `x` " + "y" * 5000, 5230, 1000)
    section = SlackAlertHandler("https://hooks.example/x").payload(long)["blocks"][0]["text"]["text"]
    assert len(section) <= 3000
    assert "&lt;b&gt; &amp; 'x'" in section
    with pytest.raises(Invalid, match="http"):
        WebhookAlertHandler("ftp://hooks.example")
