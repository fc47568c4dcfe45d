"""Secrets of a website where it sent them back: a page that echoes the request has them in its body or headers. Pure.

Found are those that the website is checked with now; one that was replaced since may stand in older evidence.
"""

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus

from tocsin.model.masks import MASK, is_secret_name, secret_in

SHORTEST = 4
"""Characters. A shorter secret would be found by chance, and its masks would give it away."""

_FROM_THE_WEBSITE = ("body_head", "headers", "final_url", "redirects", "message", "earlier")


def mask_evidence(evidence: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the evidence of a check with every known secret of its website masked, however it is written there.

    Args:
        evidence: as storage has it.
        stored: auth, request_headers and request_body of the website, as they are kept.
    """
    written = {form for secret in _secrets(stored) for form in _forms(secret) if len(form) >= SHORTEST}
    if not written:
        return dict(evidence)
    known = re.compile("|".join(map(re.escape, sorted(written, key=len, reverse=True))))
    return {name: _masked(value, known) if name in _FROM_THE_WEBSITE else value for name, value in evidence.items()}


def _masked(value: Any, known: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return known.sub(MASK, value)
    if isinstance(value, list):
        return [_masked(one, known) for one in value]
    if isinstance(value, dict):
        return {name: _masked(one, known) for name, one in value.items()}
    return value


def _secrets(stored: Mapping[str, Any]) -> Iterator[str]:
    auth = stored.get("auth")
    if auth:
        yield secret_in(auth)
        if auth["kind"] == "basic":
            yield b64encode(f"{auth['username']}:{auth['password']}".encode()).decode()
    for name, value in (stored.get("request_headers") or {}).items():
        if is_secret_name(name):
            yield value
            yield value.partition(" ")[2]  # after a scheme, as in "Bearer …"
            yield from (cookie.partition("=")[2].strip() for cookie in value.split(";"))
    body = stored.get("request_body")
    if body:
        yield body
        yield from _secrets_within(body)


def _secrets_within(body: str) -> Iterator[str]:
    """Yield the fields of a JSON object or a form that are called as secrets are: echoes take a body apart."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = dict(parse_qsl(body))
    if isinstance(fields, dict):
        yield from (value for name, value in fields.items() if isinstance(value, str) and is_secret_name(name))


def _forms(secret: str) -> tuple[str, ...]:
    """Return the ways in which pages write a text: as it is, and escaped for JSON, HTML and URLs."""
    return (
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        quote(secret, safe=""),
        quote_plus(secret),
    )
