"""`tocsin alerts …`: what is wrong, since when, why, and who has it in hand. Works on the database."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tocsin.cli.alert_why import why
from tocsin.cli.options import database_options, explain, json_option, opened_database, page_options, settings_of
from tocsin.cli.output import counted, note, page_footer, print_json
from tocsin.errors import Invalid
from tocsin.model.alerts import AlertCategory, AlertPriority, AlertStatus

if TYPE_CHECKING:
    from tocsin.actions.alerts import Change
    from tocsin.storage.alerts.recording import Handling

Command = TypeVar("Command", bound=Callable[..., Any])

_IDS = click.argument("ids", nargs=-1, required=True, type=click.IntRange(1), metavar="ALERT...")
_BY = click.option("--by", metavar="NAME", help="Who does it. [default: the user of this machine]")


def _choice(kind: Any) -> click.Choice[str]:
    return click.Choice([one.value for one in kind], case_sensitive=False)


@click.group()
def alerts() -> None:
    """Show alerts, take them in hand, and see what they have in common.

    An ALERT is named by its id.

    \b
    Examples:
      tocsin alerts list
      tocsin alerts show 7
      tocsin alerts acknowledge 7 --note "Looking at the disk"
    """


@alerts.command("list")
@click.option("--all", "with_closed", is_flag=True, help="Also those that are resolved or expired.")
@click.option("--status", type=_choice(AlertStatus), multiple=True, help="May be repeated.")
@click.option("--priority", type=_choice(AlertPriority), multiple=True, help="May be repeated.")
@click.option("--category", type=_choice(AlertCategory), multiple=True, help="May be repeated.")
@click.option("--type", "alert_type", metavar="TEXT", help="The alert's type, exactly.")
@click.option("--search", metavar="TEXT", help="Part of title, message, type or resource.")
@page_options
@database_options
@json_option
def list_alerts(
    with_closed: bool, database: str | None, config: Path | None, as_json: bool, status: tuple[str, ...], **query: Any
) -> None:
    """List open alerts, the most important first.

    \b
    Examples:
      tocsin alerts list --priority critical
      tocsin alerts list --all --search disk --json
    """
    from tocsin.actions import alerts as actions  # noqa: PLC0415 (SQLAlchemy is slow to load)

    is_open = None if with_closed or status else True
    wanted = actions.AlertQuery(**{name: list(value) if isinstance(value, tuple) else value
                                   for name, value in query.items()}, status=list(status), open=is_open)  # fmt: skip
    with opened_database(database, config) as opened, opened.session() as db:
        page = actions.list_alerts(db, wanted, by_priority=is_open is True)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    if not page.total:
        note("No alert matches." if with_closed or status or query["search"] else "No alert is open.")
        return
    from tocsin.cli.alert_views import print_list  # noqa: PLC0415

    print_list(page.items)
    page_footer(page.page, page.page_size, len(page.items), page.total, "alerts")


@alerts.command()
@click.argument("alert_id", type=click.IntRange(1), metavar="ALERT")
@database_options
@json_option
def show(alert_id: int, database: str | None, config: Path | None, as_json: bool) -> None:
    """Show an alert: what, why, what to do, and its history.

    \b
    Example:
      tocsin alerts show 7
    """
    from tocsin.actions import alerts as actions  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        alert = actions.get_alert(db, alert_id)
        history = actions.get_history(db, alert_id)
    if as_json:
        print_json({**alert.model_dump(mode="json"), "history": [one.model_dump(mode="json") for one in history]})
        return
    from tocsin.cli.alert_views import print_alert  # noqa: PLC0415

    print_alert(alert, history)


@alerts.command()
@click.argument("title")
@click.option("--type", "alert_type", required=True, metavar="TEXT", help="What kind of problem, as in backup_failed.")
@click.option("--message", default="", metavar="TEXT", help="What happened, in a sentence.")
@click.option("--priority", type=_choice(AlertPriority), default="MEDIUM", show_default=True)
@click.option("--category", type=_choice(AlertCategory), default="SYSTEM", show_default=True)
@click.option("--resource", metavar="TEXT", help="What it is about: a machine, a table, a job.")
@click.option("--label", "labels", multiple=True, metavar="K=V", help="May be repeated.")
@click.option("--recommend", "recommendations", multiple=True, metavar="TEXT", help="What to do; may be repeated.")
@click.option("--logs", "related_logs", metavar="TEXT", help="Where to look on.")
@click.option("--ttl", "ttl_s", type=float, metavar="S", help="It expires when it was not seen for so long.")
@database_options
@json_option
def add(
    labels: tuple[str, ...],
    recommendations: tuple[str, ...],
    database: str | None,
    config: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Report a problem. The same again is counted, not told again, for an hour.

    \b
    Examples:
      tocsin alerts add "Backup failed" --type backup_failed --resource db-1 --priority high
      tocsin alerts add "Disk almost full" --type disk_full --resource web-1 --ttl 3600
    """
    from pydantic import ValidationError  # noqa: PLC0415

    from tocsin.actions import alerts as actions  # noqa: PLC0415
    from tocsin.model.alerting.schemas import AlertCreate  # noqa: PLC0415

    try:
        alert = AlertCreate(
            **{name: value.upper() if name in ("priority", "category") else value for name, value in values.items()},
            labels=dict(_label(text) for text in labels),
            recommendations=list(recommendations) or None,
            source="cli",
        )
    except ValidationError as error:
        raise explain(error) from error
    with opened_database(database, config) as opened, opened.session() as db:
        made, is_new = actions.create_alert(db, alert, _handling(database, config))
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        seen = "" if is_new else f", seen {counted(made.notification_count, 'time')}"
        click.echo(f"{'Opened' if is_new else 'Counted'} {made.id}: {made.title}{seen}.")


