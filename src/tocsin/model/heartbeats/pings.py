"""Pings, and what they leave of a heartbeat. Frozen values, and the schemas in which doors show them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from tocsin.model.enums import HTTPMethod, MonitorStatus
from tocsin.model.heartbeats.keys import ping_path
from tocsin.model.heartbeats.schedules import Schedule
from tocsin.model.times import UTCDatetime

PINGS_KEPT = 100
"""Of each heartbeat the last so many pings are kept."""
BODY_LIMIT = 100_000
"""Bytes of a ping's body that are kept; announced in the header `Ping-Body-Limit`."""


class PingKind(StrEnum):
    """What a job says with a ping."""

    START = "start"
    SUCCESS = "success"
    FAIL = "fail"
    LOG = "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """One call of `/ping/<key>`."""

    kind: PingKind
    at: datetime  # when it was received
    rid: str | None = None  # UUID that ties the end of a run to its start
    exit_code: int | None = None
    method: HTTPMethod = HTTPMethod.GET
    body: bytes = b""  # its head
    body_bytes: int = 0  # whole size
    address: str | None = None  # it came from there
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class HeartbeatState:
    """What the pings so far left of a heartbeat. Times are aware UTC."""

    website_id: int
    pings_count: int = 0
    counts_from: datetime | None = None  # the schedule counts from here: the last end of a run, or a resume
    last_ping_at: datetime | None = None  # the last end of a run
    last_start_at: datetime | None = None  # of a run that has not ended
    last_start_rid: str | None = None
    run_ends_by: datetime | None = None  # that run has to end by then; None once it is too late
    due_at: datetime | None = None  # the next ping is expected then
    deadline_at: datetime | None = None  # DOWN from then on; None where nothing is waited for


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat as its pings are judged: what is set, and what is known."""

    url_key: str
    is_active: bool
    schedule: Schedule
    state: HeartbeatState


class PingRead(BaseModel):
    """A ping as every door shows it."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "number": 17,
                    "kind": "fail",
                    "received_at": "2026-01-01T03:00:42Z",
                    "rid": None,
                    "exit_code": 3,
                    "duration_ms": 42_000.0,
                    "method": "POST",
                    "address": "192.0.2.7",
                    "user_agent": "curl/8.5.0",
                    "body_bytes": 21,
                    "body_head": "no space left on disk",
                }
            ]
        },
    )

    number: int = Field(description="Counted from 1 for each heartbeat.")
    kind: PingKind
    received_at: UTCDatetime
    rid: str | None = Field(None, description="What ties the end of a run to its start.")
    exit_code: int | None = None
    duration_ms: float | None = Field(None, description="Milliseconds since the run's start, where that is known.")
    method: HTTPMethod
    address: str | None = None
    user_agent: str | None = None
    body_bytes: int = Field(0, description="Size of the whole body; as much as `Ping-Body-Limit` is kept of it.")
    body_head: str = Field("", description="Its first 1000 characters; what is no UTF-8 is replaced.")


class HeartbeatFacts(BaseModel):
    """What a heartbeat's website shows beside its fields; of any other website all is null or false."""

    ping_url: str | None = Field(None, description="Path under which a heartbeat's job reports. Keep it secret.")
    last_ping_at: UTCDatetime | None = Field(None, description="When a run ended last.")
    next_expected_at: UTCDatetime | None = Field(None, description="When the next ping is expected.")
    deadline_at: UTCDatetime | None = Field(None, description="Without a ping until then it is DOWN.")
    is_late: bool = Field(False, description="The expected moment is over, the grace is not.")
    is_started: bool = Field(False, description="A run has started and not ended.")


def facts_of(
    url: str, state: HeartbeatState | None, *, is_active: bool, status: MonitorStatus, now: datetime
) -> HeartbeatFacts:
    """Return what a website shows of its heartbeat."""
    path = ping_path(url)
    if state is None:
        return HeartbeatFacts(ping_url=path)
    is_waited_for = is_active and state.deadline_at is not None and status is not MonitorStatus.DOWN
    return HeartbeatFacts(
        ping_url=path,
        last_ping_at=state.last_ping_at,
        next_expected_at=state.due_at if is_active else None,
        deadline_at=state.deadline_at if is_waited_for else None,
        is_late=bool(is_waited_for and state.due_at is not None and state.due_at <= now),
        is_started=state.last_start_at is not None,
    )
