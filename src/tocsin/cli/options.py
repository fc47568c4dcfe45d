"""Options that several commands share: how a check is made, and which database is meant."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tocsin.errors import Invalid
from tocsin.model.enums import AddressFamily, HTTPMethod

if TYPE_CHECKING:
    from pydantic import ValidationError

    from tocsin.model.options import CheckOptions
    from tocsin.settings import Settings
    from tocsin.storage.database import Database

Command = TypeVar("Command", bound=Callable[..., Any])

_CHECK_OPTIONS = (
    click.option("--timeout", type=float, metavar="S", help="Seconds one attempt may take. [default: 30]"),
    click.option(
        "--max-retries",
        type=int,
        metavar="N",
        help="Further attempts that must fail too before the check does. [default: 3]",
    ),
    click.option(
        "--method", metavar="M", type=click.Choice([*HTTPMethod], case_sensitive=False), help="[default: GET]"
    ),
    click.option("--header", "headers", multiple=True, metavar="K:V", help="Request header; may be repeated."),
    click.option("--body", "request_body", metavar="TEXT", help="Request body; @FILE reads it from a file."),
    click.option("--basic", metavar="USER:PASSWORD", help="HTTP Basic authentication."),
    click.option("--bearer", metavar="TOKEN", help="Bearer token, sent as Authorization."),
    click.option(
        "--expected-status", metavar="CODES", help="Codes that mean UP, as in 200-299,401. [default: 200-399]"
    ),
    click.option("--expect-body", multiple=True, metavar="TEXT", help="The body must contain it; may be repeated."),
    click.option(
        "--expect-regex", multiple=True, metavar="PATTERN", help="The body must match it (RE2); may be repeated."
    ),
    click.option(
        "--expect-json",
        multiple=True,
        metavar="'PATH OP VALUE'",
        help="A value of the JSON body must be so, as in '$.status == \"ok\"'; may be repeated.",
    ),
    click.option(
        "--expect-header",
        multiple=True,
        metavar="K[:V]",
        help="The answer must have this header, with V in it; may be repeated.",
    ),
    click.option(
        "--expect",
        multiple=True,
        metavar="CONDITION",
        help="Any condition, as in 'total_ms < 500' (docs/expectations.md); may be repeated.",
    ),
    click.option("--follow/--no-follow", "follow_redirects", default=None, help="Follow redirects. [default: follow]"),
    click.option("--max-redirects", type=int, metavar="N", help="Redirects to follow at most. [default: 10]"),
    click.option(
        "--insecure/--verify",
        default=None,
        help="Let certificate faults pass; their facts are shown. [default: verify]",
    ),
    click.option("-4", "family", flag_value=AddressFamily.IPV4.value, help="Use only IPv4 addresses."),
    click.option("-6", "family", flag_value=AddressFamily.IPV6.value, help="Use only IPv6 addresses."),
    click.option("--proxy", metavar="URL", help="http, https, socks5 or socks5h proxy."),
    click.option("--degraded-after-ms", type=float, metavar="MS", help="Slower than this is DEGRADED."),
)
_DATABASE_OPTIONS = (
    click.option("--database", metavar="URL", help="sqlite:///path or postgresql://…; overrides the settings."),
    click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="TOML file with settings; the environment overrides it.",
    ),
)


def check_options(command: Command) -> Command:
    """Add every option of a check; `options_given` reads them."""
    return _add(_CHECK_OPTIONS, command)


def database_options(command: Command) -> Command:
    """Add --database and --config; `opened_database` takes them."""
    return _add(_DATABASE_OPTIONS, command)


def json_option(command: Command) -> Command:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")(command)


def page_options(command: Command) -> Command:
    """Add --page and --page-size."""
    for name, default, most in (("--page-size", 50, 500), ("--page", 1, 1_000_000)):
        kind = click.IntRange(1, most)
        command = click.option(name, type=kind, default=default, show_default=True, metavar="N")(command)
    return command


def _add(options: tuple[Callable[[Command], Command], ...], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def options_given(values: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of `CheckOptions` that were given on the command line, by name.

    Raises:
        Invalid: one of them cannot be read.
    """
    given = {
        "timeout": values["timeout"],
        "max_retries": values["max_retries"],
        "method": values["method"],
        "request_headers": dict(_header(text) for text in values["headers"]) or None,
        "request_body": _body(values["request_body"]),
        "auth": _auth(values["basic"], values["bearer"]),
        "expected_status": values["expected_status"],
        "expectations": _expectations(values) or None,
        "follow_redirects": values["follow_redirects"],
        "max_redirects": values["max_redirects"],
        "verify_tls": None if values["insecure"] is None else not values["insecure"],
        "address_family": values["family"],
        "proxy": values["proxy"],
        "degraded_after_ms": values["degraded_after_ms"],
    }
    return {name: value for name, value in given.items() if value is not None}


