"""Expectations as lines that people type: one small language for the command line and the page's form.

    WHAT [NAME or PATH] HOW [VALUE]

    body contains Welcome
    header content-type contains text/html
    json $.status.db == "ok"
    json $.error not_exists
    total_ms < 500

A value is the rest of the line, or a JSON string in double quotes. In `json` it is a JSON literal, and any other word
is a text. Names and paths with blanks in them can stand in double quotes too.
"""

import json
import re
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

from tocsin.model.expectations import (
    JSON_SUBJECTS,
    NUMBER_SUBJECTS,
    PATTERN_OPERATORS,
    PRESENCE_OPERATORS,
    SUBJECTS,
    TEXT_OPERATORS,
    Expectation,
    operators_of,
    value_text,
)

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
MAX_SHOWN = 80
_EXAMPLE = "write what, how and the value, for example: body contains Welcome"


def parse_expectation(text: str) -> dict[str, Any]:
    """Return the fields of the expectation that `text` writes, for `Expectation` to judge.

    Raises:
        ValueError: it cannot be read; the sentence says what to write.
    """
    on, rest = _word(text.strip())
    if on not in SUBJECTS:
        raise ValueError(
            f"{on!r} is nothing that can be expected; it is one of {', '.join(SUBJECTS)}" if on else _EXAMPLE
        )
    fields: dict[str, Any] = {"on": on}
    if on == "header":
        fields["name"], rest = _operand(rest, _word)
    elif on in JSON_SUBJECTS:
        fields["path"], rest = _operand(rest, _path)
    op, rest = _word(rest)
    if not op:
        raise ValueError(_EXAMPLE)
    fields["op"] = op
    if op not in operators_of(on):
        raise ValueError(f"{on} can be compared by {', '.join(operators_of(on))}, not by {op}")
    if op in PRESENCE_OPERATORS:
        if rest:
            raise ValueError(f"{op} is compared to nothing, not to {rest!r}")
        return fields
    if not rest:
        raise ValueError(_EXAMPLE)
    return {**fields, "value": _value(on, op, rest)}


def expectation_text(one: Expectation) -> str:
    """Return the line that `parse_expectation` reads as `one`."""
    parts: list[str] = [one.on]
    if one.name is not None:
        parts.append(_written(one.name, is_bare=_word(one.name)[0] == one.name))
    if one.path is not None:
        parts.append(_written(one.path, is_bare=_path(f"{one.path} x")[0] == one.path))
    parts.append(one.op)
    if one.op not in PRESENCE_OPERATORS:
        parts.append(_value_written(one))
    return " ".join(parts)


def _value_written(one: Expectation) -> str:
    if not isinstance(one.value, str):
        return value_text(one.value)
    is_literal = one.on == "json" and one.op not in PATTERN_OPERATORS
    return json.dumps(one.value) if is_literal else _written(one.value, is_bare=True)


def _written(text: str, *, is_bare: bool) -> str:
    """Return `text` as it is where that can be read back, else as a JSON string."""
    can = is_bare and text and text.isprintable() and text == text.strip() and not text.startswith('"')
    return text if can else json.dumps(text)


def _word(text: str) -> tuple[str, str]:
    """Return the first word of `text` and what follows it."""
    first, *rest = text.split(None, 1) or [""]
    return first, rest[0] if rest else ""


def _operand(text: str, bare: Any) -> tuple[str, str]:
    """Return the name or path at the start of `text`, quoted or as `bare` reads it, and what follows."""
    if not text.startswith('"'):
        found: tuple[str, str] = bare(text)
        return found
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except ValueError:
        raise ValueError(f"the quotes of {text!r} don't end") from None
    return value, text[end:].strip()


def _path(text: str) -> tuple[str, str]:
    """Return the JSONPath at the start of `text` and what follows; it ends at a blank outside of brackets."""
    depth, quote, position = 0, "", 0
    while position < len(text):
        character = text[position]
        if quote:
            position += character == "\\"
            quote = "" if character == quote else quote
        elif character in "'\"" and depth:
            quote = character
        elif character in "[(":
            depth += 1
        elif character in "])":
            depth -= 1
        elif character == " " and depth <= 0:
            break
        position += 1
    return text[:position], text[position:].strip()


def _value(on: str, op: str, text: str) -> Any:
    if on in NUMBER_SUBJECTS or on == "json_length" or op not in TEXT_OPERATORS:
        if not _NUMBER.fullmatch(text):
            raise ValueError(f"{on} is compared to a number, not to {text!r}")
        return _number(text)
    if text.startswith('"'):
        return _quoted(text)
    if on != "json" or op in PATTERN_OPERATORS:
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    return _number(text) if _NUMBER.fullmatch(text) else text


def _quoted(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError(f'{text} is no text in quotes; inside of them write \\" for a quote and \\\\ for \\') from None


def _number(text: str) -> int | float:
    """Return the number of which no digit is lost.

    Raises:
        ValueError: it has more than can be kept.
    """
    with suppress(ValueError):  # also of whole numbers, where they have thousands of digits
        return int(text)
    number = float(text)
    with suppress(InvalidOperation):  # an exponent beyond all measure
        if isfinite(number) and Decimal(repr(number)) == Decimal(text):
            return number
    raise ValueError(f"{text[:MAX_SHOWN]} has more digits than can be kept; write at most 15")
