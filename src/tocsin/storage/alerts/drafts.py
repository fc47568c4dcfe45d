"""Alerts in the hands of a transaction: read and locked, changed in memory, written back in few statements."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from tocsin.model.alerting.life import CLOSED_BY, COMES_AND_GOES, ChangeKind
from tocsin.model.alerting.steps import Calm, FlappingPlan, Step, due_at, note_change
from tocsin.model.alerts import AlertPriority, AlertStatus
from tocsin.storage import bulk
from tocsin.storage.tables.alerts import AlertChange, AlertModel

CALM = FlappingPlan()


@dataclass(slots=True, kw_only=True)
class Draft:
    """What may change of an alert. `settled` holds what is written once, of one that is new."""

    id: int
    fingerprint: str
    alert_type: str
    status: AlertStatus
    priority: AlertPriority
    title: str
    message: str
    alert_metadata: dict[str, Any]
    annotations: dict[str, str]
    notification_count: int
    dedup_window_s: float
    first_seen_at: datetime
    last_seen_at: datetime
    starts_at: datetime
    last_told_at: datetime | None = None
    ends_at: datetime | None = None
    expires_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledgement_notes: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    resolution_notes: str | None = None
    suppressed_until: datetime | None = None
    suppressed_by: str | None = None
    suppression_reason: str | None = None
    reopened_count: int = 0
    flapping_since: datetime | None = None
    recent_changes: list[float] = field(default_factory=list)
    reminded_at: datetime | None = None
    escalation_level: int = 0
    settled: dict[str, Any] = field(default_factory=dict)
    is_moved: bool = False  # more than its count changed


@dataclass(frozen=True, slots=True)
class Deed:
    """A step that is taken: when, by whom, and what they said."""

    step: Step
    at: datetime
    actor: str = "tocsin"
    note: str | None = None


@dataclass(slots=True)
class Change:
    """A row of `alert_changes` to be; its id is 0 until it is written."""

    draft: Draft
    deed: Deed
    from_status: AlertStatus | None
    from_priority: AlertPriority | None
    to_status: AlertStatus
    to_priority: AlertPriority
    id: int = 0


_READ = tuple(one.name for one in fields(Draft) if one.name not in ("settled", "is_moved"))
_UNCHANGEABLE = ("id", "fingerprint", "alert_type", "dedup_window_s", "first_seen_at")
_COUNTED = ("title", "message", "alert_metadata", "annotations", "notification_count", "last_seen_at", "ends_at",
            "expires_at")  # fmt: skip
_MOVED = tuple(name for name in _READ if name not in _UNCHANGEABLE)


class Drafts:
    """The alerts that one transaction changes, and the changes it makes. Write it back with `write`."""

    def __init__(self, connection: Connection, now: datetime, flapping: FlappingPlan = CALM) -> None:
        self.connection = connection
        self.now = now
        self.flapping = flapping
        self.changes: list[Change] = []
        self._known: dict[int, Draft] = {}
        self._new: list[Draft] = []

    def of_fingerprints(self, fingerprints: Iterable[str]) -> dict[str, Draft]:
        """Return the newest alert of each fingerprint that has one, locked until the transaction ends."""
        wanted: Any = sorted(set(fingerprints))
        dialect = self.connection.dialect.name
        if dialect == "sqlite":
            wanted = json.dumps(wanted)
        return {draft.fingerprint: draft for draft in self._read(_newest(dialect), {"wanted": wanted})}

    def of_ids(self, ids: Iterable[int]) -> dict[int, Draft]:
        """Return the alerts with those ids, locked until the transaction ends."""
        wanted = select(*_COLUMNS).where(_TABLE.c.id.in_(sorted(set(ids)))).order_by(_TABLE.c.id)
        return {draft.id: draft for draft in self._read(wanted.with_for_update())}

    def selected(self, condition: Any, limit: int) -> list[Draft]:
        """Return up to `limit` alerts that meet a condition and that no other process holds; the longest due first."""
        wanted = select(*_COLUMNS).where(condition).order_by(_TABLE.c.due_at).limit(limit)
        return self._read(wanted.with_for_update(skip_locked=True))

    def add(self, draft: Draft) -> None:
        """Take in an alert that is new; it has no id yet."""
        self._new.append(draft)

    def touch(self, draft: Draft) -> None:
        """Note that a known alert is to be written back."""
        if draft.id:
            self._known[draft.id] = draft

    def apply(self, draft: Draft, deed: Deed, to_status: AlertStatus, priority: AlertPriority | None = None) -> None:
        """Change an alert's status or priority, and note the change; flapping keeps it from being told."""
        step = deed.step
        if step.kind is None:
            return
        before = (None, None) if step.kind is ChangeKind.OPENED else (draft.status, draft.priority)
        draft.status, draft.priority = to_status, priority or draft.priority
        draft.is_moved = True
        calm = self._calm(draft, step.kind, deed.at)
        if calm is not Calm.STEADY:
            deed = replace(deed, step=Step(step.kind, "flapping"))
        self._note(draft, deed, before)
        if calm is Calm.BEGINS:
            draft.flapping_since = deed.at
            text_of = f"{len(draft.recent_changes)} changes within {self.flapping.window_s / 60:g} min"
            flapping = Deed(Step(ChangeKind.FLAPPING, "flapping", is_told=True), deed.at, note=text_of)
            self._note(draft, flapping, (draft.status, draft.priority))
        self.touch(draft)

    def _calm(self, draft: Draft, kind: ChangeKind, at: datetime) -> Calm:
        if kind not in COMES_AND_GOES:
            return Calm.STEADY
        is_flapping = draft.flapping_since is not None
        draft.recent_changes, calm = note_change(
            draft.recent_changes, is_flapping=is_flapping, at=at, plan=self.flapping
        )
        return calm

    def _note(self, draft: Draft, deed: Deed, before: tuple[AlertStatus | None, AlertPriority | None]) -> None:
        if deed.step.is_told:
            draft.last_told_at = deed.at
        self.changes.append(Change(draft, deed, *before, draft.status, draft.priority))

    def write(self) -> set[str]:
        """Write everything; return the fingerprints that another process opened meanwhile, of which nothing is written.

        Their sightings have to be looked at again: they are repeats now.
        """
        lost = self._insert()
        _update(self.connection, list(self._known.values()), self)
        kept = [change for change in self.changes if not (change.draft.settled and change.draft.fingerprint in lost)]
        _insert_changes(self.connection, kept, self.now)
        self.changes = kept
        return lost

    def _read(self, wanted: Select[Any], values: dict[str, Any] | None = None) -> list[Draft]:
        return [_draft(row) for row in self.connection.execute(wanted, values)]

    def _insert(self) -> set[str]:
        if not self._new:
            return set()
        ids = bulk.next_ids(self.connection, _TABLE, len(self._new))
        for draft, new_id in zip(self._new, ids, strict=True):
            draft.id = new_id
        self._new.sort(key=lambda draft: draft.fingerprint)  # all processes insert in one order: no deadlock
        done = self.connection.execute(
            _insertion(self.connection.dialect.name), [_row(draft, self) for draft in self._new]
        )
        if done.rowcount == len(self._new):
            return set()
        there = set(self.connection.scalars(select(_TABLE.c.id).where(_TABLE.c.id.in_(ids))))
        return {draft.fingerprint for draft in self._new if draft.id not in there}


