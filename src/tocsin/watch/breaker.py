"""The circuit breaker: a website that keeps failing is left alone for a while, then tried once. Pure.

It counts checks, not attempts. While it is open, due checks are skipped; the first one after the pause is the
trial: a failure opens it again, anything else closes it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Breaker:
    """When to leave a website alone, and for how long."""

    failures: int = 5
    pause: timedelta = timedelta(minutes=5)

    def is_open(self, open_until: datetime | None, now: datetime) -> bool:
        """Return whether a due check is to be skipped."""
        return open_until is not None and now < open_until

    def after(self, consecutive_failures: int, now: datetime) -> datetime | None:
        """Return until when checks are skipped after that many failures in a row; None where they go on."""
        return now + self.pause if consecutive_failures >= self.failures else None
