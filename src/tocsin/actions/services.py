"""What the doors are handed: the running parts of Tocsin, and how a change reaches them. `app` builds it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol

from tocsin.actions.throttle import LoginThrottle
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

    def overview(self) -> "WatchOverview":
        """Return the watch in figures."""

    def is_scheduled(self, website_id: int) -> bool:
        """Return whether the website has a job."""


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
    inbox: Accepting | None = None
    throttle: LoginThrottle = field(default_factory=LoginThrottle)

    def tell_website(self, change: Change, website_id: int) -> None:
        """Pass on a change of a website that was committed; from any thread."""
        self.watch.wake()
        self.live.publish(LiveEvent("website", {"website_id": website_id, "change": change}))
