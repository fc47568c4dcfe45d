"""Regular expressions that run in linear time, whatever is written in them and whatever they are held against."""

from functools import lru_cache
from typing import Any

import re2

Pattern = Any
"""A compiled pattern of `re2`, with `search`, `fullmatch` and `match` as in the standard library."""

MAX_INSTRUCTIONS = 10_000
"""A pattern of which RE2 makes a longer program is refused: each character may cost that many steps."""

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 8 << 20
_TOO_LARGE = "its repetitions multiply to too many states"
_SHOWN = 40
_UNSUPPORTED = {
    "(?=": "RE2 has no look-ahead",
    "(?!": "RE2 has no look-ahead",
    "(?<=": "RE2 has no look-behind",
    "(?<!": "RE2 has no look-behind",
}


@lru_cache(maxsize=4096)
def compile_pattern(text: str) -> Pattern:
    """Return the compiled pattern.

    Source: https://github.com/google/re2/wiki/Syntax (no look-around and no back-references, so no exponential time).

    Raises:
        ValueError: it is no regular expression; the text says what is wrong and where.
    """
    try:
        compiled = re2.compile(text, _OPTIONS)
    except re2.error as error:
        said = error.args[0] if error.args else error
        said = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise _wrong(text, _explained(text, said)) from None
    except UnicodeEncodeError as error:
        raise _wrong(text, f"half of a surrogate pair at character {error.start + 1}") from None
    if compiled.programsize > MAX_INSTRUCTIONS:
        raise _wrong(text, _TOO_LARGE)
    return compiled


def pattern_fault(text: str) -> str | None:
    """Return why `text` is no regular expression that can be used, and where it is wrong; None where it is one."""
    try:
        compile_pattern(text)
    except ValueError as error:
        return str(error)
    return None


def find(pattern: str, text: str) -> tuple[int, bool] | None:
    """Return the byte of `text` at which the first match ends, and whether that is the very end; None without one.

    Raises:
        ValueError: `pattern` is no regular expression.
    """
    data = text.encode("utf-8", "surrogatepass")
    match = compile_pattern(pattern).search(data)
    return None if match is None else (match.end(), match.end() == len(data))


def _wrong(text: str, reason: str) -> ValueError:
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return ValueError(f"{shown!r} is no regular expression: {reason}")


def _explained(text: str, said: str) -> str:
    """Return what RE2 said, with the place it speaks of."""
    reason, _, fragment = said.partition(": ")
    if "too large" in reason:
        return _TOO_LARGE
    at = _unbalanced(text) if reason in ("missing )", "unexpected )") else max(0, text.find(fragment))
    here = text[at : at + _SHOWN]
    known = next((words for start, words in _UNSUPPORTED.items() if here.startswith(start)), reason)
    return f"{known} at character {at + 1}, {here!r}"


def _unbalanced(text: str) -> int:
    """Return the index of the parenthesis that has no partner, in a pattern where one has none."""
    opened: list[int] = []
    position, in_class = 0, False
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
        elif character == "(":
            opened.append(position)
        elif character == ")" and not opened:
            return position
        elif character == ")":
            opened.pop()
        position += 1
    return opened[-1] if opened else 0
