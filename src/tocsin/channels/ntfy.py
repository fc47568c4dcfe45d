"""ntfy: a push message to a topic, on ntfy.sh or one's own server.

Source: docs.ntfy.sh, Publishing as JSON, Message priority, Limitations.
"""

from typing import Any

from pydantic import Field, model_validator

from tocsin.channels.exchange import exchange, json_bytes, json_request, not_its_answer, refusal
from tocsin.channels.kind import IS_SECRET, ChannelConfig, ChannelKind, Secret, Url
from tocsin.channels.texts.composition import Text
from tocsin.channels.texts.cutting import cut, utf8
from tocsin.channels.texts.fitting import fit
from tocsin.channels.texts.markup import PLAIN, body_of
from tocsin.channels.texts.wording import When
from tocsin.channels.tools import Tools
from tocsin.model.alerts import AlertPriority, NotificationChannel
from tocsin.model.messages import Message, MessageKind, Receipt

MAX_MESSAGE_BYTES = 4096
MAX_JSON_BYTES = 8192
MAX_TITLE_BYTES = 250
MAX_ACTIONS = 3

PRIORITIES = {
    AlertPriority.CRITICAL: 5,
    AlertPriority.HIGH: 4,
    AlertPriority.MEDIUM: 3,
    AlertPriority.LOW: 2,
    AlertPriority.INFO: 1,
}
_TAGS = {
    AlertPriority.CRITICAL: "rotating_light",
    AlertPriority.HIGH: "warning",
    AlertPriority.MEDIUM: "warning",
    AlertPriority.LOW: "information_source",
    AlertPriority.INFO: "information_source",
}
_QUIET = 3
_ADVICE = {401: "check token, or username and password", 403: "they may not write to this topic"}


class Config(ChannelConfig):
    """Which server and topic."""

    topic: Secret = Field(
        json_schema_extra=IS_SECRET,
        max_length=64,
        description="Topic. On a public server whoever knows it can read along, so it is kept as a secret.",
    )
    server_url: Url = Field("https://ntfy.sh", description="Server.")
    token: Secret | None = Field(None, json_schema_extra=IS_SECRET, description="Access token, if the topic needs one.")
    username: str | None = Field(None, min_length=1, max_length=100, description="Instead of a token.")
    password: Secret | None = Field(None, json_schema_extra=IS_SECRET, description="Of the user.")

    @model_validator(mode="after")
    def _knows_one_way_in(self) -> "Config":
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together")
        if self.token is not None and self.username is not None:
            raise ValueError("give either a token, or username and password")
        return self


def payload(config: Config, message: Message, when: When) -> dict[str, Any]:
    """Return the message as ntfy takes it; a longer one would arrive as an attachment."""

    def build(text: Text) -> dict[str, Any]:
        return _build(config, text)

    return fit(config.text_of(message, when), MAX_MESSAGE_BYTES, build, _fits)


def _build(config: Config, text: Text) -> dict[str, Any]:
    is_good = text.kind is MessageKind.RESOLVED
    built: dict[str, Any] = {
        "topic": config.topic.get_secret_value(),
        "title": cut(text.subject, MAX_TITLE_BYTES, utf8),
        "message": body_of(text, PLAIN, links=False, footer=False),
        "tags": ["white_check_mark" if is_good else _TAGS[text.priority]],
        "priority": _QUIET if is_good else PRIORITIES[text.priority],
        "actions": [{"action": "view", "label": label, "url": url} for label, url in text.links[:MAX_ACTIONS]],
    }
    return {**built, "click": text.link} if text.link else built


def _fits(built: dict[str, Any]) -> bool:
    return utf8(built["message"]) <= MAX_MESSAGE_BYTES and len(json_bytes(built)) <= MAX_JSON_BYTES


async def send(config: Config, message: Message, tools: Tools) -> Receipt:
    """Publish the message."""
    built = payload(config, message, config.when(tools))
    headers = {"Authorization": f"Bearer {config.token.get_secret_value()}"} if config.token else {}
    auth = (config.username, config.password.get_secret_value()) if config.username and config.password else None
    request = json_request("ntfy", config.server_url, built, config.secret_values(), headers=headers, auth=auth)
    answer = await exchange(request, tools)
    said = answer.json()
    if not answer.is_good:
        raise refusal(answer, tools, said=said.get("error"), advice=_ADVICE.get(answer.status, ""))
    if not isinstance(said.get("id"), str):
        raise not_its_answer(answer)
    return Receipt(provider_id=said["id"], code=answer.status)


def destination(config: Config) -> str:
    """Return where it goes."""
    return f"a topic on {config.server_url}"


KIND = ChannelKind(
    kind=NotificationChannel.NTFY,
    label="ntfy",
    config=Config,
    send=send,
    destination=destination,
    limits="message 4,096 bytes, 8,192 bytes of JSON",
    permanent="4xx but 429",
)
