"""How a website stands: its last status, or why there is none. What lists are counted and filtered by."""

from enum import StrEnum

from tocsin.model.enums import MonitorStatus


class Standing(StrEnum):
    """One word for a website, worst first."""

    DOWN = "down"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"
    PENDING = "pending"  # not checked yet
    UP = "up"
    PAUSED = "paused"


def standing_of(is_active: bool, status: MonitorStatus | None) -> Standing:
    """Return the standing of a website with this last status (None before the first check)."""
    if not is_active:
        return Standing.PAUSED
    return Standing.PENDING if status is None else Standing(status.lower())
