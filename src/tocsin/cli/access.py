"""`tocsin user …` and `tocsin token …`: who may use this Tocsin."""

import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.options import database_options, json_option, opened_database
from tocsin.cli.output import confirm, moment_text, note, print_json, print_table
from tocsin.errors import Invalid
from tocsin.model.enums import Scope

if TYPE_CHECKING:
    from tocsin.storage.tables.accounts import ApiToken, User

_SCOPES = click.Choice([scope.value for scope in Scope])
_PASSWORD_OPTION = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.group()
def user() -> None:
    """Manage the people who can log in. With the first user, everybody has to log in.

    \b
    Examples:
      tocsin user create maria
      tocsin user list
    """


@user.command("create")
@click.argument("name")
@click.option("--scope", type=_SCOPES, default=Scope.ADMIN.value, show_default=True, help="What the user may do.")
@_PASSWORD_OPTION
@database_options
def create_user(name: str, scope: str, password_stdin: bool, database: str | None, config: Path | None) -> None:
    """Create a user; the password is asked for, or read from standard input.

    \b
    Examples:
      tocsin user create maria
      tocsin user create robot --scope read --password-stdin < password.txt
    """
    from tocsin.actions import access  # noqa: PLC0415 (SQLAlchemy is slow to load)

    with opened_database(database, config) as opened, opened.session() as db:
        made = access.create_user(db, name, _password(from_stdin=password_stdin), Scope(scope))
        click.echo(f"Created the user {made.name} ({made.scope}).")


@user.command("list")
@database_options
@json_option
def list_users(database: str | None, config: Path | None, as_json: bool) -> None:
    """List the users.

    \b
    Example:
      tocsin user list
    """
    from tocsin.actions import access  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        rows = access.list_users(db)
    _print_rows(rows, ("name", "scope", "created_at", "last_login_at"), as_json=as_json, nothing="There are no users.")


@user.command("password")
@click.argument("name")
@_PASSWORD_OPTION
@database_options
def change_password(name: str, password_stdin: bool, database: str | None, config: Path | None) -> None:
    """Give a user another password, and log them out everywhere.

    \b
    Example:
      tocsin user password maria
    """
    from tocsin.actions import access  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        access.set_password(db, name, _password(from_stdin=password_stdin))
    click.echo(f"{name} has a new password, and is logged out everywhere.")


@user.command("delete")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask.")
@database_options
def delete_user(name: str, yes: bool, database: str | None, config: Path | None) -> None:
    """Delete a user and end their logins. The last one stays.

    \b
    Example:
      tocsin user delete maria
    """
    from tocsin.actions import access  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        confirm(f"Delete the user {name}?", yes=yes)
        access.delete_user(db, name)
    click.echo(f"Deleted the user {name}.")


@click.group()
def token() -> None:
    """Manage API tokens: how programs log in, as `Authorization: Bearer …`.

    \b
    Examples:
      tocsin token create grafana
      tocsin token list
    """


@token.command("create")
@click.argument("name")
@click.option("--scope", type=_SCOPES, default=Scope.READ.value, show_default=True, help="What the token may do.")
@click.option("--expires-days", type=click.IntRange(1, 36500), metavar="N", help="Refuse it after N days.")
@database_options
@json_option
def create_token(
    name: str, scope: str, expires_days: int | None, database: str | None, config: Path | None, as_json: bool
) -> None:
    """Create a token and print its secret, this once: only a hash of it is stored.

    \b
    Examples:
      tocsin token create grafana
      tocsin token create deploy --scope write --expires-days 90
    """
    from tocsin.actions import access  # noqa: PLC0415
    from tocsin.model.times import utcnow  # noqa: PLC0415

    expires_at = utcnow() + timedelta(days=expires_days) if expires_days else None
    with opened_database(database, config) as opened, opened.session() as db:
        made = access.create_token(db, name, Scope(scope), expires_at)
        if as_json:
            print_json({**_plain(made.token, ("name", "scope", "created_at", "expires_at")), "token": made.secret})
            return
        click.echo(made.secret)
        note(f"This is the secret of {made.token.name} ({made.token.scope}). It is not shown again; send it as")
        note("Authorization: Bearer SECRET")


@token.command("list")
@database_options
@json_option
def list_tokens(database: str | None, config: Path | None, as_json: bool) -> None:
    """List the tokens, without their secrets.

    \b
    Example:
      tocsin token list
    """
    from tocsin.actions import access  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        rows = access.list_tokens(db)
    columns = ("name", "scope", "created_at", "expires_at", "last_used_at")
    _print_rows(rows, columns, as_json=as_json, nothing="There are no tokens.")


@token.command("revoke")
@click.argument("name")
@database_options
def revoke_token(name: str, database: str | None, config: Path | None) -> None:
    """Delete a token; it is refused at once.

    \b
    Example:
      tocsin token revoke grafana
    """
    from tocsin.actions import access  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        access.revoke_token(db, name)
    click.echo(f"Revoked the token {name}.")


def _password(*, from_stdin: bool) -> str:
    """Return the password, without the line end that a pipe adds."""
    if from_stdin:
        return sys.stdin.read().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Invalid("there is no terminal to ask for the password; use --password-stdin")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password


def _print_rows(rows: "Iterable[User | ApiToken]", columns: tuple[str, ...], *, as_json: bool, nothing: str) -> None:
    listed = [_plain(row, columns) for row in rows]
    if as_json:
        print_json(listed)
    elif not listed:
        note(nothing)
    else:
        head = [name.removesuffix("_at").replace("_", " ") for name in columns]
        print_table(head, ([_cell(getattr(row, name)) for name in columns] for row in rows))


def _plain(row: "User | ApiToken", columns: tuple[str, ...]) -> dict[str, Any]:
    from tocsin.model.times import isoformat  # noqa: PLC0415 (pydantic is slow to load)

    values = {name: getattr(row, name) for name in columns}
    return {name: isoformat(value) if isinstance(value, datetime) else value for name, value in values.items()}


def _cell(value: Any) -> str:
    return moment_text(value) if value is None or isinstance(value, datetime) else str(value)
