"""The values that rules are held against: of websites from their checks, of everything else from samples.

One query a metric, aggregation and window, however many rules ask for it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, select

from tocsin.model.alert_rules import Aggregation
from tocsin.model.heartbeats.keys import hidden_url
from tocsin.model.series_values import Ask, Value, Watched, aggregate
from tocsin.model.times import to_epoch_us
from tocsin.storage.tables import Website
from tocsin.storage.tables.alert_rules import MetricSample
from tocsin.storage.tables.records import WebsiteCertificate, WebsiteState
from tocsin.storage.tables.rows import DEGRADED, DOWN, UNKNOWN, UP

DURATIONS = {
    "website.response_time_ms": "response_time_us",
    "website.dns_ms": "dns_time_us",
    "website.connect_ms": "connect_time_us",
    "website.tls_ms": "tls_time_us",
    "website.ttfb_ms": "ttfb_us",
}
COUNTS = ("website.error_rate_percent", "website.uptime_percent", "website.checks_count")


def watched_websites(connection: Connection) -> list[Watched]:
    """Return every active website."""
    wanted = select(Website.id, Website.name, Website.url, Website.group, Website.tags).where(Website.is_active)
    return [
        Watched(row.id, _website_labels(row.id, row.name, row.url, row.group_name), frozenset(row.tags))
        for row in connection.execute(wanted)
    ]


def _website_labels(website_id: int, name: str, url: str, group: str | None) -> dict[str, str]:
    labels = {"website": name, "website_id": str(website_id), "host": urlsplit(url).hostname or hidden_url(url)}
    return {**labels, "group": group} if group else labels


def website_values(connection: Connection, ask: Ask, websites: Iterable[Watched], now: datetime) -> list[Value]:
    """Return the value of a `website.` metric for each of those websites."""
    by_id = {one.id: one for one in websites}
    found = _website_numbers(connection, ask, list(by_id), now) if by_id else {}
    return [
        Value(f"website_id={one.id}", one.labels, found.get(one.id), one.resource, one.id) for one in by_id.values()
    ]


def _website_numbers(connection: Connection, ask: Ask, ids: Sequence[int], now: datetime) -> dict[int, float | None]:
    if ask.metric_name in ("website.up", "website.consecutive_failures"):
        return _from_states(connection, ask.metric_name)
    if ask.metric_name == "website.certificate_days":
        rows = connection.execute(select(WebsiteCertificate.website_id, WebsiteCertificate.not_after))
        return {row.website_id: (row.not_after - now) / timedelta(days=1) for row in rows}
    since_us = to_epoch_us(now - timedelta(seconds=ask.window_s))
    if ask.metric_name in COUNTS:
        return _from_counts(connection, ask, ids, since_us)
    return _from_durations(connection, ask, ids, since_us)


def _from_states(connection: Connection, metric_name: str) -> dict[int, float | None]:
    rows = connection.execute(select(WebsiteState.website_id, WebsiteState.status, WebsiteState.consecutive_failures))
    if metric_name == "website.consecutive_failures":
        return {row.website_id: float(row.consecutive_failures) for row in rows}
    known = ((row.website_id, row.status) for row in rows)
    return {one: None if status.name == "UNKNOWN" else float(status.is_available) for one, status in known}


def _from_counts(connection: Connection, ask: Ask, ids: Sequence[int], since_us: int) -> dict[int, float | None]:
    sql = (
        "SELECT website_id, count(*),"
        f" sum(CASE WHEN status = {DOWN} THEN 1 ELSE 0 END), sum(CASE WHEN status = {UNKNOWN} THEN 1 ELSE 0 END)"
        f" FROM monitor_checks WHERE website_id IN ({_listed(ids)}) AND checked_at >= {since_us} GROUP BY website_id"
    )
    found: dict[int, float | None] = {}
    for website_id, count, down, unknown in connection.exec_driver_sql(sql):
        told = count - int(unknown)
        if ask.metric_name == "website.checks_count":
            found[website_id] = float(count)
        elif not told:
            found[website_id] = None
        else:
            share = 100 * int(down) / told
            found[website_id] = share if ask.metric_name == "website.error_rate_percent" else 100 - share
    return found


_SQL_OF = {Aggregation.AVG: "avg", Aggregation.MIN: "min", Aggregation.MAX: "max", Aggregation.SUM: "sum"}


def _from_durations(connection: Connection, ask: Ask, ids: Sequence[int], since_us: int) -> dict[int, float | None]:
    column = DURATIONS[ask.metric_name]
    where = (
        f"FROM monitor_checks WHERE website_id IN ({_listed(ids)}) AND checked_at >= {since_us}"
        f" AND status IN ({UP}, {DEGRADED}) AND {column} IS NOT NULL"
    )
    if ask.aggregation in _SQL_OF:
        sql = f"SELECT website_id, {_SQL_OF[ask.aggregation]}({column}) {where} GROUP BY website_id"
        return {row[0]: float(row[1]) / 1000 for row in connection.exec_driver_sql(sql)}
    order = " ORDER BY website_id, checked_at, id"
    return _grouped(
        ((row[0], row[1] / 1e6, row[2] / 1000) for row in connection.exec_driver_sql(
            f"SELECT website_id, checked_at, {column} {where}{order}"
        )),
        ask.aggregation,
    )  # fmt: skip


def _listed(ids: Sequence[int]) -> str:
    return ",".join(str(int(one)) for one in ids)


def sample_values(connection: Connection, ask: Ask, now: datetime) -> list[Value]:
    """Return the value of each series of a reported metric that has a sample within the window."""
    table = MetricSample
    since = now - timedelta(seconds=ask.window_s)
    wanted = (
        select(table.series, table.labels, table.sampled_at, table.value)
        .where(table.metric_name == ask.metric_name, table.sampled_at >= since, table.sampled_at <= now)
        .order_by(table.series, table.sampled_at, table.id)
    )
    labels: dict[str, dict[str, str]] = {}
    rows = []
    for row in connection.execute(wanted):
        labels[row.series] = row.labels
        rows.append((row.series, row.sampled_at.timestamp(), row.value))
    numbers = _grouped(rows, ask.aggregation)
    return [Value(one, labels[one], numbers[one], _resource_of(labels[one])) for one in labels]


def _resource_of(labels: dict[str, str]) -> str:
    return next((labels[name] for name in ("resource", "host", "service", "instance") if name in labels), "")


def _grouped(rows: Iterable[tuple[Any, float, float]], aggregation: Aggregation) -> dict[Any, float | None]:
    """Aggregate (key, seconds, value) rows by key; each key's in order of time."""
    values: dict[Any, list[tuple[float, float]]] = {}
    for key, at_s, value in rows:
        values.setdefault(key, []).append((at_s, value))
    return {key: aggregate(points, aggregation) for key, points in values.items()}
