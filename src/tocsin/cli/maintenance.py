"""`tocsin maintenance …`: planned work. Works on the database; a running server heeds it at once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tocsin.cli.options import database_options, explain, json_option, opened_database, page_options
from tocsin.cli.output import confirm, moment_text, note, page_footer, print_json, print_table
from tocsin.cli.silences import print_preview
from tocsin.cli.spans import Moment, Span
from tocsin.errors import Invalid

if TYPE_CHECKING:
    from tocsin.model.maintenance import MaintenanceWindowCreate, MaintenanceWindowRead
    from tocsin.storage.database import Session

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--once", "starts_at", type=Moment(), metavar="TIME", help="Once, from then on."),
    click.option("--weekly", metavar="DAYS", help="Days of the week, joined by commas: sat,sun."),
    click.option("--monthly", metavar="DAYS", help="Days of the month, joined by commas; -1 is the last."),
    click.option("--every-days", type=int, metavar="N", help="Every N days, counted from --first-day."),
    click.option("--first-day", metavar="DATE", help="The first day of --every-days."),
    click.option("--cron", metavar="EXPR", help="Whenever a cron expression says."),
    click.option("--start", metavar="HH:MM", help="Time of day at which it begins."),
    click.option("--end", metavar="HH:MM", help="Time of day at which it ends; the next day's if not later."),
    click.option("--for", "lasts", type=Span(), metavar="SPAN", help="How long, instead of --end: 90m, 4h."),
    click.option("--time-zone", default="UTC", show_default=True, metavar="ZONE", help="In which times are meant."),
    click.option("--website", "websites", multiple=True, metavar="WEBSITE", help="Id or URL; may be repeated."),
    click.option("--tag", "tags", multiple=True, metavar="TEXT", help="Websites with this tag; may be repeated."),
    click.option("--group", "groups", multiple=True, metavar="TEXT", help="Websites of this group; may be repeated."),
    click.option("--matcher", "matchers", multiple=True, metavar="MATCHER", help="Alerts by label, as in silences."),
    click.option("--everything", "is_global", is_flag=True, help="Every website and every alert."),
    click.option("--description", metavar="TEXT"),
)


def window_options(command: Command) -> Command:
    """Add what a window is made of."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.group()
def maintenance() -> None:
    """Plan work: websites are checked all the same, alerts are muted, the uptime leaves the time out.

    \b
    Examples:
      tocsin maintenance add "New disks" --once 2026-03-01T22:00 --for 2h --website shop.example
      tocsin maintenance add Backups --weekly sun --start 02:00 --end 04:00 --time-zone Europe/Berlin --tag shop
    """


@maintenance.command("list")
@page_options
@database_options
@json_option
def list_windows(page: int, page_size: int, database: str | None, config: Path | None, as_json: bool) -> None:
    """List maintenance windows, newest first, each with its next occurrence.

    \b
    Example:
      tocsin maintenance list
    """
    from tocsin.actions.maintenance import list_windows as ask  # noqa: PLC0415 (SQLAlchemy is slow to load)
    from tocsin.model.pages import PageQuery  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        found = ask(db, PageQuery(page=page, page_size=page_size))
    if as_json:
        print_json(found.model_dump(mode="json"))
    elif not found.items:
        note("No maintenance is planned.")
    else:
        rows = [
            (
                one.id,
                one.name,
                _state(one),
                moment_text(one.next_start_at),
                moment_text(one.next_end_at),
                scope_text(one),
            )
            for one in found.items
        ]
        print_table(("id", "name", "state", "next start", "next end", "concerns"), rows, right=("id",))
        page_footer(page, page_size, len(rows), found.total, "maintenance windows")


@maintenance.command("add")
@click.argument("name")
@window_options
@database_options
@json_option
def add_window(name: str, database: str | None, config: Path | None, as_json: bool, **given: Any) -> None:
    """Plan maintenance.

    \b
    Examples:
      tocsin maintenance add Deploy --once 2026-03-01T22:00 --for 30m --tag shop
      tocsin maintenance add Patches --monthly -1 --start 23:00 --end 01:00 --everything
      tocsin maintenance add Reindex --cron "0 3 * * 0" --for 90m --group internal
    """
    from tocsin.actions.maintenance import create_window  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        made = create_window(db, _window_of(db, name, given))
    _print_one(made, as_json=as_json)


@maintenance.command("preview")
@window_options
@database_options
@json_option
def preview_window(database: str | None, config: Path | None, as_json: bool, **given: Any) -> None:
    """Show what a window would have muted in the last week, and when it is in force next; nothing is stored.

    \b
    Example:
      tocsin maintenance preview --weekly sun --start 02:00 --end 04:00 --everything
    """
    from tocsin.actions.maintenance import preview_window as ask  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        print_preview(ask(db, _window_of(db, "preview", given)), as_json=as_json)


