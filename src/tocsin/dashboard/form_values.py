"""Between what is typed into the website form and a website's fields, and a fault's place beside its field. Pure."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tocsin.dashboard.wording import sentence
from tocsin.errors import Invalid
from tocsin.model.conditions.lines import expectation_text, parse_expectation
from tocsin.model.enums import HTTPMethod
from tocsin.model.heartbeats.keys import is_heartbeat
from tocsin.model.heartbeats.schedules import FIELDS
from tocsin.model.websites import WebsiteCreate, WebsiteRead

Typed = dict[str, str]
"""What stands in each field of the form; a box that is not ticked is missing."""

Faults = dict[str, str]
"""What is wrong with a field, by its name; "" is the form as a whole."""

_TEXTS = ("url", "name")
_DEFAULTED = ("expected_status", "method", "address_family")  # left empty, the default
_OPTIONAL_TEXTS = ("description", "request_body", "proxy", "group")
_NUMBERS = ("check_interval", "timeout", "max_retries", "max_redirects", "down_after", "up_after")
_OPTIONAL_NUMBERS = ("degraded_after_ms", "down_window")
_TICKS = ("is_active", "follow_redirects", "verify_tls")
_LISTS = ("tags", "regions")

METHODS = [(method.value, method.value) for method in HTTPMethod]


def typed_from(website: WebsiteRead | WebsiteCreate) -> Typed:
    """Return what the form shows of a website (secrets as masked as they come)."""
    typed = {name: f"{getattr(website, name):g}" for name in _NUMBERS}
    typed |= {name: str(getattr(website, name)) for name in (*_TEXTS, *_DEFAULTED)}
    typed |= {name: getattr(website, name) or "" for name in _OPTIONAL_TEXTS}
    typed |= {name: "on" for name in _TICKS if getattr(website, name)}
    typed |= {name: str(getattr(website, name) or "") for name in FIELDS}
    typed |= {name: ", ".join(getattr(website, name)) for name in _LISTS}
    optional = {name: getattr(website, name) for name in _OPTIONAL_NUMBERS}
    typed |= {name: "" if value is None else f"{value:g}" for name, value in optional.items()}
    typed["request_headers"] = "\n".join(f"{name}: {value}" for name, value in website.request_headers.items())
    typed["expectations"] = "\n".join(map(expectation_text, website.expectations))
    auth = website.auth.model_dump() if website.auth else {}
    typed |= {"auth_kind": "none"} | {f"auth_{name}": value for name, value in auth.items()}
    return typed


def blank_form() -> Typed:
    """Return the form of a website to be added: every default, no address."""
    return {**typed_from(WebsiteCreate(url="https://example.com")), "url": "", "name": ""}


def values_from(typed: Mapping[str, str]) -> tuple[dict[str, Any], Faults]:
    """Return the fields of the website that was typed, for pydantic to judge, and what is no field at all."""
    faults: Faults = {}
    defaults = blank_form()
    values: dict[str, Any] = {name: typed.get(name, "").strip() for name in _TEXTS}
    optional = (*_OPTIONAL_TEXTS, *FIELDS, *_OPTIONAL_NUMBERS)
    values |= {name: typed.get(name, "").strip() or None for name in optional}
    values |= {name: typed.get(name, "").strip() or defaults[name] for name in (*_NUMBERS, *_DEFAULTED)}
    values |= {name: name in typed for name in _TICKS}
    values |= {name: [part for one in typed.get(name, "").split(",") if (part := one.strip())] for name in _LISTS}
    if is_heartbeat(values["url"]):
        values.pop("check_interval")  # nobody looks at it
    values["auth"] = _auth(typed)
    for name, read in (("request_headers", _headers), ("expectations", _expectations)):
        lines = [line.strip() for line in typed.get(name, "").splitlines() if line.strip()]
        try:
            values[name] = read(lines)
        except ValueError as error:
            faults[name] = str(error)
    return values, faults


def _auth(typed: Mapping[str, str]) -> dict[str, str] | None:
    kind = typed.get("auth_kind", "none")
    if kind == "basic":
        names = ("username", "password")
    elif kind == "bearer":
        names = ("token",)  # type: ignore[assignment]
    else:
        return None
    return {"kind": kind, **{name: typed.get(f"auth_{name}", "") for name in names}}


def _headers(lines: list[str]) -> dict[str, str]:
    headers = {}
    for number, line in enumerate(lines, 1):
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"Line {number}: write a name, a colon and a value, for example Accept: text/html.")
        headers[name.strip()] = value.strip()
    return headers


def _expectations(lines: list[str]) -> list[dict[str, Any]]:
    return [_expectation(number, line) for number, line in enumerate(lines, 1)]


def _expectation(number: int, line: str) -> dict[str, Any]:
    try:
        return parse_expectation(line)
    except ValueError as error:
        raise ValueError(sentence(f"Line {number}: {error}")) from None


def faults_of(error: ValidationError) -> Faults:
    """Return the first fault of each field, as the form names its fields."""
    faults: Faults = {}
    for one in error.errors(include_url=False, include_input=False):
        faults.setdefault(_field_of(one["loc"]), _text_of(one))
    return faults


def fault_of(error: Invalid) -> Faults:
    """Return a fault that storage found, under the form's name of the field."""
    return {_field_of(tuple((error.field or "").split("."))): sentence(error.message)}


def _field_of(place: tuple[int | str, ...]) -> str:
    if place and place[0] == "auth":
        return f"auth_{place[-1]}" if place[-1] in ("username", "password", "token") else "auth_kind"
    return str(place[0]) if place else ""


_SENTENCES = {
    "int_parsing": "Write a whole number.",
    "int_from_float": "Write a whole number.",
    "float_parsing": "Write a number.",
    "greater_than_equal": "At least {ge}.",
    "less_than_equal": "At most {le}.",
    "greater_than": "More than {gt}.",
    "string_too_long": "At most {max_length} characters.",
    "string_too_short": "At least {min_length} characters.",
    "too_long": "At most {max_length} of them.",
    "enum": "Choose one of: {expected}.",
    "literal_error": "Choose one of: {expected}.",
}


def _text_of(one: ErrorDetails) -> str:
    pattern = _SENTENCES.get(one["type"])
    text = pattern.format(**one.get("ctx", {})) if pattern else sentence(one["msg"].removeprefix("Value error, "))
    place = one["loc"]
    if len(place) > 1 and isinstance(place[1], int):
        return f"Line {place[1] + 1}: {text[:1].lower()}{text[1:]}" if place[0] == "expectations" else text
    return text
