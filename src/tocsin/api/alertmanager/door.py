"""`POST /api/v2/alerts`: how Prometheus hands alerts over, as short a way as there is.

It stands before the web framework, for at batch 1 that would cost more than storing the alert durably does.
"""

import time
from collections.abc import Sequence
from typing import Any, cast

import orjson
from fastapi.security import HTTPAuthorizationCredentials
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.actions.services import Accepting, Services
from tocsin.api.auth import COOKIE, require
from tocsin.api.problems import problem
from tocsin.errors import Invalid, StorageUnavailable, TocsinError, TooLarge
from tocsin.model.alertmanager import SchemaFault, read_posted
from tocsin.model.enums import Scope as Allowed
from tocsin.model.times import utcnow

PATH = "/api/v2/alerts"
MAX_BODY = 16 * 1024 * 1024
"""Bytes; Prometheus sends 256 alerts at once, others thousands."""
TRUSTED_S = 2.0
"""A client that may post is asked who it is again after this long."""
MOST_TRUSTED = 1000
_TELLING = frozenset(
    (b"authorization", b"cookie", b"host", b"origin", b"referer", b"sec-fetch-site", b"forwarded", b"x-forwarded-for",
     b"x-forwarded-host", b"x-real-ip", b"via")
)  # fmt: skip
_JSON = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
_TAKEN: tuple[Message, Message] = (
    {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-length", b"0"), (b"cache-control", b"no-store")],
    },
    {"type": "http.response.body", "body": b""},
)


class AlertsDoor:
    """ASGI middleware that takes posted alerts itself and passes everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._trusted: dict[Any, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a posted batch, or pass the request on."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        services = cast("Services", scope["app"].state.tocsin)
        if services.inbox is None:
            await self._app(scope, receive, send)
            return
        try:
            if not self._is_trusted(scope):
                await self._let_in(scope)
            body = await _read(receive)
        except TocsinError as error:
            await problem(PATH, error.http_status, error.code, error.message)(scope, receive, send)
            return
        for message in await _take(services.inbox, scope, body):
            await send(message)

    def _is_trusted(self, scope: Scope) -> bool:
        return self._trusted.get(_key(scope), 0.0) > time.monotonic()

    async def _let_in(self, scope: Scope) -> None:
        """Ask who it is, as every endpoint does, and remember it for a moment.

        Raises:
            Unauthorized: nobody is known.
            Forbidden: they may not.
        """
        request = Request(scope)
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        bearer = HTTPAuthorizationCredentials(scheme=scheme, credentials=secret) if scheme.lower() == "bearer" else None
        await run_in_threadpool(require(Allowed.WRITE), request, bearer, request.cookies.get(COOKIE))
        if len(self._trusted) >= MOST_TRUSTED:
            self._trusted.clear()
        self._trusted[_key(scope)] = time.monotonic() + TRUSTED_S


def _key(scope: Scope) -> tuple[Any, ...]:
    """Return all of a request that says who it is from."""
    client = scope["client"]
    return (client[0] if client else None, *(pair for pair in scope["headers"] if pair[0] in _TELLING))


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Invalid("the client went away")
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            raise TooLarge(f"the request's body is larger than {MAX_BODY} bytes")
        parts.append(part)
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _take(inbox: Accepting, scope: Scope, body: bytes) -> Sequence[Message]:
    """Accept what can be accepted of a body; return the answer."""
    content_type = next((value for name, value in scope["headers"] if name == b"content-type"), b"application/json")
    if content_type.partition(b";")[0].strip().lower() != b"application/json":
        text = f"unsupported media type {content_type.decode('latin-1')!r}, only [application/json] is allowed"
        return _answer(415, {"code": 415, "message": text})
    try:
        data = orjson.loads(body)
        posted, positions, faults = read_posted(data, utcnow(), inbox.resolve_after)
    except orjson.JSONDecodeError as error:
        return _answer(400, {"code": 400, "message": f"parsing alerts body failed, because {error}"})
    except SchemaFault as fault:
        return _answer(fault.status, fault.to_dict())
    try:
        if posted:
            await inbox.accept(body if not faults else orjson.dumps([data[one] for one in positions]))
    except StorageUnavailable as error:
        return _answer(503, {"code": 503, "message": error.message})
    return _answer(400, "\n".join(faults)) if faults else _TAKEN


def _answer(status: int, body: Any) -> Sequence[Message]:
    return (
        {"type": "http.response.start", "status": status, "headers": _JSON},
        {"type": "http.response.body", "body": orjson.dumps(body)},
    )
