"""`tocsin channels …`: configured destinations of alerts. Works on the database; a running server heeds it at once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.options import database_options, explain, json_option, opened_database, page_options, settings_of
from tocsin.cli.output import NOTHING, confirm, moment_text, note, page_footer, print_json, print_table
from tocsin.cli.spans import Span
from tocsin.errors import Invalid
from tocsin.model.alerts import AlertPriority, NotificationChannel

if TYPE_CHECKING:
    from tocsin.model.delivery.channels import ChannelRead

_KINDS = click.Choice(
    [one.value for one in NotificationChannel if one is not NotificationChannel.DASHBOARD], case_sensitive=False
)
_PRIORITIES = click.Choice([one.value for one in AlertPriority], case_sensitive=False)
_SPANS = {"group_wait": "group_wait_s", "group_interval": "group_interval_s", "remind": "reminder_after_s",
          "escalate": "escalate_after_s"}  # fmt: skip
CLEARABLE: dict[str, Any] = {"matchers": [], "group-by": [], "remind": None, "escalate": None, "fallback": None}
_FIELD_OF = {"group-by": "group_by", "remind": "reminder_after_s", "escalate": "escalate_after_s",
             "fallback": "fallback_channel_id"}  # fmt: skip

_OPTIONS = (
    click.option("--set", "sets", multiple=True, metavar="NAME=VALUE",
                 help="A field of its configuration; lists and objects as JSON. May be repeated."),
    click.option("--min-priority", type=_PRIORITIES, help="Alerts that matter less are not told. [default: INFO]"),
    click.option("--match", "matchers", multiple=True, metavar="MATCHER",
                 help="Only alerts whose labels fulfil it, as in team=web. May be repeated."),
    click.option("--default/--only-named", "is_default", default=None,
                 help="Every alert, or only those that name its kind. [default: every]"),
    click.option("--recoveries/--no-recoveries", "tells_resolved", default=None, help="Tell ends too. [default: yes]"),
    click.option("--group-by", multiple=True, metavar="LABEL", help="Tell alerts alike in it together. Repeatable."),
    click.option("--group-wait", type=Span(), metavar="SPAN", help="Wait so long for company. [default: 10s]"),
    click.option("--group-interval", type=Span(), metavar="SPAN",
                 help="Messages of one group keep so far apart. [default: 60s]"),
    click.option("--limit", "rate_limit_per_minute", type=float, metavar="N",
                 help="Messages a minute; what is more arrives as a digest. 0: no limit."),
    click.option("--remind", type=Span(), metavar="SPAN", help="Tell again so often until somebody acknowledges."),
    click.option("--escalate", type=Span(), metavar="SPAN", help="Tell only what nobody acknowledged for so long."),
    click.option("--fallback", "fallback", metavar="CHANNEL", help="Takes over when this one stays dead."),
)  # fmt: skip


def channel_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what a channel has beside its name and kind."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.group()
def channels() -> None:
    """Manage where alerts are told.

    A CHANNEL is named by its id or its name.

    \b
    Examples:
      tocsin channels add ops WEBHOOK --set url=https://example.com/hooks/tocsin
      tocsin channels test ops
    """


@channels.command("list")
@click.option("--kind", type=_KINDS, help="Only of this kind.")
@page_options
@database_options
@json_option
def list_channels(
    kind: str | None, page: int, page_size: int, database: str | None, config: Path | None, as_json: bool
) -> None:
    """List channels with how they are, by name.

    \b
    Example:
      tocsin channels list
    """
    from tocsin.actions.channels import ChannelQuery, list_channels as ask  # noqa: PLC0415 (SQLAlchemy is slow to load)

    query = ChannelQuery(page=page, page_size=page_size, kind=NotificationChannel(kind.upper()) if kind else None)
    with opened_database(database, config) as opened, opened.session() as db:
        found = ask(db, _book(database, config), query)
    if as_json:
        print_json(found.model_dump(mode="json"))
    elif not found.items:
        note("No channels yet. Add one: tocsin channels add NAME KIND --set …")
    else:
        rows = [
            (one.id, one.name, one.kind, one.min_priority, health_text(one), one.waiting_count) for one in found.items
        ]
        print_table(("id", "name", "kind", "from", "state", "waiting"), rows, right=("id", "waiting"))
        page_footer(page, page_size, len(rows), found.total, "channels")


@channels.command("add")
@click.argument("name")
@click.argument("kind", type=_KINDS)
@channel_options
@click.option("--disabled", is_flag=True, help="Add it without telling anything there.")
@database_options
@json_option
def add_channel(
    name: str, kind: str, disabled: bool, database: str | None, config: Path | None, as_json: bool, **given: Any
) -> None:
    """Add a channel.

    \b
    Examples:
      tocsin channels add ops WEBHOOK --set url=https://example.com/hooks/tocsin
      tocsin channels add night SMS --min-priority critical --escalate 15m --set 'to=["+4915112345678"]'
    """
    from pydantic import ValidationError  # noqa: PLC0415

    from tocsin.actions.channels import create_channel  # noqa: PLC0415
    from tocsin.model.delivery.channels import ChannelCreate  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        fields = _fields(db, given)
        try:
            wanted = ChannelCreate(name=name, kind=NotificationChannel(kind.upper()), is_enabled=not disabled, **fields)
        except ValidationError as error:
            raise explain(error) from error
        made = create_channel(db, _book(database, config), wanted)
    _print_one(made, "Added", as_json=as_json)


@channels.command("change")
@click.argument("channel")
@click.option("--name", metavar="TEXT", help="A new name.")
@click.option("--enable/--disable", "is_enabled", default=None, help="Tell alerts there, or don't.")
@channel_options
@click.option("--clear", type=click.Choice(list(CLEARABLE)), multiple=True, help="Back to nothing; may be repeated.")
@database_options
@json_option
def change_channel(
    channel: str, clear: tuple[str, ...], database: str | None, config: Path | None, as_json: bool, **given: Any
) -> None:
    """Change a channel; what is not named stays as it is. Matchers and labels are replaced as a whole.

    \b
    Examples:
      tocsin channels change ops --min-priority high --limit 20
      tocsin channels change ops --disable
    """
    from pydantic import ValidationError  # noqa: PLC0415

    from tocsin.actions.channels import get_channel, update_channel  # noqa: PLC0415
    from tocsin.model.delivery.channels import ChannelUpdate  # noqa: PLC0415

    book = _book(database, config)
    own = {name: given.pop(name) for name in ("name", "is_enabled")}
    with opened_database(database, config) as opened, opened.session() as db:
        changes = {name: value for name, value in own.items() if value is not None} | _fields(db, given)
        changes |= {_FIELD_OF.get(name, name): CLEARABLE[name] for name in clear}
        if not changes:
            raise Invalid("nothing to change: name at least one option, see `tocsin channels change --help`")
        if "config" in changes:  # one field is changed, not the whole
            changes["config"] = {**get_channel(db, book, named(channel)).config, **changes["config"]}
        try:
            wanted = ChannelUpdate(**changes)
        except ValidationError as error:
            raise explain(error) from error
        changed = update_channel(db, book, named(channel), wanted)
    _print_one(changed, "Changed", as_json=as_json)


@channels.command("show")
@click.argument("channel")
@database_options
@json_option
def show_channel(channel: str, database: str | None, config: Path | None, as_json: bool) -> None:
    """Show a channel, how it is, and what it is set to; secrets are masked.

    \b
    Example:
      tocsin channels show ops
    """
    from tocsin.actions.channels import get_channel  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        one = get_channel(db, _book(database, config), named(channel))
    if as_json:
        print_json(one.model_dump(mode="json"))
        return
    click.echo(f"Channel {one.id}: {one.name} ({one.kind}), {health_text(one)}")
    if one.last_error:
        click.echo(f"  last error: {one.last_error}")
    click.echo(f"  last message: {moment_text(one.last_message_at)}, {one.waiting_count} waiting")
    shown = ("min_priority", "is_default", "tells_resolved", "group_by", "group_wait_s", "group_interval_s",
             "rate_limit_per_minute", "reminder_after_s", "escalate_after_s", "fallback_channel_id")  # fmt: skip
    for name in shown:
        value = getattr(one, name)
        click.echo(f"  {name}: {NOTHING if value in (None, []) else value}")
    for name, value in sorted(one.config.items()):
        click.echo(f"  {name}: {value}")


@channels.command("remove")
@click.argument("names", nargs=-1, required=True, metavar="CHANNEL...")
@click.option("--yes", is_flag=True, help="Don't ask.")
@database_options
def remove_channels(names: tuple[str, ...], yes: bool, database: str | None, config: Path | None) -> None:
    """Remove channels with their deliveries; alerts stay.

    \b
    Example:
      tocsin channels remove ops
    """
    from tocsin.actions.channels import delete_channel, find_channel  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        rows = [(row.id, row.name) for row in (find_channel(db, named(one)) for one in names)]
        confirm(f"Remove {', '.join(name for _, name in rows)} with all deliveries?", yes=yes)
        for channel_id, name in rows:
            delete_channel(db, channel_id)
            click.echo(f"Removed {channel_id}: {name}")


@channels.command("test")
@click.argument("channel")
@database_options
@json_option
def test_channel(channel: str, database: str | None, config: Path | None, as_json: bool) -> None:
    """Send a test message from here, now, and say what came of it.

    \b
    Example:
      tocsin channels test ops
    """
    import asyncio  # noqa: PLC0415

    from tocsin.actions.channels import test_channel as send_test  # noqa: PLC0415

    with opened_database(database, config) as opened:
        sent = asyncio.run(send_test(opened, _book(database, config), named(channel)))
    if as_json:
        print_json(sent.model_dump(mode="json"))
    else:
        answer = f", answer {sent.code}" if sent.code else ""
        click.echo(f"Sent in {sent.took_ms:.0f} ms{answer}: look whether it arrived.")


def named(text: str) -> int | str:
    """Return the id, or the name, that a channel is named by."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text


