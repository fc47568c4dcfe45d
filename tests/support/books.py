"""A book of channels with one kind: webhooks to the tests' receiver, whose `token` is secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.receivers import send
from tocsin.errors import Invalid
from tocsin.model.alerts import NotificationChannel
from tocsin.model.delivery.facts import Destination
from tocsin.model.masks import MASK
from tocsin.model.messages import Message, Receipt


@dataclass
class PlainBook:
    """Seals by turning round, which shows whether anybody forgot to."""

    def defaults(self, kind: NotificationChannel) -> Mapping[str, Any]:
        return {"rate_limit_per_minute": 30.0}

    def store(
        self, kind: NotificationChannel, given: Mapping[str, Any], before: Destination | None
    ) -> tuple[dict[str, Any], str]:
        if "url" not in given:
            raise Invalid("url: this is needed", field="url")
        token = str(given.get("token", ""))
        public = {name: value for name, value in given.items() if name != "token"}
        if token == MASK:
            return public, before.sealed if before else ""
        return public, token[::-1]

    def show(self, destination: Destination) -> dict[str, Any]:
        return {**destination.config, **({"token": MASK} if destination.sealed else {})}

    async def send(self, destination: Destination, message: Message) -> Receipt:
        return await send(destination, message)
