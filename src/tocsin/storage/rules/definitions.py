"""Rules, and how their series stand between two rounds."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tocsin.errors import Conflict
from tocsin.storage.tables.alert_rules import AlertRule, RuleState
from tocsin.storage.tables.schema import FRESH

_STATES: Table = RuleState.__table__  # type: ignore[assignment]
_MANY = 500


def find_rule(db: Session, rule_id: int) -> AlertRule | None:
    """Return the rule, or None."""
    return db.get(AlertRule, rule_id, populate_existing=True)


def find_rule_by_name(db: Session, name: str) -> AlertRule | None:
    """Return the rule of that name, or None."""
    return db.scalars(select(AlertRule).where(AlertRule.name == name), execution_options=FRESH).one_or_none()


def list_rules(
    db: Session, *, metric_name: str | None = None, is_enabled: bool | None = None, skip: int = 0, limit: int = 100
) -> tuple[Sequence[AlertRule], int]:
    """Return one page of the rules, newest first, and how many there are."""
    wanted = select(AlertRule)
    if metric_name is not None:
        wanted = wanted.where(AlertRule.metric_name == metric_name)
    if is_enabled is not None:
        wanted = wanted.where(AlertRule.is_enabled.is_(is_enabled))
    total = db.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    page = wanted.order_by(AlertRule.id.desc()).offset(skip).limit(limit)
    return db.scalars(page, execution_options=FRESH).all(), total


def save_rule(db: Session, rule: AlertRule) -> AlertRule:
    """Store a rule that is new or changed, and commit.

    Raises:
        Conflict: another rule has its name.
    """
    name = rule.name
    db.add(rule)
    try:
        db.commit()
    except IntegrityError as error:
        db.rollback()
        raise Conflict(f"there is a rule {name!r} already") from error
    db.refresh(rule)
    return rule


def delete_rule(db: Session, rule: AlertRule) -> None:
    """Delete a rule, and commit. How its series stand stays until the next round, which ends their alerts."""
    db.delete(rule)
    db.commit()


def rules_version(connection: Connection) -> tuple[int, datetime | None]:
    """Return something that differs whenever a rule was created, changed or deleted."""
    row = connection.execute(select(func.count(), func.max(AlertRule.updated_at))).one()
    return row[0], row[1]


def enabled_rules(connection: Connection) -> Sequence[Mapping[str, Any]]:
    """Return every rule that is evaluated, by column."""
    wanted = select(AlertRule.__table__).where(AlertRule.is_enabled).order_by(AlertRule.id)
    return [dict(row) for row in connection.execute(wanted).mappings()]


def load_standings(connection: Connection) -> dict[tuple[int, str], tuple[str, datetime]]:
    """Return state and since of every series that is pending or firing, by rule and series."""
    rows = connection.execute(select(_STATES.c.rule_id, _STATES.c.series, _STATES.c.state, _STATES.c.since))
    return {(row.rule_id, row.series): (row.state, row.since) for row in rows}


def standings_of(db: Session, rule_ids: Iterable[int]) -> Sequence[RuleState]:
    """Return the series of those rules that are pending or firing."""
    wanted = select(RuleState).where(RuleState.rule_id.in_(list(rule_ids))).order_by(RuleState.since, RuleState.series)
    return db.scalars(wanted, execution_options=FRESH).all()


def store_standings(
    connection: Connection, changed: Sequence[dict[str, Any]], settled: Sequence[tuple[int, str]]
) -> None:
    """Write the series that began to be pending or firing, and forget those that are well. The caller commits."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for first in range(0, len(changed), _MANY):
        statement = insert(_STATES).values(changed[first : first + _MANY])
        news = {name: statement.excluded[name] for name in ("state", "since", "value", "evaluated_at")}
        connection.execute(statement.on_conflict_do_update(index_elements=["rule_id", "series"], set_=news))
    key = tuple_(_STATES.c.rule_id, _STATES.c.series)
    for first in range(0, len(settled), _MANY):
        connection.execute(delete(_STATES).where(key.in_(settled[first : first + _MANY])))
