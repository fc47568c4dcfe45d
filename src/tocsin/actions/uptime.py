"""What can be asked about a website over time: its uptime, and its latency in buckets."""

from datetime import datetime, timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tocsin.actions.checks import in_order
from tocsin.actions.websites import find_website
from tocsin.errors import Invalid
from tocsin.model.pages import QueryTime
from tocsin.model.series import Series
from tocsin.model.times import utcnow
from tocsin.model.uptime import Uptime
from tocsin.storage.database import Session
from tocsin.storage.history.series import series_of
from tocsin.storage.history.uptime import uptime_of

MAX_HOURS = 87_600
"""Ten years."""


class UptimeQuery(BaseModel):
    """Over which time the uptime is asked for."""

    model_config = ConfigDict(extra="forbid")

    hours: int = Field(24, ge=1, le=MAX_HOURS, description="The last so many hours.")


class SeriesQuery(BaseModel):
    """Which stretch of a website's past is asked for, and how finely."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: QueryTime | None = Field(None, alias="from", description="24 hours before `to`, if left out.")
    to: QueryTime | None = Field(None, description="Now, if left out.")
    points: int = Field(200, ge=1, le=2000, description="At most so many buckets.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order(self.from_, self.to)
        return self


def get_uptime(db: Session, website_id: int, query: UptimeQuery) -> Uptime:
    """Return how available a website was, by checks and by time.

    Raises:
        NotFound: there is no such website.
    """
    return uptime_of(db, website_id, query.hours)


def get_series(db: Session, website_id: int, query: SeriesQuery, now: datetime | None = None) -> Series:
    """Return a website's latency and availability in at most the asked number of buckets.

    Raises:
        NotFound: there is no such website.
        Invalid: the stretch would end before it begins.
    """
    find_website(db, website_id)
    end = query.to or now or utcnow()
    start = query.from_ or end - timedelta(hours=24)
    if end < start:
        raise Invalid("`from` lies in the future", field="from")
    return series_of(db, website_id, start, end, query.points)
