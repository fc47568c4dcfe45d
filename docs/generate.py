"""Writes docs/reference/ from the code: settings, command line, HTTP, errors, channels. `--check` only compares.

What the pages say is in the code: a wrong sentence is mended there, then `make docs` writes it here.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from tocsin import errors
from tocsin.app import create_app
from tocsin.channels import CHANNELS
from tocsin.cli import main as command_line
from tocsin.model.enums import Cause, Phase
from tocsin.model.expectations import SUBJECTS, operators_of
from tocsin.settings import SETTINGS

REFERENCE = Path(__file__).parent / "reference"
WRITTEN_BY = "<!-- Written by `make docs` from the code; changes here are lost. -->"
HELP_WIDTH = 100
HTTP_HEAD = """# HTTP

The same with every field and with examples is served at `/docs`, as an OpenAPI document at `/openapi.json`.
Errors are `application/problem+json` (RFC 9457); their codes are in [errors](errors.md)."""
METHODS = ("get", "post", "put", "patch", "delete", "head")


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a Markdown table; bars and line ends in the cells are taken care of."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(
        "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in row) + " |" for row in lines
    )


def code(text: object) -> str:
    """Return `text` as inline code, or nothing where it is empty."""
    return f"`{text}`" if str(text) else ""


def settings_page() -> str:
    """Every setting with its default, in the order of the table in `tocsin.settings`."""
    rows = [(code(one.name), code(one.default), setting_help(one)) for one in SETTINGS]
    return f"""# Settings

Environment variables, or lines of the TOML file given to `tocsin serve --config FILE` (in lower case, without
`TOCSIN_`); the environment wins. With the suffix `_FILE` a variable names a file that holds the value, for
secrets. A name that is not listed here is refused, and all faults are reported at once.

{table(("Setting", "Default", "Meaning"), rows)}
"""


def setting_help(setting: Any) -> str:
    """Return a setting's meaning with its choices and its older name."""
    choices = f" One of {', '.join(map(code, setting.choices))}." if setting.choices else ""
    older = f" Also accepted: {code(setting.older_name)}." if setting.older_name else ""
    return f"{setting.help}{choices}{older}"


def commands(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[click.Context]:
    """Yield the context of a command and of all below it: its words and its settings are in there."""
    context = click.Context(command, parent, name, terminal_width=HELP_WIDTH, **command.context_settings)
    yield context
    if isinstance(command, click.Group):
        for child_name in sorted(command.list_commands(context)):
            child = command.get_command(context, child_name)
            if child is not None and not child.hidden:
                yield from commands(child, child_name, context)


def cli_page() -> str:
    """The help text of every command."""
    parts = [
        f"## {context.command_path}\n\n```text\n{context.get_help().rstrip()}\n```"
        for context in commands(command_line, "tocsin")
    ]
    return "\n\n".join(["# Command line\n\nWhat `--help` prints, for every command.", *parts]) + "\n"


def http_page() -> str:
    """Every operation of the HTTP API, by tag."""
    groups: dict[str, list[tuple[str, ...]]] = {}
    for path, operations in create_app().openapi()["paths"].items():
        for method in METHODS:
            if operation := operations.get(method):
                row = (code(method.upper()), code(path), operation.get("summary", ""), answers(operation))
                groups.setdefault(", ".join(operation.get("tags", ["other"])), []).append(row)
    parts = [HTTP_HEAD]
    head = ("Method", "Path", "What it does", "Answers")
    parts += [f"## {tag}\n\n{table(head, rows)}" for tag, rows in sorted(groups.items())]
    return "\n\n".join(parts) + "\n"


def answers(operation: dict[str, Any]) -> str:
    """Return the status codes an operation answers with."""
    return ", ".join(sorted(operation.get("responses", {})))


def error_classes() -> list[type[errors.TocsinError]]:
    """Return the error tree, root first, of the classes in `tocsin.errors`."""
    found = [errors.TocsinError]
    for error in found:
        found.extend(child for child in error.__subclasses__() if child not in found)
    return [error for error in found if error.__module__ == errors.__name__]


def errors_page() -> str:
    """Every error code, and the causes and phases of a failed check."""
    rows = [
        (code(one.code), str(one.http_status), str(one.exit_code), (one.__doc__ or "").splitlines()[0])
        for one in error_classes()
    ]
    return f"""# Errors

An error is answered over HTTP as problem+json with its code; the command line prints it and ends with its
exit code.

{table(("Code", "HTTP", "Exit", "Meaning"), rows)}

## Causes

A website that fails its check is no error: the check says in which phase, and why.

Phases: {", ".join(code(one.value) for one in Phase)}.

Causes: {", ".join(code(one.value) for one in Cause)}.
"""


def expectations_page() -> str:
    """What can be expected of a check, and by which operators."""
    rows = [(code(on), meaning, " ".join(map(code, operators_of(on)))) for on, meaning in SUBJECTS.items()]
    return f"""# Expectations

What can be expected of a check. How it is written, and what holds: [expectations](../expectations.md).

{table(("On", "What it is", "Operators"), rows)}
"""


def channels_page() -> str:
    """Every kind of channel: its fields, its limits, what fails for good."""
    parts = ["# Channels\n\nWhat each kind can be told. How channels work: [channels](../channels.md)."]
    for row in CHANNELS.values():
        schema = row.schema()
        fields = [
            (code(name), field_default(name, field, schema), "yes" if field.get("secret") else "", field["description"])
            for name, field in schema["properties"].items()
        ]
        parts.append(
            f"## {row.label}\n\nKind `{row.kind}`. Limits: {row.limits}. Fails for good: {row.permanent}. A new one "
            f"tells alerts from {row.defaults.min_priority} on, {row.defaults.rate_limit_per_minute:g} a minute.\n\n"
            + table(("Field", "Default", "Secret", "Meaning"), fields)
        )
    return "\n\n".join(parts) + "\n"


def field_default(name: str, field: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return a field's default, or that it has none."""
    if name in schema.get("required", []):
        return "needed"
    default = field.get("default")
    return "" if default in (None, {}, "") else code(str(default).lower() if isinstance(default, bool) else default)


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "cli.md": cli_page,
    "http.md": http_page,
    "errors.md": errors_page,
    "expectations.md": expectations_page,
    "channels.md": channels_page,
}


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` only compare them; return an exit code."""
    stale = []
    for name, write in PAGES.items():
        path = REFERENCE / name
        text = f"{WRITTEN_BY}\n\n{write()}"
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            REFERENCE.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale and "--check" in arguments:
        print(f"docs/reference/ is behind the code ({', '.join(stale)}): run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
