"""How the program starts and ends, whatever the command."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.support.terminal import environment, invoke, run
from tocsin import __version__
from tocsin.cli import main

HEAVY = (
    "sqlalchemy alembic fastapi starlette uvicorn pydantic pycurl aiodns rich asyncio argon2 apscheduler cryptography"
)


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from commands(child, (*path, name))


EVERY = [pytest.param(path, command, id=" ".join(path) or "tocsin") for path, command in commands(main)]


def examples(command: click.Command) -> list[list[str]]:
    lines = [line.strip() for line in (command.help or "").splitlines()]
    return [shlex.split(line.split(" < ")[0])[1:] for line in lines if line.startswith("tocsin ")]


@pytest.mark.parametrize(("path", "command"), EVERY)
def test_every_help_has_an_example_of_its_own_that_can_be_parsed(path: tuple[str, ...], command: click.Command) -> None:
    found = examples(command)
    assert found
    assert all(tuple(words[: len(path)]) == path for words in found)
    for words in found:
        parse(main, words)


def parse(command: click.Command, words: list[str]) -> None:
    """Parse a command line down to its last word, without running it."""
    context = command.make_context("tocsin", list(words), help_option_names=["--help"])
    if isinstance(command, click.Group):
        name, child, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert child is not None, name
        parse(child, rest)


@pytest.mark.parametrize("words", ["--help", "check --help", "serve --help", "websites add --help", "db upgrade -h"])
def test_help_loads_nothing_heavy(words: str) -> None:
    code = (
        "import sys\nfrom tocsin.cli import main\n"
        f"try:\n    main({words.split()!r}, prog_name='tocsin')\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "print('loaded:', *sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())
    help_text, _, loaded = shown.stdout.partition("loaded:")
    assert help_text.startswith("Usage: tocsin")
    assert set(loaded.split()) & set(HEAVY.split()) == set()


def test_the_version_is_printed() -> None:
    assert run("--version").stdout == f"tocsin {__version__}\n"


def test_the_installed_script_is_the_same_program() -> None:
    script = Path(sys.executable).with_name("tocsin")
    shown = subprocess.run([script, "--version"], capture_output=True, text=True, check=True, env=environment())
    assert shown.stdout == f"tocsin {__version__}\n"


@pytest.mark.parametrize("words", [["chekc"], ["check"], ["check", "--colour"], ["db", "upgrade", "a", "b"], []])
def test_a_wrong_command_ends_with_2_and_a_hint(words: list[str]) -> None:
    ended = run(*words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Usage: tocsin" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_error_is_one_sentence_on_stderr() -> None:
    ended = run("check", "ftp://site.example")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("Error: 'ftp://site.example' must start with one of http://, https://, ")
    assert ended.stderr.count("\n") == 1


def without(package: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command where `package` is not installed."""
    code = f"import sys; sys.modules[{package!r}] = None; from tocsin.cli import main; main({list(words)!r})"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment())


@pytest.mark.parametrize("package", ["click", "rich", "pycurl"])
def test_a_missing_extra_is_named_with_its_remedy(package: str) -> None:
    ended = without(package, "check", "http://127.0.0.1")
    assert ended.returncode == 2
    assert 'pip install "tocsin[server]"' in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_missing_module_that_is_no_extra_is_a_bug_and_shown_as_one() -> None:
    ended = without("tocsin.watch.once", "check", "http://127.0.0.1")
    assert "Traceback" in ended.stderr


def test_a_terminal_that_cannot_show_a_sign_gets_a_question_mark(site: str) -> None:
    ended = run("check", f"{site}/ok", env={"PYTHONIOENCODING": "ascii"})
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "? UP" in ended.stdout


def test_output_to_a_closed_pipe_is_quiet(here: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "tocsin", "db", "history", *here],
            stdout=writing, stderr=subprocess.PIPE, text=True, check=False, env=environment(),
        )  # fmt: skip
    finally:
        os.close(writing)
    assert ended.stderr == ""


def test_without_standalone_mode_errors_are_raised() -> None:
    with pytest.raises(click.UsageError):
        main(["check"], standalone_mode=False)


def test_an_interrupted_question_ends_with_130(here: list[str]) -> None:
    invoke("db", "upgrade", *here)
    assert invoke("db", "downgrade", *here, text="n\n").exit_code == 130
