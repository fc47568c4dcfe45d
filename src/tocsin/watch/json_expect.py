"""Whether the values of a JSON body are what was expected. Pure.

Values compare as they are written: no number is rounded, and a text is never a number.
"""

from typing import Any

from tocsin.matching.patterns import find
from tocsin.model.expectations import PATTERN_OPERATORS, Expectation
from tocsin.watch.comparing import EXCERPT, NOTHING, ORDER, excerpt, number_instead
from tocsin.watch.json_values import Document, Number, Unjudgeable, exact, is_singular, parse

_KINDS = {
    type(None): "null",
    bool: "true or false",
    int: "a number",
    float: "a number",
    Number: "a number",
    str: "a text",
    list: "an array",
    dict: "an object",
}


class JsonBody:
    """A body as JSON, parsed once, on which expectations are tried."""

    def __init__(self, text: str) -> None:
        self._document: Document | None = None
        self._fault = ""
        try:
            self._document = Document(parse(text))
        except Unjudgeable as error:
            self._fault = f"{error}: {excerpt(text)}" if text else "an empty body"

    def instead_of(self, expectation: Expectation) -> str | None:
        """Return what was got instead of what is expected, None where it holds."""
        if self._document is None:
            return self._fault
        path = expectation.path or ""
        try:
            found = self._document.select(path)
        except Unjudgeable as error:
            return str(error)
        if expectation.op == "not_exists":
            return shown(found[0][1]) if found else None
        if not found:
            return NOTHING
        for place, value in found:
            instead = value_instead(value, expectation)
            if instead is not None:
                return instead if is_singular(path) else f"{instead} at {place[:EXCERPT]}"
        return None


def value_instead(got: Any, expectation: Expectation) -> str | None:
    """Return what one selected value is instead of what is expected, None where it holds."""
    op, value = expectation.op, expectation.value
    if expectation.on == "json_length":
        has_length = isinstance(got, str | list | dict)
        return number_instead(len(got), expectation) if has_length else f"{shown(got)}, which has no length"
    if op in ("contains", "not_contains"):
        return _within(got, expectation)
    if op == "exists":
        holds = True
    elif op in ("==", "!="):
        holds = is_same(got, value) is (op == "==")
    elif op in PATTERN_OPERATORS:
        holds = isinstance(got, str) and (find(str(value), got) is not None) is (op == "matches")
    else:
        holds = kind_of(got) == "a number" and ORDER[op](exact(got), exact(value))  # type: ignore[arg-type]
    return None if holds else _instead(got, value)


def kind_of(value: Any) -> str:
    """Return what a JSON value is, in words."""
    return _KINDS[type(value)]


def shown(value: Any) -> str:
    """Return a JSON value for a message: null, empty and missing read differently, and a long one is shortened."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return excerpt(value)
    if isinstance(value, list | dict):
        what, empty = ("items", "an empty array") if isinstance(value, list) else ("members", "an empty object")
        return f"{kind_of(value)} of {len(value)} {what}" if value else empty
    digits = value.text if isinstance(value, Number) else str(value)
    return digits if len(digits) <= EXCERPT else f"{digits[:EXCERPT]}…"


def is_same(one: Any, other: Any) -> bool:
    """Return whether two JSON values are of one kind and equal; numbers by what they are, 1 is 1.0."""
    if kind_of(one) != kind_of(other):
        return False
    return bool(exact(one) == exact(other)) if kind_of(one) == "a number" else bool(one == other)


def _within(got: Any, expectation: Expectation) -> str | None:
    value, wanted = expectation.value, expectation.op == "contains"
    if isinstance(got, list):
        found = any(is_same(item, value) for item in got)
    elif isinstance(got, str | dict) and isinstance(value, str):
        found = value in got
    else:
        return _instead(got, value)
    if found is wanted:
        return None
    return shown(got) if isinstance(got, str) else f"{shown(got)}, {'with' if found else 'without'} it"


def _instead(got: Any, value: Any) -> str:
    """Return what was got, and its kind where that is what differs."""
    if kind_of(got) == kind_of(value) or got is None or isinstance(got, bool | list | dict):
        return shown(got)
    return f"{shown(got)}, {kind_of(got)} and not {kind_of(value)}"
