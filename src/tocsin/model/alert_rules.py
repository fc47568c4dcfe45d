"""Schemas of an AlertRule: a bound on a metric, and the metrics that Tocsin itself knows."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from tocsin.model.alerts import AlertCategory, AlertPriority, NotificationChannel
from tocsin.model.texts import Stored
from tocsin.model.times import UTCDatetime

LONGEST_WINDOW = timedelta(days=31)


class Aggregation(StrEnum):
    """What is made of a series' values within the window."""

    LAST = "last"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    COUNT = "count"
    RATE = "rate"  # a counter's growth a second, resets heeded
    P50 = "p50"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"

    @property
    def share(self) -> float | None:
        """The share of values at or below a percentile; None for the others."""
        return int(self[1:]) / 100 if self.startswith("p") else None


class Comparison(StrEnum):
    """How a value crosses a threshold."""

    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    EQUAL = "=="
    NOT_EQUAL = "!="

    def holds(self, value: float, threshold: float) -> bool:
        """Return whether `value` crosses `threshold`."""
        return _COMPARE[self](value, threshold)

    @property
    def less_is_worse(self) -> bool:
        """True where small values cross."""
        return self in (Comparison.LESS, Comparison.LESS_OR_EQUAL)


_COMPARE: dict[Comparison, Callable[[float, float], bool]] = {
    Comparison.GREATER: operator.gt,
    Comparison.GREATER_OR_EQUAL: operator.ge,
    Comparison.LESS: operator.lt,
    Comparison.LESS_OR_EQUAL: operator.le,
    Comparison.EQUAL: operator.eq,
    Comparison.NOT_EQUAL: operator.ne,
}


class NoData(StrEnum):
    """What a series means that has no value."""

    KEEP = "keep"  # as it was
    OK = "ok"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that Tocsin takes by itself."""

    name: str
    unit: str
    text: str
    category: AlertCategory


_ABOUT_WEBSITES = {
    "website.up": ("", "1 where the last check was UP or DEGRADED, 0 where it was DOWN."),
    "website.consecutive_failures": ("", "DOWN checks in a row."),
    "website.certificate_days": ("days", "Until the leaf certificate expires; negative afterwards."),
    "website.response_time_ms": ("ms", "Whole check, of available checks."),
    "website.dns_ms": ("ms", "Name look-up."),
    "website.connect_ms": ("ms", "TCP connection."),
    "website.tls_ms": ("ms", "TLS handshake."),
    "website.ttfb_ms": ("ms", "Request sent to first byte."),
    "website.error_rate_percent": ("%", "DOWN among the checks that could tell."),
    "website.uptime_percent": ("%", "UP and DEGRADED among the checks that could tell."),
    "website.checks_count": ("", "Checks."),
}
_ABOUT_THIS_MACHINE = {
    "cpu_percent": ("%", "Processor time in use."),
    "memory_percent": ("%", "Memory in use."),
    "swap_percent": ("%", "Swap in use."),
    "disk_percent": ("%", "Of the file system that holds the data folder, in use."),
    "load_per_cpu": ("", "Load average over a minute, per processor."),
    "tocsin.event_loop_lag_ms": ("ms", "How late Tocsin's own event loop is."),
    "tocsin.lateness_p99_ms": ("ms", "How late checks start."),
    "tocsin.write_queue_count": ("", "Checks waiting for the database."),
    "tocsin.memory_mib": ("MiB", "Memory of the Tocsin process."),
}
METRICS = {
    **{name: Metric(name, *facts, AlertCategory.PERFORMANCE) for name, facts in _ABOUT_WEBSITES.items()},
    **{name: Metric(name, *facts, AlertCategory.SYSTEM) for name, facts in _ABOUT_THIS_MACHINE.items()},
}
"""What Tocsin knows by itself; every other name is one that an application reports."""

OWN_PREFIXES = ("website.", "tocsin.")


class AlertRuleFields(Stored):
    """Every field of a rule that users set."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=255)
    description: str | None = Field(None, max_length=5000)
    is_enabled: bool = True
    metric_name: str = Field(min_length=1, max_length=255, examples=["website.response_time_ms"])
    labels: dict[str, str] = Field(
        default_factory=dict, max_length=20, description="Which series: those that have all of these labels; none: all."
    )
    aggregation: Aggregation = Aggregation.LAST
    window_s: float = Field(300, gt=0, le=LONGEST_WINDOW.total_seconds(), description="What is aggregated, seconds.")
    comparison: Comparison = Comparison.GREATER
    threshold: FiniteFloat
    clear_threshold: FiniteFloat | None = Field(None, description="Hysteresis: once fired, it clears beyond this only.")
    for_s: float = Field(0, ge=0, le=86_400 * 31, description="How long it must be crossed before it fires, seconds.")
    no_data: NoData = NoData.KEEP
    priority: AlertPriority | None = Field(None, description="Null: by severity_map, else by how far it is crossed.")
    severity_map: dict[AlertPriority, FiniteFloat] = Field(
        default_factory=dict,
        description="From which value on which priority.",
        examples=[{"HIGH": 800, "CRITICAL": 2000}],
    )
    category: AlertCategory = AlertCategory.PERFORMANCE
    notification_channels: list[NotificationChannel] = Field(default_factory=list)
    ttl_s: float | None = Field(None, gt=0, description="Its alert expires after so many seconds.")
    dedup_window_s: float = Field(3600, gt=0, description="Told again at most so often, seconds.")
    runbook_url: str | None = Field(None, max_length=2048)