_TABLE: Table = AlertModel.__table__  # type: ignore[assignment]
_CHANGES: Table = AlertChange.__table__  # type: ignore[assignment]
_COLUMNS = [_TABLE.c.metadata.label(name) if name == "alert_metadata" else _TABLE.c[name] for name in _READ]
_LISTED = {
    "sqlite": "SELECT value AS fingerprint FROM json_each(:wanted)",
    "postgresql": "SELECT fingerprint FROM unnest(CAST(:wanted AS text[])) AS fingerprint",
}
_IS_OPEN = text("status IN ('ACTIVE', 'ACKNOWLEDGED', 'SUPPRESSED')")


def begin_writing(connection: Connection) -> None:
    """Take the write lock before the first read, where SQLite would take it only at the first write."""
    if connection.dialect.name == "sqlite" and not connection.connection.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@cache
def _newest(dialect: str) -> Select[Any]:
    """Of a fingerprint's alerts only the one with the highest id can be open."""
    source = text(_LISTED[dialect]).columns(_TABLE.c.fingerprint).subquery("asked")
    inner = _TABLE.alias("inner_alerts")
    newest = select(inner.c.id).where(inner.c.fingerprint == source.c.fingerprint).order_by(inner.c.id.desc()).limit(1)
    joined = source.join(_TABLE, _TABLE.c.id == newest.scalar_subquery())
    return select(*_COLUMNS).select_from(joined).with_for_update(of=_TABLE)


