"""The table of kinds, and configurations as they come in."""

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr, ValidationError

from tocsin.channels import (
    apprise,
    dashboard,
    discord,
    email,
    ntfy,
    pagerduty,
    slack,
    sms,
    teams,
    telegram,
    webhook,
)
from tocsin.channels.kind import ChannelConfig, ChannelKind, Defaults
from tocsin.errors import Invalid
from tocsin.model.alerts import NotificationChannel

CHANNELS: dict[NotificationChannel, ChannelKind[Any]] = {
    NotificationChannel.EMAIL: email.KIND,
    NotificationChannel.SMS: sms.KIND,
    NotificationChannel.SLACK: slack.KIND,
    NotificationChannel.WEBHOOK: webhook.KIND,
    NotificationChannel.DISCORD: discord.KIND,
    NotificationChannel.TEAMS: teams.KIND,
    NotificationChannel.PAGERDUTY: pagerduty.KIND,
    NotificationChannel.TELEGRAM: telegram.KIND,
    NotificationChannel.NTFY: ntfy.KIND,
    NotificationChannel.APPRISE: apprise.KIND,
    NotificationChannel.DASHBOARD: dashboard.KIND,
}
"""Every kind of channel, in the order that people are shown."""

DEFAULTS: dict[NotificationChannel, Defaults] = {name: one.defaults for name, one in CHANNELS.items()}
"""What a new channel row of each kind starts with."""

_SAID = {
    "extra_forbidden": "there is no such field",
    "missing": "this is needed",
    "string_unicode": "half of a surrogate pair cannot be stored; write the whole character",
}
"""What a validation error means, by its type, where pydantic's own sentence says less."""


def parse_config(kind: NotificationChannel, config: Mapping[str, Any]) -> ChannelConfig:
    """Return a configuration, checked.

    Raises:
        Invalid: with every field at fault in `fields`; no text repeats what was given, it may be a secret.
    """
    try:
        parsed: ChannelConfig = CHANNELS[kind].config.model_validate(dict(config))
    except ValidationError as error:
        faults = dict(_fault(one) for one in error.errors(include_url=False, include_input=False))
        said = "; ".join(f"{field}: {message}" if field else message for field, message in faults.items())
        raise Invalid(said, field=next(iter(faults)) or None, fields=faults) from None
    return parsed


def plain(config: ChannelConfig) -> dict[str, Any]:
    """Return a configuration as JSON takes it, secrets included: to be sealed, never to be shown."""
    return {name: _revealed(value) for name, value in config.model_dump(mode="python").items()}


def _revealed(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict):
        return {name: _revealed(one) for name, one in value.items()}
    return value


def _fault(error: Any) -> tuple[str, str]:
    context = error.get("ctx", {})
    field = context["field"] if error["type"] == "field_fault" else ".".join(map(str, error["loc"]))
    message = _SAID.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    return field, message
