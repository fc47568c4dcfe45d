import json
from typing import Any

import pytest

from tests.support.providers import PROVIDERS, SECRET
from tocsin.channels import CHANNELS, DEFAULTS, parse_config, plain
from tocsin.channels.kind import ChannelConfig, secret_fields
from tocsin.errors import Invalid
from tocsin.model.alerts import AlertPriority, NotificationChannel as Kind

MAIL = {"host": "mail.example", "sender": "alerts@example.com", "to": ["ops@example.com"]}
SMS = {"account_sid": "AC1", "auth_token": "t", "from_number": "+15550100", "to": "+15550101"}
HOOK = {"url": "https://hook.example/x"}
NTFY = {"topic": "ops"}
SLACK = {"webhook_url": "https://hooks.slack.com/services/x"}


def faults(kind: Kind, config: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse_config(kind, config)
    assert caught.value.field in (*caught.value.fields, None)
    assert caught.value.__cause__ is None
    return caught.value.fields


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_configuration_shows_no_secret_and_survives_being_stored(name: str) -> None:
    config = PROVIDERS[name].config("https://provider.example")
    assert SECRET not in repr(config)
    assert SECRET not in str(config.model_dump())
    kept = json.loads(json.dumps(plain(config)))
    assert parse_config(PROVIDERS[name].kind, kept) == config


@pytest.mark.parametrize(
    ("kind", "config", "field", "message"),
    [
        (Kind.SLACK, {"nope": 1, **SLACK}, "nope", "there is no such field"),
        (Kind.SLACK, {}, "", "give webhook_url, or both bot_token and channel"),
        (Kind.SLACK, {**SLACK, "channel": "#x"}, "", "give either webhook_url, or bot_token and channel"),
        (Kind.SLACK, {"bot_token": "x"}, "", "give webhook_url, or both bot_token and channel"),
        (Kind.SLACK, {"webhook_url": "hush-hush"}, "webhook_url", "write the whole address"),
        (Kind.SLACK, {"webhook_url": "https://hush hush/"}, "webhook_url", "no spaces"),
        (Kind.SLACK, {"webhook_url": "https://[hush/"}, "webhook_url", "this is no address"),
        (Kind.SLACK, {"webhook_url": "https://hush:0/"}, "webhook_url", "write the whole address"),
        (Kind.DISCORD, {}, "webhook_url", "this is needed"),
        (Kind.EMAIL, {**MAIL, "to": []}, "to", "at least 1"),
        (Kind.EMAIL, {**MAIL, "to": ["a@b.example", "nobody"]}, "to.1", "write one address"),
        (Kind.EMAIL, {**MAIL, "to": ["a@b.example, c@d.example"]}, "to.0", "write one address"),
        (Kind.EMAIL, {**MAIL, "sender": "a@b.example\r\nBcc: c@d.example"}, "sender", "write one address"),
        (Kind.EMAIL, {**MAIL, "sender": "jö@b.example"}, "sender", "write one address"),
        (Kind.EMAIL, {**MAIL, "sender": "jo@b..example"}, "sender", "write one address"),
        (Kind.EMAIL, {**MAIL, "port": 0}, "port", "greater than or equal to 1"),
        (Kind.EMAIL, {**MAIL, "username": "me"}, "", "username and password belong together"),
        (Kind.EMAIL, {**MAIL, "username": "me", "password": "hush\n"}, "password", "no control characters"),
        (Kind.EMAIL, {**MAIL, "security": "ssl"}, "security", "'starttls', 'tls' or 'none'"),
        (Kind.SMS, {**SMS, "to": "0151 12345"}, "to", "write the number with its country"),
        (Kind.SMS, {**SMS, "from_number": None}, "", "give from_number or messaging_service_sid"),
        (Kind.SMS, {**SMS, "max_characters": 1601}, "max_characters", "less than or equal to 1600"),
        (Kind.PAGERDUTY, {"routing_key": "hush"}, "routing_key", "an integration key has 32 characters"),
        (Kind.TELEGRAM, {"bot_token": "x", "chat_id": True}, "chat_id", "string"),
        (Kind.TELEGRAM, {"bot_token": "x", "chat_id": "my chat"}, "chat_id", "pattern"),
        (Kind.NTFY, {**NTFY, "username": "me"}, "", "username and password belong together"),
        (Kind.NTFY, {**NTFY, "username": "m", "password": "p", "token": "t"}, "", "give either a token, or username"),
        (Kind.NTFY, {**NTFY, "server_url": "ntfy.sh"}, "server_url", "write the whole address"),
        (Kind.WEBHOOK, {**HOOK, "headers": {"a b": "x"}}, "headers", "'a b' is no header name"),
        (Kind.WEBHOOK, {**HOOK, "headers": {"Host": "x"}}, "headers", "'Host' is no header name that can be set"),
        (Kind.WEBHOOK, {**HOOK, "headers": {"X-A": "hush\r\nX-B: y"}}, "headers",
         "header 'X-A' has a control character"),
        (Kind.WEBHOOK, {**HOOK, "headers": {"X-A": "hüsh"}}, "headers", "not ASCII"),
        (Kind.WEBHOOK, {**HOOK, "method": "GET"}, "method", "'POST', 'PUT' or 'PATCH'"),
        (Kind.WEBHOOK, {**HOOK, "body_template": "{{ title }}x"}, "body_template",
         "it makes no JSON of a firing message"),
        (Kind.WEBHOOK, {**HOOK, "body_template": "{{ nope }}"}, "body_template", "line 1: 'nope' is undefined"),
        (Kind.APPRISE, {"url": "hush"}, "url", "write one Apprise URL"),
        (Kind.DASHBOARD, {"time_zone": "Mars/Base"}, "time_zone", "there is no such time zone"),
        (Kind.DASHBOARD, {"time_zone": "../x"}, "time_zone", "there is no such time zone"),
        (Kind.DASHBOARD, {"subject_template": "{{ nope }}"}, "subject_template", "line 1: 'nope' is undefined"),
        (Kind.DASHBOARD, {"body_template": "a\n{% if %}"}, "body_template", "line 2: Expected an expression"),
        (Kind.DASHBOARD, {"body_template": "a\0"}, "body_template", "NUL"),
        (Kind.DASHBOARD, {"body_template": "\ud800"}, "body_template", "half of a surrogate pair"),
    ],
)  # fmt: skip
def test_a_wrong_configuration_says_where_and_what_without_repeating_it(
    kind: Kind, config: dict[str, Any], field: str, message: str
) -> None:
    found = faults(kind, config)
    assert list(found) == [field]
    assert message in found[field]
    assert "hush" not in found[field]


def test_all_faults_of_the_fields_are_told_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        parse_config(Kind.EMAIL, {"port": "x", "hosts": 1})
    assert set(caught.value.fields) == {"host", "port", "sender", "to", "hosts"}
    assert "host: this is needed; " in caught.value.message
    assert caught.value.field == "host"


def test_spellings_that_people_use_are_taken() -> None:
    sms: Any = parse_config(Kind.SMS, {**SMS, "to": "+49 (151) 123-456/78"})
    assert sms.to == "+4915112345678"
    telegram: Any = parse_config(Kind.TELEGRAM, {"bot_token": "x", "chat_id": -100123})
    assert telegram.chat_id == "-100123"
    mail: Any = parse_config(Kind.EMAIL, {**MAIL, "sender": "Töcsin <alerts@bücher.example>"})
    assert mail.sender == "Töcsin <alerts@xn--bcher-kva.example>"


def test_fields_are_described_and_secrets_marked_for_forms() -> None:
    for kind, row in CHANNELS.items():
        fields = row.schema()["properties"]
        assert all(field.get("description") for field in fields.values()), kind
        marked = {name for name, field in fields.items() if field.get("secret")}
        assert marked == set(secret_fields(row.config))
        assert list(fields)[-3:] == ["time_zone", "subject_template", "body_template"]
        assert json.dumps(row.schema())
    words = ("token", "secret", "password", "webhook_url", "routing_key", "headers")
    plain_ones = {
        name
        for row in CHANNELS.values()
        for name in row.config.model_fields
        if name not in secret_fields(row.config) and any(word in name for word in words)
    }
    assert plain_ones == set()


def test_new_channels_start_with_sensible_limits() -> None:
    assert set(DEFAULTS) == set(CHANNELS)
    assert DEFAULTS[Kind.SMS].min_priority is AlertPriority.CRITICAL
    assert DEFAULTS[Kind.SLACK].min_priority is AlertPriority.INFO
    assert DEFAULTS[Kind.SLACK].rate_limit_per_minute == 10
    assert all(one.rate_limit_per_minute > 0 for one in DEFAULTS.values())


def test_configurations_cannot_be_changed_by_accident() -> None:
    config: ChannelConfig = parse_config(Kind.DASHBOARD, {})
    with pytest.raises(ValueError, match="frozen"):
        config.__setattr__("time_zone", "Europe/Berlin")
