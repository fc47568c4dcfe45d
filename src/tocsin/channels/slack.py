"""Slack: an incoming webhook, or a bot's token and a channel, where later messages update the first in place.

Source: docs.slack.dev, Block Kit, Incoming webhooks, chat.postMessage and chat.update.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field, model_validator

from tocsin.channels.exchange import Answer, exchange, failed, json_bytes, json_request, not_its_answer, refusal
from tocsin.channels.failures import retry_after_s
from tocsin.channels.kind import IS_SECRET, UPDATES, ChannelConfig, ChannelKind, Secret, SecretUrl, Url
from tocsin.channels.texts.composition import Text
from tocsin.channels.texts.cutting import cut, utf16
from tocsin.channels.texts.fitting import fit
from tocsin.channels.texts.markup import SLACK, Markup, blocks_of, unmentioned
from tocsin.channels.texts.wording import When, sign_of
from tocsin.channels.tools import Tools
from tocsin.errors import SendFailed
from tocsin.model.alerts import NotificationChannel
from tocsin.model.messages import Message, Receipt

MAX_HEADER = 150
MAX_SECTION = 3000
MAX_BLOCKS = 50
MAX_TOTAL = 10_000  # not documented; seen to fail at about 13,200 (slackapi/bolt-js#2509)
MAX_FALLBACK = 300
MAX_LINKS = 5

_TEMPORARY = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found"})
_NEW_WEBHOOK = "make a new webhook in Slack and write it here"
_NEW_LOGIN = "write a valid bot token here"
_ADVICE = {
    "invalid_token": _NEW_WEBHOOK,
    "no_service": _NEW_WEBHOOK,
    "no_service_id": _NEW_WEBHOOK,
    "no_team": _NEW_WEBHOOK,
    "team_disabled": "the Slack workspace is switched off",
    "user_not_found": "the user it writes to is gone",
    "channel_not_found": "the channel is gone, or the app is not in it: invite it with /invite",
    "channel_is_archived": "the channel is archived: choose another one",
    "is_archived": "the channel is archived: choose another one",
    "not_in_channel": "invite the app to the channel: /invite",
    "action_prohibited": "an administrator of the workspace forbids it",
    "posting_to_general_channel_denied": "an administrator of the workspace forbids it",
    "invalid_auth": _NEW_LOGIN,
    "not_authed": _NEW_LOGIN,
    "token_revoked": _NEW_LOGIN,
    "token_expired": _NEW_LOGIN,
    "account_inactive": _NEW_LOGIN,
    "missing_scope": "give the app the scope chat:write and install it again",
    "ratelimited": "it is asked too often",
    "rate_limited": "it is asked too often",
}


class Config(ChannelConfig):
    """Where in Slack: a webhook URL, or a bot token and a channel."""

    template_markup: ClassVar[Markup] = SLACK

    webhook_url: SecretUrl | None = Field(
        None,
        json_schema_extra=IS_SECRET,
        description="Incoming webhook. Instead of bot_token and channel.",
        examples=["https://hooks.slack.com/services/…"],
    )
    bot_token: Secret | None = Field(
        None, json_schema_extra=IS_SECRET, description="Bot token with the scope chat:write.", examples=["xoxb-…"]
    )
    channel: str | None = Field(
        None, min_length=1, max_length=80, description="Channel for the bot: its id or name.", examples=["#alerts"]
    )
    update_in_place: bool = Field(
        True, description="With a bot token: changes and the end of a problem edit its first message."
    )
    api_url: Url = Field("https://slack.com/api", description="Where Slack's API is.")

    @model_validator(mode="after")
    def _one_way_to_send(self) -> "Config":
        if self.webhook_url is not None and (self.bot_token is not None or self.channel is not None):
            raise ValueError("give either webhook_url, or bot_token and channel")
        if self.webhook_url is None and (self.bot_token is None or self.channel is None):
            raise ValueError("give webhook_url, or both bot_token and channel")
        return self


def payload(config: Config, message: Message, when: When) -> dict[str, Any]:
    """Return the message as Slack takes it, within its limits."""
    return fit(config.text_of(message, when), MAX_TOTAL, _build, _fits)


def _build(text: Text) -> dict[str, Any]:
    title = f"{sign_of(text.kind, text.priority)} {unmentioned(text.subject)}"
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": cut(title, MAX_HEADER, utf16), "emoji": True}}
    ]
    blocks += [
        {"type": "section", "text": {"type": "mrkdwn", "text": piece, "verbatim": True}}
        for block in blocks_of(text, SLACK)
        for piece in _pieces(block, text.own_body is not None)
    ]
    if text.links and text.own_body is None:
        buttons = [
            {"type": "button", "text": {"type": "plain_text", "text": label}, "url": url, "action_id": f"link-{number}"}
            for number, (label, url) in enumerate(text.links[:MAX_LINKS])
        ]
        blocks.append({"type": "actions", "elements": buttons})
    if text.footer and text.own_body is None:
        footer = {"type": "mrkdwn", "text": SLACK.escape(text.footer), "verbatim": True}
        blocks.append({"type": "context", "elements": [footer]})
    fallback = SLACK.escape(cut(title, MAX_FALLBACK, utf16))
    return {"text": fallback, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _pieces(block: str, is_own: bool) -> Iterator[str]:
    """Yield a template's text in sections that are not too long; ours is fitted as a whole."""
    while is_own and utf16(block) > MAX_SECTION:
        head = cut(block, MAX_SECTION, utf16, mark="")
        yield head
        block = block[len(head) :].lstrip()
    if block:
        yield block