@maintenance.command("show")
@click.argument("window_id", type=int, metavar="ID")
@database_options
@json_option
def show_window(window_id: int, database: str | None, config: Path | None, as_json: bool) -> None:
    """Show a maintenance window.

    \b
    Example:
      tocsin maintenance show 3
    """
    from tocsin.actions.maintenance import get_window  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        _print_one(get_window(db, window_id), as_json=as_json)


@maintenance.command("remove")
@click.argument("window_id", type=int, metavar="ID")
@click.option("--yes", is_flag=True, help="Don't ask.")
@database_options
def remove_window(window_id: int, yes: bool, database: str | None, config: Path | None) -> None:
    """Remove a maintenance window; what has passed stays left out of the uptime.

    \b
    Example:
      tocsin maintenance remove 3
    """
    from tocsin.actions.maintenance import delete_window, get_window  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        one = get_window(db, window_id)
        confirm(f"Remove {one.name}?", yes=yes)
        delete_window(db, window_id)
    click.echo(f"Removed {one.id}: {one.name}.")


def _window_of(db: "Session", name: str, given: dict[str, Any]) -> "MaintenanceWindowCreate":
    from pydantic import ValidationError  # noqa: PLC0415

    from tocsin.cli.websites import find  # noqa: PLC0415
    from tocsin.matching.matchers import parse_matchers  # noqa: PLC0415
    from tocsin.model.maintenance import MaintenanceWindowCreate  # noqa: PLC0415

    try:
        matchers = [one.to_dict() for one in parse_matchers(given["matchers"])]
    except ValueError as error:
        raise Invalid(str(error)) from error
    fields = {
        "name": name,
        "description": given["description"],
        "schedule": _schedule_of(given),
        "time_zone": given["time_zone"],
        "is_global": given["is_global"],
        "website_ids": [find(db, one).id for one in given["websites"]],
        "tags": list(given["tags"]),
        "groups": list(given["groups"]),
        "matchers": matchers,
    }
    try:
        return MaintenanceWindowCreate.model_validate(fields)
    except ValidationError as error:
        raise explain(error) from error


def _schedule_of(given: dict[str, Any]) -> dict[str, Any]:
    kinds = [name for name in ("starts_at", "weekly", "monthly", "every_days", "cron") if given[name] is not None]
    if len(kinds) != 1:
        raise Invalid("say when, in one way: --once, --weekly, --monthly, --every-days or --cron")
    lasts: timedelta | None = given["lasts"]
    minutes = None if lasts is None else lasts.total_seconds() / 60
    kind = kinds[0]
    if kind in ("starts_at", "cron") and lasts is None:
        raise Invalid("say how long: --for 2h")
    if kind == "starts_at":
        starts_at: datetime = given["starts_at"]
        return {"kind": "once", "starts_at": starts_at, "ends_at": starts_at + (lasts or timedelta(0))}
    if kind == "cron":
        return {"kind": "cron", "cron": given["cron"], "duration_minutes": minutes}
    if given["start"] is None:
        raise Invalid("say at which time of day: --start 02:00")
    clock = {"start": given["start"], "end": given["end"], "duration_minutes": minutes}
    if kind == "weekly":
        return {"kind": "weekly", "weekdays": given["weekly"].replace(" ", "").split(","), **clock}
    if kind == "monthly":
        return {"kind": "monthly", "days": given["monthly"].replace(" ", "").split(","), **clock}
    return {"kind": "every_n_days", "every_days": given["every_days"], "first_day": given["first_day"], **clock}


def _state(window: "MaintenanceWindowRead") -> str:
    if not window.is_enabled:
        return "off"
    if window.is_in_force:
        return "in force"
    return "planned" if window.next_start_at else "over"


def scope_text(window: "MaintenanceWindowRead") -> str:
    """Return in words what a window concerns."""
    from tocsin.matching.matchers import Matcher  # noqa: PLC0415

    if window.is_global:
        return "everything"
    parts = [f"website {one}" for one in window.website_ids]
    parts += [f"tag {one}" for one in window.tags] + [f"group {one}" for one in window.groups]
    parts += [str(Matcher(one.name, one.value, one.is_regex, one.is_equal)) for one in window.matchers]
    return ", ".join(parts)


def _print_one(window: "MaintenanceWindowRead", *, as_json: bool) -> None:
    if as_json:
        print_json(window.model_dump(mode="json"))
        return
    click.echo(f"Maintenance {window.id}: {window.name} ({_state(window)}), concerns {scope_text(window)}.")
    if window.next_start_at:
        click.echo(f"  next from {moment_text(window.next_start_at)} to {moment_text(window.next_end_at)}")
