"""Whatever an alert carries becomes texts and JSON that every database stores."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tocsin.model.alerting.plain import MAX_DEPTH, plain, same, storable_text
from tocsin.model.alerts import AlertPriority


@dataclass
class Process:
    name: str
    cpu: float


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ({"a": [1, 2.5, True, None, "x"]}, {"a": [1, 2.5, True, None, "x"]}),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01T12:00:00Z"),
        (date(2026, 3, 1), "2026-03-01"),
        (timedelta(minutes=2), 120.0),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (b"\xffok", "\\xffok"),
        ((1, 2), [1, 2]),
        ({3}, [3]),
        (AlertPriority.HIGH, "HIGH"),
        (Decimal("1.50"), "1.50"),
        (Process("gunicorn", 45.2), {"name": "gunicorn", "cpu": 45.2}),
        ({1: "one", AlertPriority.LOW: "low"}, {"1": "one", "LOW": "low"}),
        ("a\0b\ud800", "a\\0b\\ud800"),
        (Process, str(Process)),
    ],
)
def test_values_become_json(value: Any, stored: Any) -> None:
    assert plain(value) == stored
    json.dumps(plain(value), allow_nan=False).encode()


def test_what_contains_itself_comes_to_an_end() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    depth = 0
    found = plain(endless)
    while isinstance(found, dict):
        found, depth = found["again"], depth + 1
    assert (found, depth) == ("dict", MAX_DEPTH)


def test_texts_are_bounded_and_lose_what_cannot_be_stored() -> None:
    assert storable_text("abc", 3) == "abc"
    assert storable_text("abcd", 3) == "ab…"
    assert storable_text("größer") == "größer"


def test_true_and_one_are_not_the_same() -> None:
    assert same({"a": 1}, {"a": 1})
    assert not same({"a": 1}, {"a": True})
    assert not same({"a": 1}, {"a": 2})
