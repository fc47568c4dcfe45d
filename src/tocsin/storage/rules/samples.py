"""Numbers that were reported, for rules to look at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select

from tocsin.model.series_values import series_key
from tocsin.model.times import utcnow
from tocsin.storage.tables.alert_rules import MetricSample

_TABLE: Table = MetricSample.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one series."""

    metric_name: str
    value: float
    labels: dict[str, str] = field(default_factory=dict)
    sampled_at: datetime = field(default_factory=utcnow)


def record_samples(connection: Connection, samples: Iterable[Sample]) -> int:
    """Store samples; return how many. The caller commits."""
    rows: list[dict[str, Any]] = [
        {
            "metric_name": one.metric_name,
            "series": series_key(one.labels),
            "labels": one.labels,
            "value": one.value,
            "samples_count": 1,
            "sampled_at": one.sampled_at,
        }
        for one in samples
    ]
    if rows:
        connection.execute(insert(_TABLE), rows)
    return len(rows)


def metric_names(connection: Connection) -> Sequence[str]:
    """Return the metrics of which there are samples, in order."""
    return connection.execute(select(_TABLE.c.metric_name).distinct().order_by(_TABLE.c.metric_name)).scalars().all()


def trim_samples(connection: Connection, before: datetime, limit: int = 500) -> int:
    """Delete up to `limit` samples from before a moment; return how many went. The caller commits."""
    ids = connection.execute(select(_TABLE.c.id).where(_TABLE.c.sampled_at < before).limit(limit)).scalars().all()
    if ids:
        connection.execute(delete(_TABLE).where(_TABLE.c.id.in_(ids)))
    return len(ids)
