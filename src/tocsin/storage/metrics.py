"""Every website in figures, for whoever collects them: one query, however many there are."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from tocsin.model.enums import MonitorStatus
from tocsin.storage.tables import DowntimeWindow, Website
from tocsin.storage.tables.records import WebsiteCertificate, WebsiteState


@dataclass(frozen=True, slots=True)
class WebsiteFigures:
    """A website and its last known figures; None where there is none yet."""

    id: int
    name: str
    url: str
    is_active: bool
    status: MonitorStatus | None
    response_time_ms: float | None
    last_checked_at: datetime | None
    certificate_not_after: datetime | None
    down_since: datetime | None


def list_figures(db: Session) -> list[WebsiteFigures]:
    """Return the figures of all websites, oldest first."""
    ongoing = and_(DowntimeWindow.website_id == Website.id, DowntimeWindow.ended_at.is_(None))
    wanted = (
        select(
            Website.id,
            Website.name,
            Website.url,
            Website.is_active,
            WebsiteState.status,
            WebsiteState.last_response_time_ms,
            WebsiteState.last_checked_at,
            WebsiteCertificate.not_after,
            DowntimeWindow.started_at,
        )
        .outerjoin(WebsiteState, WebsiteState.website_id == Website.id)
        .outerjoin(WebsiteCertificate, WebsiteCertificate.website_id == Website.id)
        .outerjoin(DowntimeWindow, ongoing)
        .order_by(Website.id)
    )
    return [WebsiteFigures(*row) for row in db.execute(wanted)]
