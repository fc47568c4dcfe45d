"""AlertService: alerts from inside a program, and what people do with them. Each call commits its Session."""

from collections.abc import Callable, Mapping, Sequence, Set as AbstractSet
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypedDict, Unpack

from tocsin.alerts.book import load_book
from tocsin.alerts.making import application_error_alert, performance_alert, system_alert
from tocsin.alerts.patterns import AlertPatterns, conclude
from tocsin.alerts.recommend import EMPTY_BOOK, Book
from tocsin.alerts.records import AlertRecord
from tocsin.errors import Invalid
from tocsin.model.alerting.schemas import AlertChangeRead
from tocsin.model.alerting.sightings import sighting_of
from tocsin.model.alerting.steps import FlappingPlan
from tocsin.model.alerts import OPEN_STATUSES, Alert, AlertCategory, AlertPriority, AlertStatus
from tocsin.model.times import as_utc, utcnow
from tocsin.storage.alerts import deciding, reading
from tocsin.storage.alerts.deciding import Decision
from tocsin.storage.alerts.drafts import CALM
from tocsin.storage.alerts.noting import note_metadata
from tocsin.storage.alerts.patterns import read_figures
from tocsin.storage.alerts.recording import Handling, record
from tocsin.storage.alerts.transactions import committed
from tocsin.storage.database import Connection, Session

MAX_DAYS = 3660


class AlertFields(TypedDict, total=False):
    """Fields of `Alert` that may be given beside what a shortcut asks for; they win over what it makes up."""

    title: str
    message: str
    priority: AlertPriority
    category: AlertCategory
    metadata: dict[str, Any]  # added to what the shortcut knows
    recommendations: list[str]
    related_logs: str
    affected_users: int
    notification_channels: list[Any]
    labels: dict[str, str]
    annotations: dict[str, str]
    runbook_url: str
    generator_url: str
    dedup_window_s: float
    ttl_s: float


class AlertFilters(TypedDict, total=False):
    """Which alerts are wanted; one value or a list of them where there may be several."""

    status: AlertStatus | str | Sequence[AlertStatus | str]
    priority: AlertPriority | str | Sequence[AlertPriority | str]
    category: AlertCategory | str | Sequence[AlertCategory | str]
    alert_type: str
    resource: str
    source: str
    website_id: int
    rule_id: int
    text: str
    since: datetime
    until: datetime
    is_flapping: bool


