"""What a kind of channel is: its configuration, its limits, how it sends. The kinds themselves have a module each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Annotated, Any, ClassVar, Generic, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from tocsin.channels.texts.composition import Text
from tocsin.channels.texts.markup import PLAIN, Markup
from tocsin.channels.texts.templates import Templates, check, say
from tocsin.channels.texts.wording import When
from tocsin.channels.tools import Tools
from tocsin.model.alerts import AlertPriority, NotificationChannel
from tocsin.model.messages import Message, MessageKind, Receipt
from tocsin.model.texts import Stored

IS_SECRET: JsonDict = {"secret": True}

UPDATES = frozenset({MessageKind.CHANGED, MessageKind.RESOLVED, MessageKind.FLAPPING})
"""Kinds that edit the message of their group where there is one. The others are to be heard: they are new messages."""


def _checked_url(text: str) -> str:
    """Return `text`; what is wrong with it is said without repeating it."""
    if not text.isprintable() or " " in text:
        raise ValueError("an address has no spaces and no control characters")
    try:
        parts = urlsplit(text)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError("this is no address; write https://host/path") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_right:
        raise ValueError("write the whole address, beginning with https:// or http://")
    return text


def _checked_secret_url(value: SecretStr) -> SecretStr:
    _checked_url(value.get_secret_value())
    return value


def _checked_secret(value: SecretStr) -> SecretStr:
    """Return a token or password that fits into a header."""
    text = value.get_secret_value()
    if not text.strip() or not text.isprintable():
        raise ValueError("a token or password is not empty and has no control characters")
    return value


Url = Annotated[str, Field(max_length=2000), AfterValidator(_checked_url)]
SecretUrl = Annotated[SecretStr, Field(max_length=2000), AfterValidator(_checked_secret_url)]
Secret = Annotated[SecretStr, Field(max_length=4000), AfterValidator(_checked_secret)]


class ChannelConfig(Stored):
    """What every kind can be told. A kind's own Config adds its fields; those marked secret are stored encrypted."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    template_markup: ClassVar[Markup] = PLAIN

    time_zone: str = Field("UTC", max_length=64, description="Zone that times are told in.", examples=["Europe/Berlin"])
    subject_template: str | None = Field(
        None,
        max_length=2000,
        description="Jinja template of the subject.",
        examples=["{{ priority }}: {{ alert.title }}"],
    )
    body_template: str | None = Field(
        None, max_length=10_000, description="Jinja template of the body.", examples=["{{ alert.message }}\n{{ link }}"]
    )

    @model_validator(mode="after")
    def _zone_and_templates_work(self) -> "ChannelConfig":
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise PydanticCustomError("field_fault", "there is no such time zone", {"field": "time_zone"}) from None
        for field, fault in check(self.templates()).items():
            raise PydanticCustomError("field_fault", "{fault}", {"field": field, "fault": fault})
        return self

    def templates(self) -> Templates:
        """Return the channel's own words, if any."""
        return Templates(self.subject_template, self.body_template, self.template_markup)

    def when(self, tools: Tools) -> When:
        """Return now, in the channel's time zone."""
        zone: tzinfo = UTC if self.time_zone == "UTC" else ZoneInfo(self.time_zone)
        return When(tools.clock(), zone)

    def text_of(self, message: Message, when: When) -> Text:
        """Return what the channel says of `message`, not yet fitted to its limits."""
        return say(message, when, self.templates())

    def secret_values(self) -> tuple[str, ...]:
        """Return every secret, for masking them in texts."""
        found: list[str] = []
        for name in secret_fields(type(self)):
            value = getattr(self, name)
            several = value.values() if isinstance(value, dict) else [value]
            found += [one.get_secret_value() for one in several if one is not None]
        return tuple(found)


def secret_fields(config: type[ChannelConfig]) -> tuple[str, ...]:
    """Return the names of the fields that are marked secret."""
    return tuple(name for name, field in config.model_fields.items() if field.json_schema_extra == IS_SECRET)


C = TypeVar("C", bound=ChannelConfig)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a new channel row of this kind starts with."""

    min_priority: AlertPriority = AlertPriority.INFO
    rate_limit_per_minute: float = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelKind(Generic[C]):
    """One row of the registry.

    `send` says a message and returns a Receipt, or raises SendFailed. `destination` says where, without secrets.
    `limits` and `permanent` are for the documentation.
    """

    kind: NotificationChannel
    label: str
    config: type[C]
    send: Callable[[C, Message, Tools], Awaitable[Receipt]]
    destination: Callable[[C], str]
    defaults: Defaults = Defaults()
    limits: str
    permanent: str

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the configuration, its own fields first: forms and documents are made from it."""
        schema = self.config.model_json_schema()
        fields = schema["properties"]
        schema["properties"] = {
            name: fields[name] for name in sorted(fields, key=ChannelConfig.model_fields.__contains__)
        }
        return schema
