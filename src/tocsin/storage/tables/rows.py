"""A check as raw column values: the form in which the many are written and counted."""

from typing import NamedTuple

from tocsin.model.enums import MonitorStatus
from tocsin.storage.tables.codes import STATUS_CODES

CHECK_COLUMNS = (
    "website_id", "checked_at", "created_delay_ms", "status", "http_status_code", "http_method",
    "response_time_us", "dns_time_us", "connect_time_us", "tls_time_us", "ttfb_us",
    "attempts", "cause", "phase", "error_message",
)  # fmt: skip

UP, DOWN, DEGRADED, UNKNOWN = (
    STATUS_CODES[status]
    for status in (MonitorStatus.UP, MonitorStatus.DOWN, MonitorStatus.DEGRADED, MonitorStatus.UNKNOWN)
)


class CheckRow(NamedTuple):
    """The columns of `monitor_checks` but its id, in the order of CHECK_COLUMNS. Times are microseconds."""

    website_id: int
    checked_at_us: int  # since 1970
    created_delay_ms: int
    status: int
    http_status_code: int | None
    http_method: int
    total_us: int | None
    dns_us: int | None
    connect_us: int | None
    tls_us: int | None
    ttfb_us: int | None
    attempts: int
    cause: int | None
    phase: int | None
    error_message: str | None


def transfer_us(total: int, dns: int | None, connect: int | None, tls: int | None, ttfb: int | None) -> int:
    """Return what the other phases leave of the whole, never negative; 0 where no answer began."""
    if ttfb is None:
        return 0
    return max(0, total - (dns or 0) - (connect or 0) - (tls or 0) - ttfb)
