"""Schemas of a NetworkEvent: one request, response, error, redirect or timeout of a debug session."""

from pydantic import BaseModel, ConfigDict, Field

from tocsin.model.enums import HTTPMethod, NetworkEventType
from tocsin.model.times import UTCDatetime


class NetworkEventCreate(BaseModel):
    """An event to record; `timestamp` is now where it is left out. Headers are JSON text."""

    model_config = ConfigDict(extra="forbid")

    debug_session_id: int
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


class NetworkEventRead(BaseModel):
    """An event as every door shows it."""

    model_config = ConfigDict(from_attributes=True)

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