def _expectations(values: dict[str, Any]) -> list[dict[str, Any]]:
    from tocsin.model.conditions.lines import parse_expectation  # noqa: PLC0415 (pydantic is slow to load)

    found: list[dict[str, Any]] = [{"on": "body", "op": "contains", "value": text} for text in values["expect_body"]]
    found += [{"on": "body", "op": "matches", "value": pattern} for pattern in values["expect_regex"]]
    for option, start in (("expect_json", "json "), ("expect", "")):
        for text in values[option]:
            try:
                found.append(parse_expectation(start + text))
            except ValueError as error:
                raise Invalid(f"--{option.replace('_', '-')} {text!r}: {error}") from error
    return found + [_expected_header(text) for text in values["expect_header"]]


def _expected_header(text: str) -> dict[str, Any]:
    name, value = (part.strip() for part in text.partition(":")[::2])
    if not name:
        raise Invalid(f"--expect-header {text!r}: write it as Name, or Name: text")
    wanted = {"op": "contains", "value": value} if value else {"op": "exists"}
    return {"on": "header", "name": name, **wanted}


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise Invalid(f"--header {text!r}: write it as Name: value")
    return name.strip(), value.strip()


def _body(text: str | None) -> str | None:
    if text is None or not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"--body {text}: {error}") from error


def _auth(basic: str | None, bearer: str | None) -> dict[str, str] | None:
    if basic is not None and bearer is not None:
        raise Invalid("--basic and --bearer exclude each other")
    if bearer is not None:
        return {"kind": "bearer", "token": bearer}
    if basic is None:
        return None
    username, colon, password = basic.partition(":")
    if not colon:
        raise Invalid("--basic: write it as USER:PASSWORD")
    return {"kind": "basic", "username": username, "password": password}


def check_options_of(values: dict[str, Any]) -> "CheckOptions":
    """Return the options of a check from the values of `check_options`.

    Raises:
        Invalid: naming everything that is wrong.
    """
    from pydantic import ValidationError  # noqa: PLC0415 (slow to load)

    from tocsin.model.options import CheckOptions  # noqa: PLC0415

    try:
        return CheckOptions(**options_given(values))
    except ValidationError as error:
        raise explain(error) from error


_OPTION_OF = {
    "check_interval": "--interval",
    "request_headers": "--header",
    "request_body": "--body",
    "auth": "--basic or --bearer",
    "expectations": "--expect",
    "tags": "--tag",
    "url": "URL",
}
"""Where an option is called otherwise than its field."""


def explain(error: "ValidationError") -> Invalid:
    """Return what is wrong with the values given, each fault by the name of its option."""
    faults = []
    for one in error.errors(include_url=False):
        field = str(one["loc"][0]) if one["loc"] else ""
        option = _OPTION_OF.get(field, f"--{field.replace('_', '-')}")
        text = one["msg"].removeprefix("Value error, ")
        faults.append(f"{option}: {text[:1].lower()}{text[1:]}" if field else text)
    return Invalid("; ".join(faults))


def settings_of(database: str | None = None, config: Path | None = None) -> "Settings":
    """Return the settings, the database as given on the command line.

    Raises:
        SettingsInvalid: with every fault.
    """
    from tocsin.model.websites import INTERVAL_BOUNDS  # noqa: PLC0415 (pydantic is slow to load)
    from tocsin.settings import load_settings  # noqa: PLC0415

    settings = load_settings(config=config).with_changes(database_url=database)
    INTERVAL_BOUNDS.min_s, INTERVAL_BOUNDS.max_s = settings.check_interval_min, settings.check_interval_max
    return settings


@contextmanager
def opened_database(database: str | None, config: Path | None, *, create: bool = True) -> Iterator["Database"]:
    """Yield the database that is meant, created or (SQLite) upgraded if need be; `create=False` takes it as it is.

    Raises:
        StorageUnavailable: it cannot be reached.
        SchemaBehind: a PostgreSQL that another release left.
    """
    from tocsin.storage.configured import open_database  # noqa: PLC0415 (SQLAlchemy is slow to load)
    from tocsin.storage.database import Database, translated_errors  # noqa: PLC0415

    settings = settings_of(database, config)
    opened = open_database(settings) if create else Database(settings.database_url, create=False)
    try:
        with translated_errors(opened.url):
            yield opened
    finally:
        opened.dispose()
