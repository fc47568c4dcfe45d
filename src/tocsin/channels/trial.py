"""Trying a channel out: a message that says it is a test, sent at once and by itself."""

import secrets

from tocsin.channels.kind import ChannelConfig
from tocsin.channels.registry import CHANNELS
from tocsin.channels.texts.samples import message_of_test
from tocsin.channels.tools import Tools
from tocsin.model.alerts import NotificationChannel
from tocsin.model.messages import Receipt


async def test_send(
    kind: NotificationChannel,
    config: ChannelConfig,
    tools: Tools,
    external_url: str = "",  # noqa: PT028 (it is no test of ours)
) -> Receipt:
    """Send a TEST message now. `external_url` is where Tocsin itself is.

    Raises:
        SendFailed: the provider did not take it; the text says why, and what to do.
        ExtraMissing: this kind needs a package that is not installed.
    """
    message = message_of_test(f"test-{secrets.token_hex(8)}", tools.clock(), external_url)
    return await CHANNELS[kind].send(config, message, tools)
