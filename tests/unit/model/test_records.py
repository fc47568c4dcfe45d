"""Schemas of checks, downtimes, debug sessions and events, and the closed lists."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from tocsin import (
    DebugSessionCreate,
    DowntimeWindowCreate,
    HTTPMethod,
    MonitorCheckCreate,
    MonitorStatus,
    NetworkEventCreate,
    NetworkEventType,
)
from tocsin.model.checks import MonitorCheckRead
from tocsin.model.debug_sessions import DebugSessionRead, DebugSessionStart
from tocsin.model.downtimes import DowntimeWindowRead
from tocsin.model.enums import Scope
from tocsin.model.network_events import NetworkEventRead
from tocsin.model.series import Series
from tocsin.model.standing import Standing, standing_of
from tocsin.model.uptime import Uptime

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_check_needs_a_website_and_a_status() -> None:
    check = MonitorCheckCreate(website_id=1, status=MonitorStatus.UP)
    assert (check.http_method, check.attempts, check.checked_at) == (HTTPMethod.GET, 1, None)


@pytest.mark.parametrize(
    "wrong",
    [{"status": "FINE"}, {"http_status_code": 42}, {"response_time_ms": -1}, {"attempts": 0}, {"dns_time_ms": 1e12},
     {"error_message": "x" * 10_001}, {"checked_at": "yesterday"}, {"colour": "red"}],
)  # fmt: skip
def test_a_check_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MonitorCheckCreate.model_validate({"website_id": 1, "status": "UP", **wrong})


def test_a_downtime_cannot_end_before_it_began() -> None:
    assert DowntimeWindowCreate(website_id=1, started_at=NOON).initial_status is MonitorStatus.DOWN
    assert DowntimeWindowCreate(website_id=1, started_at=NOON, ended_at=NOON).ended_at == NOON
    with pytest.raises(ValidationError, match="before started_at"):
        DowntimeWindowCreate(website_id=1, started_at=NOON, ended_at=NOON.replace(hour=11))


def test_a_debug_session_needs_a_key() -> None:
    with pytest.raises(ValidationError):
        DebugSessionCreate(website_id=1, session_key="")
    assert DebugSessionStart().session_key is None
    with pytest.raises(ValidationError):
        DebugSessionStart(session_key="a/b")


def test_an_event_has_the_fields_of_the_documents() -> None:
    event = NetworkEventCreate(debug_session_id=1, event_type=NetworkEventType.ERROR, url="https://example.com")
    assert (event.timestamp, event.method, event.status_code) == (None, None, None)
    with pytest.raises(ValidationError):
        NetworkEventCreate(debug_session_id=1, event_type=NetworkEventType.ERROR, url="x", duration_ms=-1)


@pytest.mark.parametrize("schema", [MonitorCheckRead, DowntimeWindowRead, DebugSessionRead, NetworkEventRead, Uptime])
def test_what_is_shown_has_an_example_that_is_true_to_it(schema: type[BaseModel]) -> None:
    example = schema.model_json_schema()["examples"][0]
    assert schema.model_validate(example).model_dump(mode="json") == example


def test_a_series_is_written_from_and_to() -> None:
    series = Series(website_id=1, from_=NOON, to=NOON, bucket_seconds=60, source="checks", points=[])
    assert {"from", "to"} <= set(series.model_dump(by_alias=True))


def test_visitors_are_served_when_up_or_degraded() -> None:
    assert [status for status in MonitorStatus if status.is_available] == [MonitorStatus.UP, MonitorStatus.DEGRADED]


def test_each_scope_includes_the_ones_before() -> None:
    allowed = [(mine.value, needed.value) for mine in Scope for needed in Scope if mine.allows(needed)]
    assert allowed == [
        ("read", "read"),
        ("write", "read"), ("write", "write"),
        ("admin", "read"), ("admin", "write"), ("admin", "admin"),
    ]  # fmt: skip


def test_a_website_stands_as_its_last_status_says() -> None:
    assert standing_of(False, MonitorStatus.DOWN) is Standing.PAUSED
    assert standing_of(True, None) is Standing.PENDING
    assert [standing_of(True, status) for status in MonitorStatus] == [
        Standing.UP, Standing.DOWN, Standing.DEGRADED, Standing.UNKNOWN,
    ]  # fmt: skip
