"""Microsoft Teams: an adaptive card to a workflow's or a connector's webhook.

Source: learn.microsoft.com, Connectors for Teams and Adaptive Cards 1.2.
"""

import re
from typing import Any, ClassVar

from pydantic import Field

from tocsin.channels.exchange import Answer, exchange, failed, json_bytes, json_request, not_its_answer, refusal
from tocsin.channels.failures import advice_of, is_permanent, retry_after_s
from tocsin.channels.kind import IS_SECRET, ChannelConfig, ChannelKind, SecretUrl
from tocsin.channels.texts.composition import Part, Style, Text
from tocsin.channels.texts.fitting import fit
from tocsin.channels.texts.markup import MARKDOWN, Markup, lines_of
from tocsin.channels.texts.wording import When, sign_of
from tocsin.channels.tools import Tools
from tocsin.model.alerts import AlertPriority, NotificationChannel
from tocsin.model.messages import Message, MessageKind, Receipt

MAX_BYTES = 20_000  # documented are 28 KB; seen to fail from 21
MAX_LINKS = 5
_HIDDEN_STATUS = re.compile(r"HTTP error (\d{3})")


class Config(ChannelConfig):
    """Where in Teams."""

    template_markup: ClassVar[Markup] = MARKDOWN

    webhook_url: SecretUrl = Field(
        json_schema_extra=IS_SECRET,
        description="Webhook of a workflow (Workflows, “Post to a channel when a webhook request is received”).",
        examples=["https://….logic.azure.com/workflows/…"],
    )


def payload(config: Config, message: Message, when: When) -> dict[str, Any]:
    """Return the message as Teams takes it, within its limits."""
    return fit(config.text_of(message, when), MAX_BYTES, _build, lambda built: len(json_bytes(built)) <= MAX_BYTES)


def _build(text: Text) -> dict[str, Any]:
    title = f"{sign_of(text.kind, text.priority)} {MARKDOWN.escape(text.subject)}"
    body: list[dict[str, Any]] = [_block(title, size="Medium", weight="Bolder", color=_colour(text))]
    body += [_block(MARKDOWN.escape(note), isSubtle=True) for note in text.notes]
    if text.own_body is not None:
        body.append(_block(text.own_body))
    else:
        body += [element for part in text.parts for element in _elements(part, text.link)]
        body += [_block(MARKDOWN.escape(text.footer), isSubtle=True, size="Small")] if text.footer else []
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": [
            {"type": "Action.OpenUrl", "title": label, "url": url}
            for label, url in text.links[:MAX_LINKS]
            if text.own_body is None
        ],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _block(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **more}


def _elements(part: Part, link: str | None) -> list[dict[str, Any]]:
    heading = [_block(MARKDOWN.escape(part.heading), weight="Bolder")] if part.heading else []
    if part.style is Style.FACTS and not part.left_off:
        facts = [{"title": line.label, "value": MARKDOWN.escape(line.text)} for line in part.lines]
        return [*heading, {"type": "FactSet", "facts": facts}]
    return [*heading, _block("\n\n".join(lines_of(part, MARKDOWN, link)))]


def _colour(text: Text) -> str:
    if text.kind is MessageKind.RESOLVED:
        return "Good"
    loud = {AlertPriority.CRITICAL: "Attention", AlertPriority.HIGH: "Attention", AlertPriority.MEDIUM: "Warning"}
    return loud.get(text.priority, "Accent")


async def send(config: Config, message: Message, tools: Tools) -> Receipt:
    """Post the card. A good status says little: connectors tell a failure in the body."""
    built = payload(config, message, config.when(tools))
    url = config.webhook_url.get_secret_value()
    answer = await exchange(json_request("Teams", url, built, config.secret_values()), tools)
    if not answer.is_good:
        raise refusal(answer, tools)
    _look_into(answer, tools)
    return Receipt(code=answer.status)


def _look_into(answer: Answer, tools: Tools) -> None:
    hidden = _HIDDEN_STATUS.search(answer.text)
    if hidden:
        status = int(hidden[1])
        raise failed(
            answer,
            f"answered {answer.status}, but says: HTTP error {status}",
            advice=advice_of(status),
            is_permanent=is_permanent(status),
            retry_after_s=retry_after_s(answer.headers.get("retry-after"), tools.clock()),
        )
    if not answer.is_whole or answer.text.lstrip().startswith("<"):
        raise not_its_answer(answer)


def destination(config: Config) -> str:
    """Return where it goes."""
    return "a Teams webhook"


KIND = ChannelKind(
    kind=NotificationChannel.TEAMS,
    label="Microsoft Teams",
    config=Config,
    send=send,
    destination=destination,
    limits="20,000 bytes of JSON",
    permanent="4xx but 429, also where the status is 200 and the body says `HTTP error 4xx`",
)