def health_text(channel: "ChannelRead") -> str:
    """Return how a channel is, in a few words."""
    if not channel.is_enabled:
        return "disabled"
    return "ok" if channel.failing_since is None else f"failing since {moment_text(channel.failing_since)}"


def _book(database: str | None, config: Path | None) -> Any:
    from tocsin.actions.channel_book import open_channel_book  # noqa: PLC0415

    return open_channel_book(settings_of(database, config))


def _fields(db: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a channel that were given on the command line, by name."""
    from tocsin.actions.channels import find_channel  # noqa: PLC0415
    from tocsin.matching.matchers import parse_matchers  # noqa: PLC0415

    fields: dict[str, Any] = {}
    for name, value in given.items():
        if value is None or value == ():
            continue
        if name == "sets":
            fields["config"] = dict(_pair(one) for one in value)
        elif name == "matchers":
            try:
                fields["matchers"] = [one.to_dict() for one in parse_matchers(value)]
            except ValueError as error:
                raise Invalid(str(error)) from error
        elif name == "fallback":
            fields["fallback_channel_id"] = find_channel(db, named(value)).id
        elif name in _SPANS:
            fields[_SPANS[name]] = value.total_seconds()
        else:
            fields[name] = list(value) if isinstance(value, tuple) else value
    if "min_priority" in fields:
        fields["min_priority"] = fields["min_priority"].upper()
    return fields


def _pair(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise Invalid(f"--set {text}: write NAME=VALUE")
    if value[:1] not in ("[", "{", '"'):
        return name, value
    try:
        return name, json.loads(value)
    except ValueError as error:
        raise Invalid(f"--set {name}: {value} begins like JSON, but is none: {error}") from error


def _print_one(channel: "ChannelRead", done: str, *, as_json: bool) -> None:
    if as_json:
        print_json(channel.model_dump(mode="json"))
    else:
        click.echo(f"{done} {channel.id}: {channel.name} ({channel.kind})")
