"""Discord: a webhook with an embed; later messages of a problem can edit the first.

Source: discord-api-docs, Webhook, Message and Rate limits.
"""

from typing import Any, ClassVar
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field

from tocsin.channels.exchange import Answer, exchange, json_request, not_its_answer, refusal
from tocsin.channels.failures import seconds_to_wait
from tocsin.channels.kind import IS_SECRET, UPDATES, ChannelConfig, ChannelKind, SecretUrl
from tocsin.channels.texts.composition import Text
from tocsin.channels.texts.cutting import cut, utf16
from tocsin.channels.texts.fitting import fit
from tocsin.channels.texts.markup import MARKDOWN, Markup, body_of
from tocsin.channels.texts.wording import When, colour_of, sign_of
from tocsin.channels.tools import Tools
from tocsin.model.alerts import NotificationChannel
from tocsin.model.messages import Message, Receipt
from tocsin.model.times import isoformat

MAX_TITLE = 256
MAX_DESCRIPTION = 4096
MAX_FOOTER = 2048
MAX_EMBED = 6000
UNKNOWN_MESSAGE = 10008


class Config(ChannelConfig):
    """Where in Discord."""

    template_markup: ClassVar[Markup] = MARKDOWN

    webhook_url: SecretUrl = Field(
        json_schema_extra=IS_SECRET,
        description="Webhook of a channel: its settings, Integrations, Webhooks.",
        examples=["https://discord.com/api/webhooks/…"],
    )
    username: str | None = Field(None, min_length=1, max_length=80, description="Name that the messages appear under.")
    update_in_place: bool = Field(True, description="Changes and the end of a problem edit its first message.")


def payload(config: Config, message: Message, when: When) -> dict[str, Any]:
    """Return the message as Discord takes it, within its limits."""
    built: dict[str, Any] = {
        "embeds": [fit(config.text_of(message, when), MAX_DESCRIPTION, lambda text: _embed(text, when), _fits)],
        "allowed_mentions": {"parse": []},
    }
    return {**built, "username": config.username} if config.username else built


def _embed(text: Text, when: When) -> dict[str, Any]:
    title = f"{sign_of(text.kind, text.priority)} {MARKDOWN.escape(text.subject)}"
    embed: dict[str, Any] = {
        "title": cut(title, MAX_TITLE, utf16),
        "description": body_of(text, MARKDOWN, footer=False),
        "color": colour_of(text.kind, text.priority),
        "timestamp": isoformat(when.now),
    }
    if text.link:
        embed["url"] = text.link
    if text.footer:
        embed["footer"] = {"text": cut(text.footer, MAX_FOOTER, utf16)}
    return embed


def _fits(embed: dict[str, Any]) -> bool:
    whole = utf16(embed["title"]) + utf16(embed["description"]) + utf16(embed.get("footer", {}).get("text", ""))
    return utf16(embed["description"]) <= MAX_DESCRIPTION and whole <= MAX_EMBED


async def send(config: Config, message: Message, tools: Tools) -> Receipt:
    """Post the message, or edit the one before it."""
    built = payload(config, message, config.when(tools))
    if config.update_in_place and message.kind in UPDATES and message.previous_id:
        answer = await _call(config, built, tools, message.previous_id)
        if answer.json().get("code") != UNKNOWN_MESSAGE:
            return _receipt(answer, tools)
    return _receipt(await _call(config, built, tools), tools)


async def _call(config: Config, built: dict[str, Any], tools: Tools, edits: str | None = None) -> Answer:
    url = _url(config.webhook_url.get_secret_value(), edits)
    method = "PATCH" if edits else "POST"
    return await exchange(json_request("Discord", url, built, config.secret_values(), method=method), tools)


def _url(webhook: str, edits: str | None) -> str:
    """Return where to post (and wait until it is stored), or where the message is that is edited."""
    parts = urlsplit(webhook)
    path = parts.path.rstrip("/") + (f"/messages/{edits}" if edits else "")
    query = "&".join(one for one in (parts.query, "" if edits else "wait=true") if one)
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


def _receipt(answer: Answer, tools: Tools) -> Receipt:
    said = answer.json()
    if not answer.is_good:
        failure = refusal(answer, tools, said=said.get("message"))
        exact = seconds_to_wait(said.get("retry_after"))
        failure.retry_after_s = failure.retry_after_s if exact is None else exact
        raise failure
    if not isinstance(said.get("id"), str):
        raise not_its_answer(answer)
    return Receipt(provider_id=said["id"], code=answer.status)


def destination(config: Config) -> str:
    """Return where it goes."""
    return "a Discord webhook"


KIND = ChannelKind(
    kind=NotificationChannel.DISCORD,
    label="Discord",
    config=Config,
    send=send,
    destination=destination,
    limits="title 256, description 4,096, 6,000 characters in all",
    permanent="4xx but 429",
)
