"""The kinds of channel that are installed, with the keys of their secrets, for the doors and for delivery."""

import asyncio
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from tocsin.actions.services import ChannelBook
from tocsin.channels import CHANNELS, DEFAULTS, Tools, open_tools, parse_config, plain
from tocsin.channels.secrets import Keys, load_keys, masked, seal, unmasked, unseal
from tocsin.errors import Invalid, SecretsUnreadable, SendFailed
from tocsin.model.alerts import NotificationChannel
from tocsin.model.delivery.facts import Destination
from tocsin.model.messages import Message, Receipt
from tocsin.probes.guard import Guard

if TYPE_CHECKING:
    from tocsin.settings import Settings


def open_channel_book(settings: "Settings") -> ChannelBook:
    """Return the book of every kind that is installed."""
    return InstalledChannels(settings)


class InstalledChannels:
    """Configurations sealed and opened, and messages sent. The keys are read when they are first needed."""

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings
        self._tools: WeakKeyDictionary[asyncio.AbstractEventLoop, Tools] = WeakKeyDictionary()

    @cached_property
    def _keys(self) -> Keys:
        return load_keys(self._settings.secret_key, self._settings.data_dir)

    def defaults(self, kind: NotificationChannel) -> Mapping[str, Any]:
        """Return what a new channel of this kind starts with."""
        own = DEFAULTS[kind]
        return {"min_priority": own.min_priority, "rate_limit_per_minute": own.rate_limit_per_minute}

    def store(
        self, kind: NotificationChannel, given: Mapping[str, Any], before: Destination | None
    ) -> tuple[dict[str, Any], str]:
        """Return a configuration as it is stored, its secrets sealed; a mask that comes back is the stored secret.

        Raises:
            Invalid: it is not what its kind wants, or a mask stands for nothing.
            SecretsUnreadable: what is stored was sealed with another key.
        """
        stored = None if before is None else unseal(before.kind, before.config, before.sealed, self._keys)
        config = parse_config(kind, unmasked(kind, given, stored))
        return seal(kind, plain(config), self._keys)

    def show(self, destination: Destination) -> dict[str, Any]:
        """Return a stored configuration with its secrets masked; without them where their key is gone."""
        try:
            whole = unseal(destination.kind, destination.config, destination.sealed, self._keys)
        except SecretsUnreadable:
            whole = dict(destination.config)
        return masked(destination.kind, whole)

    async def send(self, destination: Destination, message: Message) -> Receipt:
        """Say a message.

        Raises:
            SendFailed: it was not taken.
        """
        kind = destination.kind
        try:
            config = parse_config(kind, unseal(kind, destination.config, destination.sealed, self._keys))
        except (Invalid, SecretsUnreadable) as error:
            raise SendFailed(f"the channel's configuration cannot be used: {error}", is_permanent=True) from error
        return await CHANNELS[kind].send(config, message, self._tools_here())

    def _tools_here(self) -> Tools:
        """Return the tools of the running event loop: delivery has one of its own."""
        loop = asyncio.get_running_loop()
        if loop not in self._tools:
            guard = Guard(self._settings.forbidden_networks)
            self._tools[loop] = open_tools(self._settings.ca_bundle or None, forbid=guard.refusal)
        return self._tools[loop]
