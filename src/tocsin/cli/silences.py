"""`tocsin silences …`: alerts kept quiet by matcher. Works on the database; a running server heeds it at once."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.options import database_options, json_option, opened_database, page_options
from tocsin.cli.output import counted, moment_text, note, page_footer, print_json, print_table
from tocsin.cli.spans import Moment, Span
from tocsin.errors import Invalid

if TYPE_CHECKING:
    from tocsin.model.maintenance import MutePreview
    from tocsin.model.silences import SilenceCreate, SilenceRead

_STATES = click.Choice(["active", "pending", "expired"])


@click.group()
def silences() -> None:
    """Keep alerts quiet for a while, by their labels.

    A MATCHER is name=value, name!=value, name=~pattern or name!~pattern; all must hold. Labels that every alert has
    are alertname, severity, priority, category, source and, where there is one, resource.

    \b
    Examples:
      tocsin silences add website=~"shop.*" --for 2h --comment "moving"
      tocsin silences list
    """


@silences.command("list")
@click.option("--state", type=_STATES, help="Only those in this state.")
@page_options
@database_options
@json_option
def list_silences(
    state: str | None, page: int, page_size: int, database: str | None, config: Path | None, as_json: bool
) -> None:
    """List silences: active ones first, the next to end on top.

    \b
    Example:
      tocsin silences list --state active
    """
    from tocsin.actions.silences import SilenceQuery, list_silences as ask  # noqa: PLC0415 (SQLAlchemy is slow to load)
    from tocsin.model.silences import SilenceState  # noqa: PLC0415

    query = SilenceQuery(page=page, page_size=page_size, state=SilenceState(state) if state else None)
    with opened_database(database, config) as opened, opened.session() as db:
        found = ask(db, query)
    if as_json:
        print_json(found.model_dump(mode="json"))
    elif not found.items:
        note("There are no silences.")
    else:
        rows = [
            (one.id, one.state, matchers_text(one), moment_text(one.ends_at), one.created_by, one.comment)
            for one in found.items
        ]
        print_table(("id", "state", "matchers", "ends", "by", "comment"), rows, right=("id",))
        page_footer(page, page_size, len(rows), found.total, "silences")


def _what(command: Any) -> Any:
    for option in (
        click.option("--until", type=Moment(), metavar="TIME", help="Until then, instead of --for."),
        click.option("--for", "lasts", type=Span(), metavar="SPAN", help="So long, as in 90m, 2h30m, 1d."),
        click.option("--from", "starts_at", type=Moment(), metavar="TIME", help="[default: now]"),
        click.argument("matchers", nargs=-1, required=True, metavar="MATCHER..."),
    ):
        command = option(command)
    return command


@silences.command("add")
@_what
@click.option("--comment", default="", metavar="TEXT", help="Why.")
@click.option("--by", "created_by", default="", metavar="NAME", help="Who.")
@database_options
@json_option
def add_silence(database: str | None, config: Path | None, as_json: bool, **given: Any) -> None:
    """Silence alerts whose labels fulfil every MATCHER.

    \b
    Examples:
      tocsin silences add alertname=website_down website=shop --for 30m
      tocsin silences add 'severity=~"low|info"' --until 2026-03-02T06:00
    """
    from tocsin.actions.silences import create_silence  # noqa: PLC0415

    wanted = _silence_of(given)
    with opened_database(database, config) as opened, opened.session() as db:
        made = create_silence(db, wanted)
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        click.echo(f"Silence {made.id}: {matchers_text(made)}, until {moment_text(made.ends_at)}.")


@silences.command("preview")
@_what
@database_options
@json_option
def preview_silence(database: str | None, config: Path | None, as_json: bool, **given: Any) -> None:
    """Show which alerts of the last week a silence would have muted; nothing is stored.

    \b
    Example:
      tocsin silences preview severity=low --for 1d
    """
    from tocsin.actions.silences import preview_silence as ask  # noqa: PLC0415

    wanted = _silence_of({"comment": "", "created_by": "", **given})
    with opened_database(database, config) as opened, opened.session() as db:
        print_preview(ask(db, wanted), as_json=as_json)


@silences.command("show")
@click.argument("silence_id", type=int, metavar="ID")
@database_options
@json_option
def show_silence(silence_id: int, database: str | None, config: Path | None, as_json: bool) -> None:
    """Show a silence.

    \b
    Example:
      tocsin silences show 3
    """
    from tocsin.actions.silences import get_silence  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        one = get_silence(db, silence_id)
    if as_json:
        print_json(one.model_dump(mode="json"))
        return
    click.echo(f"Silence {one.id} ({one.state}): {matchers_text(one)}")
    click.echo(f"  from {moment_text(one.starts_at)} to {moment_text(one.ends_at)}")
    if one.comment or one.created_by:
        click.echo(f"  {one.created_by or 'somebody'}: {one.comment}")


@silences.command("end")
@click.argument("ids", type=int, nargs=-1, required=True, metavar="ID...")
@database_options
def end_silences(ids: tuple[int, ...], database: str | None, config: Path | None) -> None:
    """End silences now.

    \b
    Example:
      tocsin silences end 3
    """
    from tocsin.actions.silences import end_silence  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        for one in ids:
            click.echo(f"Ended silence {end_silence(db, one).id}.")


def matchers_text(silence: "SilenceRead") -> str:
    """Return a silence's matchers as they are written."""
    from tocsin.matching.matchers import Matcher  # noqa: PLC0415

    return ", ".join(str(Matcher(one.name, one.value, one.is_regex, one.is_equal)) for one in silence.matchers)


def _silence_of(given: dict[str, Any]) -> "SilenceCreate":
    from tocsin.matching.matchers import parse_matchers  # noqa: PLC0415
    from tocsin.model.silences import SilenceCreate  # noqa: PLC0415
    from tocsin.model.times import utcnow  # noqa: PLC0415

    try:
        matchers = [one.to_dict() for one in parse_matchers(given["matchers"])]
    except ValueError as error:
        raise Invalid(str(error)) from error
    starts_at: datetime | None = given["starts_at"]
    lasts: timedelta | None = given["lasts"]
    if (lasts is None) is (given["until"] is None):
        raise Invalid("say how long: --for 2h, or --until 2026-03-02T06:00")
    ends_at = given["until"] or (starts_at or utcnow()) + (lasts or timedelta(0))
    if starts_at is not None and ends_at <= starts_at:
        raise Invalid("--until must lie after --from")
    return SilenceCreate(
        matchers=matchers,
        starts_at=starts_at,
        ends_at=ends_at,
        comment=given["comment"],
        created_by=given["created_by"],
    )


def print_preview(preview: "MutePreview", *, as_json: bool) -> None:
    """Print what a mute would have muted, and when it is in force next."""
    if as_json:
        print_json(preview.model_dump(mode="json"))
        return
    click.echo(f"In the last {preview.days} days it would have muted {counted(preview.muted_count, 'alert')}.")
    if preview.muted:
        rows = [(one.id, moment_text(one.first_seen_at), one.priority, one.title) for one in preview.muted]
        print_table(("id", "first seen", "priority", "title"), rows, right=("id",))
    for one in preview.periods:
        click.echo(f"In force from {moment_text(one.starts_at)} to {moment_text(one.ends_at)}.")
