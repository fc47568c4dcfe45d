"""What can be asked about alert rules: list, get, create, change, delete, and try on the past."""

from collections.abc import Iterable

from pydantic import BaseModel, Field, ValidationError

from tocsin.alerts.rules.rule import rule_from
from tocsin.alerts.rules.trying import try_rule
from tocsin.errors import Invalid, NotFound
from tocsin.model.alert_rules import (
    METRICS,
    AlertRuleCreate,
    AlertRuleFields,
    AlertRuleRead,
    AlertRuleUpdate,
    SeriesStanding,
    Trial,
)
from tocsin.model.pages import Page, PageQuery
from tocsin.model.texts import QueryText
from tocsin.model.times import utcnow
from tocsin.storage.database import Session
from tocsin.storage.rules import definitions
from tocsin.storage.rules.samples import metric_names
from tocsin.storage.tables.alert_rules import AlertRule

MOST_TRIAL_DAYS = 90


class AlertRuleQuery(PageQuery):
    """Which rules are asked for."""

    metric_name: QueryText | None = Field(None, description="Only those on this metric.")
    is_enabled: bool | None = Field(None, description="Only those that are evaluated, or are not.")


class MetricRead(BaseModel):
    """A metric that rules can look at."""

    name: str
    unit: str
    text: str
    is_own: bool = Field(description="True: Tocsin takes it by itself; false: an application reported it.")


def list_rules(db: Session, query: AlertRuleQuery) -> Page[AlertRuleRead]:
    """Return one page of the rules, newest first, each with the series that are pending or firing."""
    rows, total = definitions.list_rules(
        db, metric_name=query.metric_name, is_enabled=query.is_enabled, skip=query.skip, limit=query.page_size
    )
    return query.page_of(_read_all(db, rows), total)


def get_rule(db: Session, rule_id: int) -> AlertRuleRead:
    """Return a rule.

    Raises:
        NotFound: there is none.
    """
    return _read_all(db, [_find(db, rule_id)])[0]


def create_rule(db: Session, rule: AlertRuleCreate) -> AlertRuleRead:
    """Store a rule; a running server evaluates it from its next round on.

    Raises:
        Conflict: there is one of that name.
    """
    return _read_all(db, [definitions.save_rule(db, AlertRule(**rule.model_dump(mode="json")))])[0]


def update_rule(db: Session, rule_id: int, update: AlertRuleUpdate) -> AlertRuleRead:
    """Change the fields that were given.

    Raises:
        NotFound: there is none.
        Conflict: another has that name.
        Invalid: the whole would make no sense.
    """
    row = _find(db, rule_id)
    changes = update.changes()
    whole = {name: getattr(row, name) for name in AlertRuleFields.model_fields} | changes
    try:
        AlertRuleCreate.model_validate(whole)
    except ValidationError as error:
        raise Invalid(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
    for name, value in changes.items():
        setattr(row, name, value)
    return _read_all(db, [definitions.save_rule(db, row)])[0]


def delete_rule(db: Session, rule_id: int) -> None:
    """Delete a rule; its open alerts resolve in the next round.

    Raises:
        NotFound: there is none.
    """
    definitions.delete_rule(db, _find(db, rule_id))


def try_on_the_past(db: Session, rule: AlertRuleCreate, days: int = 30) -> Trial:
    """Return when a rule would have fired over the last days; nothing is stored.

    Raises:
        Invalid: nothing of its metric is kept.
    """
    return try_rule(db, rule_from(rule), min(days, MOST_TRIAL_DAYS), utcnow())


def list_metrics(db: Session) -> list[MetricRead]:
    """Return every metric that rules can look at: Tocsin's own, then those that were reported."""
    own = [MetricRead(name=one.name, unit=one.unit, text=one.text, is_own=True) for one in METRICS.values()]
    reported = [one for one in metric_names(db.connection()) if one not in METRICS]
    return own + [MetricRead(name=one, unit="", text="", is_own=False) for one in reported]


def _find(db: Session, rule_id: int) -> AlertRule:
    row = definitions.find_rule(db, rule_id)
    if row is None:
        raise NotFound(f"there is no alert rule {rule_id}")
    return row


def _read_all(db: Session, rows: Iterable[AlertRule]) -> list[AlertRuleRead]:
    found = [AlertRuleRead.model_validate(row) for row in rows]
    by_id = {one.id: one for one in found}
    for row in definitions.standings_of(db, by_id):
        standing = SeriesStanding(series=row.series, state=row.state, since=row.since, value=row.value)
        by_id[row.rule_id].standings.append(standing)
    return found
