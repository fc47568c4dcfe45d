"""The program `tocsin`: its group of commands, and how every command ends."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from tocsin import __version__, _extra_missing
from tocsin.cli.access import token, user
from tocsin.cli.alerts import alerts
from tocsin.cli.bench import bench
from tocsin.cli.channels import channels
from tocsin.cli.check import check
from tocsin.cli.database import db
from tocsin.cli.maintenance import maintenance
from tocsin.cli.rules import rules
from tocsin.cli.serve import serve
from tocsin.cli.silences import silences
from tocsin.cli.websites import websites
from tocsin.errors import TocsinError

INTERRUPTED = 130
"""Exit code after Ctrl-C. Source: POSIX shells report 128 + the signal's number."""


class Program(click.Group):
    """A group whose commands end in one way: a sentence on stderr and an exit code, never a traceback."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line and exit; without `standalone_mode` return or raise instead."""
        extra = {**extra, "complete_var": complete_var, "windows_expand_args": windows_expand_args}
        if not standalone_mode:
            return super().main(args, prog_name, standalone_mode=False, **extra)
        sys.exit(self._run(args, prog_name, extra))

    def _run(self, args: Sequence[str] | None, prog_name: str | None, extra: dict[str, Any]) -> int:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # a terminal that is not UTF-8 gets "?", not a traceback
        try:
            code = super().main(args, prog_name, standalone_mode=False, **extra)
        except (click.Abort, KeyboardInterrupt):
            return INTERRUPTED
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except TocsinError as error:
            return _fail(error)
        except ModuleNotFoundError as error:
            missing = _extra_missing("this command", error)
            if not isinstance(missing, TocsinError):
                raise
            return _fail(missing)
        return code if isinstance(code, int) else 0


def _fail(error: TocsinError) -> int:
    click.echo(f"Error: {error.message}", err=True)
    return error.exit_code


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="tocsin", message="%(prog)s %(version)s")
def main() -> None:
    """Tocsin watches websites and says why they fail.

    \b
    Examples:
      tocsin check https://example.com
      tocsin serve
      tocsin websites add https://example.com
    """


for _command in (check, serve, websites, alerts, rules, channels, silences, maintenance, db, user, token, bench):
    main.add_command(_command)
