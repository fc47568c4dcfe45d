"""What the doors are handed: the running parts of Tocsin, and how a change reaches them. `app` builds it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol

from tocsin.actions.throttle import LoginThrottle
from tocsin.alerts.recommend import EMPTY_BOOK
from tocsin.model.alerts import NotificationChannel
from tocsin.model.delivery.facts import Destination
from tocsin.model.heartbeats.pings import Ping
from tocsin.model.messages import Message, Receipt
from tocsin.storage.alerts.recording import Handling
from tocsin.storage.database import Database
from tocsin.watch.live import LiveEvent, LiveHub

if TYPE_CHECKING:
    from tocsin.settings import Settings
    from tocsin.watch.service import WatchOverview

Change = Literal["created", "updated", "deleted"]
Tell = Callable[[Change, int], None]
"""Is told of each change of a website, after its commit: what happened, and the website's id."""


def nobody(_change: Change, _website_id: int) -> None:
    """Tell nobody: a running server notices changes in the database by itself."""


class Watching(Protocol):
    """What the doors need of the watch; `watch.service.Watch` is one."""

    def wake(self) -> None:
        """Have the jobs compared with the database now; from any thread."""

    async def check_now(self, website_id: int) -> int:
        """Check at once and return the id of the stored check."""

    async def find_heartbeat(self, key: str) -> int:
        """Return the id of the website that is the heartbeat with that key, or raise NotFound."""

    async def take_ping(self, key: str, ping: Ping) -> None:
        """Record a ping of the heartbeat with that key; return once it is committed."""

    def overview(self) -> "WatchOverview":
        """Return the watch in figures."""

    def is_scheduled(self, website_id: int) -> bool:
        """Return whether the website has a job."""


class AlertingPart(Protocol):
    """What the doors need of alerting; `alerts.alerting.Alerting` is one."""

    handling: Handling

    def wake(self) -> None:
        """Look for something to do, and to tell, now; from any thread."""


@dataclass(slots=True)
class Quiet:
    """Alerting where nobody listens: for the command line, and for tests."""

    handling: Handling = field(default_factory=lambda: Handling(advise=EMPTY_BOOK.advise))

    def wake(self) -> None:
        """Do nothing: a running server notices by itself."""


class ChannelBook(Protocol):
    """What is known of kinds of channel; `app` and the command line open one on the kinds that are installed."""

    def defaults(self, kind: NotificationChannel) -> Mapping[str, Any]:
        """Return what a new channel of this kind starts with, where its maker says nothing else."""

    def store(
        self, kind: NotificationChannel, given: Mapping[str, Any], before: Destination | None
    ) -> tuple[dict[str, Any], str]:
        """Return a configuration as it is stored, its secrets sealed; a mask that comes back is the stored secret.

        Raises:
            Invalid: it is not what its kind wants.
        """

    def show(self, destination: Destination) -> dict[str, Any]:
        """Return a stored configuration with its secrets masked."""

    async def send(self, destination: Destination, message: Message) -> Receipt:
        """Say a message.

        Raises:
            SendFailed: it was not taken.
        """


class Delivering(Protocol):
    """What the doors need of delivery; `delivery.service.Delivery` is one."""

    def wake(self) -> None:
        """Look for work now; from any thread."""


class Accepting(Protocol):
    """What the doors need of the inbox; `alerts.inbox.AlertInbox` is one."""

    resolve_after: timedelta

    async def accept(self, payload: bytes) -> None:
        """Return once a body of alerts is durable."""

    def settle(self, within_s: float = 5.0) -> bool:
        """Wait until all that was accepted so far is worked in."""


@dataclass(slots=True)
class Services:
    """The running parts; `app.state.tocsin` is one."""

    settings: "Settings"
    database: Database
    watch: Watching
    live: LiveHub
    started_at: datetime
    channel_book: ChannelBook
    alerting: AlertingPart = field(default_factory=Quiet)
    inbox: Accepting | None = None
    throttle: LoginThrottle = field(default_factory=LoginThrottle)
    delivery: Delivering | None = None  # None: another process delivers

    def tell_website(self, change: Change, website_id: int) -> None:
        """Pass on a change of a website that was committed; from any thread."""
        self.watch.wake()
        self.alerting.wake()
        self.live.publish(LiveEvent("website", {"website_id": website_id, "change": change}))

    def wake_delivery(self) -> None:
        """Have delivery look for work now, where this process delivers; from any thread."""
        if self.delivery is not None:
            self.delivery.wake()
