"""Schemas of a MonitorCheck: one check's outcome, never changed afterwards."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tocsin.model.enums import Cause, HTTPMethod, MonitorStatus, Phase
from tocsin.model.texts import Stored
from tocsin.model.times import UTCDatetime

Milliseconds = Field(None, ge=0, le=86_400_000, description="Milliseconds; null where the phase was not reached.")


class MonitorCheckCreate(Stored):
    """A check to record. `checked_at` is when its first attempt started; now, if left out."""

    model_config = ConfigDict(extra="forbid")

    website_id: int
    status: MonitorStatus
    http_status_code: int | None = Field(None, ge=100, le=999)
    http_method: HTTPMethod = HTTPMethod.GET
    response_time_ms: float | None = Milliseconds
    dns_time_ms: float | None = Milliseconds
    connect_time_ms: float | None = Milliseconds
    tls_time_ms: float | None = Milliseconds
    ttfb_ms: float | None = Milliseconds
    error_message: str | None = Field(None, max_length=10_000)
    cause: Cause | None = None
    phase: Phase | None = None
    attempts: int = Field(1, ge=1, le=100)
    checked_at: UTCDatetime | None = None


class MonitorCheckRead(BaseModel):
    """A check as every door shows it."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": 812,
                    "website_id": 1,
                    "status": "DOWN",
                    "is_available": False,
                    "http_status_code": None,
                    "http_method": "GET",
                    "response_time_ms": 12.4,
                    "dns_time_ms": 3.1,
                    "connect_time_ms": None,
                    "tls_time_ms": None,
                    "ttfb_ms": None,
                    "transfer_time_ms": None,
                    "error_message": "port 443 refused the connection",
                    "cause": "connect_refused",
                    "phase": "connect",
                    "attempts": 4,
                    "checked_at": "2026-01-01T12:00:00Z",
                    "created_at": "2026-01-01T12:00:02Z",
                    "evidence": None,
                    "diagnosis": None,
                }
            ]
        },
    )

    id: int
    website_id: int
    status: MonitorStatus
    is_available: bool
    http_status_code: int | None
    http_method: HTTPMethod
    response_time_ms: float | None = Field(description="Whole check in milliseconds.")
    dns_time_ms: float | None
    connect_time_ms: float | None
    tls_time_ms: float | None
    ttfb_ms: float | None = Field(description="Request sent to first byte of the answer, milliseconds.")
    transfer_time_ms: float | None
    error_message: str | None
    cause: Cause | None
    phase: Phase | None
    attempts: int
    checked_at: UTCDatetime
    created_at: UTCDatetime
    evidence: dict[str, Any] | None = Field(
        None,
        description="Addresses, hops, headers, body head and certificate; kept for failures and the last good check.",
    )
    diagnosis: dict[str, Any] | None = None


class MonitorCheckDetail(MonitorCheckRead):
    """One check with all it saw, under the names that `tocsin check --json` uses; null where it was not kept."""

    message: str = Field("", description="One sentence for people; empty where all was well.")
    phases: dict[str, float | None] = Field(
        default_factory=dict, description="dns_ms, connect_ms, tls_ms, ttfb_ms, transfer_ms, total_ms."
    )
    address: str | None = Field(None, description="The address connected to at last.")
    addresses: list[str] | None = Field(None, description="All that the name resolved to.")
    redirects: list[dict[str, Any]] | None = None
    final_url: str | None = None
    http_version: str | None = None
    certificate: dict[str, Any] | None = Field(None, description="The leaf's facts, verified or not, and the chain.")
