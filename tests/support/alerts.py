"""Alerts for tests: made, recorded at a moment of one's own, and looked at as rows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from tocsin import Alert, AlertModel, Database
from tocsin.model.alerting.sightings import Recorded
from tocsin.storage.alerts.recording import PLAIN, Handling, record_alerts
from tocsin.storage.tables.alerts import AlertChange

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def minutes(count: float) -> datetime:
    """Return that many minutes after noon."""
    return NOON + timedelta(minutes=count)


def make(alert_type: str = "disk_full", **fields: Any) -> Alert:
    """Return an alert with something in every field it needs."""
    return Alert(**{"alert_type": alert_type, "title": "Disk full", "message": "It is.", "resource": "db-1", **fields})


def see(database: Database, *alerts: Alert, at: datetime = NOON, handling: Handling = PLAIN) -> list[Recorded]:
    """Record alerts at a moment, and commit."""
    with database.write_transaction() as connection:
        return record_alerts(connection, alerts, at, handling)


def rows(database: Database) -> Sequence[AlertModel]:
    """Return every alert, oldest first."""
    with database.session() as db:
        return db.scalars(select(AlertModel).order_by(AlertModel.id)).all()


def changes(database: Database, alert_id: int | None = None) -> list[tuple[str, str, bool]]:
    """Return (kind, reason, is told) of every change, oldest first."""
    wanted = select(AlertChange).order_by(AlertChange.id)
    if alert_id is not None:
        wanted = wanted.where(AlertChange.alert_id == alert_id)
    with database.session() as db:
        return [(one.kind, one.reason, one.planned_at is None) for one in db.scalars(wanted)]
