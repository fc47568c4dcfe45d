"""A plain model of downtimes, that reads the whole history anew for each check."""

from dataclasses import dataclass
from datetime import datetime

from tocsin import MonitorStatus
from tocsin.model.downtimes import DowntimeRule

DOWN, UNKNOWN = MonitorStatus.DOWN, MonitorStatus.UNKNOWN


@dataclass
class Downtime:
    """A downtime as the database would hold it."""

    started_at: datetime
    ended_at: datetime | None = None
    checks: int = 0


def expected_downtimes(checks: list[tuple[datetime, MonitorStatus]], rule: DowntimeRule) -> list[Downtime]:
    """Return the downtimes of a history, slowly: read forward, look back over everything told so far."""
    told = [(at, status) for at, status in checks if status is not UNKNOWN]
    found: list[Downtime] = []
    begin = 0  # first check that may count for the next downtime
    for end in range(1, len(told) + 1):
        if found and found[-1].ended_at is None:
            streak = []
            for at, status in reversed(told[begin:end]):
                if status is DOWN:
                    break
                streak.append(at)
            found[-1].checks += told[end - 1][1] is DOWN
            if len(streak) >= rule.up_after:
                found[-1].ended_at = streak[-1]
                begin = end
            continue
        window = told[max(begin, end - rule.window) : end]
        failed = [at for at, status in window if status is DOWN]
        if told[end - 1][1] is DOWN and len(failed) >= rule.down_after:
            found.append(Downtime(failed[0], None, len(failed)))
            begin = end
    return found
