"""What is typed into the website form, and back."""

from typing import Any

import pytest
from pydantic import ValidationError

from tocsin.dashboard.form_values import blank_form, fault_of, faults_of, typed_from, values_from
from tocsin.errors import Invalid
from tocsin.model.websites import WebsiteCreate

FULL: dict[str, Any] = {
    "url": "https://shop.example.com/cart?step=1",
    "name": "Shop <b>",
    "description": "the cart\nof the shop",
    "check_interval": 120,
    "timeout": 12.5,
    "max_retries": 1,
    "is_active": False,
    "method": "POST",
    "request_headers": {"Accept": "text/html", "X-Trace": "a: b"},
    "request_body": "step=1",
    "auth": {"kind": "basic", "username": "monitor", "password": "secret"},
    "expected_status": "200-299,401",
    "follow_redirects": False,
    "max_redirects": 3,
    "verify_tls": False,
    "address_family": "ipv6",
    "proxy": "http://proxy.example:3128",
    "degraded_after_ms": 800,
    "down_after": 2,
    "down_window": 5,
    "up_after": 3,
    "expectations": [
        {"on": "body", "op": "contains", "value": "Welcome to the shop"},
        {"on": "header", "name": "content-type", "op": "contains", "value": "text/html; charset"},
        {"on": "certificate_days", "op": ">", "value": 14},
    ],
    "tags": ["shop", "paid"],
    "group": "Front",
    "regions": ["eu"],
}


def problems(typed: dict[str, str]) -> dict[str, str]:
    values, faults = values_from(typed)
    try:
        WebsiteCreate.model_validate(values)
    except ValidationError as error:
        return {**faults_of(error), **faults}
    return faults


@pytest.mark.parametrize(
    "fields", [FULL, {"url": "http://a.example"}, {"url": "http://a.example", "auth": {"kind": "bearer", "token": "t"}}]
)
def test_every_option_survives_the_way_through_the_form(fields: dict[str, Any]) -> None:
    website = WebsiteCreate.model_validate(fields)
    values, faults = values_from(typed_from(website))
    assert faults == {}
    assert WebsiteCreate.model_validate(values) == website


def test_the_form_has_every_field_of_a_website() -> None:
    values, _ = values_from(blank_form())
    assert set(values) == set(WebsiteCreate.model_fields)


def test_an_empty_form_misses_only_its_address() -> None:
    assert set(problems(blank_form())) == {"url"}


def test_a_number_left_empty_is_the_default() -> None:
    values, _ = values_from({"url": "https://a.example", "timeout": " ", "check_interval": ""})
    assert (values["timeout"], values["check_interval"], values["degraded_after_ms"]) == ("30", "300", None)


@pytest.mark.parametrize(
    ("field", "typed", "text"),
    [
        ("url", "ftp://a.example", "must start with one of http://, https://"),
        ("check_interval", "often", "Write a whole number."),
        ("check_interval", "30", "The check interval must be 60 to 3600 seconds"),
        ("timeout", "121", "At most 120"),
        ("timeout", "soon", "Write a number."),
        ("max_retries", "-1", "At least 0"),
        ("degraded_after_ms", "0", "More than 0"),
        ("expected_status", "2000", "'2000' is no status code"),
        ("proxy", "proxy.example", "A proxy starts with"),
        ("method", "BREW", "Choose one of"),
        ("request_headers", "Accept", "Line 1: write a name, a colon and a value"),
        ("request_headers", "A b: c", "'A b' is no header name."),
        ("expectations", "body contains", "Line 1: write what, how and the value"),
        ("expectations", "body contains x\ntotal_ms < fast", "Line 2: total_ms is compared to a number"),
        ("expectations", "body contains x\nbody < y", "Line 2: body can be compared by"),
        ("expectations", "header contains x", "Line 1: "),
        ("name", "x" * 256, "At most 255 characters."),
    ],
)
def test_a_fault_stands_beside_its_field_in_words(field: str, typed: str, text: str) -> None:
    found = problems({**blank_form(), "url": "https://a.example", field: typed})
    assert set(found) == {field}
    assert text in found[field]


def test_faults_of_credentials_stand_beside_their_own_field() -> None:
    form = {**blank_form(), "url": "https://a.example", "auth_kind": "basic", "auth_username": "x" * 300}
    assert problems(form) == {"auth_username": "At most 255 characters."}


def test_a_fault_that_storage_finds_keeps_its_place() -> None:
    assert fault_of(Invalid("the name must not be empty", field="name")) == {"name": "The name must not be empty."}
    assert fault_of(Invalid("no such mask", field="request_headers.X")) == {"request_headers": "No such mask."}
    assert fault_of(Invalid("write the password", field="auth.password")) == {"auth_password": "Write the password."}
    assert fault_of(Invalid("no")) == {"": "No."}
