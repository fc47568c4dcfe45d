"""Faults as answers: RFC 9457 problem documents with a stable `code`, whatever went wrong and wherever."""

import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from tocsin.errors import Invalid, SendFailed, TocsinError, TooManyTries, Unauthorized
from tocsin.model.heartbeats.keys import hidden_path

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    422: "invalid",
}
_SENTENCES = {
    404: "there is nothing at this address",
    405: "this address does not know that method",
    413: "the request's body is too large",
}


_SAID = {
    "extra_forbidden": "there is no such field",
    "union_tag_not_found": "its field {discriminator} is missing, which says what kind of thing this is",
    "union_tag_invalid": "{tag!r} is no {discriminator}; write one of {expected_tags}",
    "string_unicode": "half of a surrogate pair cannot be stored; write the whole character",
}
"""What a validation error means, by its type, where pydantic's own sentence speaks of its insides."""

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_UNREAD: dict[type[Any], str] = {
    UnicodeDecodeError: "the body is no JSON: it is not UTF-8",
    RecursionError: "the body is no JSON that can be read: it nests too deep",
}
"""Why a body could not be parsed, beside broken JSON, by what the parser raised."""


class FieldFault(BaseModel):
    """What is wrong with one field of the request."""

    field: str = Field(description="Where it is: names and list positions joined by dots.", examples=["check_interval"])
    message: str = Field(examples=["the check interval must be 60 to 3600 seconds"])


class Problem(BaseModel):
    """Why a request was not done. Source: RFC 9457."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:tocsin:problem:not_found",
                    "title": "There is no such thing.",
                    "status": 404,
                    "detail": "there is no website 7",
                    "code": "not_found",
                    "instance": "/api/websites/7",
                }
            ]
        }
    )

    type: str = Field(description="A URN made of the code.")
    title: str = Field(description="The kind of problem, the same for every one of this code.")
    status: int = Field(description="The HTTP status once more.")
    detail: str = Field(description="This problem, for people.")
    code: str = Field(description="Stable; match on this.")
    instance: str = Field(description="The path that was asked for.")
    errors: list[FieldFault] | None = Field(None, description="With 422: every field at fault.")
    error_id: str | None = Field(None, description="With 500: the same id stands in the server's log.")


class ProblemResponse(JSONResponse):
    """A problem document."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        """Return UTF-8, whatever the request contained."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def problem(  # noqa: PLR0913 (fields of one document, by name)
    path: str,
    status: int,
    code: str,
    detail: str,
    *,
    title: str | None = None,
    errors: Sequence[FieldFault] = (),
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> ProblemResponse:
    """Return the answer that describes a problem; `more` are members of this kind of problem only."""
    document = {
        "type": f"urn:tocsin:problem:{code}",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "instance": path,
    }
    if errors:
        document["errors"] = [one.model_dump() for one in errors]
    return ProblemResponse(document | more, status_code=status, headers=dict(headers or {}))


def unexpected(path: str, error: Exception) -> ProblemResponse:
    """Log a fault of our own under an id, and return the answer that gives the id and nothing else away."""
    error_id = secrets.token_hex(8)
    logger.error("error %s at %s", error_id, hidden_path(path), exc_info=error)
    detail = "something went wrong inside Tocsin; its log has the reason under this id"
    return problem(path, 500, "internal_error", detail, error_id=error_id)


def install(app: FastAPI) -> None:
    """Have every fault of `app` answered as a problem."""
    app.add_exception_handler(TocsinError, _of_tocsin)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)


async def _of_tocsin(request: Request, error: Exception) -> Response:
    assert isinstance(error, TocsinError)  # noqa: S101 (registered for it)
    path = request.url.path
    kind, status = type(error), error.http_status
    title = (kind.__doc__ or kind.__name__).splitlines()[0]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        logger.error("%s: %s", hidden_path(path), error.message)  # names hosts and folders: for the log alone
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        return problem(path, status, kind.code, f"{title[:1].lower()}{title[1:]}", title=title, headers=headers)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, SendFailed):
        return unexpected(path, error)
    headers = {}
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = 'Bearer realm="tocsin"'  # RFC 6750 section 3
    if isinstance(error, TooManyTries):
        headers["Retry-After"] = str(error.retry_after_s)
    fields = error.fields or ({error.field: error.message} if error.field else {}) if isinstance(error, Invalid) else {}
    errors = [FieldFault(field=name, message=message) for name, message in fields.items()]
    return problem(path, status, kind.code, error.message, title=title, errors=errors, headers=headers)


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (registered for it)
    if isinstance(error.body, bytes):  # was not parsed: FastAPI takes only what calls itself JSON for JSON
        return _invalid(request, [FieldFault(field="", message=_not_called_json(request))])
    return _invalid(request, [_fault(one) for one in error.errors()])


def _invalid(request: Request, faults: Sequence[FieldFault]) -> Response:
    detail = "; ".join(f"{one.field}: {one.message}" if one.field else one.message for one in faults[:5])
    title = (Invalid.__doc__ or "").splitlines()[0]
    return problem(request.url.path, 422, Invalid.code, detail, title=title, errors=faults)


def _not_called_json(request: Request) -> str:
    sent = request.headers.get("content-type")
    now = f"it says {sent}" if sent else "it says nothing"
    return f"the body must be JSON, sent with the header Content-Type: application/json; {now}"


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for it)
    status = error.status_code
    unread = _UNREAD.get(type(error.__cause__)) if status == HTTPStatus.BAD_REQUEST else None
    if unread:
        return _invalid(request, [FieldFault(field="", message=unread)])
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed_methods(request))
    phrase = HTTPStatus(status).phrase
    detail = _SENTENCES.get(status, phrase) if error.detail == phrase else str(error.detail)
    code = _CODES.get(status, phrase.lower().replace(" ", "_"))
    return problem(request.url.path, status, code, detail, headers=headers)


def _allowed_methods(request: Request) -> list[str]:
    """Return every method of the path: the router itself names only those of the first route that it found."""
    routes = request.app.routes
    return [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]


def _fault(error: Mapping[str, Any]) -> FieldFault:
    """Return what a validation error says, with its place in the request's own terms."""
    kind = error["type"]
    if kind == "json_invalid":
        return FieldFault(field="", message=f"the body is no JSON: {error['ctx']['error']}")
    _source, *place = map(str, error["loc"])  # the source is body, query or path
    message = str(error["msg"]).removeprefix("Value error, ")
    if kind in _SAID:
        message = _SAID[kind].format(**error.get("ctx", {}))
    return FieldFault(field=".".join(place), message=message)
