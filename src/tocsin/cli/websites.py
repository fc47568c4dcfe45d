"""`tocsin websites …`: what is watched. Works on the database; a running server notices within a second."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tocsin.cli.check import with_scheme
from tocsin.cli.options import (
    check_options,
    database_options,
    explain,
    json_option,
    opened_database,
    options_given,
    page_options,
    settings_of,
)
from tocsin.cli.output import confirm, counted, note, page_footer, print_json
from tocsin.errors import Invalid, NotFound
from tocsin.model.enums import MonitorStatus

if TYPE_CHECKING:
    from tocsin.model.websites import WebsiteRead
    from tocsin.storage.database import Session
    from tocsin.storage.tables import Website

Command = TypeVar("Command", bound=Callable[..., Any])

CLEARABLE = ("description", "group", "tags", "request_headers", "request_body", "auth", "proxy", "degraded_after_ms",
             "expectations", "down_window")  # fmt: skip
RULE = ("down_after", "down_window", "up_after")
_LISTS = ("tags", "expectations")

_WEBSITE_OPTIONS = (
    click.option("--name", metavar="TEXT", help="Shown everywhere. [default: the URL's host]"),
    click.option("--description", metavar="TEXT"),
    click.option("--interval", type=int, metavar="S", help="Seconds between checks. [default: 300]"),
    click.option("--down-after", type=int, metavar="N", help="Failed checks that open a downtime. [default: 1]"),
    click.option("--down-window", type=int, metavar="M", help="Of so many last checks. [default: N, so in a row]"),
    click.option("--up-after", type=int, metavar="K", help="Good checks in a row that close it. [default: 1]"),
    click.option("--tag", "tags", multiple=True, metavar="TEXT", help="May be repeated."),
    click.option("--group", metavar="TEXT", help="The group it is listed under."),
    click.option("--period", metavar="SPAN", help="Heartbeats: time between pings, as in 15m, 1h, 1d. [default: 1d]"),
    click.option("--cron", metavar="EXPR", help="Heartbeats: when pings are expected instead, as in cron."),
    click.option("--time-zone", metavar="ZONE", help="Heartbeats: of the cron expression. [default: UTC]"),
    click.option("--grace", metavar="SPAN", help="Heartbeats: how late a ping may be. [default: 5m]"),
)


def website_options(command: Command) -> Command:
    """Add what a website has beside the options of its checks."""
    for option in reversed(_WEBSITE_OPTIONS):
        command = option(command)
    return command


def selection_options(command: Command) -> Command:
    """Add by what several websites are named: their ids or URLs, a tag, or a group."""
    command = click.option("--group", metavar="TEXT", help="All of this group.")(command)
    command = click.option("--tag", metavar="TEXT", help="All with this tag.")(command)
    return click.argument("names", nargs=-1, metavar="[WEBSITE...]")(command)


@click.group()
def websites() -> None:
    """Manage what is watched.

    A WEBSITE is named by its id or its URL. A running server notices every change within a second.

    \b
    Examples:
      tocsin websites add https://example.com
      tocsin websites list --status down
    """


@websites.command("list")
@click.option("--search", metavar="TEXT", help="Part of the name or URL.")
@click.option("--status", type=click.Choice([one.value for one in MonitorStatus], case_sensitive=False))
@click.option("--active/--paused", "is_active", default=None, help="Only those that are checked, or are not.")
@click.option("--tag", metavar="TEXT", help="Only those with this tag.")
@click.option("--group", metavar="TEXT", help="Only those of this group.")
@page_options
@database_options
@json_option
def list_websites(database: str | None, config: Path | None, as_json: bool, **query: Any) -> None:
    """List websites with their present status, newest first.

    \b
    Examples:
      tocsin websites list
      tocsin websites list --status down --json
    """
    from tocsin.actions import websites as actions  # noqa: PLC0415 (SQLAlchemy is slow to load)

    with opened_database(database, config) as opened, opened.session() as db:
        page = actions.list_websites(db, actions.WebsiteQuery(**query))
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    if not page.total:
        any_asked = any(query[name] is not None for name in ("search", "status", "is_active", "tag", "group"))
        note("No website matches." if any_asked else "No websites yet. Add one: tocsin websites add URL")
        return
    from tocsin.cli.website_views import print_list  # noqa: PLC0415

    print_list(page.items)
    page_footer(page.page, page.page_size, len(page.items), page.total, "websites")


@websites.command()
@click.argument("url")
@website_options
@click.option("--paused", is_flag=True, help="Add it without checking it.")
@click.option("--if-empty", is_flag=True, help="Only where there are no websites at all.")
@check_options
@database_options
@json_option
def add(
    url: str, paused: bool, if_empty: bool, database: str | None, config: Path | None, as_json: bool, **values: Any
) -> None:
    """Watch a URL, or wait for a job that reports by itself.

    \b
    Examples:
      tocsin websites add https://example.com
      tocsin websites add https://example.com/login --name Login --interval 60 --expect-body Password
      tocsin websites add heartbeat: --name Backup --period 1d --grace 1h
      tocsin websites add heartbeat: --cron "0 3 * * *" --time-zone Europe/Berlin
      tocsin websites add https://example.com/flaky --down-after 3 --down-window 5 --up-after 2
    """
    from pydantic import ValidationError  # noqa: PLC0415 (slow to load)

    from tocsin.actions.websites import create_website  # noqa: PLC0415
    from tocsin.model.websites import WebsiteCreate  # noqa: PLC0415
    from tocsin.storage.websites import WebsiteCRUD  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        if if_empty and (count := WebsiteCRUD.get_all(db, limit=1)[1]):
            note(f"Nothing added: {counted(count, 'website')} watched already.")
            return
        try:
            website = WebsiteCreate(url=with_scheme(url), is_active=not paused, **fields_given(values))
        except ValidationError as error:
            raise explain(error) from error
        made = create_website(db, website)
    _print_one(made, "Added", as_json=as_json)
    if made.ping_url and not as_json:
        from tocsin.cli.heartbeat_views import server_url  # noqa: PLC0415

        click.echo(f"Its job reports at {server_url(settings_of(database, config))}{made.ping_url}")


@websites.command()
@click.argument("website")
@click.option("--url", metavar="URL", help="Watch another URL under the same id.")
@website_options
@click.option("--clear", type=click.Choice(CLEARABLE), multiple=True, help="Back to its default; may be repeated.")
@check_options
@database_options
@json_option
def update(
    website: str,
    url: str | None,
    clear: tuple[str, ...],
    database: str | None,
    config: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Change a website; what is not named stays as it is. Headers, tags and expectations are replaced as a whole.

    \b
    Examples:
      tocsin websites update 3 --interval 600 --timeout 10
      tocsin websites update https://example.com --clear auth
    """
    from pydantic import ValidationError  # noqa: PLC0415

    from tocsin.actions.websites import update_website  # noqa: PLC0415
    from tocsin.model.websites import WebsiteUpdate  # noqa: PLC0415

    changes = {**{name: _empty(name) for name in clear}, **fields_given(values)}
    if url is not None:
        changes["url"] = with_scheme(url)
    if not changes:
        raise Invalid("nothing to change: name at least one option, see `tocsin websites update --help`")
    with opened_database(database, config) as opened, opened.session() as db:
        row = find(db, website)
        try:
            change = WebsiteUpdate(**changes)
        except ValidationError as error:
            raise explain(error) from error
        changed = update_website(db, row.id, change)
    _print_one(changed, "Changed", as_json=as_json)


