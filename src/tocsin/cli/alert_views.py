"""How alerts are printed: the list, one of them with its history, and patterns."""

from collections.abc import Iterable
from typing import Any

from rich.text import Text

from tocsin.alerts.patterns import AlertPatterns
from tocsin.cli.output import NOTHING, ago_text, console, moment_text, print_table
from tocsin.model.alerting.schemas import AlertChangeRead, AlertRead
from tocsin.model.alerts import AlertPriority, AlertStatus
from tocsin.model.times import utcnow

STYLE_OF = {
    AlertPriority.CRITICAL: "bold red",
    AlertPriority.HIGH: "red",
    AlertPriority.MEDIUM: "yellow",
    AlertPriority.LOW: "cyan",
    AlertPriority.INFO: "bright_black",
}
LABEL = 14
_BAR = 30


def print_list(alerts: Iterable[AlertRead]) -> None:
    """Print a table of alerts."""
    now = utcnow()
    rows = (
        (
            one.id,
            Text(one.priority.value, style=STYLE_OF[one.priority]),
            _status(one),
            ago_text(one.starts_at, now),
            one.notification_count,
            one.title,
        )
        for one in alerts
    )
    print_table(("id", "priority", "status", "began", "seen", "title"), rows, right=("id", "seen"))


def print_alert(alert: AlertRead, history: list[AlertChangeRead]) -> None:
    """Print one alert in full."""
    out = console()
    out.print(Text(f"{alert.priority} ", style=STYLE_OF[alert.priority]) + Text(alert.title, style="bold"))
    if alert.message:
        out.print(alert.message, soft_wrap=True)
    out.print()
    for label, value in _facts(alert):
        out.print(f"{label:{LABEL}}{value}", soft_wrap=True)
    _print_lines("Why", alert.metadata.get("evidence"))
    _print_lines("What to do", alert.recommendations)
    if trace := alert.metadata.get("stack_trace"):
        _print_lines("Stack trace", str(trace).splitlines())
    _print_lines("History", [_change(one) for one in history])


def print_patterns(found: AlertPatterns) -> None:
    """Print what alerts have in common."""
    out = console()
    out.print(
        f"{'alerts':{LABEL}}{found['total_alerts']} in {found['days']:g} days, of {found['resources_count']} resources"
    )
    if not found["total_alerts"]:
        return
    out.print(f"{'resolved in':{LABEL}}{_minutes(found['median_resolution_time_minutes'])} (median),"
              f" {_minutes(found['p95_resolution_time_minutes'])} (95 %)")  # fmt: skip
    out.print(f"{'in hand after':{LABEL}}{_minutes(found['median_acknowledge_time_minutes'])} (median)")
    share = found["noise_share"]
    out.print(f"{'noise':{LABEL}}{NOTHING if share is None else f'{share:.0%} ended and nobody had acknowledged them'}")
    out.print()
    print_table(("type", "alerts"), found["type_distribution"].items(), right=("alerts",))
    out.print()
    most = max(found["hourly_distribution"])
    for hour, count in enumerate(found["hourly_distribution"]):
        if count:
            out.print(f"{hour:02}:00 UTC  {'█' * max(1, round(count / most * _BAR))} {count}")
    for pair in found["together"][:5]:
        first, second = pair["types"]
        out.print(f"Together {pair['count']} times: {first} and {second}", soft_wrap=True)
    for one in found["suggestions"]:
        for text in _suggested(one):
            out.print(f"{one['alert_type']}: {text}", soft_wrap=True)


def _status(alert: AlertRead) -> str:
    if alert.flapping_since is not None:
        return f"{alert.status} (flapping)"
    if alert.status is AlertStatus.ACKNOWLEDGED:
        return f"{alert.status} by {alert.acknowledged_by}"
    return alert.status.value


def _facts(alert: AlertRead) -> Iterable[tuple[str, Any]]:
    yield "status", _status(alert)
    yield "type", f"{alert.alert_type} ({alert.category})"
    if alert.resource:
        yield "resource", alert.resource
    yield "began", moment_text(alert.starts_at)
    yield "last seen", f"{moment_text(alert.last_seen_at)}, {alert.notification_count} in all"
    if alert.resolved_at is not None:
        by = f" by {alert.resolved_by}" if alert.resolved_by else ""
        said = f": {alert.resolution_notes}" if alert.resolution_notes else ""
        yield "ended", f"{moment_text(alert.resolved_at)}{by}{said}"
    if alert.suppressed_until is not None:
        yield "mute until", moment_text(alert.suppressed_until)
    for name in ("related_logs", "affected_users"):
        if (value := alert.metadata.get(name)) is not None:
            yield name.replace("_", " "), value
    if alert.runbook_url:
        yield "runbook", alert.runbook_url


def _print_lines(head: str, lines: Any) -> None:
    if not isinstance(lines, list) or not lines:
        return
    out = console()
    out.print()
    out.print(Text(head, style="bold"))
    for line in lines:
        out.print(f"  {line}", soft_wrap=True)


def _change(one: AlertChangeRead) -> str:
    said = f": {one.note}" if one.note else ""
    return f"{moment_text(one.changed_at)}  {one.kind} by {one.actor} ({one.reason}){said}"


def _minutes(minutes: float | None) -> str:
    return NOTHING if minutes is None else f"{minutes:g} min"


def _suggested(one: Any) -> Iterable[str]:
    if one["suggested_threshold"] is not None:
        yield f"a threshold of {one['suggested_threshold']:g} lies 20 % above 95 % of what was observed"
    if one["suggested_for_s"] is not None:
        yield f"waiting {one['suggested_for_s']} s first spares most of {one['short_lived_count']} short ones"
