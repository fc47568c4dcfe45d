"""How much a crossed threshold or an error matters. Pure."""

import re

from tocsin.model.alerts import AlertPriority

_LESS_IS_WORSE = frozenset(
    ("free", "available", "availability", "uptime", "remaining", "left", "success", "hit", "throughput", "rate",
     "conversion", "idle", "healthy")
)  # fmt: skip
_MORE_IS_WORSE = frozenset(
    ("error", "errors", "failure", "failures", "failed", "drop", "dropped", "loss", "lost", "miss", "missed", "misses",
     "reject", "rejected", "timeout", "timeouts", "bounce", "used", "usage", "utilization", "utilisation", "cpu",
     "memory", "latency", "wait", "waits", "load", "steal", "abort", "aborted", "churn")
)  # fmt: skip
"""Where both kinds of word stand in a name, as in error_rate, these decide."""
BOUND = 100.0
_WORDS = re.compile(r"[a-z]+")


def is_less_worse(metric_name: str, current_value: float, threshold_value: float) -> bool:
    """Return whether a metric is bad when it is low: its words say so, else the side of the threshold it is on."""
    words = set(_WORDS.findall(metric_name.lower()))
    if words & _MORE_IS_WORSE:
        return False
    return bool(words & _LESS_IS_WORSE) or current_value < threshold_value


def is_bounded(metric_name: str, threshold_value: float) -> bool:
    """Return whether a metric is a percentage that cannot pass 100."""
    return metric_name.lower().endswith("_percent") and 0 <= threshold_value < BOUND


def overage(current_value: float, threshold_value: float) -> float | None:
    """Return (value − threshold) / threshold: 0.15 is 15 % over it, negative below it. None for a threshold of 0."""
    return None if threshold_value == 0 else (current_value - threshold_value) / abs(threshold_value)


def system_priority(metric_name: str, current_value: float, threshold_value: float) -> AlertPriority:
    """Return the priority of a crossed threshold.

    Bounded metrics: by the share of the headroom that is used up, from 75 % CRITICAL, from 50 % HIGH. Others: by how
    far it is over the threshold, more than 50 % CRITICAL, more than 20 % HIGH. Else MEDIUM.
    """
    less = is_less_worse(metric_name, current_value, threshold_value)
    if is_bounded(metric_name, threshold_value):
        room = threshold_value if less else BOUND - threshold_value
        excess = threshold_value - current_value if less else current_value - threshold_value
        share = excess / room if room else float(excess > 0)
        return _by(critical=share >= 0.75, high=share >= 0.5)
    over = overage(current_value, threshold_value)
    if over is None:
        far = current_value < 0 if less else current_value > 0
        return AlertPriority.CRITICAL if far else AlertPriority.MEDIUM
    share = -over if less else over
    return _by(critical=share > 0.5, high=share > 0.2)


def performance_priority(metric_name: str, current_value: float, threshold_value: float) -> AlertPriority:
    """Return the priority of something slow: as of an unbounded metric, at most HIGH."""
    over = overage(current_value, threshold_value)
    less = is_less_worse(metric_name, current_value, threshold_value)
    share = 1.0 if over is None else (-over if less else over)
    return AlertPriority.HIGH if share > 0.2 else AlertPriority.MEDIUM


def error_priority(error_type: str, affected_users: int | None, error_count: int | None) -> AlertPriority:
    """Return the priority of an application error: by its type, then by who suffers and how often it came."""
    if "database" in error_type.lower() or (affected_users or 0) > 10:
        return AlertPriority.CRITICAL
    return AlertPriority.HIGH if (error_count or 0) > 5 else AlertPriority.MEDIUM


def certificate_priority(days_left: float) -> AlertPriority:
    """Return the priority of a certificate that runs out."""
    if days_left <= 1:
        return AlertPriority.CRITICAL
    return AlertPriority.HIGH if days_left <= 3 else AlertPriority.MEDIUM


def _by(*, critical: bool, high: bool) -> AlertPriority:
    if critical:
        return AlertPriority.CRITICAL
    return AlertPriority.HIGH if high else AlertPriority.MEDIUM
