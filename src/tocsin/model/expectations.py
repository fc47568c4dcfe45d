"""What must hold of an answer beside its status code: one schema for every kind of expectation."""

from typing import Literal, Self

from pydantic import ConfigDict, Field, FiniteFloat, model_validator

from tocsin.model.texts import Stored

TEXT_SUBJECTS = ("body", "header")
NUMBER_SUBJECTS = (
    "dns_ms",
    "connect_ms",
    "tls_ms",
    "ttfb_ms",
    "transfer_ms",
    "total_ms",
    "certificate_days",
    "body_bytes",
)
_TEXT_OPERATORS = ("contains", "not_contains", "==", "!=")
_NUMBER_OPERATORS = ("<", "<=", ">", ">=", "==", "!=")


class Expectation(Stored):
    """One condition, for example `{"on": "body", "op": "contains", "value": "Welcome"}`.

    All expectations of a website must hold. One whose subject is missing never holds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: Literal[
        "body",
        "header",
        "dns_ms",
        "connect_ms",
        "tls_ms",
        "ttfb_ms",
        "transfer_ms",
        "total_ms",
        "certificate_days",
        "body_bytes",
    ] = Field(description="What is looked at; times in milliseconds, certificate_days until the leaf expires.")
    op: Literal["contains", "not_contains", "==", "!=", "<", "<=", ">", ">="]
    value: str | FiniteFloat
    name: str | None = Field(None, max_length=100, description="The header's name, where `on` is header.")

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        operators = _TEXT_OPERATORS if self.on in TEXT_SUBJECTS else _NUMBER_OPERATORS
        if self.op not in operators:
            raise ValueError(f"{self.on} can be compared by {', '.join(operators)}, not by {self.op}")
        if (self.on == "header") != (self.name is not None):
            raise ValueError("`name` is needed where `on` is header, and only there")
        if self.on in NUMBER_SUBJECTS and isinstance(self.value, str):
            raise ValueError(f"{self.on} is compared to a number")
        return self

    @property
    def is_latency(self) -> bool:
        """True for the expectations whose failure means slow, not wrong."""
        return self.on.endswith("_ms")
