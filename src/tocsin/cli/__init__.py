"""For a terminal: one module a noun. Nothing heavy is imported before a command needs it."""

import sys
from typing import Any

try:
    from tocsin.cli.program import main
except ModuleNotFoundError as _missing:
    if _missing.name != "click":
        raise

    def main(*_args: Any, **_options: Any) -> Any:  # type: ignore[misc]
        """Say what to install: the base package comes without a command line."""
        sys.stderr.write('Error: the command line needs the extra "server": pip install "tocsin[server]"\n')
        sys.exit(2)


__all__ = ["main"]
