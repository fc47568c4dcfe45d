"""Schemas of a NetworkEvent: one request, response, error, redirect or timeout of a debug session."""

from pydantic import BaseModel, ConfigDict, Field

from tocsin.model.enums import HTTPMethod, NetworkEventType
from tocsin.model.texts import Stored
from tocsin.model.times import UTCDatetime


class NetworkEventFields(Stored):
    """Every field of an event that is recorded, apart from its debug session."""

    model_config = ConfigDict(extra="forbid")

    event_type: NetworkEventType
    url: str = Field(max_length=65_536)
    method: HTTPMethod | None = None
    status_code: int | None = Field(None, ge=0, le=999)
    request_headers: str | None = None
    response_headers: str | None = None
    request_payload: str | None = None
    response_payload: str | None = None
    duration_ms: float | None = Field(None, ge=0, description="Milliseconds.")
    error_message: str | None = None
    timestamp: UTCDatetime | None = None


class NetworkEventCreate(NetworkEventFields):
    """An event to record; `timestamp` is now where it is left out. Headers are JSON text."""

    debug_session_id: int


class NetworkEventRecord(NetworkEventFields):
    """An event of a debug session that is named elsewhere, as in a URL."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"event_type": "RESPONSE", "url": "https://example.com/", "method": "GET", "status_code": 200}]
        }
    )

    debug_session_id: int | None = Field(None, description="Need not be given; where it is, it must be the URL's.")


class NetworkEventRead(BaseModel):
    """An event as every door shows it."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": 21,
                    "debug_session_id": 3,
                    "event_type": "RESPONSE",
                    "url": "https://example.com/",
                    "method": "GET",
                    "status_code": 200,
                    "request_headers": None,
                    "response_headers": '{"content-type": "text/html"}',
                    "request_payload": None,
                    "response_payload": None,
                    "duration_ms": 87.5,
                    "error_message": None,
                    "timestamp": "2026-01-01T12:00:01Z",
                    "created_at": "2026-01-01T12:00:01Z",
                }
            ]
        },
    )

    id: int
    debug_session_id: int
    event_type: NetworkEventType
    url: str
    method: HTTPMethod | None
    status_code: int | None
    request_headers: str | None
    response_headers: str | None
    request_payload: str | None
    response_payload: str | None
    duration_ms: float | None
    error_message: str | None
    timestamp: UTCDatetime
    created_at: UTCDatetime