class AlertService:
    """Creates alerts, and lets people acknowledge, resolve, suppress and understand them."""

    def __init__(
        self, db: Session, *, recommendations: Book | Path | str | None = None, flapping: FlappingPlan = CALM
    ) -> None:
        """Work on a Session.

        Args:
            db: any synchronous SQLAlchemy Session; each call commits it.
            recommendations: advice of your own, a book or the path of its JSON or TOML file.
            flapping: when an alert counts as flapping.

        Raises:
            Invalid: the file cannot be read, or says something that cannot be used.
        """
        self._db = db
        if isinstance(recommendations, str | Path):
            recommendations = load_book(Path(recommendations))
        self._flapping = flapping
        self._handling = Handling(flapping, (recommendations or EMPTY_BOOK).advise)

    # --- creating ------------------------------------------------------------------------------

    def create_alert(self, alert: Alert) -> AlertRecord:
        """Report a problem; return its alert, which is an older one where the problem is known already.

        Raises:
            Invalid: it has no type or no title, or a value that does not exist.
        """
        now = utcnow()
        seen = sighting_of(alert, now)

        def work(connection: Connection) -> AlertRecord:
            done = record(connection, [seen], now, self._handling)[0]
            alert_id = done.alert_id
            if alert_id is None:
                raise Invalid("its ends_at lies in the past, and no such alert is open", field="ends_at")
            return self._record(reading.find_alert(self._db, alert_id))

        return committed(self._db, work)

    def create_system_alert(
        self,
        metric_name: str,
        current_value: float,
        threshold_value: float,
        resource: str,
        **fields: Unpack[AlertFields],
    ) -> AlertRecord:
        """Report that a metric of a machine or service crossed its threshold."""
        return self.create_alert(system_alert(metric_name, current_value, threshold_value, resource, fields))

    def create_performance_alert(
        self,
        metric_name: str,
        current_value: float,
        threshold_value: float,
        resource: str,
        percentile: str | None = None,
        **fields: Unpack[AlertFields],
    ) -> AlertRecord:
        """Report that something is slow: a response time, a throughput."""
        alert = performance_alert(metric_name, current_value, threshold_value, resource, percentile, fields)
        return self.create_alert(alert)

    def create_application_error_alert(  # noqa: PLR0913, PLR0917 (a signature that users know)
        self,
        error_type: str,
        error_message: str,
        stack_trace: str | None = None,
        source: str | None = None,
        affected_endpoint: str | None = None,
        affected_users: int | None = None,
        error_count: int = 1,
        **fields: Any,
    ) -> AlertRecord:
        """Report an error in an application, with where it happened and who suffers."""
        alert = application_error_alert(
            error_type=error_type,
            error_message=error_message,
            stack_trace=stack_trace,
            source=source,
            affected_endpoint=affected_endpoint,
            affected_users=affected_users,
            error_count=error_count,
            fields=fields,
        )
        return self.create_alert(alert)

    # --- deciding ------------------------------------------------------------------------------

    def acknowledge_alert(self, alert_id: int, acknowledged_by: str, notes: str | None = None) -> AlertRecord:
        """Note that somebody is working on it.

        Raises:
            NotFound: there is no such alert.
            Conflict: it is acknowledged already, by whom the text says, or it is not ACTIVE.
        """
        return self._decide(alert_id, Decision(AlertStatus.ACKNOWLEDGED, acknowledged_by, notes))

    def resolve_alert(self, alert_id: int, resolved_by: str, resolution_notes: str | None = None) -> AlertRecord:
        """Note that the problem is fixed, and how.

        Raises:
            NotFound: there is no such alert.
            Conflict: it is resolved or expired already.
        """
        return self._decide(alert_id, Decision(AlertStatus.RESOLVED, resolved_by, resolution_notes))

    def suppress_alert(
        self, alert_id: int, suppressed_by: str, reason: str | None = None, duration_hours: float = 1
    ) -> AlertRecord:
        """Mute it for so many hours; then it comes back by itself, unless it is resolved.

        Raises:
            NotFound: there is no such alert.
            Conflict: it is suppressed already, or final.
            Invalid: the duration is not more than 0.
        """
        try:
            until = utcnow() + timedelta(hours=duration_hours)
        except (OverflowError, ValueError) as error:
            raise Invalid(f"{duration_hours!r} hours is no duration", field="duration_hours") from error
        return self._decide(alert_id, Decision(AlertStatus.SUPPRESSED, suppressed_by, reason, until))

    def _decide(self, alert_id: int, decision: Decision) -> AlertRecord:
        def work(connection: Connection) -> AlertRecord:
            deciding.decide(connection, alert_id, decision, utcnow(), self._flapping)
            return self._record(reading.find_alert(self._db, alert_id))

        return committed(self._db, work)

    # --- reading -------------------------------------------------------------------------------

    def get_alert(self, alert_id: int) -> AlertRecord:
        """Return an alert.

        Raises:
            NotFound: there is none with that id.
        """
        return self._record(reading.find_alert(self._db, alert_id))

    def get_active_alerts(self, limit: int | None = None, **filters: Unpack[AlertFilters]) -> list[AlertRecord]:
        """Return the open alerts (ACTIVE, ACKNOWLEDGED, SUPPRESSED), the most important first."""
        filters.setdefault("status", OPEN_STATUSES)
        rows, _ = reading.list_alerts(self._db, _filter(filters), limit=limit, by_priority=True)
        return [self._record(row) for row in rows]

    def get_alerts(self, skip: int = 0, limit: int = 100, **filters: Unpack[AlertFilters]) -> list[AlertRecord]:
        """Return one page of all alerts, newest first."""
        rows, _ = reading.list_alerts(self._db, _filter(filters), skip=skip, limit=limit)
        return [self._record(row) for row in rows]

    def count_alerts(self, **filters: Unpack[AlertFilters]) -> int:
        """Return how many alerts there are."""
        return reading.list_alerts(self._db, _filter(filters), limit=0)[1]

    def get_alert_history(self, alert_id: int) -> list[AlertChangeRead]:
        """Return every change of an alert, oldest first: who, when, from what to what, why.

        Raises:
            NotFound: there is no such alert.
        """
        return [AlertChangeRead.model_validate(row) for row in reading.list_history(self._db, alert_id)]

    def get_alert_patterns(self, days: float = 7) -> AlertPatterns:
        """Return what the alerts first seen within the last days have in common. Hours are UTC.

        Raises:
            Invalid: the number of days is not more than 0, or beyond ten years.
        """
        if not 0 < days <= MAX_DAYS:
            raise Invalid(f"days must be more than 0 and at most {MAX_DAYS}, not {days!r}", field="days")
        return conclude(read_figures(self._db, days, utcnow() - timedelta(days=days)))

    def _record(self, row: Any) -> AlertRecord:
        return AlertRecord(row, self._save)

    def _save(self, alert_id: int, written: Mapping[str, Any], removed: AbstractSet[str]) -> Mapping[str, Any]:
        def work(connection: Connection) -> Mapping[str, Any]:
            return note_metadata(connection, alert_id, written, removed, utcnow())

        return committed(self._db, work)


def _filter(filters: Mapping[str, Any]) -> reading.AlertFilter:
    given = dict(filters)
    lists: dict[str, Callable[[Any], Any]] = {
        "status": AlertStatus,
        "priority": AlertPriority,
        "category": AlertCategory,
    }
    plurals = {"status": "statuses", "priority": "priorities", "category": "categories"}
    for name, kind in lists.items():
        if (value := given.pop(name, None)) is not None:
            values = [value] if isinstance(value, str) else value
            given[plurals[name]] = [kind(str(one).upper()) for one in values]
    for name in ("since", "until"):
        if given.get(name) is not None:
            given[name] = as_utc(given[name])
    return reading.AlertFilter(**given)
