"""A website's latency and availability over time, in buckets."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tocsin.model.times import UTCDatetime


class Point(BaseModel):
    """One bucket. Latencies are milliseconds over available checks; null where there were none."""

    at: UTCDatetime = Field(description="Start of the bucket.")
    checks_count: int
    up_share: float | None = Field(description="Available share of the checks that could tell, 0 to 1.")
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    dns_ms: float | None = Field(description="Mean of the phase, as for the phases below.")
    connect_ms: float | None
    tls_ms: float | None
    ttfb_ms: float | None
    transfer_ms: float | None


class Series(BaseModel):
    """At most the asked number of buckets, oldest first; empty ones are left out."""

    model_config = ConfigDict(
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {
                    "website_id": 1,
                    "from": "2026-01-01T00:00:00Z",
                    "to": "2026-01-02T00:00:00Z",
                    "bucket_seconds": 3600,
                    "source": "checks",
                    "points": [
                        {
                            "at": "2026-01-01T12:00:00Z",
                            "checks_count": 12,
                            "up_share": 0.75,
                            "p50_ms": 142.1,
                            "p95_ms": 210.6,
                            "p99_ms": 230.2,
                            "dns_ms": 4.2,
                            "connect_ms": 18.9,
                            "tls_ms": 37.5,
                            "ttfb_ms": 80.3,
                            "transfer_ms": 2.1,
                        }
                    ],
                }
            ]
        },
    )

    website_id: int
    from_: UTCDatetime = Field(serialization_alias="from")
    to: UTCDatetime
    bucket_seconds: int
    source: Literal["checks", "hours", "days"] = Field(description="What the figures were read from.")
    points: list[Point]
