"""What the alerts of a stretch of time have in common, counted by the database; `tocsin.alerts.patterns` concludes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, and_, case, cast, distinct, func, or_, select
from sqlalchemy.orm import Session

from tocsin.model.alerting.figures import TOGETHER_S, Ended, Figures, FlappingAlert, Observed, TypeCount
from tocsin.model.alerts import AlertStatus
from tocsin.storage.tables.alerts import AlertModel

NEWEST = 10_000
"""So many of the newest alerts say how long things take, and what was observed."""
LISTED = 20
_CLOSED = (AlertStatus.RESOLVED, AlertStatus.EXPIRED)
_LASTED = (AlertModel.resolved_at, AlertModel.starts_at)


def read_figures(db: Session, days: float, since: datetime) -> Figures:
    """Return what the alerts first seen since then come to in figures."""
    return Figures(
        days=days,
        types=_count_types(db, since),
        hours=_count_hours(db, since),
        ended=_list_ended(db, since),
        together=_list_together(db, since),
        values=_list_values(db, since),
        flapping=_list_flapping(db, since),
        resources_count=_count_resources(db, since),
    )


def _count_types(db: Session, since: datetime) -> list[TypeCount]:
    """Return the alerts first seen since then, counted by type and rule; the most frequent first."""
    is_closed = AlertModel.status.in_(_CLOSED)
    noise = and_(is_closed, AlertModel.acknowledged_at.is_(None))
    number = func.count()
    wanted = (
        select(
            AlertModel.alert_type,
            AlertModel.rule_id,
            number,
            func.sum(AlertModel.notification_count),
            _count_if(is_closed),
            _count_if(noise),
            _count_if(AlertModel.status == AlertStatus.RESOLVED),
            cast(func.sum(case((AlertModel.status == AlertStatus.RESOLVED, _seconds(db, *_LASTED)), else_=0.0)), Float),
        )
        .where(AlertModel.first_seen_at >= since)
        .group_by(AlertModel.alert_type, AlertModel.rule_id)
        .order_by(number.desc(), AlertModel.alert_type)
    )
    return [TypeCount(*row) for row in db.execute(wanted)]


def _count_hours(db: Session, since: datetime) -> list[tuple[int, int, int]]:
    """Return (weekday with Monday 0, hour in UTC, alerts first seen then)."""
    at = AlertModel.first_seen_at
    if _is_sqlite(db):
        weekday: ColumnElement[Any] = (cast(func.strftime("%w", at), Integer) + 6) % 7
        hour: ColumnElement[Any] = cast(func.strftime("%H", at), Integer)
    else:
        utc = func.timezone("UTC", at)
        weekday = cast(func.extract("isodow", utc), Integer) - 1
        hour = cast(func.extract("hour", utc), Integer)
    day, of_day = weekday.label("weekday"), hour.label("hour")
    wanted = select(day, of_day, func.count()).where(at >= since).group_by("weekday", "hour")
    return [(row[0], row[1], row[2]) for row in db.execute(wanted)]


def _list_ended(db: Session, since: datetime) -> list[Ended]:
    """Return the newest alerts that have ended."""
    ended = _seconds(db, *_LASTED)
    acknowledged = _seconds(db, AlertModel.acknowledged_at, AlertModel.starts_at)
    wanted = (
        select(
            AlertModel.alert_type, AlertModel.rule_id, AlertModel.status == AlertStatus.RESOLVED, acknowledged, ended
        )
        .where(AlertModel.first_seen_at >= since, AlertModel.resolved_at.is_not(None))
        .order_by(AlertModel.first_seen_at.desc())
        .limit(NEWEST)
    )
    return [
        Ended(kind, rule, bool(resolved), _float(acked), max(0.0, float(took)))
        for kind, rule, resolved, acked, took in db.execute(wanted)
    ]


def _list_together(db: Session, since: datetime) -> list[tuple[int, str]]:
    """Return (number of five minutes since 1970, alert type) once each, for all that began since then."""
    bucket = _epoch(db, AlertModel.first_seen_at) / TOGETHER_S
    whole = cast(func.floor(bucket) if not _is_sqlite(db) else bucket, Integer).label("bucket")
    wanted = select(whole, AlertModel.alert_type).where(AlertModel.first_seen_at >= since).distinct()
    return [(row[0], row[1]) for row in db.execute(wanted)]


def _list_values(db: Session, since: datetime) -> list[Observed]:
    """Return what the newest alerts on metrics observed."""
    value = AlertModel.alert_metadata["current_value"].as_float()
    is_metric = or_(
        AlertModel.alert_type.like("system\\_%", escape="\\"),
        AlertModel.alert_type.like("performance\\_%", escape="\\"),
        AlertModel.rule_id.is_not(None),
    )
    wanted = (
        select(AlertModel.alert_type, AlertModel.rule_id, value)
        .where(AlertModel.first_seen_at >= since, is_metric)
        .order_by(AlertModel.first_seen_at.desc())
        .limit(NEWEST)
    )
    rows: Sequence[Any] = db.execute(wanted).all()
    return [Observed(kind, rule, found) for kind, rule, found in rows if found is not None]


def _list_flapping(db: Session, since: datetime) -> list[FlappingAlert]:
    """Return (id, title, resource, times reopened, flaps now) of the alerts that come and go most."""
    wanted = (
        select(
            AlertModel.id,
            AlertModel.title,
            AlertModel.resource,
            AlertModel.reopened_count,
            AlertModel.flapping_since.is_not(None),
        )
        .where(AlertModel.last_seen_at >= since)
        .where(or_(AlertModel.flapping_since.is_not(None), AlertModel.reopened_count >= 3))
        .order_by(AlertModel.flapping_since.is_not(None).desc(), AlertModel.reopened_count.desc(), AlertModel.id.desc())
        .limit(LISTED)
    )
    return [FlappingAlert(row[0], row[1], row[2], row[3], bool(row[4])) for row in db.execute(wanted)]


def _count_resources(db: Session, since: datetime) -> int:
    """Return how many resources had alerts."""
    wanted = select(func.count(distinct(AlertModel.resource))).where(AlertModel.first_seen_at >= since)
    return db.scalar(wanted) or 0


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _seconds(db: Session, later: Any, earlier: Any) -> ColumnElement[float]:
    return _epoch(db, later) - _epoch(db, earlier)


def _epoch(db: Session, moment: Any) -> ColumnElement[Any]:
    """Return a moment as seconds since 1970, as far as both databases are exact: a millisecond."""
    if _is_sqlite(db):
        seconds: ColumnElement[Any] = (func.julianday(moment) - 2440587.5) * 86400.0
        return seconds
    return func.extract("epoch", moment)


def _float(value: Any) -> float | None:
    return None if value is None else max(0.0, float(value))


def _is_sqlite(db: Session) -> bool:
    return db.get_bind().dialect.name == "sqlite"
