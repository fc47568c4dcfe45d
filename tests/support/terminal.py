"""The command line as tests use it: in this process, as a process of its own, or in a terminal of its own."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence

from click.testing import CliRunner, Result

from tocsin.cli import main

TIMEOUT_S = 60


def invoke(*arguments: object, text: str | None = None) -> Result:
    """Run a command in this process; `text` is what it reads from standard input."""
    return CliRunner().invoke(main, [str(one) for one in arguments], input=text, prog_name="tocsin")


def environment(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without Tocsin's settings, plus what is given."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    return {**plain, **(given or {})}


def command(*arguments: object) -> list[str]:
    """Return the words that start Tocsin as a process."""
    return [sys.executable, "-m", "tocsin", *(str(one) for one in arguments)]


def run(*arguments: object, text: str = "", env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a command as a process, without a terminal."""
    return subprocess.run(
        command(*arguments), input=text, env=environment(env), capture_output=True, text=True,
        timeout=TIMEOUT_S, check=False,
    )  # fmt: skip


def run_in_terminal(
    arguments: Sequence[object], *, columns: int = 80, answers: Sequence[str] = (), env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a command in a pseudo-terminal; return its exit code and all that the terminal received.

    Each time it has asked something (": " came last) the next of `answers` is typed.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    settings = {"TERM": "xterm-256color", **(env or {})}
    process = subprocess.Popen(
        command(*arguments),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(settings),
        start_new_session=True,
    )
    os.close(theirs)
    received, left = b"", list(answers)
    try:
        while part := os.read(ours, 65536):
            received += part
            if left and received.endswith(b": "):
                os.write(ours, f"{left.pop(0)}\n".encode())
    except OSError:  # Linux says EIO where the other side is closed
        pass
    finally:
        os.close(ours)
    return process.wait(TIMEOUT_S), received.decode()
