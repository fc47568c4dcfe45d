"""What callers add to an alert's metadata afterwards, merged with what others added meanwhile."""

from collections.abc import Mapping, Set as AbstractSet
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, select, update

from tocsin.errors import NotFound
from tocsin.storage.alerts.drafts import begin_writing
from tocsin.storage.tables.alerts import AlertModel

_TABLE: Table = AlertModel.__table__  # type: ignore[assignment]


def note_metadata(
    connection: Connection, alert_id: int, written: Mapping[str, Any], removed: AbstractSet[str], now: datetime
) -> dict[str, Any]:
    """Set and remove top-level keys of an alert's metadata; return all of it as it is then. The caller commits.

    Raises:
        NotFound: the alert is gone.
    """
    begin_writing(connection)
    this = _TABLE.c.id == alert_id
    stored = connection.scalar(select(_TABLE.c.metadata).where(this).with_for_update())
    if stored is None:
        raise NotFound(f"there is no alert {alert_id}")
    merged = {name: value for name, value in stored.items() if name not in removed} | dict(written)
    connection.execute(update(_TABLE).where(this).values(metadata=merged, updated_at=now))
    return merged