def _fits(built: dict[str, Any]) -> bool:
    texts = [block["text"]["text"] for block in built["blocks"] if block["type"] == "section"]
    total = utf16(json_bytes(built["blocks"]).decode())
    return len(built["blocks"]) <= MAX_BLOCKS and total <= MAX_TOTAL and all(utf16(one) <= MAX_SECTION for one in texts)


async def send(config: Config, message: Message, tools: Tools) -> Receipt:
    """Post the message, or edit the one before it."""
    built = payload(config, message, config.when(tools))
    if config.webhook_url is not None:
        return await _by_webhook(config, config.webhook_url.get_secret_value(), built, tools)
    channel, _, ts = (message.previous_id or "").rpartition(":")
    if config.update_in_place and message.kind in UPDATES and channel:
        answer = await _call(config, "chat.update", {**built, "channel": channel, "ts": ts}, tools)
        if answer.json().get("error") not in _GONE:
            return _receipt(answer, tools)
    return _receipt(await _call(config, "chat.postMessage", {**built, "channel": config.channel}, tools), tools)


async def _by_webhook(config: Config, url: str, built: dict[str, Any], tools: Tools) -> Receipt:
    answer = await exchange(json_request("Slack", url, built, config.secret_values()), tools)
    said = answer.text.strip()
    if not answer.is_good:
        raise refusal(answer, tools, said=said, advice=_ADVICE.get(said, ""))
    if said != "ok":
        raise not_its_answer(answer)
    return Receipt(code=answer.status)


async def _call(config: Config, method: str, built: dict[str, Any], tools: Tools) -> Answer:
    assert config.bot_token is not None  # noqa: S101 (the configuration has one where it has no webhook)
    headers = {"Authorization": f"Bearer {config.bot_token.get_secret_value()}"}
    url = f"{config.api_url.rstrip('/')}/{method}"
    return await exchange(json_request("Slack", url, built, config.secret_values(), headers=headers), tools)


def _receipt(answer: Answer, tools: Tools) -> Receipt:
    said = answer.json()
    if not answer.is_good:
        raise refusal(answer, tools, said=said.get("error"))
    if said.get("ok") is True:
        return Receipt(provider_id=f"{said.get('channel')}:{said.get('ts')}", code=answer.status)
    if not isinstance(said.get("error"), str):
        raise not_its_answer(answer)
    raise _refused(answer, said["error"], tools)


def _refused(answer: Answer, error: str, tools: Tools) -> SendFailed:
    return failed(
        answer,
        f"says {error}",
        advice=_ADVICE.get(error, ""),
        is_permanent=error not in _TEMPORARY,
        retry_after_s=retry_after_s(answer.headers.get("retry-after"), tools.clock()),
    )


def destination(config: Config) -> str:
    """Return where it goes."""
    return f"{config.channel} in Slack" if config.channel else "a Slack webhook"


KIND = ChannelKind(
    kind=NotificationChannel.SLACK,
    label="Slack",
    config=Config,
    send=send,
    destination=destination,
    limits="header 150, section 3,000, 50 blocks, 10,000 characters in all",
    permanent="4xx but 429; `ok: false` but for rate limits and internal errors",
)
