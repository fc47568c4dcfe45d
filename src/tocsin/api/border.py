"""The outermost step of every request: bodies end at a limit, and what nobody else caught becomes a problem."""

import logging

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.api.problems import problem, unexpected

logger = logging.getLogger(__name__)

MAX_BODY = 1024 * 1024
"""Bytes of a request's body. More is refused before it is read."""

BOUND_THEMSELVES = ("/ping/",)
"""Paths that keep the head of whatever they are sent: a job that says much must not count as missing."""

TOO_LARGE = f"the request's body is larger than {MAX_BODY} bytes"


class Border:
    """ASGI middleware; streams pass through it untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it says that it is too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_bound_here = not scope["path"].startswith(BOUND_THEMSELVES)
        if is_bound_here and _announced(scope) > MAX_BODY:
            await problem(scope["path"], 413, "body_too_large", TOO_LARGE)(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            await self._app(scope, _limited(receive) if is_bound_here else receive, answer)
        except Exception as error:  # the last boundary: whoever asked gets an answer, the log gets the rest
            if answer.is_started:
                raise  # too late to say so: the server closes the connection
            await unexpected(scope["path"], error)(scope, receive, send)


class _Answer:
    """Passes an answer on and remembers that it began."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_started = False

    async def __call__(self, message: Message) -> None:
        self.is_started = True
        await self._send(message)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


def _limited(receive: Receive) -> Receive:
    """Return a `receive` that counts, for bodies that come in chunks and announce no size."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY:
            raise HTTPException(413, TOO_LARGE)
        return message

    return counted
