"""What lists are asked for with."""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from tocsin.model.pages import Page, PageQuery, QueryStatus, QueryTime

MOMENT = TypeAdapter(QueryTime)


def test_a_page_knows_what_comes_before_it() -> None:
    query = PageQuery(page=3, page_size=20)
    assert query.skip == 40
    assert query.page_of(["a"], 41) == Page(items=["a"], total=41, page=3, page_size=20)
    assert PageQuery().skip == 0


@pytest.mark.parametrize("text", ["2026-03-01T12:00:00Z", "2026-03-01T14:00:00+02:00", "2026-03-01T14:00:00 02:00",
                                  "2026-03-01T12:00:00", "2026-03-01T14:00:00.0 0200"])  # fmt: skip
def test_one_moment_can_be_written_in_many_ways(text: str) -> None:
    assert MOMENT.validate_python(text) == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_moment_is_taken_as_it_is() -> None:
    assert MOMENT.validate_python(datetime(2026, 3, 1, 12, tzinfo=UTC)) == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_nothing_is_older_than_1970() -> None:
    assert MOMENT.validate_python("0001-01-01T00:00:00Z") == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00", "tomorrow"])
def test_a_moment_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python(text)


def test_a_status_is_known_in_any_case() -> None:
    adapter = TypeAdapter(QueryStatus)
    assert adapter.validate_python("down") == adapter.validate_python("DOWN")
    with pytest.raises(ValidationError):
        adapter.validate_python(5)