@websites.command()
@selection_options
@database_options
def pause(database: str | None, config: Path | None, **selection: Any) -> None:
    """Stop checking websites; what was recorded stays. `resume` is the opposite.

    \b
    Examples:
      tocsin websites pause 3
      tocsin websites pause --tag shop
    """
    _switch(selection, database, config, is_active=False)


@websites.command()
@selection_options
@database_options
def resume(database: str | None, config: Path | None, **selection: Any) -> None:
    """Check paused websites again.

    \b
    Examples:
      tocsin websites resume 3
      tocsin websites resume --group Front
    """
    _switch(selection, database, config, is_active=True)


def _switch(selection: dict[str, Any], database: str | None, config: Path | None, *, is_active: bool) -> None:
    from tocsin.actions.tags import WebsiteSelection, switch_websites  # noqa: PLC0415
    from tocsin.storage.websites import WebsiteCRUD  # noqa: PLC0415

    given = {name: value for name, value in selection.items() if value}
    if len(given) != 1:
        raise Invalid("name the websites, or give --tag or --group: exactly one of the three")
    with opened_database(database, config) as opened, opened.session() as db:
        if "names" in given:
            given = {"ids": [find(db, name).id for name in given["names"]]}
        done = switch_websites(db, WebsiteSelection(**given), is_active=is_active)
        for row in filter(None, (WebsiteCRUD.get_by_id(db, website_id) for website_id in done.ids)):
            click.echo(f"{'Resumed' if is_active else 'Paused'} {row.id}: {row.url}")
    if not done.ids:
        note(f"Nothing to do: {'checked' if is_active else 'paused'} already.")


