"""Numbers and texts beside what was expected of them, and how a message shows them. Pure."""

import operator
from collections.abc import Callable
from typing import Any

from tocsin.model.expectations import Expectation, value_text

NOTHING = "nothing"
"""What a message says was got where there was no such thing."""

EXCERPT = 80
"""Characters of a text that a message shows."""

ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


def excerpt(text: str) -> str:
    """Return a text in quotes, shortened."""
    return repr(text if len(text) <= EXCERPT else text[:EXCERPT] + "…")


def number_instead(got: float | None, expectation: Expectation) -> str | None:
    """Return what was got instead of the number that is expected, None where it holds."""
    if got is None:
        return NOTHING
    if ORDER[expectation.op](got, expectation.value):
        return None
    if isinstance(got, int):
        return str(got)
    short = f"{got:.6g}" if abs(got) < 1e6 else f"{got:.0f}"
    return repr(got) if short == value_text(expectation.value) else short
