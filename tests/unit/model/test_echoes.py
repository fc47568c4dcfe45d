"""Secrets that a website sent back are masked in what is kept of its answer."""

from typing import Any

import pytest

from tocsin.model.echoes import mask_evidence
from tocsin.model.masks import MASK

STORED: dict[str, Any] = {
    "auth": {"kind": "basic", "username": "me", "password": 'pa"ss&1'},
    "request_headers": {"X-Api-Key": "key-1", "Cookie": "a=1; sid=cookie-1", "Accept": "text/html"},
    "request_body": '{"user": "me-too", "password": "inner-1"}',
    "proxy": None,
}


@pytest.mark.parametrize(
    ("seen", "shown"),
    [
        ('pa"ss&1', MASK),
        ('{"password": "pa\\"ss&1"}', f'{{"password": "{MASK}"}}'),
        ("<td>pa&quot;ss&amp;1</td>", f"<td>{MASK}</td>"),
        ("?p=pa%22ss%261&q", f"?p={MASK}&q"),
        ("Authorization: Basic bWU6cGEic3MmMQ==", f"Authorization: Basic {MASK}"),
        ("key-1 and key-1", f"{MASK} and {MASK}"),
        ("Cookie: a=1; sid=cookie-1", f"Cookie: {MASK}"),
        ("your session is cookie-1", f"your session is {MASK}"),
        ('you sent {"user": "me-too", "password": "inner-1"}', f"you sent {MASK}"),
        ("password=inner-1, user=me-too", f"password={MASK}, user=me-too"),
        ("text/html", "text/html"),
    ],
)
def test_a_secret_is_found_however_a_page_writes_it(seen: str, shown: str) -> None:
    assert mask_evidence({"body_head": seen}, STORED) == {"body_head": shown}


@pytest.mark.parametrize(
    ("stored", "seen", "shown"),
    [
        ({"auth": {"kind": "bearer", "token": "token-1"}}, "Bearer token-1", f"Bearer {MASK}"),
        ({"request_headers": {"Authorization": "Token abc-123"}}, "it is abc-123", f"it is {MASK}"),
        ({"request_body": "user=me&password=pass+word"}, "pass word", MASK),
        ({"request_body": "pass phrase"}, "q=pass+phrase", f"q={MASK}"),
        ({"request_body": "[1, 2]"}, "[1, 2]", MASK),
        ({"auth": {"kind": "bearer", "token": "abc"}}, "abcdef", "abcdef"),
        ({"auth": None, "request_headers": {}, "request_body": None}, "anything", "anything"),
        ({"request_body": "bücher"}, "b\\u00fccher, b%C3%BCcher", f"{MASK}, {MASK}"),
    ],
)
def test_every_kind_of_secret_is_looked_for(stored: dict[str, Any], seen: str, shown: str) -> None:
    assert mask_evidence({"body_head": seen}, stored) == {"body_head": shown}


def test_all_that_the_website_wrote_is_masked_and_nothing_else() -> None:
    evidence = {
        "headers": [["X-Echo", "key-1"]],
        "final_url": "https://a.example/?key=key-1",
        "redirects": [{"url": "https://a.example/key-1", "http_status_code": 302, "phases": {"dns_ms": 1.5}}],
        "message": "leads to key-1",
        "earlier": [{"message": "key-1", "cause": None}],
        "body_sha256": "key-1",
        "certificate": None,
    }
    assert mask_evidence(evidence, STORED) == {
        "headers": [["X-Echo", MASK]],
        "final_url": f"https://a.example/?key={MASK}",
        "redirects": [{"url": f"https://a.example/{MASK}", "http_status_code": 302, "phases": {"dns_ms": 1.5}}],
        "message": f"leads to {MASK}",
        "earlier": [{"message": MASK, "cause": None}],
        "body_sha256": "key-1",
        "certificate": None,
    }
