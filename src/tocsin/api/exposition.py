"""Figures as text in Prometheus' exposition format, version 0.0.4. Pure; names end in base units or `_total`."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from tocsin.actions.metrics import DeliveryFigures, Figures, WebsiteFigures
from tocsin.model.delivery.facts import DeliveryStatus
from tocsin.model.enums import MonitorStatus
from tocsin.model.heartbeats.keys import hidden_url
from tocsin.model.messages import Outcome

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

STATUS_NUMBERS = {MonitorStatus.UNKNOWN: 0, MonitorStatus.UP: 1, MonitorStatus.DEGRADED: 2, MonitorStatus.DOWN: 3}

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})

Sample = tuple[str, float | None]
"""Labels in braces, or nothing, and a value; None leaves the sample out."""


def render(figures: Figures) -> str:
    """Return all figures as text."""
    parts = (_of_tocsin(figures), _of_deliveries(figures.deliveries), _of_websites(figures.websites))
    return "".join(text for part in parts for text in part)


def labels(**pairs: object) -> str:
    """Return a label set in braces, its values escaped."""
    return "{" + ",".join(f'{name}="{str(value).translate(_ESCAPES)}"' for name, value in pairs.items()) + "}"


def family(name: str, kind: str, meaning: str, samples: Iterable[Sample]) -> str:
    """Return a metric with its help, its type and its samples."""
    lines = [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]
    lines += [f"{name}{label} {value!r}" for label, value in samples if value is not None]
    return "\n".join(lines) + "\n"


def _of_tocsin(figures: Figures) -> Iterator[str]:
    watch = figures.watch
    by_status = [(labels(status=one), watch.status_counts.get(one, 0)) for one in MonitorStatus]
    states = [("active", True), ("paused", False)]
    active = [one.is_active for one in figures.websites]
    websites = [(labels(state=word), active.count(is_active)) for word, is_active in states]
    yield family("tocsin_build_info", "gauge", "The release that runs.", [(labels(version=figures.version), 1)])
    yield family("tocsin_websites", "gauge", "Websites known.", websites)
    yield family("tocsin_checks_total", "counter", "Checks stored since the start, by status.", by_status)
    for name, meaning, count in (
        ("due", "Times a website was due since the start.", watch.due_count),
        ("done", "Checks ended since the start.", watch.done_count),
        ("missed", "Due times passed over since the start: the check before still ran.", watch.missed_count),
        ("skipped", "Checks left out since the start by open circuit breakers.", watch.skipped_count),
        ("dropped", "Checks done since the start that could not be stored.", watch.dropped_count),
    ):
        yield family(f"tocsin_checks_{name}_total", "counter", meaning, [("", count)])
    for name, meaning, value in (
        ("tocsin_watch_running", "1 while websites are watched.", int(watch.is_running)),
        ("tocsin_jobs", "Websites that are checked on time.", watch.jobs_count),
        ("tocsin_checks_in_flight", "Checks going on.", watch.in_flight_count),
        ("tocsin_results_waiting", "Results not stored yet.", watch.write_queue_count),
        ("tocsin_vantage_blind", "1 while Tocsin itself cannot see the network.", int(watch.blind_since is not None)),
        ("tocsin_breakers_open", "Websites left alone by their circuit breakers.", watch.open_breakers_count),
    ):
        yield family(name, "gauge", meaning, [("", value)])
    for name, word, late_ms in (("p50", "Half", watch.lateness_p50_ms), ("p99", "99 %", watch.lateness_p99_ms)):
        meaning = f"{word} of the last checks started at most this much after they were due."
        late_s = None if late_ms is None else late_ms / 1000
        yield family(f"tocsin_check_lateness_{name}_seconds", "gauge", meaning, [("", late_s)])


def _of_deliveries(deliveries: DeliveryFigures) -> Iterator[str]:
    statuses = [(labels(status=one), deliveries.by_status.get(one, 0)) for one in DeliveryStatus]
    outcomes = [(labels(outcome=one), deliveries.attempts_by_outcome.get(one, 0)) for one in Outcome]
    yield family("tocsin_deliveries", "gauge", "Messages to channels that are kept, by status.", statuses)
    yield family("tocsin_delivery_attempts", "gauge", "Tries to send that are kept, by outcome.", outcomes)
    for name, meaning, value in (
        ("delivery_oldest_waiting_seconds", "How long the oldest waiting message is late.", deliveries.oldest_late_s),
        ("alert_changes_unplanned", "Changes of alerts that wait to be planned.", deliveries.unplanned_count),
        ("channels_failing", "Channels whose last try failed.", deliveries.failing_channels),
    ):
        yield family(f"tocsin_{name}", "gauge", meaning, [("", value)])


def _of_websites(websites: Iterable[WebsiteFigures]) -> Iterator[str]:
    watched = [one for one in websites if one.is_active]
    marks = [labels(website_id=one.id, name=one.name, url=hidden_url(one.url)) for one in watched]
    for name, meaning, values in (
        ("up", "1 while visitors are served (UP or DEGRADED), 0 while DOWN.", map(_up, watched)),
        ("status", "The last status: 0 UNKNOWN, 1 UP, 2 DEGRADED, 3 DOWN.", map(_status, watched)),
        ("response_time_seconds", "How long the last check took.", map(_response_time, watched)),
        ("last_check_timestamp_seconds", "When the last check began.", (_at(one.last_checked_at) for one in watched)),
        (
            "certificate_expiry_timestamp_seconds",
            "When the certificate served last expires.",
            (_at(one.certificate_not_after) for one in watched),
        ),
        (
            "downtime_start_timestamp_seconds",
            "When the downtime that is going on began.",
            (_at(one.down_since) for one in watched),
        ),
    ):
        yield family(f"tocsin_website_{name}", "gauge", meaning, zip(marks, values, strict=True))


def _up(website: WebsiteFigures) -> int | None:
    status = website.status
    return None if status in (None, MonitorStatus.UNKNOWN) else int(status is not MonitorStatus.DOWN)


def _status(website: WebsiteFigures) -> int:
    return STATUS_NUMBERS[website.status or MonitorStatus.UNKNOWN]


def _response_time(website: WebsiteFigures) -> float | None:
    return None if website.response_time_ms is None else website.response_time_ms / 1000


def _at(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
