"""SMS over the HTTP API that Twilio has and others copy. One number a channel, so that each has its own deliveries.

Source: twilio.com/docs, Messages resource and error codes; 3GPP TS 23.038 for the alphabet.
"""

from urllib.parse import quote, urlencode

from pydantic import Field, field_validator, model_validator

from tocsin.channels.exchange import Request, exchange, not_its_answer, refusal
from tocsin.channels.kind import IS_SECRET, ChannelConfig, ChannelKind, Defaults, Secret, Url
from tocsin.channels.texts.composition import Style, Text
from tocsin.channels.texts.fitting import ANY_LENGTH, fit
from tocsin.channels.texts.wording import When
from tocsin.channels.tools import Tools
from tocsin.model.alerts import AlertPriority, NotificationChannel
from tocsin.model.messages import Message, Receipt

MAX_CHARACTERS = 1600
USUAL_CHARACTERS = 320
MAX_PARTS = 2
MAX_LINK = 120

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_DOUBLE = frozenset("^{}\\[~]|€")
_SIMPLER = str.maketrans(
    {"…": "...", "–": "-", "—": "-", "•": "-", "·": "-", "“": '"', "”": '"', "„": '"', "’": "'", "‘": "'", "`": "'",
     "\u00a0": " ", "\u200b": "", "\t": " "}
)  # fmt: skip
_ADVICE = {
    20003: "check account_sid and auth_token",
    21211: "the number in `to` cannot be reached: write it as +49…",
    21408: "the account may not send to that country: allow it in the provider's console",
    21606: "the number in `from_number` is not yours, or cannot send SMS",
    21608: "a trial account sends to verified numbers only",
    21610: "the recipient has unsubscribed with STOP: they must answer START",
    21614: "the number in `to` is not a mobile one",
}


class Config(ChannelConfig):
    """The account, and one number to send to."""

    account_sid: str = Field(min_length=1, max_length=100, pattern=r"^[\w.-]+$", description="Account at the provider.")
    auth_token: Secret = Field(json_schema_extra=IS_SECRET, description="Its secret.")
    from_number: str | None = Field(
        None, min_length=1, max_length=20, description="Number or name that the messages come from."
    )
    messaging_service_sid: str | None = Field(
        None, min_length=1, max_length=100, description="Instead of from_number: a pool of numbers."
    )
    to: str = Field(
        max_length=20, description="Number to send to; a channel for each person.", examples=["+4915112345678"]
    )
    max_characters: int = Field(
        USUAL_CHARACTERS, ge=120, le=MAX_CHARACTERS, description="Longest message; each 160 characters cost one SMS."
    )
    base_url: Url = Field("https://api.twilio.com", description="Where the API is; others copy it.")

    @field_validator("to")
    @classmethod
    def _is_a_number(cls, value: str) -> str:
        digits = "".join(one for one in value if one not in " -()/.")
        if not digits.startswith("+") or not digits[1:].isdecimal() or not 7 <= len(digits) <= 16:
            raise ValueError("write the number with its country, as +4915112345678")
        return digits

    @model_validator(mode="after")
    def _has_one_sender(self) -> "Config":
        if (self.from_number is None) == (self.messaging_service_sid is None):
            raise ValueError("give from_number or messaging_service_sid, one of them")
        return self


def body(config: Config, message: Message, when: When) -> str:
    """Return the text of the SMS: what, since when, where, and the link while there is room."""
    return fit(config.text_of(message, when), ANY_LENGTH, _build, lambda built: len(built) <= config.max_characters)


def _build(text: Text) -> str:
    if text.own_body is not None:
        return simpler("\n".join([*text.notes, text.own_body]))
    told = [part for part in text.parts if part.style in (Style.PLAIN, Style.LIST)]
    lines = [text.subject, *text.notes, *(line.text for part in told[:MAX_PARTS] for line in part.lines)]
    link = [text.link] if text.link and len(text.link) <= MAX_LINK else []
    return simpler("\n".join([*lines, *link]))


def simpler(text: str) -> str:
    """Return `text` with typographic signs replaced: one that GSM lacks makes every character cost twice."""
    return text.translate(_SIMPLER)


def segments(text: str) -> int:
    """Return how many SMS a text is. Source: 3GPP TS 23.038: 160 of GSM's characters, 153 in parts; else 70 and 67."""
    if all(one in _GSM or one in _GSM_DOUBLE for one in text):
        size = len(text) + sum(one in _GSM_DOUBLE for one in text)
        return 1 if size <= 160 else -(-size // 153)
    size = len(text.encode("utf-16-le", "replace")) // 2
    return 1 if size <= 70 else -(-size // 67)


async def send(config: Config, message: Message, tools: Tools) -> Receipt:
    """Send one SMS."""
    text = body(config, message, config.when(tools))
    service = config.messaging_service_sid
    sender = {"MessagingServiceSid": service} if service else {"From": config.from_number or ""}
    request = Request(
        who="The SMS provider",
        url=f"{config.base_url.rstrip('/')}/2010-04-01/Accounts/{quote(config.account_sid)}/Messages.json",
        body=urlencode({"To": config.to, **sender, "Body": text}, errors="replace").encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=(config.account_sid, config.auth_token.get_secret_value()),
        secrets=config.secret_values(),
    )
    answer = await exchange(request, tools)
    said = answer.json()
    if not answer.is_good:
        code = said.get("code")
        advice = _ADVICE.get(code, "") if isinstance(code, int) else ""
        raise refusal(answer, tools, said=said.get("message"), advice=advice)
    if not isinstance(said.get("sid"), str):
        raise not_its_answer(answer)
    return Receipt(provider_id=said["sid"], code=answer.status, detail=f"{segments(text)} SMS")


def destination(config: Config) -> str:
    """Return where it goes."""
    return config.to


KIND = ChannelKind(
    kind=NotificationChannel.SMS,
    label="SMS",
    config=Config,
    send=send,
    destination=destination,
    defaults=Defaults(AlertPriority.CRITICAL, rate_limit_per_minute=5),
    limits="`max_characters`: 320 unless said otherwise, at most 1,600",
    permanent="4xx but 429, such as wrong numbers and recipients who unsubscribed",
)
