"""Which expectations an answer does not meet. Pure. What is missing never counts as met."""

import operator
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from tocsin.model.expectations import Expectation
from tocsin.model.results import CheckResult

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_MATCH: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, value: value in text,
    "not_contains": lambda text, value: value not in text,
    "==": operator.eq,
    "!=": operator.ne,
}
_EXCERPT = 80


def unmet_expectations(
    result: CheckResult, expectations: Iterable[Expectation], now: datetime
) -> list[tuple[Expectation, str]]:
    """Return those of `expectations` that do not hold, each with "expected … (got …)"."""
    unmet = []
    for expectation in expectations:
        got = _number(result, expectation, now) if _is_number(expectation) else _text(result, expectation)
        if got is None or not _holds(got, expectation):
            unmet.append((expectation, _sentence(expectation, got)))
    return unmet


def _is_number(expectation: Expectation) -> bool:
    return expectation.on not in ("body", "header")


def _number(result: CheckResult, expectation: Expectation, now: datetime) -> float | None:
    if expectation.on == "certificate_days":
        if result.certificate is None:
            return None
        return (result.certificate.leaf.not_after - now) / timedelta(days=1)
    if expectation.on == "body_bytes":
        return result.body_bytes
    number: float | None = getattr(result.phases, expectation.on)
    return number


def _text(result: CheckResult, expectation: Expectation) -> str | None:
    return result.body_head if expectation.on == "body" else result.header(expectation.name or "")


def _holds(got: float | str, expectation: Expectation) -> bool:
    if isinstance(got, str):
        return _MATCH[expectation.op](got, _plain(expectation.value))
    return _COMPARE[expectation.op](got, float(expectation.value))


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _sentence(expectation: Expectation, got: float | str | None) -> str:
    subject = f"header {expectation.name}" if expectation.on == "header" else expectation.on
    verb = expectation.op.replace("_", " ")
    value = repr(expectation.value) if isinstance(expectation.value, str) else f"{expectation.value:g}"
    if got is None:
        seen = "nothing"
    elif isinstance(got, str):
        seen = repr(got if len(got) <= _EXCERPT else got[:_EXCERPT] + "…")
    else:
        seen = f"{got:.6g}"
    return f"expected {subject} {verb} {value} (got {seen})"
