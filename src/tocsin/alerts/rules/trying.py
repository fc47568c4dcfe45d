"""A rule tried on what is stored: which values it would have seen, and what it would have made of them."""

from datetime import datetime
from itertools import pairwise
from statistics import median

from tocsin.alerts.rules.alerting import priority_of
from tocsin.alerts.rules.rule import Rule
from tocsin.alerts.rules.trial import Points, try_on
from tocsin.errors import Invalid
from tocsin.model.alert_rules import Trial
from tocsin.storage.database import Session
from tocsin.storage.rules.past import past_since, sample_past, website_past
from tocsin.storage.rules.values import watched_websites

SHOWN = 100


def try_rule(db: Session, rule: Rule, days: int, now: datetime) -> Trial:
    """Return what a rule would have done over the last `days`; nothing is stored.

    Raises:
        Invalid: nothing of its metric is kept.
    """
    series = _past(db, rule, days, now)
    past = try_on(rule.bound, series, lambda value: priority_of(rule, value), now)
    return Trial(
        days=days,
        fired_count=len(past.firings),
        firings=past.firings[:SHOWN],
        series_count=len(series),
        points_count=past.points_count,
        step_s=_step(series),
        p95=past.p95,
        suggested_threshold=past.suggested_threshold,
        suggested_for_s=past.suggested_for_s,
    )


def _past(db: Session, rule: Rule, days: int, now: datetime) -> dict[str, Points]:
    connection, since = db.connection(), past_since(now, days)
    if not rule.is_about_websites:
        found = sample_past(connection, rule.ask, since, now)
        return {series: points for series, points in found.items() if _is_about(rule, series)}
    websites = [one for one in watched_websites(connection) if one.matches(rule.labels)]
    try:
        return dict(website_past(connection, rule.ask, websites, since, now))
    except KeyError:
        raise Invalid(f"the past of {rule.metric_name} is not kept; this rule cannot be tried on it") from None


def _is_about(rule: Rule, series: str) -> bool:
    labels = dict(part.partition("=")[::2] for part in series.split(",") if part)
    return rule.labels.items() <= labels.items()


def _step(series: dict[str, Points]) -> float:
    steps = [
        (later[0] - earlier[0]).total_seconds() for points in series.values() for earlier, later in pairwise(points)
    ]
    return round(median(steps), 3) if steps else 0.0
