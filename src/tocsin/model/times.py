"""Times: aware UTC everywhere. Naive datetimes that come in are taken as UTC."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, PlainSerializer

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR_S = 3600
DAY_S = 86400


def utcnow() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def as_utc(moment: datetime) -> datetime:
    """Return `moment` in UTC; a naive one is taken to be UTC already.

    Raises:
        ValueError: the moment lies before year 1 or after year 9999 there.
    """
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{moment} is out of range in UTC") from error


def to_epoch_us(moment: datetime) -> int:
    """Return whole microseconds since 1970-01-01 UTC, without floating-point loss."""
    return (as_utc(moment) - EPOCH) // timedelta(microseconds=1)


def from_epoch_us(microseconds: int) -> datetime:
    """Return the aware UTC datetime of `microseconds` since 1970-01-01."""
    return EPOCH + timedelta(microseconds=microseconds)


def isoformat(moment: datetime) -> str:
    """Return ISO 8601 in UTC with a trailing Z, as every door of Tocsin prints times."""
    return as_utc(moment).isoformat().replace("+00:00", "Z")


UTCDatetime = Annotated[
    datetime,
    AfterValidator(as_utc),
    PlainSerializer(isoformat, return_type=str, when_used="json"),
]
"""A pydantic field: any datetime in, aware UTC out, ISO 8601 with Z in JSON."""