@alerts.command()
@_IDS
@_BY
@click.option("--note", "notes", metavar="TEXT", help="What you are doing.")
@database_options
@json_option
@click.pass_context
def acknowledge(context: click.Context, /, notes: str | None, **values: Any) -> None:
    """Say that you are working on it: no more reminders.

    \b
    Example:
      tocsin alerts acknowledge 7 8 --note "Looking at the disk"
    """
    from tocsin.model.alerting.schemas import Acknowledgement  # noqa: PLC0415

    context.exit(_change(Acknowledgement(by=_who(values.pop("by")), notes=notes), "Acknowledged", **values))


@alerts.command()
@_IDS
@_BY
@click.option("--note", "notes", metavar="TEXT", help="What mended it.")
@database_options
@json_option
@click.pass_context
def resolve(context: click.Context, /, notes: str | None, **values: Any) -> None:
    """Say that the problem is fixed.

    \b
    Example:
      tocsin alerts resolve 7 --note "Log rotation is on now"
    """
    from tocsin.model.alerting.schemas import Resolution  # noqa: PLC0415

    context.exit(_change(Resolution(by=_who(values.pop("by")), notes=notes), "Resolved", **values))


@alerts.command()
@_IDS
@_BY
@click.option("--hours", "duration_hours", type=click.FloatRange(0, 24 * 366, min_open=True), default=1.0,
              show_default=True, metavar="N", help="How long.")  # fmt: skip
@click.option("--reason", metavar="TEXT", help="Why.")
@database_options
@json_option
@click.pass_context
def suppress(context: click.Context, /, duration_hours: float, reason: str | None, **values: Any) -> None:
    """Mute alerts for a while; they come back by themselves.

    \b
    Example:
      tocsin alerts suppress 7 --hours 2 --reason "Planned work"
    """
    from tocsin.model.alerting.schemas import Suppression  # noqa: PLC0415

    change = Suppression(by=_who(values.pop("by")), reason=reason, duration_hours=duration_hours)
    context.exit(_change(change, "Suppressed", **values))


@alerts.command()
@click.option("--days", type=click.FloatRange(0, 3660, min_open=True), default=7.0, show_default=True, metavar="N")
@database_options
@json_option
def patterns(days: float, database: str | None, config: Path | None, as_json: bool) -> None:
    """See when alerts come, how long they last, which are noise, and what would make them fewer.

    \b
    Example:
      tocsin alerts patterns --days 30
    """
    from tocsin.actions import alerts as actions  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        found = actions.get_patterns(db, days)
    if as_json:
        print_json(found)
        return
    from tocsin.cli.alert_views import print_patterns  # noqa: PLC0415

    print_patterns(found)


def _change(
    change: "Change", what: str, *, ids: tuple[int, ...], database: str | None, config: Path | None, as_json: bool
) -> int:
    """Change alerts, print what came of it, and return the exit code: 1 where one of them was refused."""
    from tocsin.actions import alerts as actions  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        done = actions.change_alerts(db, ids, change, change.by or "", _handling(database, config))
    if as_json:
        print_json(done.model_dump(mode="json"))
    else:
        for alert in done.changed:
            click.echo(f"{what} {alert.id}: {alert.title}")
        for refused in done.refused:
            note(f"Error: {refused.detail}")
    return 1 if done.refused else 0


def _handling(database: str | None, config: Path | None) -> "Handling":
    from tocsin.alerts.alerting import alerting_plan  # noqa: PLC0415

    settings = settings_of(database, config)
    return alerting_plan(settings.recommendations, settings.flapping_changes, settings.flapping_window).handling


def _who(by: str | None) -> str:
    if by:
        return by
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in this container; KeyError before Python 3.13
        return "tocsin alerts"


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise Invalid(f"--label {text!r}: write it as NAME=VALUE")
    return name.strip(), value


alerts.add_command(why)
