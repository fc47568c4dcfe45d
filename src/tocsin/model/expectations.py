"""What must hold of a check beside its status code: one schema for every kind of expectation.

`model.conditions.lines` writes and reads them as lines; `watch.expect` judges them, and says which patterns and
paths are none.
"""

from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, FiniteFloat, model_validator

from tocsin.model.texts import Stored

TEXT_SUBJECTS = {
    "body": "the body, as text; at most its first MiB",
    "header": "the answer's header `name`, in any case; one that is there several times holds if one of them does",
    "address": "the address connected to",
    "addresses": "every address that the name resolved to; one of them must fit, or with a `not_` none may",
    "tls_version": "the version spoken, as in TLSv1.3",
    "certificate_subject": "whom the leaf certificate is for, as in CN=example.com",
    "certificate_issuer": "who issued the leaf certificate",
    "certificate_sans": "each name and address of the leaf certificate; one must fit, or with a `not_` none may",
}
NUMBER_SUBJECTS = {
    "dns_ms": "milliseconds until the name was resolved",
    "connect_ms": "milliseconds until the connection was there",
    "tls_ms": "milliseconds that the handshake took",
    "ttfb_ms": "milliseconds from the request to the first byte of the answer",
    "transfer_ms": "milliseconds from there to its end",
    "total_ms": "milliseconds in all",
    "certificate_days": "days until the leaf certificate expires, negative afterwards",
    "body_bytes": "size of the body, decompressed",
    "http_status_code": "the code of the last answer",
    "redirects_count": "redirects that were followed",
}
JSON_SUBJECTS = {
    "json": "what the JSONPath `path` (RFC 9535) selects in the body; each such value must hold, and one be there",
    "json_length": "items of an array, members of an object or characters of a text that `path` selects",
}
SUBJECTS = {**TEXT_SUBJECTS, **NUMBER_SUBJECTS, **JSON_SUBJECTS}
"""What can be looked at, and what it is."""

TEXT_OPERATORS = ("contains", "not_contains", "==", "!=", "matches", "not_matches")
NUMBER_OPERATORS = ("<", "<=", ">", ">=", "==", "!=")
PRESENCE_OPERATORS = ("exists", "not_exists")
PATTERN_OPERATORS = ("matches", "not_matches")
_ORDER_OPERATORS = ("<", "<=", ">", ">=")

MAX_VALUE = 10_000
MAX_PATTERN = 1_000
"""Characters of a text to compare with, and of a regular expression."""

Subject = Literal[
    "body", "header", "address", "addresses", "tls_version", "certificate_subject", "certificate_issuer",
    "certificate_sans", "dns_ms", "connect_ms", "tls_ms", "ttfb_ms", "transfer_ms", "total_ms", "certificate_days",
    "body_bytes", "http_status_code", "redirects_count", "json", "json_length",
]  # fmt: skip
Operator = Literal["contains", "not_contains", "==", "!=", "matches", "not_matches", "<", "<=", ">", ">=", "exists",
                   "not_exists"]  # fmt: skip


def operators_of(on: str) -> tuple[str, ...]:
    """Return the operators by which a subject can be compared."""
    if on == "json":
        return (*TEXT_OPERATORS, *_ORDER_OPERATORS, *PRESENCE_OPERATORS)
    if on == "header":
        return (*TEXT_OPERATORS, *PRESENCE_OPERATORS)
    return TEXT_OPERATORS if on in TEXT_SUBJECTS else NUMBER_OPERATORS


class Expectation(Stored):
    """One condition, for example `{"on": "body", "op": "contains", "value": "Welcome"}`.

    All expectations of a website must hold. One whose subject is missing never holds, not even with `!=`.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"on": "body", "op": "contains", "value": "Welcome"},
                {"on": "json", "path": "$.status.db", "op": "==", "value": "ok"},
                {"on": "total_ms", "op": "<", "value": 500},
            ]
        },
    )

    on: Subject = Field(
        description="What is looked at; times in milliseconds, certificate_days until the leaf expires."
    )
    op: Operator
    value: str | bool | int | FiniteFloat | None = Field(
        None, description="What it is compared to; with `matches` a regular expression (RE2), with `exists` nothing."
    )
    name: str | None = Field(None, max_length=100, description="The header's name, where `on` is header.")
    path: str | None = Field(
        None,
        max_length=500,
        description="A JSONPath (RFC 9535), where `on` is json or json_length.",
        examples=["$.a[0]"],
    )

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        operators = operators_of(self.on)
        if self.op not in operators:
            raise ValueError(f"{self.on} can be compared by {', '.join(operators)}, not by {self.op}")
        if (self.on == "header") != (self.name is not None):
            raise ValueError("`name` is needed where `on` is header, and only there")
        if (self.on in JSON_SUBJECTS) != (self.path is not None):
            raise ValueError("`path` is needed where `on` is json or json_length, and only there")
        self._check_value()
        return self

    def _check_value(self) -> None:
        value, is_number = self.value, isinstance(self.value, int | float) and not isinstance(self.value, bool)
        if self.op in PRESENCE_OPERATORS:
            if value is not None:
                raise ValueError(f"{self.op} is compared to nothing: leave `value` out")
        elif self.op in PATTERN_OPERATORS:
            if not isinstance(value, str) or len(value) > MAX_PATTERN:
                raise ValueError(f"{self.op} needs a regular expression of at most {MAX_PATTERN} characters")
        elif "value" not in self.model_fields_set:
            raise ValueError(f"`value` is needed: what {self.on} is compared to")
        elif self.on in NUMBER_SUBJECTS or self.on == "json_length" or self.op in _ORDER_OPERATORS:
            if not is_number:
                raise ValueError(f"{self.on} is compared to a number")
        elif self.on in TEXT_SUBJECTS and not is_number and not isinstance(value, str):
            raise ValueError(f"{self.on} is compared to a text")
        if isinstance(value, str) and len(value) > MAX_VALUE:
            raise ValueError(f"`value` has {len(value)} characters; at most {MAX_VALUE} are allowed")

    @property
    def is_latency(self) -> bool:
        """True for the expectations whose failure means slow, not wrong."""
        return self.on.endswith("_ms")

    @property
    def needs_body(self) -> bool:
        """True for those that are judged by the body's text."""
        return self.on == "body" or self.on in JSON_SUBJECTS


def needs_body(expectations: list[Expectation]) -> bool:
    """Return whether one of them is judged by the body's text."""
    return any(one.needs_body for one in expectations)


def value_text(value: Any) -> str:
    """Return a number as it was written, or a constant as JSON names it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value).removesuffix(".0")
