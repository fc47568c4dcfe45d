"""Reading alerts: one, a filtered page, what is open, and the history of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import Session

from tocsin.errors import NotFound
from tocsin.model.alerts import AlertCategory, AlertPriority, AlertStatus
from tocsin.storage.tables.alerts import AlertChange, AlertModel
from tocsin.storage.tables.schema import FRESH

_RANK = case({priority: priority.rank for priority in AlertPriority}, value=AlertModel.priority)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts are wanted; all conditions hold together. None: it does not matter."""

    statuses: Sequence[AlertStatus] | None = None
    priorities: Sequence[AlertPriority] | None = None
    categories: Sequence[AlertCategory] | None = None
    alert_type: str | None = None
    resource: str | None = None
    source: str | None = None
    website_id: int | None = None
    rule_id: int | None = None
    text: str | None = None  # part of title, message, type or resource
    since: datetime | None = None  # seen last then or later
    until: datetime | None = None  # seen first before
    is_flapping: bool | None = None


def find_alert(db: Session, alert_id: int) -> AlertModel:
    """Return an alert.

    Raises:
        NotFound: there is none with that id.
    """
    row = db.get(AlertModel, alert_id, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no alert {alert_id}")
    return row


def list_alerts(
    db: Session, wanted: AlertFilter, *, skip: int = 0, limit: int | None = 100, by_priority: bool = False
) -> tuple[list[AlertModel], int]:
    """Return one page of alerts, newest first (or the most important first), and how many there are."""
    asked = select(AlertModel).where(*_conditions(wanted))
    total = db.scalar(select(func.count()).select_from(asked.subquery())) or 0
    order: list[Any] = [_RANK] if by_priority else []
    page = asked.order_by(*order, AlertModel.last_seen_at.desc(), AlertModel.id.desc()).offset(skip)
    return list(db.scalars(page if limit is None else page.limit(limit), execution_options=FRESH)), total


def list_history(db: Session, alert_id: int) -> list[AlertChange]:
    """Return every change of an alert, oldest first.

    Raises:
        NotFound: there is no such alert.
    """
    find_alert(db, alert_id)
    wanted = select(AlertChange).where(AlertChange.alert_id == alert_id).order_by(AlertChange.id)
    return list(db.scalars(wanted, execution_options=FRESH))


def alerts_by_id(db: Session, ids: Sequence[int]) -> dict[int, AlertModel]:
    """Return those of the alerts that are there."""
    wanted = select(AlertModel).where(AlertModel.id.in_(sorted(set(ids))))
    return {row.id: row for row in db.scalars(wanted, execution_options=FRESH)}


def _conditions(wanted: AlertFilter) -> list[ColumnElement[bool]]:
    lists = (
        (AlertModel.status, wanted.statuses),
        (AlertModel.priority, wanted.priorities),
        (AlertModel.category, wanted.categories),
    )
    found: list[ColumnElement[bool]] = [column.in_(values) for column, values in lists if values is not None]
    singles = (
        (AlertModel.alert_type, wanted.alert_type),
        (AlertModel.resource, wanted.resource),
        (AlertModel.source, wanted.source),
        (AlertModel.website_id, wanted.website_id),
        (AlertModel.rule_id, wanted.rule_id),
    )
    found += [column == value for column, value in singles if value is not None]
    if wanted.since is not None:
        found.append(AlertModel.last_seen_at >= wanted.since)
    if wanted.until is not None:
        found.append(AlertModel.first_seen_at < wanted.until)
    if wanted.is_flapping is not None:
        flaps = AlertModel.flapping_since.is_not(None)
        found.append(flaps if wanted.is_flapping else ~flaps)
    if wanted.text:
        columns = (AlertModel.title, AlertModel.message, AlertModel.alert_type, AlertModel.resource)
        found.append(or_(*(column.icontains(wanted.text, autoescape=True) for column in columns)))
    return found
