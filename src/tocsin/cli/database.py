"""`tocsin db …`: which schema the database has, and moving it between releases."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from tocsin.cli.options import database_options, json_option, opened_database
from tocsin.cli.output import confirm, note, print_json
from tocsin.errors import Conflict, Invalid, NotFound, TocsinError

if TYPE_CHECKING:
    from tocsin.storage.database import Database

BASE = "base"
"""Before the first revision: no tables at all."""


class Revision(NamedTuple):
    """One step of the schema."""

    name: str
    title: str


@click.group()
def db() -> None:
    """Look at the database schema, and move it between releases.

    An SQLite file is created and upgraded by itself wherever it is opened; a PostgreSQL is upgraded by hand,
    since other machines may be using it.

    \b
    Examples:
      tocsin db current
      tocsin db upgrade --database postgresql://tocsin@db.example/tocsin
    """


@db.command()
@database_options
@json_option
def current(database: str | None, config: Path | None, as_json: bool) -> None:
    """Show which revision the database is at, and which one this program needs.

    \b
    Example:
      tocsin db current
    """
    from tocsin.storage.versions import schema_state  # noqa: PLC0415 (SQLAlchemy is slow to load)

    with opened_database(database, config, create=False) as opened:
        state = schema_state(opened.engine)
    if as_json:
        print_json({"current": state.current, "head": state.head, "is_current": state.is_current})
    elif state.is_current:
        click.echo(f"{state.current}, up to date")
    else:
        click.echo(f"{state.current or 'no schema yet'}; this program needs {state.head}: run `tocsin db upgrade`")


@db.command()
@database_options
@json_option
def history(database: str | None, config: Path | None, as_json: bool) -> None:
    """List every revision, newest first, and mark the one the database is at.

    \b
    Example:
      tocsin db history
    """
    with opened_database(database, config, create=False) as opened:
        at, known = read_revisions(opened)
    if as_json:
        print_json([{**one._asdict(), "is_current": one.name == at} for one in reversed(known)])
        return
    for one in reversed(known):
        click.echo(f"{'*' if one.name == at else ' '} {one.name}  {one.title}")


@db.command()
@click.argument("revision", default="head")
@database_options
def upgrade(revision: str, database: str | None, config: Path | None) -> None:
    """Bring the schema up to REVISION, the newest where none is given. An empty database gets every table.

    \b
    Examples:
      tocsin db upgrade
      tocsin db upgrade 0001
    """
    from tocsin.storage import migrate  # noqa: PLC0415

    with opened_database(database, config, create=False) as opened:
        at, known = read_revisions(opened)
        start, end = place_of(at or BASE, at, known), place_of(revision, at, known)
        steps = known[start:end]
        for number, step in enumerate(steps, 1):
            note(f"[{number}/{len(steps)}] {step.name}  {step.title}")
            migrate.upgrade(opened.engine, step.name)
    if steps:
        click.echo(f"The schema is at {steps[-1].name} now; it was {f'at {at}' if at else 'empty'}.")
    else:
        click.echo(f"Nothing to do: the schema is {f'at {at}' if at else 'empty'} already.")


@db.command(context_settings={"ignore_unknown_options": True})
@click.argument("revision", default="-1")
@click.option("--yes", is_flag=True, help="Don't ask.")
@database_options
def downgrade(revision: str, yes: bool, database: str | None, config: Path | None) -> None:
    """Undo revisions down to REVISION: a name, "base" for all, or "-1" (the default) for the last one.

    What only the undone revisions store is lost; keep a copy of the database.

    \b
    Examples:
      tocsin db downgrade
      tocsin db downgrade 0001 --yes
    """
    from tocsin.storage import migrate  # noqa: PLC0415

    with opened_database(database, config, create=False) as opened:
        at, known = read_revisions(opened)
        start, end = place_of(at or BASE, at, known), place_of(revision, at, known)
        steps = known[end:start]
        if not steps:
            click.echo(f"Nothing to do: the schema is {f'at {at}' if at else 'empty'}.")
            return
        target = known[end - 1].name if end else BASE
        named = ", ".join(one.name for one in reversed(steps))
        confirm(f"Undo {named} on {opened.url.render_as_string(hide_password=True)}, with the data in it?", yes=yes)
        for one in reversed(steps):
            note(f"undoing {one.name}  {one.title}")
            migrate.downgrade(opened.engine, "-1")
    click.echo(f"The schema is {f'at {target}' if end else 'empty'} now; it was at {at}.")


@db.command()
@click.argument("message")
@click.option("--empty", is_flag=True, help="Don't compare tables and database; write an empty one.")
@database_options
def revision(message: str, empty: bool, database: str | None, config: Path | None) -> None:
    """Write a new migration from the difference between the tables in the code and the database.

    For work on Tocsin itself. Read what it wrote before you commit it.

    \b
    Example:
      tocsin db revision "add a region to checks"
    """
    from tocsin.storage import migrate  # noqa: PLC0415

    with opened_database(database, config, create=False) as opened:
        if not migrate.schema_state(opened.engine).is_current:
            raise Conflict("the database is not at the newest revision: run `tocsin db upgrade` first")
        try:
            path = migrate.revision(opened.engine, message, autogenerate=not empty)
        except OSError as error:
            raise TocsinError(f"cannot write the migration: {error}") from error
    click.echo(path)


def read_revisions(opened: "Database") -> tuple[str | None, list[Revision]]:
    """Return the revision the database is at, and every revision this program knows, oldest first."""
    from tocsin.storage import migrate  # noqa: PLC0415

    lines: list[str] = []
    migrate.history(opened.engine, lines.append)
    known = []
    for line in reversed(lines):
        name, _, title = line.removesuffix(" (current)").partition("  ")
        known.append(Revision(name, title))
    return migrate.schema_state(opened.engine).current, known


def place_of(target: str, at: str | None, known: list[Revision]) -> int:
    """Return how many of the `known` revisions are done at `target`: a name, head, base, +N or -N.

    Raises:
        NotFound: there is no such revision; it may be one of a newer release.
        Invalid: fewer revisions than that are left.
    """
    names = [one.name for one in known]
    if target in ("head", BASE):
        return len(names) if target == "head" else 0
    if re.fullmatch(r"[+-]\d+", target):
        place = place_of(at or BASE, at, known) + int(target)
        if not 0 <= place <= len(names):
            raise Invalid(f"{target} leads nowhere: the schema is at {at or 'nothing'}, see `tocsin db history`")
        return place
    if target not in names:
        newer = "; the database is of a newer release" if target == at else ""
        raise NotFound(f"this program knows no revision {target!r}{newer}, see `tocsin db history`")
    return names.index(target) + 1