class AlertRuleCreate(AlertRuleFields):
    """A rule to make. `name`, `metric_name` and `threshold` are needed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Shop is slow",
                    "metric_name": "website.response_time_ms",
                    "labels": {"website": "shop.example"},
                    "aggregation": "p95",
                    "window_s": 600,
                    "threshold": 800,
                    "clear_threshold": 600,
                    "for_s": 300,
                }
            ]
        }
    )

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.metric_name.startswith(OWN_PREFIXES) and self.metric_name not in METRICS:
            known = ", ".join(name for name in METRICS if name.startswith(OWN_PREFIXES))
            raise ValueError(f"there is no metric {self.metric_name!r}; Tocsin's own are {known}")
        clear = self.clear_threshold
        if clear is not None and clear != self.threshold and self.comparison.holds(clear, self.threshold):
            raise ValueError(f"clear_threshold {clear:g} would still cross {self.comparison} {self.threshold:g}")
        return self


class AlertRuleUpdate(AlertRuleFields):
    """The fields to change; what is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"threshold": 900}]})

    def changes(self) -> dict[str, Any]:
        """Return only what was given, ready for storage."""
        return self.model_dump(exclude_unset=True, mode="json")


for _field in AlertRuleUpdate.model_fields.values():
    _field.default, _field.default_factory = None, None
AlertRuleUpdate.model_rebuild(force=True)


class SeriesStanding(BaseModel):
    """How one series stands against a rule."""

    series: str
    state: str = Field(description="pending or firing.")
    since: UTCDatetime
    value: float | None


class AlertRuleRead(AlertRuleFields):
    """A rule as every door shows it."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")

    id: int
    created_at: UTCDatetime
    updated_at: UTCDatetime
    standings: list[SeriesStanding] = Field(default_factory=list, description="Series that are pending or firing.")


class Firing(BaseModel):
    """One time that a rule would have fired."""

    series: str
    started_at: UTCDatetime = Field(description="When it would have fired, `for_s` after it was crossed.")
    ended_at: UTCDatetime | None = Field(description="When it would have cleared; null: not yet.")
    worst_value: float
    priority: AlertPriority


class Trial(BaseModel):
    """What a rule would have done in the past."""

    days: int
    fired_count: int
    firings: list[Firing] = Field(description="The newest of them, at most 100.")
    series_count: int
    points_count: int = Field(description="Values looked at.")
    step_s: float = Field(description="How far apart they are, seconds.")
    p95: float | None = Field(description="Of all values; a threshold of P95 + 20 % is a fair start.")
    suggested_threshold: float | None
    suggested_for_s: float | None = Field(description="Longer than half of its firings lasted, where many were short.")
