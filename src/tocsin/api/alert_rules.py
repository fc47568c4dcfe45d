"""Alert rules over HTTP: list, get, create, change, delete, try on the past, and the metrics there are."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from tocsin.actions import alert_rules
from tocsin.actions.alert_rules import MOST_TRIAL_DAYS, AlertRuleQuery, MetricRead
from tocsin.api.answers import READ, WRITE, faults
from tocsin.api.dependencies import MAX_ID, Db
from tocsin.model.alert_rules import AlertRuleCreate, AlertRuleRead, AlertRuleUpdate, Trial
from tocsin.model.pages import Page

router = APIRouter(prefix="/api", tags=["alert rules"], responses=faults(422))

RuleId = Annotated[int, Path(ge=1, le=MAX_ID, description="The rule's id.", examples=[1])]
Days = Annotated[int, Query(ge=1, le=MOST_TRIAL_DAYS, description="How far back to look.")]


@router.get("/alert-rules", summary="List alert rules", dependencies=[READ])
def list_rules(db: Db, query: Annotated[AlertRuleQuery, Query()]) -> Page[AlertRuleRead]:
    """Newest first, each with the series that are pending or firing now."""
    return alert_rules.list_rules(db, query)


@router.post(
    "/alert-rules", status_code=201, summary="Make an alert rule", dependencies=[WRITE], responses=faults(409, 413)
)
def create_rule(db: Db, rule: AlertRuleCreate) -> AlertRuleRead:
    """It is evaluated every 15 seconds from now on. Try it on the past first."""
    return alert_rules.create_rule(db, rule)


@router.post("/alert-rules/try", summary="Try an alert rule on the past", dependencies=[READ], responses=faults(413))
def try_rule(db: Db, rule: AlertRuleCreate, days: Days = 30) -> Trial:
    """When it would have fired over the last days, and what the values suggest as a threshold. Nothing is stored."""
    return alert_rules.try_on_the_past(db, rule, days)


@router.get("/alert-rules/{rule_id}", summary="Get an alert rule", dependencies=[READ], responses=faults(404))
def get_rule(db: Db, rule_id: RuleId) -> AlertRuleRead:
    """A rule with the series that are pending or firing now."""
    return alert_rules.get_rule(db, rule_id)


@router.patch(
    "/alert-rules/{rule_id}",
    summary="Change an alert rule",
    dependencies=[WRITE],
    responses=faults(404, 409, 413),
)
def update_rule(db: Db, rule_id: RuleId, update: AlertRuleUpdate) -> AlertRuleRead:
    """What is left out stays as it is."""
    return alert_rules.update_rule(db, rule_id, update)


@router.delete(
    "/alert-rules/{rule_id}",
    status_code=204,
    summary="Delete an alert rule",
    dependencies=[WRITE],
    responses=faults(404),
)
def delete_rule(db: Db, rule_id: RuleId) -> None:
    """Its open alerts resolve."""
    alert_rules.delete_rule(db, rule_id)


@router.get("/metrics", summary="List the metrics that rules can look at", dependencies=[READ])
def list_metrics(db: Db) -> list[MetricRead]:
    """Those that Tocsin takes by itself, then those that applications have reported."""
    return alert_rules.list_metrics(db)
