"""Open alerts in bulk, as raw columns: what lists of thousands are made of."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, select

from tocsin.model.alerts import AlertStatus
from tocsin.storage.tables.alerts import AlertModel
from tocsin.storage.tables.deliveries import Channel

OPEN = tuple(status for status in AlertStatus if status.is_open)


def open_alerts(connection: Connection) -> Iterator[Any]:
    """Yield every open alert, by fingerprint."""
    table = AlertModel
    wanted = select(
        table.fingerprint, table.alert_type, table.priority, table.category, table.status, table.resource, table.source,
        table.labels, table.annotations, table.title, table.message, table.website_id, table.starts_at, table.ends_at,
        table.updated_at, table.generator_url, table.notification_channels,
    ).where(table.status.in_(OPEN)).order_by(table.fingerprint)  # fmt: skip
    yield from connection.execute(wanted)


def enabled_channels(connection: Connection) -> list[Row[Any]]:
    """Return what routing asks of each channel that is switched on, oldest first."""
    table = Channel
    wanted = select(
        table.id, table.name, table.kind, table.min_priority, table.matchers, table.is_default, table.group_by
    ).where(table.is_enabled).order_by(table.id)  # fmt: skip
    return list(connection.execute(wanted))
