"""Secrets of a website as doors show them: masked on the way out, put back where the mask comes in again. Pure.

The request's body counts as one: what logs in by a form or asks for a token stands in it.
What a website answered is masked by `model.echoes`.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tocsin.errors import Invalid
from tocsin.model.options import BasicAuth, BearerAuth

MASK = "********"

_SECRET_KEYS = {"basic": "password", "bearer": "token"}
_SECRET_NAME = re.compile(
    r"authorization|cookie|token|secret|password|passwd|credential|signature|api-?key|access-?key|(^|-)auth(-|$)|session"
)


def is_secret_name(name: str) -> bool:
    """Return whether the value of a request header, or of a field, of that name is likely a secret."""
    return bool(_SECRET_NAME.search(name.lower().replace("_", "-")))


def mask_auth(auth: BasicAuth | BearerAuth | None) -> BasicAuth | BearerAuth | None:
    """Return credentials without their secret."""
    return None if auth is None else auth.model_copy(update={_SECRET_KEYS[auth.kind]: MASK})


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return request headers with the values of those that hold secrets masked."""
    return {name: MASK if is_secret_name(name) else value for name, value in headers.items()}


def mask_proxy(proxy: str | None) -> str | None:
    """Return a proxy's URL without its user and password."""
    if proxy is None:
        return None
    parts = urlsplit(proxy)
    userinfo, at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{MASK}@{host}").geturl() if at and userinfo else proxy


def mask_body(body: str | None) -> str | None:
    """Return a mask where there is a request body."""
    return MASK if body else body


def secret_in(auth: Mapping[str, Any]) -> str:
    """Return the secret part of stored credentials."""
    secret: str = auth[_SECRET_KEYS[auth["kind"]]]
    return secret


def unmask(given: Mapping[str, Any], stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the fields of `given` that carried a mask, with the secret that is stored in its place.

    Args:
        given: fields of a website as they came in; only auth, request_headers, request_body and proxy matter.
        stored: the same fields as they are kept; None where the website is new.

    Raises:
        Invalid: a mask stands where nothing is stored that it could mean.
    """
    kept = stored or {}
    changed: dict[str, Any] = {}
    auth = given.get("auth")
    if auth and secret_in(auth) == MASK:
        changed["auth"] = _unmask_auth(auth, kept.get("auth"))
    headers = given.get("request_headers") or {}
    if MASK in headers.values():
        changed["request_headers"] = _unmask_headers(headers, kept.get("request_headers") or {})
    if given.get("request_body") == MASK:
        changed["request_body"] = _unmask_body(kept.get("request_body"))
    proxy = given.get("proxy")
    if proxy and MASK in proxy:
        if proxy != mask_proxy(kept.get("proxy")):
            raise Invalid(f"{MASK} stands for nothing that is stored; write the user and password", field="proxy")
        changed["proxy"] = kept["proxy"]
    return changed


def _unmask_auth(auth: Mapping[str, Any], stored: Mapping[str, Any] | None) -> dict[str, Any]:
    key = _SECRET_KEYS[auth["kind"]]
    if stored is None or stored["kind"] != auth["kind"]:
        raise Invalid(f"{MASK} stands for nothing that is stored; write the {key}", field=f"auth.{key}")
    return {**auth, key: stored[key]}


def _unmask_headers(headers: Mapping[str, str], stored: Mapping[str, str]) -> dict[str, str]:
    by_name = {name.lower(): value for name, value in stored.items()}
    unknown = next((name for name, value in headers.items() if value == MASK and name.lower() not in by_name), None)
    if unknown is not None:
        raise Invalid(
            f"{MASK} stands for nothing that is stored; write the value of {unknown}",
            field=f"request_headers.{unknown}",
        )
    return {name: by_name[name.lower()] if value == MASK else value for name, value in headers.items()}


def _unmask_body(stored: str | None) -> str:
    if not stored:
        raise Invalid(f"{MASK} stands for nothing that is stored; write the body", field="request_body")
    return stored
