"""Telegram: a bot's message to a chat; later messages of a problem can edit the first.

Source: core.telegram.org/bots/api, sendMessage, editMessageText, Making requests.
"""

from typing import Any

from pydantic import Field, field_validator

from tocsin.channels.exchange import Answer, exchange, json_request, not_its_answer, refusal
from tocsin.channels.failures import seconds_to_wait
from tocsin.channels.kind import IS_SECRET, UPDATES, ChannelConfig, ChannelKind, Secret, Url
from tocsin.channels.texts.composition import Text
from tocsin.channels.texts.cutting import utf16
from tocsin.channels.texts.fitting import fit
from tocsin.channels.texts.markup import HTML, PLAIN, body_of
from tocsin.channels.texts.wording import When, sign_of
from tocsin.channels.tools import Tools
from tocsin.model.alerts import NotificationChannel
from tocsin.model.messages import Message, Receipt

MAX_TEXT = 4096

_UNCHANGED = "message is not modified"
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")
_ADVICE = {
    400: "check chat_id: the bot must have been started or be a member there",
    401: "write a valid bot token: ask @BotFather",
    403: "the bot was blocked or removed from the chat: add it again",
    404: "write a valid bot token: ask @BotFather",
}


class Config(ChannelConfig):
    """Which bot, and which chat."""

    bot_token: Secret = Field(json_schema_extra=IS_SECRET, description="Token of the bot, from @BotFather.")
    chat_id: str = Field(
        min_length=1,
        max_length=100,
        pattern=r"^(-?\d+|@\w+)$",
        description="Chat, group or channel.",
        examples=["-1001234567890", "@ops"],
    )
    message_thread_id: int | None = Field(None, ge=1, description="Topic, in a group that has topics.")
    update_in_place: bool = Field(True, description="Changes and the end of a problem edit its first message.")
    api_url: Url = Field("https://api.telegram.org", description="Where the Bot API is; it can be one's own.")

    @field_validator("chat_id", mode="before")
    @classmethod
    def _may_be_a_number(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def payload(config: Config, message: Message, when: When) -> dict[str, Any]:
    """Return the message as Telegram takes it, within its limit. A template's body is sent as plain text."""
    return fit(config.text_of(message, when), MAX_TEXT, _build, lambda built: utf16(built["text"]) <= MAX_TEXT)


def _build(text: Text) -> dict[str, Any]:
    title = f"{sign_of(text.kind, text.priority)} {text.subject}"
    built: dict[str, Any] = {"link_preview_options": {"is_disabled": True}}
    if text.own_body is not None:
        return {**built, "text": f"{title}\n\n{body_of(text, PLAIN)}"}
    said = f"{HTML.strong(HTML.escape(title))}\n\n{body_of(text, HTML)}"
    return {**built, "text": said, "parse_mode": "HTML"}


async def send(config: Config, message: Message, tools: Tools) -> Receipt:
    """Send the message, or edit the one before it."""
    built = {**payload(config, message, config.when(tools)), "chat_id": config.chat_id}
    if config.update_in_place and message.kind in UPDATES and (message.previous_id or "").isdecimal():
        answer = await _call(config, "editMessageText", {**built, "message_id": int(message.previous_id or "")}, tools)
        said = _said(answer).lower()
        if _UNCHANGED in said:
            return Receipt(provider_id=message.previous_id, code=answer.status, detail="it said so already")
        if not any(one in said for one in _GONE):
            return _receipt(answer, tools)
    if config.message_thread_id is not None:
        built["message_thread_id"] = config.message_thread_id
    return _receipt(await _call(config, "sendMessage", built, tools), tools)


async def _call(config: Config, method: str, built: dict[str, Any], tools: Tools) -> Answer:
    url = f"{config.api_url.rstrip('/')}/bot{config.bot_token.get_secret_value()}/{method}"
    return await exchange(json_request("Telegram", url, built, config.secret_values()), tools)


def _said(answer: Answer) -> str:
    return str(answer.json().get("description") or "")


def _receipt(answer: Answer, tools: Tools) -> Receipt:
    said = answer.json()
    result = said.get("result")
    if answer.is_good and isinstance(result, dict) and "message_id" in result:
        return Receipt(provider_id=str(result["message_id"]), code=answer.status)
    if answer.is_good:
        raise not_its_answer(answer)
    facts: Any = said.get("parameters")
    facts = facts if isinstance(facts, dict) else {}
    advice = _ADVICE.get(answer.status, "")
    if "migrate_to_chat_id" in facts:
        advice = f"the group has become a supergroup: write {facts['migrate_to_chat_id']} as its chat_id"
    failure = refusal(answer, tools, said=_said(answer) or None, advice=advice)
    exact = seconds_to_wait(facts.get("retry_after"))
    failure.retry_after_s = failure.retry_after_s if exact is None else exact
    raise failure


def destination(config: Config) -> str:
    """Return where it goes."""
    return f"Telegram chat {config.chat_id}"


KIND = ChannelKind(
    kind=NotificationChannel.TELEGRAM,
    label="Telegram",
    config=Config,
    send=send,
    destination=destination,
    limits="4,096 characters",
    permanent="4xx but 429",
)
