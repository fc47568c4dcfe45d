"""`tocsin rules …`: when a metric becomes an alert. Works on the database; a running server heeds it in seconds."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.options import database_options, explain, json_option, opened_database, page_options
from tocsin.cli.output import (
    NOTHING,
    confirm,
    counted,
    moment_text,
    note,
    page_footer,
    print_json,
    print_table,
    span_text,
)
from tocsin.cli.spans import Span
from tocsin.errors import Invalid

if TYPE_CHECKING:
    from tocsin.model.alert_rules import AlertRuleCreate, AlertRuleRead, Trial

_CONDITION = "METRIC OP VALUE, as in 'website.response_time_ms > 800'"
_OPERATORS = (">=", "<=", "==", "!=", ">", "<")


@click.group()
def rules() -> None:
    """Raise alerts where a metric crosses a threshold for long enough.

    \b
    Examples:
      tocsin rules metrics
      tocsin rules try 'website.response_time_ms > 800' --aggregation p95 --window 10m --label website=shop.example
      tocsin rules add "Shop is slow" 'website.response_time_ms > 800' --aggregation p95 --window 10m --for 5m
    """


def _what(command: Any) -> Any:
    for option in (
        click.option("--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
                     help="JSON with further fields of the rule."),
        click.option("--severity", "severities", multiple=True, metavar="PRIORITY=VALUE", help="From which value on."),
        click.option("--priority", metavar="NAME", help="Always this priority."),
        click.option("--category", metavar="NAME", help="[default: PERFORMANCE]"),
        click.option("--no-data", type=click.Choice(["keep", "ok", "alert"]), help="[default: keep]"),
        click.option("--clear", "clear_threshold", type=float, metavar="VALUE", help="Clear beyond this only."),
        click.option("--for", "lasts", type=Span(), metavar="SPAN", help="How long it must be crossed: 5m."),
        click.option("--window", type=Span(), metavar="SPAN", help="What is aggregated. [default: 5m]"),
        click.option("--aggregation", metavar="NAME", help="last avg min max sum count rate p50 p90 p95 p99"),
        click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="Only series with it; repeatable."),
        click.argument("condition"),
    ):  # fmt: skip
        command = option(command)
    return command


@rules.command("list")
@page_options
@database_options
@json_option
def list_rules(page: int, page_size: int, database: str | None, config: Path | None, as_json: bool) -> None:
    """List rules, newest first.

    \b
    Example:
      tocsin rules list
    """
    from tocsin.actions.alert_rules import AlertRuleQuery, list_rules as ask  # noqa: PLC0415 (SQLAlchemy is slow to load)

    with opened_database(database, config) as opened, opened.session() as db:
        found = ask(db, AlertRuleQuery(page=page, page_size=page_size))
    if as_json:
        print_json(found.model_dump(mode="json"))
    elif not found.items:
        note("There are no rules. Websites that go down are alerts without any.")
    else:
        rows = [(one.id, one.name, condition_text(one), _state(one)) for one in found.items]
        print_table(("id", "name", "condition", "state"), rows, right=("id",))
        page_footer(page, page_size, len(rows), found.total, "rules")


@rules.command("add")
@click.argument("name")
@_what
@database_options
@json_option
def add_rule(name: str, database: str | None, config: Path | None, as_json: bool, **given: Any) -> None:
    """Make a rule. CONDITION is METRIC OP VALUE.

    \b
    Examples:
      tocsin rules add CPU 'cpu_percent > 80' --for 5m --clear 70 --category SYSTEM
      tocsin rules add Errors 'website.error_rate_percent > 20' --window 15m --priority HIGH
    """
    from tocsin.actions.alert_rules import create_rule  # noqa: PLC0415

    rule = _rule_of(name, given)
    with opened_database(database, config) as opened, opened.session() as db:
        made = create_rule(db, rule)
    _print_one(made, as_json=as_json)


@rules.command("try")
@_what
@click.option("--days", type=click.IntRange(1, 90), default=30, show_default=True, help="How far back to look.")
@database_options
@json_option
def try_rule(days: int, database: str | None, config: Path | None, as_json: bool, **given: Any) -> None:
    """Show when a rule would have fired; nothing is stored. CONDITION is METRIC OP VALUE.

    \b
    Example:
      tocsin rules try 'website.error_rate_percent > 20' --window 15m --days 7
    """
    from tocsin.actions.alert_rules import try_on_the_past  # noqa: PLC0415

    rule = _rule_of("trial", given)
    with opened_database(database, config) as opened, opened.session() as db:
        seen = try_on_the_past(db, rule, days)
    if as_json:
        print_json(seen.model_dump(mode="json"))
    else:
        print_trial(seen)


@rules.command("show")
@click.argument("rule_id", type=int, metavar="ID")
@database_options
@json_option
def show_rule(rule_id: int, database: str | None, config: Path | None, as_json: bool) -> None:
    """Show a rule and how its series stand.

    \b
    Example:
      tocsin rules show 3
    """
    from tocsin.actions.alert_rules import get_rule  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        _print_one(get_rule(db, rule_id), as_json=as_json)


@rules.command("enable")
@click.argument("rule_id", type=int, metavar="ID")
@database_options
def enable_rule(rule_id: int, database: str | None, config: Path | None) -> None:
    """Evaluate a rule again.

    \b
    Example:
      tocsin rules enable 3
    """
    _switch(rule_id, database, config, is_enabled=True)


@rules.command("disable")
@click.argument("rule_id", type=int, metavar="ID")
@database_options
def disable_rule(rule_id: int, database: str | None, config: Path | None) -> None:
    """Stop evaluating a rule; its open alerts resolve.

    \b
    Example:
      tocsin rules disable 3
    """
    _switch(rule_id, database, config, is_enabled=False)


def _switch(rule_id: int, database: str | None, config: Path | None, *, is_enabled: bool) -> None:
    from tocsin.actions.alert_rules import update_rule  # noqa: PLC0415
    from tocsin.model.alert_rules import AlertRuleUpdate  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        _print_one(update_rule(db, rule_id, AlertRuleUpdate.model_validate({"is_enabled": is_enabled})), as_json=False)


@rules.command("remove")
@click.argument("rule_id", type=int, metavar="ID")
@click.option("--yes", is_flag=True, help="Don't ask.")
@database_options
def remove_rule(rule_id: int, yes: bool, database: str | None, config: Path | None) -> None:
    """Remove a rule; its open alerts resolve.

    \b
    Example:
      tocsin rules remove 3
    """
    from tocsin.actions.alert_rules import delete_rule, get_rule  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        one = get_rule(db, rule_id)
        confirm(f"Remove the rule {one.name}?", yes=yes)
        delete_rule(db, rule_id)
    click.echo(f"Removed {one.id}: {one.name}.")


@rules.command("metrics")
@database_options
@json_option
def list_metrics(database: str | None, config: Path | None, as_json: bool) -> None:
    """List the metrics that rules can look at.

    \b
    Example:
      tocsin rules metrics
    """
    from tocsin.actions.alert_rules import list_metrics as ask  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        found = ask(db)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    else:
        print_table(("metric", "unit", "what"), ((one.name, one.unit, one.text or "reported") for one in found))


def _rule_of(name: str, given: dict[str, Any]) -> "AlertRuleCreate":
    from pydantic import ValidationError  # noqa: PLC0415

    from tocsin.model.alert_rules import AlertRuleCreate  # noqa: PLC0415

    metric, comparison, threshold = _condition(given["condition"])
    own = {
        "aggregation": given["aggregation"],
        "window_s": given["window"].total_seconds() if given["window"] else None,
        "for_s": given["lasts"].total_seconds() if given["lasts"] else None,
        "clear_threshold": given["clear_threshold"],
        "no_data": given["no_data"],
        "category": given["category"] and given["category"].upper(),
        "priority": given["priority"] and given["priority"].upper(),
        "labels": dict(_pair(text, "--label") for text in given["labels"]) or None,
        "severity_map": {
            one.upper(): value for one, value in (_pair(text, "--severity") for text in given["severities"])
        }
        or None,
    }
    fields = {**_from_file(given["file"]), **{key: value for key, value in own.items() if value is not None}}
    fields |= {"name": name, "metric_name": metric, "comparison": comparison, "threshold": threshold}
    try:
        return AlertRuleCreate.model_validate(fields)
    except ValidationError as error:
        raise explain(error) from error


def _condition(text: str) -> tuple[str, str, str]:
    for operator in _OPERATORS:
        metric, found, threshold = text.partition(operator)
        if found and metric.strip() and threshold.strip():
            return metric.strip(), operator, threshold.strip()
    raise Invalid(f"{text!r} is no condition; write {_CONDITION}")


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise Invalid(f"{option} {text!r}: write it as NAME=VALUE")
    return name.strip(), value.strip()


def _from_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(f"--file {path}: {error}") from error
    if not isinstance(data, dict):
        raise Invalid(f"--file {path}: one JSON object is expected")
    return data


def condition_text(rule: "AlertRuleRead | AlertRuleCreate") -> str:
    """Return a rule's condition in words."""
    of = "" if rule.aggregation == "last" else f"{rule.aggregation} over {span_text(rule.window_s)} of "
    where = "{" + ", ".join(f"{name}={value}" for name, value in rule.labels.items()) + "}" if rule.labels else ""
    lasting = f" for {span_text(rule.for_s)}" if rule.for_s else ""
    return f"{of}{rule.metric_name}{where} {rule.comparison} {rule.threshold:g}{lasting}"


