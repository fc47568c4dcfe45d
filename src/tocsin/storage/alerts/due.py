"""What happens to alerts by itself: suppressions and lives that end, and flapping that settles."""

from datetime import datetime

from sqlalchemy import Connection, select

from tocsin.model.alerting.life import ACTIVE, CLOSED_BY, ChangeKind
from tocsin.model.alerting.steps import FlappingPlan, Step, decide_due
from tocsin.storage.alerts.drafts import CALM, Change, Deed, Draft, Drafts, begin_writing, close
from tocsin.storage.tables.alerts import AlertModel

BATCH = 500


def has_due(connection: Connection, now: datetime) -> bool:
    """Return whether anything is due for any alert."""
    return connection.scalar(select(AlertModel.id).where(AlertModel.due_at <= now).limit(1)) is not None


def settle_due(
    connection: Connection, now: datetime, flapping: FlappingPlan = CALM, limit: int = BATCH
) -> list[Change]:
    """Do what is due for up to `limit` alerts; return the changes made. The caller commits, and comes again if any.

    Several processes may do so at once: each takes what no other holds.
    """
    begin_writing(connection)
    drafts = Drafts(connection, now, flapping)
    for draft in drafts.selected(AlertModel.due_at <= now, limit):
        drafts.touch(draft)
        while (step := decide_due(draft, now, flapping)) is not None:
            _do(drafts, draft, step, now)
    drafts.write()
    return drafts.changes


def _do(drafts: Drafts, draft: Draft, step: Step, now: datetime) -> None:
    status, at, note = draft.status, now, None
    if step.kind in CLOSED_BY:
        at = min(now, draft.ends_at or now) if step.kind is ChangeKind.RESOLVED else now
        note = "it was not seen again" if step.kind is ChangeKind.EXPIRED else None
        status = close(draft, step.kind, at, "tocsin", note)
    elif step.kind is ChangeKind.RETURNED:
        status = ACTIVE
        draft.suppressed_until = draft.acknowledged_at = None
        draft.suppressed_by = draft.suppression_reason = draft.acknowledged_by = draft.acknowledgement_notes = None
    else:
        draft.flapping_since, draft.recent_changes = None, []
    drafts.apply(draft, Deed(step, at, note=note), status)