@websites.command()
@click.argument("names", nargs=-1, required=True, metavar="WEBSITE...")
@click.option("--yes", is_flag=True, help="Don't ask.")
@database_options
def remove(names: tuple[str, ...], yes: bool, database: str | None, config: Path | None) -> None:
    """Remove websites with everything recorded of them.

    \b
    Examples:
      tocsin websites remove 3
      tocsin websites remove https://example.com --yes
    """
    from tocsin.actions.websites import delete_website  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        rows = [(row.id, row.url) for row in (find(db, name) for name in names)]
        confirm(f"Remove {', '.join(url for _, url in rows)} with everything recorded?", yes=yes)
        for website_id, url in rows:
            delete_website(db, website_id)
            click.echo(f"Removed {website_id}: {url}")


@websites.command()
@click.argument("website")
@click.option("--checks", "checks_count", type=click.IntRange(0, 500), default=10, show_default=True, metavar="N")
@click.option("--downtimes", "downtimes_count", type=click.IntRange(0, 500), default=5, show_default=True, metavar="N")
@database_options
@json_option
def show(
    website: str, checks_count: int, downtimes_count: int, database: str | None, config: Path | None, as_json: bool
) -> None:
    """Show a website: how it is, its uptime, its last checks and downtimes.

    \b
    Examples:
      tocsin websites show 3
      tocsin websites show https://example.com --checks 50 --json
    """
    from tocsin.cli.heartbeat_views import server_url  # noqa: PLC0415
    from tocsin.cli.website_views import print_website, read_website  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        seen = read_website(db, find(db, website).id, checks_count, downtimes_count)
    if as_json:
        print_json(seen.to_dict())
    else:
        print_website(seen, server_url(settings_of(database, config)))


@websites.command()
@click.argument("names", nargs=-1, metavar="[WEBSITE...]")
@database_options
@json_option
@click.pass_context
def check(
    context: click.Context, /, names: tuple[str, ...], database: str | None, config: Path | None, as_json: bool
) -> None:
    """Check websites once, from here, each with its own options; without a name every active one.

    Shows what `tocsin check` shows, with the same exit codes, and records nothing: that is the server's part.
    Heartbeats are left out: nobody looks at them.

    \b
    Examples:
      tocsin websites check 3
      tocsin websites check --json
    """
    import asyncio  # noqa: PLC0415

    from tocsin.cli.report import Report  # noqa: PLC0415
    from tocsin.model.heartbeats.keys import is_heartbeat  # noqa: PLC0415
    from tocsin.storage.websites import WebsiteCRUD  # noqa: PLC0415
    from tocsin.watch.jobs import options_of  # noqa: PLC0415
    from tocsin.watch.once import refuse_heartbeat  # noqa: PLC0415

    with opened_database(database, config) as opened, opened.session() as db:
        rows = [find(db, name) for name in names] if names else WebsiteCRUD.get_active_websites(db)
        targets = [(row.url, options_of(row)) for row in rows if names or not is_heartbeat(row.url)]
    for url, _ in targets:
        refuse_heartbeat(url)
    if not targets:
        note("No website is active.")
        return
    from tocsin.cli.looking import look_at_all  # noqa: PLC0415

    with Report([url for url, _ in targets], as_json=as_json) as report:
        asyncio.run(look_at_all(targets, report.add, settings_of(database, config)))
    context.exit(report.exit_code)


def fields_given(values: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a website that were given on the command line, by name."""
    own = {
        "name": values.pop("name"),
        "description": values.pop("description"),
        "check_interval": values.pop("interval"),
        **{name: values.pop(name) for name in RULE},
        "tags": list(values.pop("tags")) or None,
        "group": values.pop("group"),
        **{name: values.pop(name) for name in ("period", "cron", "time_zone", "grace")},
    }
    return {**{name: value for name, value in own.items() if value is not None}, **options_given(values)}


def find(db: "Session", name: str) -> "Website":
    """Return the website of that id or URL.

    Raises:
        NotFound: there is none.
    """
    from tocsin.model.heartbeats.keys import is_heartbeat  # noqa: PLC0415
    from tocsin.storage.websites import WebsiteCRUD  # noqa: PLC0415

    if name.isascii() and name.isdigit():
        row = WebsiteCRUD.get_by_id(db, int(name)) if len(name) < 19 else None
    else:
        row = WebsiteCRUD.get_by_url(db, name if "://" in name or is_heartbeat(name) else f"https://{name}")
    if row is None:
        raise NotFound(f"there is no website {name}: see `tocsin websites list`")
    return row


def _empty(field: str) -> Any:
    if field == "request_headers":
        return {}
    return [] if field in _LISTS else None


def _print_one(website: "WebsiteRead", what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(website.model_dump(mode="json"))
        return
    how = f"checked every {website.check_interval} s" if website.is_active else "paused"
    if website.ping_url and website.is_active:
        from tocsin.cli.heartbeat_views import schedule_text  # noqa: PLC0415

        how = schedule_text(website)
    click.echo(f"{what} {website.id}: {website.name}, {website.url}, {how}.")
