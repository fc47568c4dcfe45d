"""Which alerts of the past a mute would have kept quiet."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tocsin.model.alerts import matching_labels
from tocsin.model.maintenance import MutedAlert
from tocsin.storage.tables.alerts import AlertModel

Covers = Callable[[Mapping[str, str], int | None, datetime], bool]
"""Whether an alert with these labels, perhaps of a website, would have been muted at that moment."""

SHOWN = 100


def preview_matching(db: Session, since: datetime, covers: Covers) -> tuple[int, list[MutedAlert]]:
    """Return how many of the alerts since a moment `covers` says yes to, and the newest of them."""
    table = AlertModel
    wanted = select(
        table.id, table.alert_type, table.title, table.priority, table.category, table.source, table.resource,
        table.labels, table.website_id, table.first_seen_at,
    ).where(table.first_seen_at >= since).order_by(table.first_seen_at.desc(), table.id.desc())  # fmt: skip
    count = 0
    shown: list[MutedAlert] = []
    for row in db.execute(wanted).yield_per(1000):
        labels = matching_labels(
            alert_type=row.alert_type,
            resource=row.resource,
            priority=row.priority,
            category=row.category,
            source=row.source,
            labels=row.labels,
        )
        if covers(labels, row.website_id, row.first_seen_at):
            count += 1
            if len(shown) < SHOWN:
                shown.append(MutedAlert(**{name: getattr(row, name) for name in MutedAlert.model_fields}))
    return count, shown
