"""`tocsin check`: look at URLs from here, now, without a database, and draw what was seen."""

from typing import Any

import click

from tocsin.cli.options import check_options, check_options_of, json_option, settings_of
from tocsin.cli.output import note
from tocsin.errors import Invalid


@click.command()
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@check_options
@json_option
@click.pass_context
def check(context: click.Context, /, urls: tuple[str, ...], as_json: bool, **values: Any) -> None:
    """Check URLs once, from here, and show where the time went.

    Needs no database. Several URLs are checked at once and shown in the order given. Exit code 0: all are
    up (DEGRADED counts as up); 1: one is down, or could not be judged; 2: the command is wrong.

    \b
    Examples:
      tocsin check https://example.com
      tocsin check example.com --expect-body "Example Domain" --timeout 5
      tocsin check https://example.com https://example.org --json
      tocsin check tcp://db.example:5432 tls://mail.example:993 icmp://router.example
      tocsin check dns:///example.com?type=MX wss://example.com/live
    """
    # Imported here: `tocsin --help` must not wait for probes and drawing.
    import asyncio  # noqa: PLC0415

    from tocsin.cli.looking import tools_of  # noqa: PLC0415
    from tocsin.cli.report import Report  # noqa: PLC0415
    from tocsin.watch.once import check_many  # noqa: PLC0415

    settings = settings_of()
    options = check_options_of(values)
    addresses = [with_scheme(url) for url in urls]
    with Report(addresses, as_json=as_json) as report:
        asyncio.run(check_many(addresses, options, report.add, tools_of(settings)))
    context.exit(report.exit_code)


def with_scheme(url: str) -> str:
    """Return `url`, with https:// where it names no scheme; say so on stderr.

    Raises:
        Invalid: it is one bare word, more likely a slip than a host.
    """
    from tocsin.model.heartbeats.keys import is_heartbeat  # noqa: PLC0415 (pydantic is slow to load)

    if "://" in url or is_heartbeat(url):
        return url
    if not any(mark in url for mark in ".:") and url.strip().partition("/")[0].lower() != "localhost":
        raise Invalid(f"{url!r} is no URL: write a host with a dot or a port, or https://{url.strip()} if you mean it")
    full = f"https://{url.strip()}"
    note(f"{url}: no scheme given, checking {full}")
    return full
