"""The kinds of channel that are installed, with the keys of their secrets, for the doors and for delivery."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tocsin.actions.services import ChannelBook
from tocsin.errors import Invalid, SendFailed
from tocsin.model.alerts import NotificationChannel
from tocsin.model.delivery.facts import Destination
from tocsin.model.masks import MASK
from tocsin.model.messages import Message, Receipt

if TYPE_CHECKING:
    from tocsin.settings import Settings


def open_channel_book(_settings: "Settings") -> ChannelBook:
    """Return the book of every kind that is installed."""
    return NoChannels()


class NoChannels:
    """The book where no kind of channel is known."""

    def defaults(self, kind: NotificationChannel) -> Mapping[str, Any]:
        """Refuse."""
        raise _unknown(kind)

    def store(
        self,
        kind: NotificationChannel,
        given: Mapping[str, Any],  # noqa: ARG002 (as every book takes it)
        before: Destination | None,  # noqa: ARG002
    ) -> tuple[dict[str, Any], str]:
        """Refuse."""
        raise _unknown(kind)

    def show(self, destination: Destination) -> dict[str, Any]:
        """Return the names in a configuration; what in it is secret is not known."""
        return dict.fromkeys(destination.config, MASK)

    async def send(self, destination: Destination, message: Message) -> Receipt:
        """Refuse."""
        raise SendFailed(f"channels of kind {destination.kind} are not known here: {message.kind} was not sent")


def _unknown(kind: NotificationChannel) -> Invalid:
    return Invalid(f"channels of kind {kind} are not known here", field="kind")
