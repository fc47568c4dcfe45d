"""JSON bodies: read exactly, and searched in bounded time."""

from decimal import Decimal
from typing import Any

import pytest

from tocsin.watch.json_values import Document, Purse, Unjudgeable, exact, is_singular, parse, path_fault

SHOP: dict[str, Any] = {"items": [{"name": "tea", "n": 1.5}, {"name": "pot", "n": 2}], "empty": {}, "none": None}


def selected(path: str, root: Any = None) -> list[Any]:
    return [value for _, value in Document(SHOP if root is None else root).select(path)]


def test_numbers_stay_as_they_were_written() -> None:
    whole, fraction, large = parse("[12345678901234567890, 0.1000000000000000055, 1e400]")
    assert exact(whole) == 12345678901234567890
    assert exact(fraction) == Decimal("0.1000000000000000055")
    assert exact(large) == Decimal("1e400")
    assert exact(0.1) == Decimal("0.1")
    assert exact(parse("7" * 5000)) == Decimal("7" * 5000)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON: Expecting value at character 1"),
        ("<html>", "no JSON: Expecting value at character 1"),
        ('{"a": 1,}', "no JSON"),
        ("[NaN]", "no JSON: NaN is no JSON"),
        ("-Infinity", "Infinity is no JSON"),
        ("[1e99999999999999999999]", "no number that can be compared"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("[1] 2", "Extra data at character 5"),
    ],
)
def test_what_is_no_json_is_said_so(text: str, why: str) -> None:
    with pytest.raises(Unjudgeable, match=why):
        parse(text)


def test_a_mark_at_the_beginning_is_overlooked_and_the_last_of_two_names_counts() -> None:
    assert parse('\ufeff{"a": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$.items[*].name", ["tea", "pot"]),
        ("$..n", [1.5, 2]),
        ("$.none", [None]),
        ("$.missing", []),
        ("$.items[?@.n > 1.7].name", ["pot"]),
        ("$.items[?!(@.n == 2) && @.name == $.items[0].name].name", ["tea"]),
        ("$.items[?search(@.name, '^t')].n", [1.5]),
        ("$.items[?match(@.name, 't')].n", []),
        ("$.items[?match(@.name, 'te?a')].n", [1.5]),
        ("$.items[?search(@.n, 't')].n", []),
        ("$.items[?search(@.name, '(')].n", []),
        ("$.items[?length(@.name) == 3].n", [1.5, 2]),
        ("$[?length(@) == 0]", [{}]),
        ("$.none[?@.a]", []),
    ],
)
def test_paths_select_as_rfc_9535_says(path: str, values: list[Any]) -> None:
    assert selected(path) == values
    assert path_fault(path) is None


def test_a_path_may_select_one_value_or_many() -> None:
    assert is_singular("$.a[0]['b']")
    assert not is_singular("$.a[*]")
    assert not is_singular("$[")


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("", "at character 1"),
        ("a", "at character 1: expected '\\$', found 'a'"),
        ("$.a b", "at character 5"),
        ("$[01]", "at character 3: leading zero"),
        ("$[?@..a]", "at character 4: in a filter only names and indexes"),
        ("$[?count(@.*) > 1]", "at character 10: in a filter only names and indexes"),
        ("$[?1e999 == @]", "the JSONPath is wrong: "),
        ("$[?" + "(" * 100_000 + "@" + ")" * 100_000 + "]", "nested too deeply"),
    ],
)
def test_a_wrong_path_is_refused_with_its_place(path: str, fault: str) -> None:
    with pytest.raises(Unjudgeable, match=f"no verdict: .*{fault}"):
        selected(path)


def test_a_path_that_visits_too_much_gives_up() -> None:
    many = [[0]] * 1000
    for path in ("$..*..*", "$..[?@.a == 1]", "$[*]"):
        with pytest.raises(Unjudgeable, match="too many values"):
            Document(many, Purse(500)).select(path)
    assert len(Document(many, Purse(1000)).select("$[*]")) == 1000


def test_a_document_deeper_than_a_path_goes_is_not_judged() -> None:
    deep = parse("[" * 300 + "]" * 300)
    with pytest.raises(Unjudgeable, match="nested too deeply for this path"):
        selected("$..a", deep)
    assert selected("$[0][0]", deep) != []
