"""The language of `expected_status`."""

import pytest
from hypothesis import given, strategies as st

from tocsin.model.expected_status import parse_expected_status


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("200", {200}),
        ("200, 204", {200, 204}),
        ("200-203", {200, 201, 202, 203}),
        ("3xx", set(range(300, 400))),
        ("1XX,599", {*range(100, 200), 599}),
        ("401-401", {401}),
        ("100-599", set(range(100, 600))),
    ],
)
def test_codes_ranges_and_classes_are_understood(text: str, codes: set[int]) -> None:
    assert parse_expected_status(text) == codes


@pytest.mark.parametrize(
    "text",
    ["", ",", "200,", "20", "2000", "ok", "200-", "-200", "299-200", "099", "600", "500-600", "6xx", "0xx", "2x"],
)
def test_everything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"write for example|not within 100-599"):
        parse_expected_status(text)


@given(st.sets(st.integers(100, 599), min_size=1))
def test_any_set_of_codes_can_be_written_as_a_list(codes: set[int]) -> None:
    assert parse_expected_status(",".join(map(str, codes))) == codes
