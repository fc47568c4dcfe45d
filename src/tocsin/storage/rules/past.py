"""The values that a rule would have been held against in the past."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from tocsin.model.alert_rules import Aggregation
from tocsin.model.series_values import Ask, Watched, aggregate
from tocsin.model.times import from_epoch_us, to_epoch_us
from tocsin.storage.rules.values import COUNTS, DURATIONS
from tocsin.storage.tables.alert_rules import MetricSample
from tocsin.storage.tables.rows import DEGRADED, DOWN, UNKNOWN, UP

MOST_POINTS = 400_000
"""Values read for one trial; of a longer past only its newest part is looked at."""

Points = list[tuple[datetime, float | None]]
Raw = Sequence[tuple[float, float]]
"""Seconds and value, in order of time."""


def website_past(
    connection: Connection, ask: Ask, websites: Iterable[Watched], since: datetime, now: datetime
) -> dict[str, Points]:
    """Return, by website, the metric's value after each of its checks since a moment.

    Raises:
        KeyError: nothing of this metric is kept.
    """
    watched = list(websites)
    limit = max(1, MOST_POINTS // max(1, len(watched)))
    of = _reader(ask)
    return {one.resource: of(connection, ask, one.id, since, now, limit) for one in watched}


Reader = Callable[[Connection, Ask, int, datetime, datetime, int], Points]


def _reader(ask: Ask) -> Reader:
    if ask.metric_name in DURATIONS:
        return _durations
    if ask.metric_name in COUNTS:
        return _shares
    if ask.metric_name == "website.up":
        return _ups
    if ask.metric_name == "website.consecutive_failures":
        return _failures
    raise KeyError(ask.metric_name)


def _checks(
    connection: Connection, columns: str, website_id: int, since: datetime, limit: int, where: str = ""
) -> list[Any]:
    sql = (
        f"SELECT {columns} FROM monitor_checks WHERE website_id = {int(website_id)}"
        f" AND checked_at >= {to_epoch_us(since)}{where} ORDER BY checked_at DESC LIMIT {int(limit)}"
    )
    return list(connection.exec_driver_sql(sql))[::-1]


def _durations(
    connection: Connection, ask: Ask, website_id: int, since: datetime, _now: datetime, limit: int
) -> Points:
    column = DURATIONS[ask.metric_name]
    where = f" AND status IN ({UP}, {DEGRADED}) AND {column} IS NOT NULL"
    rows = _checks(connection, f"checked_at, {column}", website_id, since, limit, where)
    return rolling([(at / 1e6, value / 1000) for at, value in rows], ask.aggregation, ask.window_s)


def _statuses(connection: Connection, website_id: int, since: datetime, limit: int) -> Raw:
    return [(at / 1e6, status) for at, status in _checks(connection, "checked_at, status", website_id, since, limit)]


def _ups(connection: Connection, _ask: Ask, website_id: int, since: datetime, _now: datetime, limit: int) -> Points:
    seen = _statuses(connection, website_id, since, limit)
    return [(_moment(at), None if status == UNKNOWN else float(status != DOWN)) for at, status in seen]


def _failures(
    connection: Connection, _ask: Ask, website_id: int, since: datetime, _now: datetime, limit: int
) -> Points:
    count, points = 0, []
    for at, status in _statuses(connection, website_id, since, limit):
        if status != UNKNOWN:
            count = count + 1 if status == DOWN else 0
        points.append((_moment(at), float(count)))
    return [(at, value) for at, value in points]


def _shares(connection: Connection, ask: Ask, website_id: int, since: datetime, _now: datetime, limit: int) -> Points:
    """Rolling counts over the window, by prefix sums."""
    seen = _statuses(connection, website_id, since, limit)
    times = [at for at, _ in seen]
    down, told = [0], [0]
    for _, status in seen:
        down.append(down[-1] + (status == DOWN))
        told.append(told[-1] + (status != UNKNOWN))
    points: Points = []
    for index, at in enumerate(times):
        first = bisect_right(times, at - ask.window_s)
        if ask.metric_name == "website.checks_count":
            points.append((_moment(at), float(index + 1 - first)))
            continue
        count = told[index + 1] - told[first]
        share = 100 * (down[index + 1] - down[first]) / count if count else None
        is_errors = ask.metric_name == "website.error_rate_percent"
        points.append((_moment(at), share if share is None or is_errors else 100 - share))
    return points


def sample_past(connection: Connection, ask: Ask, since: datetime, now: datetime) -> dict[str, Points]:
    """Return, by series, the metric's value after each of its samples since a moment."""
    table = MetricSample
    wanted = (
        select(table.series, table.sampled_at, table.value)
        .where(table.metric_name == ask.metric_name, table.sampled_at >= since, table.sampled_at <= now)
        .order_by(table.sampled_at.desc())
        .limit(MOST_POINTS)
    )
    raw: dict[str, list[tuple[float, float]]] = {}
    for row in connection.execute(wanted):
        raw.setdefault(row.series, []).append((row.sampled_at.timestamp(), row.value))
    return {series: rolling(points[::-1], ask.aggregation, ask.window_s) for series, points in raw.items()}


def rolling(points: Raw, aggregation: Aggregation, window_s: float) -> Points:
    """Return the aggregation over the window that ends at each point."""
    if aggregation is Aggregation.LAST:
        return [(_moment(at), value) for at, value in points]
    times = [at for at, _ in points]
    found: Points = []
    for index, at in enumerate(times):
        first = bisect_left(times, at - window_s, 0, index + 1)
        found.append((_moment(at), aggregate(points[first : index + 1], aggregation)))
    return found


def _moment(seconds: float) -> datetime:
    return from_epoch_us(round(seconds * 1e6))


def past_since(now: datetime, days: int) -> datetime:
    """Return the moment from which a trial of so many days looks."""
    return now - timedelta(days=days)
