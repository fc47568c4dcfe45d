"""Apprise: the many services that it knows and Tocsin does not, by one of its URLs. Needs the extra `apprise`.

It tells little of a failure and blocks, so every try has an instance of its own in a thread, one URL, no retries.
"""

import asyncio
import logging
import re
from typing import Any

from pydantic import Field, SecretStr, field_validator

from tocsin.channels.failures import excerpt, hide, is_permanent
from tocsin.channels.kind import IS_SECRET, ChannelConfig, ChannelKind, Secret
from tocsin.channels.texts.fitting import fit
from tocsin.channels.texts.markup import PLAIN, body_of
from tocsin.channels.texts.wording import When
from tocsin.channels.tools import Tools
from tocsin.errors import ExtraMissing, SendFailed
from tocsin.model.alerts import AlertPriority, NotificationChannel
from tocsin.model.messages import Message, MessageKind, Receipt

MAX_BODY = 1000  # the least that its services take; it cuts silently what is longer
_NOWHERE = logging.NullHandler()
_STATUS = re.compile(r"error=(\d{3})")
_TYPES = {AlertPriority.CRITICAL: "failure", AlertPriority.HIGH: "failure", AlertPriority.MEDIUM: "warning"}


class Config(ChannelConfig):
    """Which service, as Apprise writes it."""

    url: Secret = Field(
        json_schema_extra=IS_SECRET, description="One Apprise URL.", examples=["matrixs://token@matrix.example/%23ops"]
    )

    @field_validator("url")
    @classmethod
    def _is_one_url(cls, value: SecretStr) -> SecretStr:
        scheme, found, rest = value.get_secret_value().partition("://")
        if not found or not scheme or not rest or any(one.isspace() or one == "," for one in scheme):
            raise ValueError("write one Apprise URL, as scheme://…; its documentation lists the schemes")
        return value


def payload(config: Config, message: Message, when: When) -> dict[str, str]:
    """Return title, body and type as Apprise takes them."""
    text = fit(
        config.text_of(message, when), MAX_BODY, lambda one: one, lambda one: len(body_of(one, PLAIN)) <= MAX_BODY
    )
    kind = "success" if text.kind is MessageKind.RESOLVED else _TYPES.get(text.priority, "info")
    return {"title": text.subject, "body": body_of(text, PLAIN), "notify_type": kind}


def _library() -> Any:
    _keep_urls_out_of_the_log()
    try:
        import apprise  # noqa: PLC0415 (an extra of its own)
    except ImportError as error:
        raise ExtraMissing('Apprise channels need the extra "apprise": pip install "tocsin[apprise]"') from error
    return apprise


def _keep_urls_out_of_the_log() -> None:
    """Silence what logs URLs with their tokens; the reasons of a failure come with Apprise's result."""
    ours = logging.getLogger("apprise")
    ours.propagate = False
    ours.addHandler(_NOWHERE)
    ours.addFilter(_is_a_reason)
    logging.getLogger("urllib3.connectionpool").addFilter(_is_never_told)


def _is_a_reason(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def _is_never_told(record: logging.LogRecord) -> bool:
    return False


def _target(url: str, tools: Tools) -> Any:
    """Return Apprise's object for one URL, made to give up on connecting before we do, and on reading after."""
    target = _library().Apprise.instantiate(url)
    if target is None:
        raise SendFailed("Apprise does not know this URL: its documentation lists the schemes", is_permanent=True)
    target.socket_connect_timeout = tools.limits.connect_s
    target.socket_read_timeout = tools.limits.whole_s + 1
    return target


def _notify(target: Any, said: dict[str, str]) -> Any:
    service = _library().Apprise()
    service.add(target)
    return service.notify(**said)


async def send(config: Config, message: Message, tools: Tools) -> Receipt:
    """Hand the message to Apprise in a thread, and wait for it as long as for the others."""
    loop = asyncio.get_running_loop()
    target = await loop.run_in_executor(tools.threads, _target, config.url.get_secret_value(), tools)
    host = getattr(target, "host", None)
    if tools.forbid is not None and isinstance(host, str) and host:
        await tools.addresses_of(host, 0)
    job = tools.threads.submit(_notify, target, payload(config, message, config.when(tools)))
    try:
        result = await asyncio.wait_for(asyncio.wrap_future(job), tools.limits.whole_s)
    except TimeoutError:
        has_begun = job.running()
        what = f"did not come back within {tools.limits.whole_s:g} s" if has_begun else "is busy: earlier messages hang"
        raise SendFailed(f"Apprise {what}", may_have_arrived=has_begun) from None
    if result:
        return Receipt(detail=destination(config))
    raise _failure(config, result)


def _failure(config: Config, result: Any) -> SendFailed:
    """Return the failure that Apprise's log tells of. A reset reads there as a refused connection does."""
    logs = result.logs() if hasattr(result, "logs") else ()
    said = excerpt(" ".join(one.message for one in logs if one.level in ("WARNING", "ERROR")))
    found = _STATUS.search(said)
    status = int(found[1]) if found else None
    return SendFailed(
        hide(f"Apprise could not send: {said or 'it does not say why'}", config.secret_values()),
        is_permanent=status is not None and is_permanent(status),
        may_have_arrived=status is None and "onnection error" in said,
        status=status,
    )


def destination(config: Config) -> str:
    """Return where it goes: the URL's scheme, the rest may be a secret."""
    return f"{config.url.get_secret_value().partition('://')[0]}:// by Apprise"


KIND = ChannelKind(
    kind=NotificationChannel.APPRISE,
    label="Apprise",
    config=Config,
    send=send,
    destination=destination,
    limits="1,000 characters",
    permanent="an unknown URL; 4xx but 429, where Apprise tells the status",
)
