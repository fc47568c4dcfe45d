"""One job a website: what to check and when it is due. Pure; the scheduler holds the jobs."""

from dataclasses import dataclass
from math import floor

from tocsin.model.options import CheckOptions
from tocsin.model.states import WatchState
from tocsin.storage.tables import Website

_GOLDEN = 0.618_033_988_749_894_9


@dataclass(slots=True, eq=False)
class Job:
    """A website as the scheduler sees it. `due_at` is seconds since 1970."""

    website_id: int
    url: str
    options: CheckOptions
    interval_s: int
    state: WatchState
    due_at: float = 0.0
    is_removed: bool = False
    row_hash: int | None = None  # of the row it was made of, where that is known: `WebsiteCRUD.get_active_hashes`

    @property
    def is_suspect(self) -> bool:
        """True where the last check failed: such a website may hang again and must not take a healthy one's place."""
        return self.state.consecutive_failures > 0


def offset_of(website_id: int, interval_s: int) -> float:
    """Return a website's own place within its interval, in seconds: the same for ever, and evenly spread.

    Multiples of the golden ratio leave no two neighbours close together, whatever the number of websites.
    Source: Knuth, The Art of Computer Programming, vol. 3, section 6.4, theorem S.
    """
    return website_id * _GOLDEN % 1.0 * interval_s


def next_due(website_id: int, interval_s: int, now: float) -> float:
    """Return the first moment after `now` at which the website is due (seconds since 1970).

    Due moments lie on a fixed grid, so missed ones are skipped and a restart does not bring all at once.
    """
    offset = offset_of(website_id, interval_s)
    return (floor((now - offset) / interval_s) + 1) * interval_s + offset


def options_of(website: Website) -> CheckOptions:
    """Return how a website is to be checked."""
    return CheckOptions(**{name: getattr(website, name) for name in CheckOptions.model_fields})
