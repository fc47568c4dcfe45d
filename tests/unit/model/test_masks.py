"""Masks of a website's secrets."""

from typing import Any

import pytest

from tocsin.errors import Invalid
from tocsin.model.masks import MASK, is_secret_name, mask_auth, mask_body, mask_headers, mask_proxy, unmask
from tocsin.model.options import BasicAuth, BearerAuth


@pytest.mark.parametrize(
    "name",
    ["Authorization", "Proxy-Authorization", "COOKIE", "x-api-key", "X_API_KEY", "apikey", "X-Auth-Token", "X-Auth",
     "Client-Secret", "X-Access-Key", "X-Amz-Signature", "X-Session-Id", "X-Password"],
)  # fmt: skip
def test_headers_that_carry_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["Accept", "User-Agent", "X-Request-Id", "Content-Type", "X-Author", "Keyboard"])
def test_other_headers_stay_readable(name: str) -> None:
    assert not is_secret_name(name)


def test_credentials_keep_all_but_the_secret() -> None:
    assert mask_auth(BasicAuth(username="me", password="hush")) == BasicAuth(username="me", password=MASK)
    assert mask_auth(BearerAuth(token="hush")) == BearerAuth(token=MASK)
    assert mask_auth(None) is None
    assert mask_headers({"Cookie": "hush", "Accept": "*/*"}) == {"Cookie": MASK, "Accept": "*/*"}


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        (None, None),
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("http://me:hush@proxy.example:3128", f"http://{MASK}@proxy.example:3128"),
        ("socks5://me@[::1]:9", f"socks5://{MASK}@[::1]:9"),
        ("http://me:hu@sh@proxy.example", f"http://{MASK}@proxy.example"),
        ("http://@proxy.example", "http://@proxy.example"),
    ],
)
def test_a_proxy_keeps_all_but_user_and_password(proxy: str | None, shown: str | None) -> None:
    assert mask_proxy(proxy) == shown


def test_a_body_is_hidden_as_a_whole() -> None:
    assert (mask_body("user=me&password=hush"), mask_body(""), mask_body(None)) == (MASK, "", None)


STORED: dict[str, Any] = {
    "auth": {"kind": "basic", "username": "me", "password": "hush"},
    "request_headers": {"Cookie": "hush", "Accept": "*/*"},
    "request_body": "hush=1",
    "proxy": "http://me:hush@proxy.example",
}


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        ({}, {}),
        ({"name": MASK}, {}),
        ({"auth": None, "request_headers": {}, "proxy": None}, {}),
        ({"auth": {"kind": "basic", "username": "you", "password": "new"}}, {}),
        (
            {"auth": {"kind": "basic", "username": "you", "password": MASK}},
            {"auth": {"kind": "basic", "username": "you", "password": "hush"}},
        ),
        (
            {"request_headers": {"cookie": MASK, "X-New": "1"}},
            {"request_headers": {"cookie": "hush", "X-New": "1"}},
        ),
        ({"request_body": MASK}, {"request_body": "hush=1"}),
        ({"request_body": "new"}, {}),
        ({"proxy": f"http://{MASK}@proxy.example"}, {"proxy": "http://me:hush@proxy.example"}),
    ],
)
def test_a_mask_that_comes_back_means_what_is_stored(given: dict[str, Any], changed: dict[str, Any]) -> None:
    assert unmask(given, STORED) == changed


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"auth": {"kind": "bearer", "token": MASK}}, "auth.token"),
        ({"request_headers": {"X-Api-Key": MASK}}, "request_headers.X-Api-Key"),
        ({"proxy": f"http://{MASK}@elsewhere.example"}, "proxy"),
    ],
)
@pytest.mark.parametrize("stored", [STORED, None, {}, {"auth": None, "request_headers": None, "proxy": None}])
def test_a_mask_that_means_nothing_is_refused(given: dict[str, Any], field: str, stored: dict[str, Any] | None) -> None:
    with pytest.raises(Invalid) as caught:
        unmask(given, stored)
    assert caught.value.field == field


@pytest.mark.parametrize("stored", [None, {}, {"request_body": None}])
def test_a_masked_body_needs_a_stored_one(stored: dict[str, Any] | None) -> None:
    with pytest.raises(Invalid) as caught:
        unmask({"request_body": MASK}, stored)
    assert caught.value.field == "request_body"
