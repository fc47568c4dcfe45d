"""Regular expressions that run in linear time, whatever is written in them and whatever they are held against."""

from functools import lru_cache
from typing import Any

import re2

Pattern = Any
"""A compiled pattern of `re2`, with `search`, `fullmatch` and `match` as in the standard library."""

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 8 << 20


@lru_cache(maxsize=4096)
def compile_pattern(text: str) -> Pattern:
    """Return the compiled pattern.

    Source: https://github.com/google/re2/wiki/Syntax (no look-around and no back-references, so no exponential time).

    Raises:
        ValueError: it is no regular expression; the text says what is wrong.
    """
    try:
        return re2.compile(text, _OPTIONS)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        reason = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
        raise ValueError(f"{text!r} is no regular expression: {reason}") from None
