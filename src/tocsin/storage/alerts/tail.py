"""Changes of alerts as they are committed, whoever made them: what listeners are told live."""

import time
from typing import Any

from sqlalchemy import Connection, Table, func, select

from tocsin.model.times import isoformat
from tocsin.storage.tables.alerts import AlertChange, AlertModel

_ALERTS: Table = AlertModel.__table__  # type: ignore[assignment]
_CHANGES: Table = AlertChange.__table__  # type: ignore[assignment]

STRAGGLE_S = 10.0
"""Numbers are given before the commit: a lower one may show up so much later than a higher one."""
LIMIT = 1000
REMEMBERED = 5 * LIMIT
"""Changes told of late that are kept in mind: a statement takes only so many values."""


class Tail:
    """Follows the changes from where it began. Used by one thread."""

    def __init__(self, connection: Connection) -> None:
        self._settled_id = connection.scalar(select(func.max(_CHANGES.c.id))) or 0
        self._told: dict[int, float] = {}

    def read(self, connection: Connection) -> list[dict[str, Any]]:
        """Return up to 1,000 changes that were committed since the last call, oldest first, each once."""
        self._settle(time.monotonic())
        wanted = (
            select(*_CHANGES.c, *(_ALERTS.c[name] for name in _SHOWN))
            .join_from(_CHANGES, _ALERTS, _ALERTS.c.id == _CHANGES.c.alert_id)
            .where(_CHANGES.c.id > self._settled_id, _CHANGES.c.id.not_in(list(self._told)))
            .order_by(_CHANGES.c.id)
            .limit(LIMIT)
        )
        rows = connection.execute(wanted).all()
        now = time.monotonic()
        self._told.update((row.id, now) for row in rows)
        return [_told(row) for row in rows]

    def _settle(self, now: float) -> None:
        """Look no longer for stragglers before what was told a while ago, or in a storm before the newest thousands."""
        overflow = len(self._told) - REMEMBERED
        for number, (change_id, at) in enumerate(list(self._told.items())):
            if number < overflow or now - at > STRAGGLE_S:
                del self._told[change_id]
                self._settled_id = max(self._settled_id, change_id)


_SHOWN = ("title", "message", "alert_type", "resource", "website_id", "notification_count")


def _told(row: Any) -> dict[str, Any]:
    return {
        "id": row.alert_id,
        "change_id": row.id,
        "change": row.kind,
        "reason": row.reason,
        "status": row.to_status,
        "priority": row.to_priority,
        "changed_at": isoformat(row.changed_at),
        "actor": row.actor,
        "note": row.note,
        **{name: getattr(row, name) for name in _SHOWN},
    }
