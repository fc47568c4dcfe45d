"""How a benchmark speaks: what it will take at the start, progress on stderr, a table or JSON at the end."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from tocsin.cli.output import ms_text, span_text

_began_at = time.monotonic()


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that all have."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return made


def load() -> str:
    """Return the load averages over 1, 5 and 15 minutes: on a busy machine figures are upper bounds."""
    return " ".join(f"{one:.1f}" for one in os.getloadavg())


def begin(what: str, estimated_s: float) -> None:
    """Say on stderr what is measured and how long it will take."""
    say(f"{what}: takes about {span_text(estimated_s)}; load average {load()}, {os.cpu_count()} cores")


def say(text: str) -> None:
    """Tell progress on stderr, with the seconds so far."""
    print(f"[{time.monotonic() - _began_at:5.0f} s] {text}", file=sys.stderr, flush=True)


def finish(rows: Sequence[tuple[str, str, str]], figures: dict[str, Any], *, as_json: bool, is_good: bool) -> None:
    """Print rows of what, measured and goal, or the figures as JSON; exit with 1 where something was wrong."""
    figures = {**figures, "load_average": load(), "took_s": round(time.monotonic() - _began_at, 1)}
    if as_json:
        print(json.dumps(figures, indent=2))
    else:
        wide = max(len(row[0]) for row in rows)
        middle = max(len(row[1]) for row in rows)
        for what, measured, goal in rows:
            print(f"  {what:<{wide}}  {measured:<{middle}}  {goal}".rstrip())
        print(f"  load average {load()}, took {span_text(figures['took_s'])}")
    sys.exit(0 if is_good else 1)


def ms(milliseconds: float | None) -> str:
    """Return milliseconds for people."""
    return ms_text(milliseconds)
