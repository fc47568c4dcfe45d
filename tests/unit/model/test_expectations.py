"""Which expectations can be written."""

import math
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from tocsin.model.expectations import SUBJECTS, Expectation, needs_body, operators_of, value_text


@pytest.mark.parametrize(
    "fields",
    [
        {"on": "body", "op": "contains", "value": "Welcome"},
        {"on": "body", "op": "!=", "value": "down"},
        {"on": "header", "name": "Server", "op": "==", "value": "nginx"},
        {"on": "total_ms", "op": "<", "value": 500},
        {"on": "certificate_days", "op": ">=", "value": 14},
        {"on": "body_bytes", "op": "!=", "value": 0},
        {"on": "body", "op": "matches", "value": "^ok$"},
        {"on": "header", "name": "Server", "op": "exists"},
        {"on": "json", "path": "$.a", "op": "==", "value": True},
        {"on": "json", "path": "$.a", "op": "<=", "value": 12345678901234567890},
        {"on": "json", "path": "$.a", "op": "not_exists"},
        {"on": "json_length", "path": "$.a", "op": ">", "value": 0},
        {"on": "http_status_code", "op": "!=", "value": 204},
        {"on": "certificate_sans", "op": "contains", "value": "example.com"},
    ],
)
def test_subject_operator_and_value_fit(fields: dict[str, Any]) -> None:
    assert Expectation(**fields).model_dump(exclude_none=True) == fields


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"on": "total_ms", "op": "<", "value": True}, "compared to a number"),
        ({"on": "body", "op": "==", "value": None}, "compared to a text"),
        ({"on": "body", "op": "contains"}, "`value` is needed"),
        ({"on": "json", "op": "exists"}, "`path` is needed"),
        ({"on": "body", "op": "contains", "value": "a", "path": "$"}, "`path` is needed .* only there"),
        ({"on": "json", "path": "$.a", "op": "<", "value": "7"}, "compared to a number"),
        ({"on": "json_length", "path": "$.a", "op": "contains", "value": 7}, "json_length can be compared by <"),
        ({"on": "json", "path": "$.a", "op": "exists", "value": 7}, "leave `value` out"),
        ({"on": "body", "op": "exists"}, "not by exists"),
        ({"on": "body", "op": "matches", "value": 7}, "needs a regular expression"),
        ({"on": "body", "op": "matches", "value": "x" * 1001}, "at most 1000 characters"),
        ({"on": "body", "op": "contains", "value": "x" * 10_001}, "at most 10000 are allowed"),
        ({"on": "body", "op": "<", "value": "a"}, "body can be compared by contains"),
        ({"on": "total_ms", "op": "contains", "value": 5}, "total_ms can be compared by <"),
        ({"on": "header", "op": "==", "value": "a"}, "`name` is needed"),
        ({"on": "body", "op": "==", "value": "a", "name": "Server"}, "only there"),
        ({"on": "dns_ms", "op": "<", "value": "fast"}, "compared to a number"),
        ({"on": "dns_ms", "op": "<", "value": math.inf}, "finite"),
        ({"on": "colour", "op": "==", "value": "red"}, "Input should be"),
        ({"on": "body", "op": "contains", "value": "a", "colour": "red"}, "Extra inputs"),
    ],
)
def test_what_does_not_fit_is_refused_and_says_why(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Expectation(**fields)


def test_every_subject_is_described_and_every_operator_used() -> None:
    assert sorted(get_args(Expectation.model_fields["on"].annotation)) == sorted(SUBJECTS)
    assert {op for on in SUBJECTS for op in operators_of(on)} == set(
        get_args(Expectation.model_fields["op"].annotation)
    )


def test_what_was_stored_is_read_again() -> None:
    for fields in ({"op": "exists"}, {"op": "==", "value": None}, {"op": "==", "value": 12345678901234567890}):
        one = Expectation(on="json", path="$.a", **fields)
        assert Expectation.model_validate_json(one.model_dump_json()) == one


def test_only_phases_mean_slow() -> None:
    assert Expectation(on="ttfb_ms", op="<", value=1).is_latency
    assert not Expectation(on="body_bytes", op="<", value=1).is_latency
    assert not Expectation(on="certificate_days", op=">", value=1).is_latency


def test_only_what_looks_at_the_body_needs_it() -> None:
    assert needs_body([Expectation(on="ttfb_ms", op="<", value=1), Expectation(on="json", path="$", op="exists")])
    assert not needs_body([Expectation(on="body_bytes", op="<", value=1)])


@pytest.mark.parametrize(
    ("value", "text"), [(None, "null"), (True, "true"), (False, "false"), (7, "7"), (7.0, "7"), (0.1, "0.1")]
)
def test_values_are_shown_as_they_were_written(value: Any, text: str) -> None:
    assert value_text(value) == text