@cache
def _insertion(dialect: str) -> Any:
    kind = sqlite if dialect == "sqlite" else postgresql
    return kind.insert(_TABLE).on_conflict_do_nothing(index_elements=[_TABLE.c.fingerprint], index_where=_IS_OPEN)


def _draft(row: Any) -> Draft:
    return Draft(**dict(zip(_READ, row, strict=True)))


def _row(draft: Draft, drafts: Drafts) -> dict[str, Any]:
    values = {_column(name): getattr(draft, name) for name in _READ}
    due = due_at(draft, drafts.flapping)
    return {**values, **draft.settled, "due_at": due, "created_at": drafts.now, "updated_at": drafts.now}


def _update(connection: Connection, drafts: Sequence[Draft], by: Drafts) -> None:
    for names, some in (
        (_COUNTED, [one for one in drafts if not one.is_moved]),
        (_MOVED, [one for one in drafts if one.is_moved]),
    ):
        if some:
            connection.execute(_updating(names), [_changed(one, names, by) for one in some])


@cache
def _updating(names: tuple[str, ...]) -> Any:
    values: dict[str, Any] = {_column(name): bindparam(f"new_{name}") for name in (*names, "due_at", "updated_at")}
    return update(_TABLE).where(_TABLE.c.id == bindparam("which")).values(values)


def _changed(draft: Draft, names: tuple[str, ...], by: Drafts) -> dict[str, Any]:
    row = {f"new_{name}": getattr(draft, name) for name in names}
    return {**row, "which": draft.id, "new_due_at": due_at(draft, by.flapping), "new_updated_at": by.now}


def _column(name: str) -> str:
    return "metadata" if name == "alert_metadata" else name


def _insert_changes(connection: Connection, changes: Sequence[Change], now: datetime) -> None:
    if not changes:
        return
    for change, new_id in zip(changes, bulk.next_ids(connection, _CHANGES, len(changes)), strict=True):
        change.id = new_id
    rows = [
        {
            "id": one.id,
            "alert_id": one.draft.id,
            "kind": one.deed.step.kind,
            "changed_at": one.deed.at,
            "actor": one.deed.actor,
            "from_status": one.from_status,
            "to_status": one.to_status,
            "from_priority": one.from_priority,
            "to_priority": one.to_priority,
            "reason": one.deed.step.reason,
            "note": one.deed.note,
            "planned_at": None if one.deed.step.is_told else now,
        }
        for one in changes
    ]
    connection.execute(insert(_CHANGES), rows)


def close(draft: Draft, kind: ChangeKind, at: datetime, actor: str, note: str | None) -> AlertStatus:
    """Note on an alert who closed it, when and why; return its new status."""
    draft.resolved_at, draft.resolved_by, draft.resolution_notes = at, actor, note
    draft.ends_at = draft.expires_at = None
    return CLOSED_BY[kind]
