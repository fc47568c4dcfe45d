"""Whether an alert is muted right now, by which silence or maintenance window, and until when. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tocsin.matching.matchers import Matcher, matches_all


@dataclass(frozen=True, slots=True)
class Muting:
    """A silence, or an occurrence of a maintenance window, that is in force."""

    kind: Literal["silence", "maintenance"]
    id: int
    key: str  # of a silence: its UUID
    text: str  # its comment or name
    starts_at: datetime
    ends_at: datetime
    matchers: tuple[Matcher, ...] = ()
    website_ids: frozenset[int] = frozenset()
    is_global: bool = False

    def covers(self, labels: Mapping[str, str], website_id: int | None, now: datetime) -> bool:
        """Return whether it keeps an alert with these labels, perhaps of a website, quiet at `now`."""
        if not self.starts_at <= now < self.ends_at:
            return False
        if self.is_global or (website_id is not None and website_id in self.website_ids):
            return True
        return bool(self.matchers) and matches_all(self.matchers, labels)


@dataclass(frozen=True, slots=True)
class Mute:
    """Why an alert is kept quiet, and how long."""

    kind: Literal["silence", "maintenance"]
    id: int
    key: str
    text: str
    until: datetime


class Mutes:
    """Every silence and maintenance window in force, as read at one moment."""

    def __init__(self, mutings: Iterable[Muting]) -> None:
        self.mutings = tuple(mutings)

    def verdict(self, labels: Mapping[str, str], website_id: int | None, now: datetime) -> Mute | None:
        """Return what mutes an alert; the one that lasts longest where several do, None where nothing does."""
        covering = [one for one in self.mutings if one.covers(labels, website_id, now)]
        longest = max(covering, key=lambda one: one.ends_at, default=None)
        if longest is None:
            return None
        return Mute(longest.kind, longest.id, longest.key, longest.text, longest.ends_at)

    def silences_of(self, labels: Mapping[str, str], now: datetime) -> list[str]:
        """Return the keys of the silences that cover an alert with these labels."""
        return [one.key for one in self.mutings if one.kind == "silence" and one.covers(labels, None, now)]
