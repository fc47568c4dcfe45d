"""Expectations as lines: what is written is read again, and what cannot be read says what to write."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from tocsin.model.conditions.lines import expectation_text, parse_expectation
from tocsin.model.expectations import (
    JSON_SUBJECTS,
    NUMBER_SUBJECTS,
    PATTERN_OPERATORS,
    PRESENCE_OPERATORS,
    SUBJECTS,
    TEXT_SUBJECTS,
    Expectation,
    operators_of,
)


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("body contains Welcome to  us", {"on": "body", "op": "contains", "value": "Welcome to  us"}),
        ('body != ""', {"on": "body", "op": "!=", "value": ""}),
        ("body == 007", {"on": "body", "op": "==", "value": "007"}),
        (r"body matches ^\d+$", {"on": "body", "op": "matches", "value": r"^\d+$"}),
        ('body contains "a\\n\\"b\\""', {"on": "body", "op": "contains", "value": 'a\n"b"'}),
        (
            "header content-type contains text/html; charset",
            {"on": "header", "name": "content-type", "op": "contains", "value": "text/html; charset"},
        ),
        ("header X-Cache not_exists", {"on": "header", "name": "X-Cache", "op": "not_exists"}),
        ("total_ms\t<  500", {"on": "total_ms", "op": "<", "value": 500}),
        ("certificate_days >= 1.5", {"on": "certificate_days", "op": ">=", "value": 1.5}),
        ('json $.status.db == "ok"', {"on": "json", "path": "$.status.db", "op": "==", "value": "ok"}),
        ("json $.status.db == ok", {"on": "json", "path": "$.status.db", "op": "==", "value": "ok"}),
        ("json $.n == 007", {"on": "json", "path": "$.n", "op": "==", "value": "007"}),
        ("json $.n == 7", {"on": "json", "path": "$.n", "op": "==", "value": 7}),
        ('json $.n == "7"', {"on": "json", "path": "$.n", "op": "==", "value": "7"}),
        ("json $.n != null", {"on": "json", "path": "$.n", "op": "!=", "value": None}),
        ("json $.n == true", {"on": "json", "path": "$.n", "op": "==", "value": True}),
        (
            "json $.big == 12345678901234567890",
            {"on": "json", "path": "$.big", "op": "==", "value": 12345678901234567890},
        ),
        (
            "json $.a[?@.b == 'x y'].c exists",
            {"on": "json", "path": "$.a[?@.b == 'x y'].c", "op": "exists"},
        ),
        (r"json $['it\'s a ]'] exists", {"on": "json", "path": r"$['it\'s a ]']", "op": "exists"}),
        ('json "$ .a" matches 7', {"on": "json", "path": "$ .a", "op": "matches", "value": "7"}),
        ("json_length $.items >= 1", {"on": "json_length", "path": "$.items", "op": ">=", "value": 1}),
    ],
)
def test_a_line_is_read_as_an_expectation(line: str, fields: dict[str, Any]) -> None:
    assert parse_expectation(line) == fields
    one = Expectation(**fields)
    assert Expectation(**parse_expectation(expectation_text(one))) == one


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "write what, how and the value"),
        ("body", "write what, how and the value"),
        ("body contains", "write what, how and the value"),
        ("json $.a", "write what, how and the value"),
        ("colour == red", "'colour' is nothing that can be expected; it is one of body, header"),
        ("body < 7", "body can be compared by contains"),
        ("total_ms < fast", "total_ms is compared to a number, not to 'fast'"),
        ("total_ms < 1_000", "not to '1_000'"),
        ("total_ms < 007", "not to '007'"),
        ("json $.a < x", "json is compared to a number, not to 'x'"),
        ("json $.a exists 7", "exists is compared to nothing, not to '7'"),
        ("json $.a == 0.12345678901234567890", "has more digits than can be kept"),
        ("json $.a == 1e999", "has more digits than can be kept"),
        ("json $.a == 1e-99999999999999999999", "has more digits than can be kept"),
        ("json $.a == 0e-99999999999999999999", "has more digits than can be kept"),
        (f"json $.a == {'7' * 5000}", "^7{80} has more digits"),
        ('json "$.a == 1', "don't end"),
        ('body == "a" b', "is no text in quotes"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(line: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_expectation(line)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def expectations(draw: st.DrawFn) -> Expectation:
    on = draw(st.sampled_from(sorted(SUBJECTS)))
    op = draw(st.sampled_from(operators_of(on)))
    fields: dict[str, Any] = {"on": on, "op": op}
    if on == "header":
        fields["name"] = draw(TEXTS)
    if on in JSON_SUBJECTS:
        fields["path"] = draw(TEXTS.map("${}".format) | TEXTS)
    if op in PRESENCE_OPERATORS:
        return Expectation(**fields)
    if op in PATTERN_OPERATORS or on in TEXT_SUBJECTS:
        value: Any = draw(TEXTS)
    elif on in NUMBER_SUBJECTS or on == "json_length" or op[0] in "<>":
        value = draw(NUMBERS)
    else:
        value = draw(NUMBERS | TEXTS | st.booleans() | st.none())
    return Expectation(**fields, value=value)


@given(expectations())
def test_every_expectation_survives_being_written_as_one_line(one: Expectation) -> None:
    line = expectation_text(one)
    assert len(line.splitlines()) == 1
    assert line == line.strip()
    again = Expectation(**parse_expectation(line))
    assert again == one
    assert type(again.value) is type(one.value) or isinstance(one.value, float)
