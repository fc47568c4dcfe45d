"""The dashboard: nothing leaves the house, the delivery itself is what the page shows."""

from tocsin.channels.kind import ChannelConfig, ChannelKind, Defaults
from tocsin.channels.tools import Tools
from tocsin.model.alerts import NotificationChannel
from tocsin.model.messages import Message, Receipt


class Config(ChannelConfig):
    """There is nothing to configure."""


async def send(config: Config, message: Message, tools: Tools) -> Receipt:
    """Return a receipt: what is to be shown is stored already."""
    return Receipt(detail="shown on the dashboard")


def destination(config: Config) -> str:
    """Return where it goes."""
    return "the dashboard"


KIND = ChannelKind(
    kind=NotificationChannel.DASHBOARD,
    label="Dashboard",
    config=Config,
    send=send,
    destination=destination,
    defaults=Defaults(rate_limit_per_minute=600),
    limits="none",
    permanent="never fails",
)
