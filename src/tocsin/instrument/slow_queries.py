"""A query that took too long, as alert handlers are told of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tocsin.model.times import isoformat, utcnow

SEVERITIES = ((10.0, "critical"), (5.0, "high"), (2.0, "medium"))
"""From how many times its threshold on a query is how severe; below all of them it is low."""

_QUERY_LIMIT = 2000


@dataclass(frozen=True, slots=True)
class SlowQueryAlert:
    """One slow query. The statement and its parameters stay in this process: `to_dict` leaves the parameters out."""

    query: str
    duration_ms: float
    threshold_ms: float
    timestamp: datetime = field(default_factory=utcnow)
    parameters: Any = field(default=None, repr=False)
    pattern: str | None = None  # the statement without its literals
    error: str | None = None

    @property
    def severity(self) -> str:
        """critical, high, medium or low, by how far it is over the threshold."""
        return self._get_severity()

    def _get_severity(self) -> str:
        """The name that older handlers call."""
        if self.threshold_ms <= 0:
            return "critical"
        times = self.duration_ms / self.threshold_ms
        return next((name for begins, name in SEVERITIES if times >= begins), "low")

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON-able form: the pattern where it is known, else the head of the statement."""
        return {
            "query": (self.pattern or self.query)[:_QUERY_LIMIT],
            "duration_ms": self.duration_ms,
            "threshold_ms": self.threshold_ms,
            "severity": self.severity,
            "timestamp": isoformat(self.timestamp),
            "error": self.error,
        }
