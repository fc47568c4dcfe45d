"""Options that a kind of check would overlook are refused, at their defaults they are not."""

from typing import Any

import pytest
from pydantic import ValidationError

from tocsin.model.options import CheckOptions
from tocsin.model.targets.kinds import USED_BY
from tocsin.model.urls import SCHEMES
from tocsin.model.websites import WebsiteCreate

EXAMPLES = {"dns": "dns:///example.com", "icmp": "icmp://example.com"}


def url_of(scheme: str) -> str:
    return EXAMPLES.get(scheme, f"{scheme}://example.com:443")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_kind_accepts_every_option_at_its_default(scheme: str) -> None:
    defaults = CheckOptions().model_dump()
    assert WebsiteCreate(url=url_of(scheme), **defaults).timeout == 30


@pytest.mark.parametrize(
    ("scheme", "option", "value"),
    [
        ("tcp", "method", "HEAD"),
        ("tcp", "proxy", "http://proxy.example:3128"),
        ("tls", "request_headers", {"A": "b"}),
        ("dns", "expected_status", "200"),
        ("icmp", "verify_tls", False),
        ("wss", "request_body", "hello"),
        ("ws", "follow_redirects", False),
    ],
)
def test_an_option_that_would_be_overlooked_is_refused_by_name(scheme: str, option: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=f"{scheme}:// checks have no use for {option}"):
        WebsiteCreate(url=url_of(scheme), **{option: value})
    assert WebsiteCreate(url="https://example.com", **{option: value}).url == "https://example.com"


def test_every_kind_listed_has_a_scheme_and_options_that_exist() -> None:
    assert set(USED_BY) <= {*SCHEMES, "heartbeat"}
    assert frozenset().union(*USED_BY.values()) <= set(CheckOptions.model_fields)
