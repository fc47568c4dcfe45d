"""One HTTP request and its answer, or a SendFailed that says how sure we are that nothing arrived."""

import asyncio
import json
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from tocsin.channels.failures import advice_of, excerpt, hide, is_permanent, retry_after_s
from tocsin.channels.tools import Tools
from tocsin.errors import SendFailed

MAX_ANSWER_BYTES = 64 * 1024
_NEVER_WILL_BE = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to send. `who` stands in error texts; `secrets` never do."""

    who: str
    url: str
    method: str = "POST"
    body: bytes = b""
    headers: Mapping[str, str]
    auth: tuple[str, str] | None = None
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the beginning of its body, and whether that is all of it."""

    request: Request
    status: int
    headers: httpx.Headers
    text: str
    is_whole: bool

    @property
    def is_good(self) -> bool:
        """True for 2xx."""
        return 200 <= self.status < 300

    def json(self) -> dict[str, Any]:
        """Return the object in the body; an empty one where there is none."""
        try:
            value = json.loads(self.text)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


def json_bytes(payload: Any) -> bytes:
    """Return JSON as UTF-8, characters as they are."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def json_request(who: str, url: str, payload: Any, secrets: Iterable[str] = (), **more: Any) -> Request:
    """Return the request that posts `payload` as JSON."""
    headers = {"Content-Type": "application/json; charset=utf-8", **more.pop("headers", {})}
    return Request(who=who, url=url, body=json_bytes(payload), headers=headers, secrets=tuple(secrets), **more)


async def exchange(request: Request, tools: Tools) -> Answer:
    """Send `request` once and return the answer, whatever its status.

    Raises:
        SendFailed: there was none. `may_have_arrived` unless the connection was never made.
    """
    where = urlsplit(request.url).hostname or ""
    progress = _Progress()
    try:
        url, headers, extensions = await _prepared(request, tools)
        built = tools.client.build_request(
            request.method,
            url,
            content=request.body,
            headers=headers,
            extensions={**extensions, "trace": progress.note},
        )
        async with asyncio.timeout(tools.limits.whole_s):
            response = await tools.client.send(built, auth=request.auth, stream=True)
        try:
            return await _read(request, response, tools)
        finally:
            await response.aclose()
    except _NEVER_WILL_BE as error:
        text = hide(f"{request.who}: the request cannot be sent: {error}", request.secrets)
        raise SendFailed(text, is_permanent=True) from None
    except (httpx.TransportError, TimeoutError) as error:
        why = _why_no_answer(error, where, tools) if progress.is_sending else _why_not_sent(error, where)
        text = hide(f"{request.who}: {why}", request.secrets)
        raise SendFailed(text, may_have_arrived=progress.is_sending) from error


class _Progress:
    """Hears from httpcore how far a request has come."""

    def __init__(self) -> None:
        self.is_sending = False

    async def note(self, event: str, _facts: object) -> None:
        """Take note of the first byte of the request."""
        self.is_sending = self.is_sending or event.endswith("send_request_headers.started")


async def _prepared(request: Request, tools: Tools) -> tuple[httpx.URL, dict[str, str], dict[str, Any]]:
    """Return URL, headers and extensions; under a guard the URL names the address that the guard has seen."""
    url = httpx.URL(request.url)
    headers = dict(request.headers)
    if tools.forbid is None:
        return url, headers, {}
    addresses = await tools.addresses_of(url.host, url.port or (443 if url.scheme == "https" else 80))
    headers.setdefault("Host", url.netloc.decode("ascii"))
    return url.copy_with(host=addresses[0]), headers, {"sni_hostname": url.host}


async def _read(request: Request, response: httpx.Response, tools: Tools) -> Answer:
    """Read the beginning of the body. Its status stands, whatever happens to the rest."""
    body = bytearray()
    is_whole = True
    try:
        async with asyncio.timeout(tools.limits.answer_s):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    is_whole = False
                    break
    except (httpx.TransportError, httpx.DecodingError, TimeoutError):
        is_whole = False
    text = bytes(body[:MAX_ANSWER_BYTES]).decode("utf-8", "replace")
    return Answer(request, response.status_code, response.headers, text, is_whole)


def _why_not_sent(error: BaseException, where: str) -> str:
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return f"{where} does not accept the connection in time"
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate of {where} is not trusted: {cause.verify_message} (see TOCSIN_CA_BUNDLE)"
        if isinstance(cause, ssl.SSLError):
            return f"no TLS with {where}: {cause.reason or cause}"
        if isinstance(cause, socket.gaierror):
            return f"{where} is not found: {cause.strerror}"
        if isinstance(cause, ConnectionRefusedError):
            return f"{where} refuses the connection"
    return f"no connection to {where}: {error}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            yield from cause.exceptions
        cause = cause.__cause__ or cause.__context__


def _why_no_answer(error: BaseException, where: str, tools: Tools) -> str:
    reason = str(error) or type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        reason = f"not in {tools.limits.answer_s:g} s"
    elif isinstance(error, TimeoutError):
        reason = f"not in {tools.limits.whole_s:g} s"
    return f"{where} took the request, and no answer came: {reason}"


def refusal(answer: Answer, tools: Tools, said: str | None = None, advice: str = "") -> SendFailed:
    """Return the failure that an answer's status means.

    Args:
        answer: one that is not good.
        tools: for the clock.
        said: the provider's reason; the body's beginning where it is None.
        advice: what to do about it; that of the status where it is empty.
    """
    said = excerpt(answer.text if said is None else said)
    return failed(
        answer,
        f"answered {answer.status}" + (f" ({said})" if said else ""),
        advice=advice or advice_of(answer.status),
        is_permanent=is_permanent(answer.status),
        retry_after_s=retry_after_s(answer.headers.get("retry-after"), tools.clock()),
    )


def failed(answer: Answer, what: str, *, advice: str = "", **facts: Any) -> SendFailed:
    """Return a failure that tells what the provider did and what to do, with its secrets masked."""
    text = f"{answer.request.who} {what}" + (f": {advice}" if advice else "")
    return SendFailed(hide(text, answer.request.secrets), status=answer.status, **facts)


def not_its_answer(answer: Answer) -> SendFailed:
    """Return the failure for a good status whose body is none of the provider's: cut off, or a stranger's."""
    if not answer.is_whole:
        return failed(answer, f"answered {answer.status}, and the rest of its answer was lost", may_have_arrived=True)
    said = excerpt(answer.text, 80) or "nothing"
    advice = "something between here and there answers in its place, or the address is another service's"
    return failed(answer, f"answered {answer.status}, but with {said!r}", advice=advice)
