"""Options of a check: defaults, forms that are accepted, and faults."""

from typing import Any

import pytest
from pydantic import ValidationError

from tocsin import AddressFamily, HTTPMethod
from tocsin.model.options import BasicAuth, BearerAuth, CheckOptions


def test_the_defaults_are_those_that_were_promised() -> None:
    assert CheckOptions().model_dump() == {
        "timeout": 30,
        "max_retries": 3,
        "method": HTTPMethod.GET,
        "request_headers": {},
        "request_body": None,
        "auth": None,
        "expected_status": "200-399",
        "follow_redirects": True,
        "max_redirects": 10,
        "verify_tls": True,
        "address_family": AddressFamily.ANY,
        "proxy": None,
        "degraded_after_ms": None,
        "expectations": [],
    }


@pytest.mark.parametrize(
    ("given", "text"),
    [(200, "200"), ([200, "3xx"], "200,3xx"), ((401,), "401"), ("2xx", "2xx"), ("200, 204", "200, 204")],
)
def test_expected_status_is_accepted_as_number_and_list(given: Any, text: str) -> None:
    assert CheckOptions(expected_status=given).expected_status == text


def test_a_method_is_known_in_any_case() -> None:
    assert CheckOptions.model_validate({"method": "post"}).method is HTTPMethod.POST


def test_both_kinds_of_credentials_are_told_apart_and_kept_out_of_logs() -> None:
    basic = CheckOptions.model_validate({"auth": {"kind": "basic", "username": "me", "password": "hush"}})
    bearer = CheckOptions.model_validate({"auth": {"kind": "bearer", "token": "hush"}})
    assert basic.auth == BasicAuth(username="me", password="hush")
    assert bearer.auth == BearerAuth(token="hush")
    assert "hush" not in repr(basic)
    assert "hush" not in repr(bearer)


@pytest.mark.parametrize("proxy", ["http://p:3128", "https://p", "socks5://p:1", "socks5h://p:1", None])
def test_proxies_of_four_kinds_are_accepted(proxy: str | None) -> None:
    assert CheckOptions(proxy=proxy).proxy == proxy


def test_headers_are_kept_as_they_were_written() -> None:
    headers = {"Accept": "text/html", "X-Empty": ""}
    assert CheckOptions(request_headers=headers).request_headers == headers


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"timeout": 0.5}, "timeout"),
        ({"timeout": 121}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"max_retries": -1}, "max_retries"),
        ({"max_retries": 11}, "max_retries"),
        ({"method": "TRACE"}, "method"),
        ({"method": 5}, "method"),
        ({"expected_status": True}, "expected_status"),
        ({"expected_status": "fine"}, "expected_status"),
        ({"expected_status": 42}, "expected_status"),
        ({"expected_status": []}, "expected_status"),
        ({"max_redirects": 31}, "max_redirects"),
        ({"address_family": "ipv5"}, "address_family"),
        ({"proxy": "ftp://p"}, "proxy"),
        ({"degraded_after_ms": 0}, "degraded_after_ms"),
        ({"degraded_after_ms": float("inf")}, "degraded_after_ms"),
        ({"request_headers": {"": "x"}}, "request_headers"),
        ({"request_headers": {"X Y": "x"}}, "request_headers"),
        ({"request_headers": {"Näme": "x"}}, "request_headers"),
        ({"request_headers": {"X": "a\r\nHost: b"}}, "request_headers"),
        ({"request_headers": {"X": "a\0"}}, "request_headers"),
        ({"request_headers": {f"X-{number}": "" for number in range(51)}}, "request_headers"),
        ({"request_body": "x" * (256 * 1024 + 1)}, "request_body"),
        ({"auth": {"kind": "digest", "username": "a", "password": "b"}}, "auth"),
        ({"auth": {"username": "a", "password": "b"}}, "auth"),
        ({"auth": {"kind": "basic", "username": "a"}}, "auth"),
        ({"auth": {"kind": "bearer", "token": "a", "password": "b"}}, "auth"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_option_is_refused_by_name(options: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        CheckOptions.model_validate(options)
    assert {error["loc"][0] for error in caught.value.errors()} == {field}
