"""Times are aware and in UTC, wherever they come from."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st
from pydantic import TypeAdapter, ValidationError

from tocsin.model.times import EPOCH, UTCDatetime, as_utc, from_epoch_us, isoformat, to_epoch_us, utcnow

EAST = timezone(timedelta(hours=5, minutes=30))
MOMENTS = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_now_is_aware_and_in_utc() -> None:
    assert utcnow().tzinfo is UTC


def test_a_naive_moment_is_taken_as_utc() -> None:
    naive = datetime(2026, 3, 1, 12)  # noqa: DTZ001
    assert as_utc(naive) == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_another_zone_is_converted() -> None:
    moment = as_utc(datetime(2026, 3, 1, 12, tzinfo=EAST))
    assert (moment.tzinfo, moment.hour, moment.minute) == (UTC, 6, 30)


@pytest.mark.parametrize(
    "moment", [datetime(1, 1, 1, tzinfo=EAST), datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=1)))]
)
def test_a_moment_that_utc_does_not_have_is_a_value_error(moment: datetime) -> None:
    with pytest.raises(ValueError, match="out of range"):
        as_utc(moment)


@given(MOMENTS)
def test_microseconds_since_1970_lose_nothing(moment: datetime) -> None:
    assert from_epoch_us(to_epoch_us(moment)) == moment
    assert to_epoch_us(moment) == (moment - EPOCH) // timedelta(microseconds=1)


def test_times_are_printed_with_a_z() -> None:
    assert isoformat(datetime(2026, 3, 1, 12, tzinfo=EAST)) == "2026-03-01T06:30:00Z"
    assert isoformat(EPOCH + timedelta(microseconds=1)) == "1970-01-01T00:00:00.000001Z"


def test_a_field_takes_any_moment_and_gives_utc() -> None:
    adapter: TypeAdapter[datetime] = TypeAdapter(UTCDatetime)
    moment = adapter.validate_python("2026-03-01T12:00:00+05:30")
    assert moment == datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
    assert adapter.dump_python(moment) == moment
    assert adapter.dump_json(moment) == b'"2026-03-01T06:30:00Z"'
    with pytest.raises(ValidationError):
        adapter.validate_python("0001-01-01T00:00:00+10:00")
