"""Which expectations can be written."""

import math
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from tocsin.model.expectations import NUMBER_SUBJECTS, TEXT_SUBJECTS, Expectation


@pytest.mark.parametrize(
    "fields",
    [
        {"on": "body", "op": "contains", "value": "Welcome"},
        {"on": "body", "op": "!=", "value": "down"},
        {"on": "header", "name": "Server", "op": "==", "value": "nginx"},
        {"on": "total_ms", "op": "<", "value": 500},
        {"on": "certificate_days", "op": ">=", "value": 14},
        {"on": "body_bytes", "op": "!=", "value": 0},
    ],
)
def test_subject_operator_and_value_fit(fields: dict[str, Any]) -> None:
    assert Expectation(**fields).model_dump(exclude_none=True) == fields


@pytest.mark.parametrize(
    ("fields", "why"),
    [
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


def test_every_subject_is_either_text_or_a_number() -> None:
    subjects = get_args(Expectation.model_fields["on"].annotation)
    assert sorted(subjects) == sorted(TEXT_SUBJECTS + NUMBER_SUBJECTS)


def test_only_phases_mean_slow() -> None:
    assert Expectation(on="ttfb_ms", op="<", value=1).is_latency
    assert not Expectation(on="body_bytes", op="<", value=1).is_latency
    assert not Expectation(on="certificate_days", op=">", value=1).is_latency