def _state(rule: "AlertRuleRead") -> str:
    if not rule.is_enabled:
        return "off"
    firing = sum(one.state == "firing" for one in rule.standings)
    pending = len(rule.standings) - firing
    parts = [f"{firing} firing"] * bool(firing) + [f"{pending} pending"] * bool(pending)
    return ", ".join(parts) or "well"


def _print_one(rule: "AlertRuleRead", *, as_json: bool) -> None:
    if as_json:
        print_json(rule.model_dump(mode="json"))
        return
    click.echo(f"Rule {rule.id}: {rule.name} ({_state(rule)})")
    click.echo(f"  {condition_text(rule)}")
    for one in rule.standings:
        value = NOTHING if one.value is None else f"{one.value:g}"
        click.echo(f"  {one.state} since {moment_text(one.since)}: {one.series} = {value}")


def print_trial(trial: "Trial") -> None:
    """Print what a rule would have done."""
    times = counted(trial.fired_count, "time")
    click.echo(
        f"In the last {counted(trial.days, 'day')} it would have fired {times}"
        f" ({trial.points_count} values of {trial.series_count} series)."
    )
    if trial.firings:
        rows = [
            (moment_text(one.started_at), _lasted(one), one.series, f"{one.worst_value:g}", one.priority)
            for one in trial.firings
        ]
        print_table(("fired", "lasted", "series", "worst", "priority"), rows, right=("worst",))
    if trial.suggested_threshold is not None:
        click.echo(f"The values suggest a threshold of {trial.suggested_threshold:g} (their P95 with 20 % headroom).")
    if trial.suggested_for_s:
        click.echo(f"Half of its firings were short; try --for {trial.suggested_for_s / 60:g}m.")


def _lasted(firing: Any) -> str:
    return span_text((firing.ended_at - firing.started_at).total_seconds()) if firing.ended_at else "goes on"
