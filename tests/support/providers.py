"""Providers of channels as they answer: for each kind a configuration that points at a server, and a right answer."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.faults import ok
from tocsin.channels import CHANNELS, parse_config
from tocsin.channels.kind import ChannelConfig
from tocsin.model.alerts import NotificationChannel

SECRET = "hush-7f3a9c51d2e84b60"
KEY_OF_32 = "hush7f3a9c51d2e84b600123456789ab"


@dataclass(frozen=True)
class Provider:
    """One way of one kind: how it is configured, and what the other side answers when all is well."""

    kind: NotificationChannel
    settings: Callable[[str], dict[str, Any]]  # of the server's URL, without a slash at its end
    answer: bytes
    reads_body: bool = True  # a good status alone is no proof

    def config(self, url: str, **more: Any) -> ChannelConfig:
        """Return the configuration that sends to the server at `url`."""
        return parse_config(self.kind, {**self.settings(url), **more})

    @property
    def send(self) -> Any:
        """Return the kind's send."""
        return CHANNELS[self.kind].send


def answer_json(value: Any, status: str = "200 OK", *headers: str) -> bytes:
    """Return an answer with a JSON body."""
    return ok(json.dumps(value).encode(), "Content-Type: application/json", *headers, status=status)


PROVIDERS = {
    "slack_webhook": Provider(
        NotificationChannel.SLACK, lambda url: {"webhook_url": f"{url}/services/T0/B0/{SECRET}"}, ok(b"ok")
    ),
    "slack_bot": Provider(
        NotificationChannel.SLACK,
        lambda url: {"bot_token": SECRET, "channel": "#ops", "api_url": f"{url}/api"},
        answer_json({"ok": True, "channel": "C1", "ts": "17.5"}),
    ),
    "discord": Provider(
        NotificationChannel.DISCORD,
        lambda url: {"webhook_url": f"{url}/api/webhooks/1/{SECRET}"},
        answer_json({"id": "99"}),
    ),
    "teams": Provider(NotificationChannel.TEAMS, lambda url: {"webhook_url": f"{url}/workflows/{SECRET}"}, ok(b"1")),
    "sms": Provider(
        NotificationChannel.SMS,
        lambda url: {"account_sid": "AC1", "auth_token": SECRET, "from_number": "+15550100", "to": "+15550101",
                     "base_url": url},
        answer_json({"sid": "SM1"}, "201 Created"),
    ),
    "pagerduty": Provider(
        NotificationChannel.PAGERDUTY,
        lambda url: {"routing_key": KEY_OF_32, "events_url": f"{url}/v2/enqueue"},
        answer_json({"status": "success"}, "202 Accepted"),
        reads_body=False,
    ),
    "telegram": Provider(
        NotificationChannel.TELEGRAM,
        lambda url: {"bot_token": f"123:{SECRET}", "chat_id": -100, "api_url": url},
        answer_json({"ok": True, "result": {"message_id": 5}}),
    ),
    "ntfy": Provider(
        NotificationChannel.NTFY,
        lambda url: {"topic": SECRET, "server_url": url, "token": f"tk_{SECRET}"},
        answer_json({"id": "abc", "event": "message"}),
    ),
    "webhook": Provider(
        NotificationChannel.WEBHOOK,
        lambda url: {"url": f"{url}/in?token={SECRET}", "secret": f"key-{SECRET}", "headers": {"X-Auth": SECRET}},
        ok(b""),
        reads_body=False,
    ),
}  # fmt: skip
"""Those that speak HTTP by our own client. Apprise, e-mail and the dashboard have tests of their own."""
