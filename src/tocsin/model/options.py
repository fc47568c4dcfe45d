"""How a website is to be checked: the options that a website and `check_website` share."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, field_validator

from tocsin.model.enums import AddressFamily, HTTPMethod
from tocsin.model.expectations import Expectation
from tocsin.model.expected_status import parse_expected_status
from tocsin.model.texts import Stored

MAX_REQUEST_BODY = 256 * 1024
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class BasicAuth(Stored):
    """User name and password, sent as HTTP Basic (RFC 7617)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["basic"] = "basic"
    username: str = Field(max_length=255, examples=["monitor"])
    password: str = Field(max_length=1024, repr=False)


class BearerAuth(Stored):
    """A token, sent as `Authorization: Bearer …` (RFC 6750)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["bearer"] = "bearer"
    token: str = Field(max_length=8192, repr=False)


Auth = Annotated[BasicAuth | BearerAuth, Field(discriminator="kind")]


def _expected_status_text(value: Any) -> Any:
    """Accept 200 and [200, "3xx"] beside the text form."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, (list, tuple)):
        return ",".join(str(part) for part in value)
    return value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _whole_if_it_is(value: float | None) -> int | float | None:  # None: not given in an update
    return int(value) if value is not None and value % 1 == 0 else value


Number = Annotated[
    float,
    PlainSerializer(_whole_if_it_is, return_type=int | float | None, when_used="json"),
    WithJsonSchema({"type": "number"}, mode="serialization"),
]
"""A pydantic field: a number that JSON shows as it was written, 30 and not 30.0."""


class CheckOptions(Stored):
    """Every option of a check, with its default. Times are in the unit that the description names."""

    model_config = ConfigDict(extra="forbid", validate_default=False)

    timeout: Number = Field(30, ge=1, le=120, description="Seconds one attempt may take, names and redirects included.")
    max_retries: int = Field(3, ge=0, le=10, description="Further attempts that must fail too before the check fails.")
    method: Annotated[HTTPMethod, BeforeValidator(_upper)] = HTTPMethod.GET
    request_headers: dict[str, str] = Field(default_factory=dict, examples=[{"Accept": "text/html"}])
    request_body: str | None = Field(None, max_length=MAX_REQUEST_BODY)
    auth: Auth | None = None
    expected_status: Annotated[str, BeforeValidator(_expected_status_text)] = Field(
        "200-399",
        max_length=200,
        description="Codes, ranges and classes that mean UP.",
        examples=["200-299,401"],
    )
    follow_redirects: bool = True
    max_redirects: int = Field(10, ge=0, le=30)
    verify_tls: bool = Field(True, description="False: certificate faults do not fail the check; facts are kept.")
    address_family: AddressFamily = AddressFamily.ANY
    proxy: str | None = Field(None, max_length=2048, examples=["http://proxy.example:3128"])
    degraded_after_ms: Number | None = Field(
        None, gt=0, le=120_000, description="An UP check that takes longer, in milliseconds, is DEGRADED."
    )
    expectations: list[Expectation] = Field(default_factory=list, max_length=50)

    @field_validator("expected_status")
    @classmethod
    def _codes_are_codes(cls, value: str) -> str:
        parse_expected_status(value)
        return value

    @field_validator("request_headers")
    @classmethod
    def _headers_are_headers(cls, value: dict[str, str]) -> dict[str, str]:
        if len(value) > 50:
            raise ValueError("at most 50 request headers")
        for name, text in value.items():
            if not name or not set(name) <= _TOKEN:
                raise ValueError(f"{name!r} is no header name")
            if any(character in text for character in "\r\n\0"):
                raise ValueError(f"the value of header {name!r} contains a control character")
        return value

    @field_validator("proxy")
    @classmethod
    def _proxy_is_known(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://", "socks5://", "socks5h://")):
            raise ValueError("a proxy starts with http://, https://, socks5:// or socks5h://")
        return value
