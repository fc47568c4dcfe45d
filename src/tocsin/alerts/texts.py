"""Titles and messages of alerts on metrics and errors. Pure."""

import math
from dataclasses import dataclass

from tocsin.alerts.priority import is_less_worse, overage

_UNITS = {
    "percent": "%", "pct": "%", "ms": " ms", "milliseconds": " ms", "seconds": " s", "secs": " s", "s": " s",
    "minutes": " min", "bytes": " bytes", "kb": " KB", "mb": " MB", "gb": " GB", "tb": " TB",
}  # fmt: skip
_SPELLED = {
    "cpu": "CPU", "gpu": "GPU", "ram": "RAM", "api": "API", "db": "DB", "http": "HTTP", "https": "HTTPS", "io": "I/O",
    "iops": "IOPS", "sql": "SQL", "dns": "DNS", "tls": "TLS", "ssl": "SSL", "url": "URL", "tcp": "TCP", "ssd": "SSD",
    "p50": "P50", "p90": "P90", "p95": "P95", "p99": "P99", "jvm": "JVM", "gc": "GC", "id": "ID", "ttfb": "TTFB",
}  # fmt: skip
_USED = frozenset({"cpu", "gpu", "memory", "ram", "disk", "swap", "inode", "inodes", "heap", "storage"})


@dataclass(frozen=True, slots=True)
class MetricTexts:
    """What an alert on a metric is called, and what it says."""

    label: str  # "CPU"
    title: str  # "High CPU Usage - web-server-01"
    message: str  # "CPU is at 92% (threshold: 80%, exceeded by 15.0%)"


def metric_texts(
    metric_name: str, current_value: float, threshold_value: float, resource: str | None, percentile: str | None = None
) -> MetricTexts:
    """Return the title and message of a threshold that was crossed."""
    words, unit = _split(metric_name)
    label = _capitalised(words)
    less = is_less_worse(metric_name, current_value, threshold_value)
    noun = f"{label} Usage" if len(words) == 1 and words[0] in _USED and unit == "%" else label
    of = f" ({percentile})" if percentile else ""
    where = f" - {resource}" if resource else ""
    title = f"{'Low' if less else 'High'} {noun}{of}{where}"
    subject = f"{percentile} {label}" if percentile else label
    crossed = crossed_text(current_value, threshold_value)
    bound = number_text(threshold_value) + unit
    return MetricTexts(
        label, title, f"{subject} is at {number_text(current_value)}{unit} (threshold: {bound}, {crossed})"
    )


def crossed_text(current_value: float, threshold_value: float) -> str:
    """Return by how much a threshold is crossed: "exceeded by 15.0%"."""
    over = overage(current_value, threshold_value)
    if over is None:
        gap = current_value - threshold_value
        return f"{'exceeded' if gap >= 0 else 'below'} by {number_text(abs(gap))}"
    return f"exceeded by {over * 100:.1f}%" if over >= 0 else f"below by {-over * 100:.1f}%"


def number_text(value: float) -> str:
    """Return a number as people write it: at most two decimals, small ones with three digits, no trailing zeros."""
    if not math.isfinite(value):
        return str(value)
    if value == int(value):
        return str(int(value))
    return f"{value:.3g}" if abs(value) < 0.1 else f"{value:.2f}".rstrip("0").rstrip(".")


def error_texts(
    *,
    error_type: str,
    error_message: str,
    source: str | None,
    affected_endpoint: str | None,
    affected_users: int | None,
    error_count: int,
) -> tuple[str, str]:
    """Return the title and the message of an application error."""
    where = f" in {source}" if source else ""
    at = f" ({affected_endpoint})" if affected_endpoint else ""
    impact = []
    if error_count > 1:
        impact.append(f"{error_count} times")
    if affected_users:
        impact.append(f"{affected_users} user{'s' if affected_users > 1 else ''} affected")
    facts = f" ({', '.join(impact)})" if impact else ""
    return f"{error_type}{where}{at}", f"{error_message or error_type}{facts}"


def _split(metric_name: str) -> tuple[list[str], str]:
    """Return the words of a metric's name without its unit, and the unit."""
    words = [word for word in metric_name.lower().replace("-", "_").replace(".", "_").split("_") if word]
    unit = _UNITS.get(words[-1], "") if len(words) > 1 else ""
    return (words[:-1] if unit else words) or [metric_name or "value"], unit


def _capitalised(words: list[str]) -> str:
    return " ".join(_SPELLED.get(word, word.capitalize()) for word in words)
