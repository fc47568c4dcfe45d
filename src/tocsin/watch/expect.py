"""Which expectations a check does not meet, and which cannot be expected at all. Pure.

What is missing never counts as met, whatever the operator; neither does what was not seen to its end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tocsin.errors import Invalid
from tocsin.matching.patterns import find, pattern_fault
from tocsin.model.enums import HTTPMethod
from tocsin.model.expectations import (
    JSON_SUBJECTS,
    NUMBER_SUBJECTS,
    PATTERN_OPERATORS,
    Expectation,
    needs_body,
    value_text,
)
from tocsin.model.options import CheckOptions
from tocsin.model.results import CheckResult
from tocsin.watch.comparing import NOTHING, excerpt, number_instead

if TYPE_CHECKING:
    from tocsin.watch.json_expect import JsonBody

HEAVY = 16 * 1024
"""Characters of a body beyond which judging it may take longer than an event loop should wait."""

_POSITIVE = {"not_contains": "contains", "!=": "==", "not_matches": "matches"}


def unmet_expectations(
    result: CheckResult, expectations: Iterable[Expectation], now: datetime
) -> list[tuple[Expectation, str]]:
    """Return those of `expectations` that do not hold, each with "expected … (got …)"."""
    look = _Look(result, now)
    unmet = []
    for expectation in expectations:
        instead = look.instead_of(expectation)
        if instead is not None:
            unmet.append((expectation, f"expected {_wanted(expectation)} (got {instead})"))
    return unmet


def check_expectations(expectations: Sequence[Expectation]) -> None:
    """Refuse expectations that could never be met: patterns and paths that are none.

    Raises:
        Invalid: naming each of them by its place, counted from 1, with where in it the fault is.
    """
    faults = [(place, fault) for place, one in enumerate(expectations, 1) if (fault := _fault(one)) is not None]
    if faults:
        raise Invalid("; ".join(f"expectation {place}: {fault}" for place, fault in faults), field="expectations")


def is_heavy(result: CheckResult, options: CheckOptions) -> bool:
    """Tell whether judging takes so long that an event loop should not wait for it."""
    return needs_body(options.expectations) and len(result.judged_body or result.body_head) > HEAVY


def _fault(expectation: Expectation) -> str | None:
    fault = pattern_fault(str(expectation.value)) if expectation.op in PATTERN_OPERATORS else None
    if fault is None and expectation.path is not None:
        from tocsin.watch.json_values import path_fault  # noqa: PLC0415 (slow to load)

        fault = path_fault(expectation.path)
    return fault


def _wanted(expectation: Expectation) -> str:
    value = expectation.value
    shown = excerpt(value) if isinstance(value, str) else value_text(value)
    parts = [expectation.on, expectation.name or expectation.path or "", expectation.op.replace("_", " ")]
    return " ".join(part for part in (*parts, "" if expectation.op.endswith("exists") else shown) if part)


@dataclass(slots=True)
class _Look:
    """One result on which expectations are tried; its body is parsed once."""

    result: CheckResult
    now: datetime
    _json: "JsonBody | None" = field(default=None, init=False)

    def instead_of(self, expectation: Expectation) -> str | None:
        """Return what was got instead of what is expected, None where it holds."""
        fault = _fault(expectation)
        if fault is not None:
            return f"no verdict: {fault}"
        if expectation.on in NUMBER_SUBJECTS:
            return number_instead(self._number(expectation.on), expectation)
        if expectation.on in JSON_SUBJECTS:
            return self._json_instead(expectation)
        if expectation.on == "body":
            return self._body_instead(expectation)
        return _among(self._texts(expectation), expectation)

    def _number(self, on: str) -> float | None:
        result = self.result
        if on == "certificate_days":
            leaf = result.certificate and result.certificate.leaf
            return (leaf.not_after - self.now) / timedelta(days=1) if leaf else None
        if on == "redirects_count":
            return len(result.redirects) if result.http_status_code is not None else None
        if on in ("body_bytes", "http_status_code"):
            number: float | None = getattr(result, on)
            return number
        phase: float | None = getattr(result.phases, on)
        return phase

    def _texts(self, expectation: Expectation) -> list[str] | None:
        """Return the texts of a subject; None where the check has no such thing."""
        result, on = self.result, expectation.on
        if on == "header":
            wanted = (expectation.name or "").lower()
            found = [value for name, value in result.headers if name.lower() == wanted]
            return None if result.http_status_code is None and not result.headers else found
        if on.startswith("certificate_"):
            if result.certificate is None:
                return None
            found_here = getattr(result.certificate.leaf, on.removeprefix("certificate_"))
        else:
            found_here = getattr(result, on)
        return [found_here] if isinstance(found_here, str) else list(found_here or ())

    def _body_text(self) -> str | None:
        """Return as much of the body as was kept; None where there can be none."""
        result = self.result
        if result.method is HTTPMethod.HEAD or (result.body_bytes is None and not result.body_head):
            return None
        return result.body_head if result.judged_body is None else result.judged_body

    def _body_instead(self, expectation: Expectation) -> str | None:
        text, bytes_count = self._body_text(), self.result.body_bytes
        if text is None:
            return NOTHING
        if not self.result.is_body_cut:
            return _among([text], expectation)
        if expectation.op == "not_contains" and _plain(expectation.value) in text:
            return excerpt(text)
        if _holds_of_part(text, expectation):
            return None
        return f"a body of {bytes_count} bytes, of which only the first {self.result.kept_bytes} are judged"

    def _json_instead(self, expectation: Expectation) -> str | None:
        text, bytes_count = self._body_text(), self.result.body_bytes
        if text is None:
            return NOTHING
        if self.result.is_body_cut:
            return f"a body of {bytes_count} bytes, too large to be judged as JSON"
        if self._json is None:
            from tocsin.watch.json_expect import JsonBody  # noqa: PLC0415 (slow to load)

            self._json = JsonBody(text)
        return self._json.instead_of(expectation)


def _among(texts: list[str] | None, expectation: Expectation) -> str | None:
    """Compare texts: one of them must fit, or with a negation none may."""
    op = expectation.op
    if op == "not_exists":
        return None if texts == [] else _listed(texts)
    if not texts:
        return NOTHING
    if op == "exists":
        return None
    positive = _POSITIVE.get(op, op)
    fits = any(_fits(text, positive, _plain(expectation.value)) for text in texts)
    return None if fits is (positive == op) else _listed(texts)


def _listed(texts: list[str] | None) -> str:
    if not texts:
        return NOTHING
    shown = ", ".join(excerpt(text) for text in texts[:3])
    return f"{shown} and {len(texts) - 3} more" if len(texts) > 3 else shown


def _fits(text: str, op: str, value: str) -> bool:
    if op == "contains":
        return value in text
    return text == value if op == "==" else find(value, text) is not None


def _holds_of_part(part: str, expectation: Expectation) -> bool:
    """Tell whether an expectation holds of a text of which only the beginning is known."""
    op, value = expectation.op, _plain(expectation.value)
    if op == "contains":
        return value in part
    if op == "!=":
        return not value.startswith(part)
    if op == "matches":  # one that reaches the end of what is known might not hold of what follows
        match = find(value, part)
        return match is not None and not match[1]
    return False  # what must not be there may be in the rest


def _plain(value: object) -> str:
    return value if isinstance(value, str) else value_text(value)
