"""What can be asked about alerts: list, get, report, acknowledge, resolve, suppress, history and patterns."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from tocsin.alerts.patterns import AlertPatterns, conclude
from tocsin.errors import Invalid
from tocsin.model.alerting.schemas import (
    Acknowledgement,
    AlertChangeRead,
    AlertCreate,
    AlertRead,
    ManyChanged,
    RefusedRead,
    Resolution,
    Suppression,
)
from tocsin.model.alerts import OPEN_STATUSES, AlertCategory, AlertPriority, AlertStatus
from tocsin.model.pages import Page, PageQuery, QueryTime
from tocsin.model.texts import QueryText
from tocsin.model.times import utcnow
from tocsin.storage.alerts import deciding, reading
from tocsin.storage.alerts.deciding import Decision
from tocsin.storage.alerts.patterns import read_figures
from tocsin.storage.alerts.recording import PLAIN, Handling, record_alerts
from tocsin.storage.alerts.transactions import committed
from tocsin.storage.database import Connection, Session

Change = Acknowledgement | Resolution | Suppression


def _words(values: Any) -> Any:
    many = values if isinstance(values, list) else [values]
    return [word.strip().upper() for value in many if isinstance(value, str) for word in value.split(",")]


class AlertQuery(PageQuery):
    """Which alerts are asked for; all conditions hold together."""

    status: Annotated[list[AlertStatus], BeforeValidator(_words)] = Field([], description="Joined by commas.")
    open: bool | None = Field(None, description="Only those that are ACTIVE, ACKNOWLEDGED or SUPPRESSED, or are not.")
    priority: Annotated[list[AlertPriority], BeforeValidator(_words)] = Field([], description="Joined by commas.")
    category: Annotated[list[AlertCategory], BeforeValidator(_words)] = Field([], description="Joined by commas.")
    alert_type: QueryText | None = Field(None, description="Exactly.")
    resource: QueryText | None = Field(None, description="Exactly.")
    source: QueryText | None = Field(None, description="api, website, rule, alertmanager, …")
    website_id: int | None = Field(None, ge=1, le=2**63 - 1)
    rule_id: int | None = Field(None, ge=1, le=2**63 - 1)
    search: QueryText | None = Field(None, description="Part of title, message, type or resource, in any case.")
    since: QueryTime | None = Field(None, description="Seen last then or later.")
    until: QueryTime | None = Field(None, description="Seen first before.")
    flapping: bool | None = Field(None, description="Only those that come and go, or that don't.")

    def to_filter(self) -> reading.AlertFilter:
        """Return the conditions for the database."""
        wanted = set(self.status or AlertStatus)
        if self.open is not None:
            wanted &= {status for status in AlertStatus if (status in OPEN_STATUSES) is self.open}
        is_any = len(wanted) == len(AlertStatus)
        return reading.AlertFilter(
            statuses=None if is_any else tuple(wanted),
            priorities=self.priority or None,
            categories=self.category or None,
            alert_type=self.alert_type,
            resource=self.resource,
            source=self.source,
            website_id=self.website_id,
            rule_id=self.rule_id,
            text=self.search,
            since=self.since,
            until=self.until,
            is_flapping=self.flapping,
        )


def list_alerts(db: Session, query: AlertQuery, *, by_priority: bool = False) -> Page[AlertRead]:
    """Return one page of alerts, those seen last first, or the most important first."""
    rows, total = reading.list_alerts(
        db, query.to_filter(), skip=query.skip, limit=query.page_size, by_priority=by_priority
    )
    return query.page_of([AlertRead.model_validate(row) for row in rows], total)


def get_alert(db: Session, alert_id: int) -> AlertRead:
    """Return an alert.

    Raises:
        NotFound: there is none with that id.
    """
    return AlertRead.model_validate(reading.find_alert(db, alert_id))


def get_history(db: Session, alert_id: int) -> list[AlertChangeRead]:
    """Return every change of an alert, oldest first.

    Raises:
        NotFound: there is no such alert.
    """
    return [AlertChangeRead.model_validate(row) for row in reading.list_history(db, alert_id)]


def get_patterns(db: Session, days: float) -> AlertPatterns:
    """Return what the alerts first seen within the last days have in common."""
    return conclude(read_figures(db, days, utcnow() - timedelta(days=days)))


def create_alert(db: Session, alert: AlertCreate, handling: Handling = PLAIN) -> tuple[AlertRead, bool]:
    """Report a problem; return its alert, and whether it is a new one.

    Raises:
        Invalid: it ended before it was ever open.
    """
    now = utcnow()

    def work(connection: Connection) -> tuple[AlertRead, bool]:
        done = record_alerts(connection, [alert.to_alert()], now, handling)[0]
        if done.alert_id is None:
            raise Invalid("its ends_at lies in the past, and no such alert is open", field="ends_at")
        return get_alert(db, done.alert_id), done.reason == "new"

    return committed(db, work)


def change_alert(db: Session, alert_id: int, change: Change, actor: str, handling: Handling = PLAIN) -> AlertRead:
    """Acknowledge, resolve or suppress an alert; return it.

    Raises:
        NotFound: there is no such alert.
        Conflict: its life does not go that way; the text names who was first.
    """

    def work(connection: Connection) -> AlertRead:
        deciding.decide(connection, alert_id, _decision(change, actor), utcnow(), handling.flapping)
        return get_alert(db, alert_id)

    return committed(db, work)


def change_alerts(
    db: Session, ids: Sequence[int], change: Change, actor: str, handling: Handling = PLAIN
) -> ManyChanged:
    """Acknowledge, resolve or suppress many; those whose life does not go that way are returned with the reason."""

    def work(connection: Connection) -> ManyChanged:
        refused = deciding.decide_many(connection, ids, _decision(change, actor), utcnow(), handling.flapping)
        left = {one.alert_id for one in refused}
        rows = reading.alerts_by_id(db, [one for one in ids if one not in left])
        changed = [AlertRead.model_validate(rows[one]) for one in dict.fromkeys(ids) if one in rows]
        return ManyChanged(changed=changed, refused=[RefusedRead.model_validate(one) for one in refused])

    return committed(db, work)


def _decision(change: Change, actor: str) -> Decision:
    who = change.by or actor
    if isinstance(change, Acknowledgement):
        return Decision(AlertStatus.ACKNOWLEDGED, who, change.notes)
    if isinstance(change, Resolution):
        return Decision(AlertStatus.RESOLVED, who, change.notes)
    until = utcnow() + timedelta(hours=change.duration_hours)
    return Decision(AlertStatus.SUPPRESSED, who, change.reason, until)
