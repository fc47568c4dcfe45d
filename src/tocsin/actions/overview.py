"""What people look at: all websites at a glance, and one of them in full. Only reads, in a fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tocsin.actions.heartbeats import list_pings
from tocsin.actions.websites import get_website
from tocsin.model.enums import Cause, MonitorStatus
from tocsin.model.heartbeats.pings import PingRead
from tocsin.model.pages import PageQuery
from tocsin.model.standing import Standing, standing_of
from tocsin.model.times import HOUR_S, from_epoch_us, to_epoch_us, utcnow
from tocsin.model.uptime import Uptime, percent_of_checks
from tocsin.model.websites import WebsiteRead
from tocsin.storage.certificates import StoredChain, chain_of, leaf_expiries
from tocsin.storage.checks import MonitorCheckCRUD
from tocsin.storage.database import Session
from tocsin.storage.downtimes import DowntimeWindowCRUD
from tocsin.storage.history.rollups import HourCounts, recent_hours
from tocsin.storage.history.uptime import uptime_of
from tocsin.storage.overview import Pair, count_standings, list_trouble, list_websites
from tocsin.storage.tables import DowntimeWindow, MonitorCheck
from tocsin.storage.tables.records import WebsiteState

HOURS = 24
"""Hours that a bar is shown for, the present one included."""

PAGE_SIZE = 100
PINGS = 20
"""Newest pings of a heartbeat that are shown."""
UPTIME_HOURS = (24, 7 * 24, 30 * 24)

__all__ = [
    "HOURS",
    "PAGE_SIZE",
    "HourCounts",
    "Overview",
    "OverviewRow",
    "WebsiteDetail",
    "read_overview",
    "read_website",
]


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One website as a list shows it. Times are aware UTC."""

    id: int
    name: str
    url: str
    standing: Standing
    since: datetime | None
    cause: Cause | None
    message: str | None
    hours: tuple[HourCounts | None, ...]  # oldest first, the present hour last; None: no check in it
    uptime_percent: float | None  # by checks, over those hours
    response_time_ms: float | None
    certificate_not_after: datetime | None
    last_checked_at: datetime | None
    breaker_open_until: datetime | None
    pending_status: MonitorStatus | None  # the downtime rule waits for more checks that say so


@dataclass(frozen=True, slots=True)
class Overview:
    """One page of websites, how many stand how in all, and those in trouble whatever the page."""

    counts: dict[Standing, int]
    trouble: list[OverviewRow]
    rows: list[OverviewRow]
    total: int  # of the websites that match, in all pages
    page: int
    page_size: int
    first_hour: datetime  # start of the bars' first hour

    @property
    def websites_count(self) -> int:
        """All websites, matching or not."""
        return sum(self.counts.values())

    @property
    def pages_count(self) -> int:
        """Pages of what matches, at least one."""
        return max(1, -(-self.total // self.page_size))


@dataclass(frozen=True, slots=True)
class WebsiteDetail:
    """One website in full. `uptimes` are over 24 hours, 7 days and 30 days."""

    website: WebsiteRead  # secrets masked
    state: WebsiteState | None
    standing: Standing
    uptimes: tuple[Uptime, ...]
    downtimes: list[DowntimeWindow]
    downtimes_total: int
    checks: list[MonitorCheck]
    chain: StoredChain | None
    pings: list[PingRead]  # of a heartbeat


def read_overview(
    db: Session,
    *,
    text: str | None = None,
    standing: Standing | None = None,
    page: int = 1,
    now: datetime | None = None,
) -> Overview:
    """Return the page of websites that match, by name. A page beyond the last one is empty."""
    this_hour = to_epoch_us(now or utcnow()) // (HOUR_S * 1_000_000)
    since_hour = this_hour - HOURS + 1
    pairs, total = list_websites(db, text=text, standing=standing, skip=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE)
    return Overview(
        counts=count_standings(db),
        trouble=_rows(db, list_trouble(db), since_hour),
        rows=_rows(db, pairs, since_hour),
        total=total,
        page=page,
        page_size=PAGE_SIZE,
        first_hour=from_epoch_us(since_hour * HOUR_S * 1_000_000),
    )


def _rows(db: Session, pairs: list[Pair], since_hour: int) -> list[OverviewRow]:
    ids = [website.id for website, _ in pairs]
    hours, expiries = recent_hours(db, ids, since_hour), leaf_expiries(db, ids)
    rows = []
    for website, state in pairs:
        counted = hours.get(website.id, {})
        rows.append(
            OverviewRow(
                id=website.id,
                name=website.name,
                url=website.url,
                standing=standing_of(website.is_active, state.status if state else None),
                since=state.status_since if state else None,
                cause=state.last_cause if state else None,
                message=state.last_message if state else None,
                hours=tuple(counted.get(since_hour + offset) for offset in range(HOURS)),
                uptime_percent=_uptime(counted.values()),
                response_time_ms=state.last_response_time_ms if state else None,
                certificate_not_after=expiries.get(website.id),
                last_checked_at=state.last_checked_at if state else None,
                breaker_open_until=state.breaker_open_until if state else None,
                pending_status=state.pending_status if state else None,
            )
        )
    return rows


def _uptime(hours: Iterable[HourCounts]) -> float | None:
    available = told = 0
    for hour in hours:
        available += hour.up + hour.degraded
        told += hour.up + hour.degraded + hour.down
    return percent_of_checks(available, told, 0)


def read_website(
    db: Session,
    website_id: int,
    *,
    status: MonitorStatus | None = None,
    checks_count: int = 30,
    downtimes_count: int = 20,
    now: datetime | None = None,
) -> WebsiteDetail:
    """Return a website with its newest checks (only those of `status`, if given) and downtimes.

    Raises:
        NotFound: there is no such website.
    """
    website = get_website(db, website_id)
    state = db.get(WebsiteState, website_id)
    downtimes, downtimes_total = DowntimeWindowCRUD.get_by_website(db, website_id, limit=downtimes_count)
    checks, _ = MonitorCheckCRUD.get_by_website(db, website_id, limit=checks_count, status=status)
    return WebsiteDetail(
        website=website,
        state=state,
        standing=standing_of(website.is_active, state.status if state else None),
        uptimes=tuple(uptime_of(db, website_id, hours, now) for hours in UPTIME_HOURS),
        downtimes=downtimes,
        downtimes_total=downtimes_total,
        checks=checks,
        chain=chain_of(db, website_id),
        pings=list_pings(db, website_id, PageQuery(page_size=PINGS)).items if website.ping_url else [],
    )
