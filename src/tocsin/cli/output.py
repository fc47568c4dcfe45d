"""How everything is printed: JSON for machines, tables and facts for people. Colour only on a terminal."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from tocsin.errors import Invalid
from tocsin.model.enums import MonitorStatus

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

MAX_WIDTH = 120
"""Lines wider than this are hard to follow from their label to their number."""
UNLIMITED_WIDTH = 10_000
"""Tables that go to a file or a pipe keep every character."""

STYLE_OF = {
    MonitorStatus.UP: "green",
    MonitorStatus.DOWN: "red",
    MonitorStatus.DEGRADED: "yellow",
    MonitorStatus.UNKNOWN: "bright_black",
}
SYMBOL_OF = {
    MonitorStatus.UP: "●",
    MonitorStatus.DOWN: "✖",
    MonitorStatus.DEGRADED: "▲",
    MonitorStatus.UNKNOWN: "?",
}
NOTHING = "–"


def print_json(data: Any) -> None:
    """Print `data` as indented JSON."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def note(text: str) -> None:
    """Print a remark on stderr, out of the way of data."""
    click.echo(text, err=True)


def console(*, stderr: bool = False) -> "Console":
    """Return a console that colours only where it is a terminal."""
    from rich.console import Console  # noqa: PLC0415 (each command loads only what it needs)

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def picture_width(out: "Console") -> int:
    """Return how many columns a drawing may use."""
    return max(40, min(out.width, MAX_WIDTH))


def status_text(status: MonitorStatus | None) -> "Text":
    """Return a status as symbol and word in its colour."""
    from rich.text import Text  # noqa: PLC0415

    status = status or MonitorStatus.UNKNOWN
    return Text(f"{SYMBOL_OF[status]} {status.value}", style=STYLE_OF[status])


def print_table(head: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Iterable[str] = ()) -> None:
    """Print rows under a head; the columns named in `right` are flush right."""
    from rich.table import Table  # noqa: PLC0415

    out = console()
    if not out.is_terminal:
        out.width = UNLIMITED_WIDTH
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bright_black")
    numbers = set(right)
    for name in head:
        justify = "right" if name in numbers else "left"
        table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis")  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*(cell if hasattr(cell, "plain") else str(cell) for cell in row))
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as drawn:
        out.print(table)
    click.echo("\n".join(line.rstrip() for line in drawn.get().splitlines()))


def counted(number: int, noun: str) -> str:
    """Return a number and its noun, in the plural where need be."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def page_footer(page: int, page_size: int, shown: int, total: int, what: str) -> None:
    """Say on stderr which part of a list was printed, where it is not all of it."""
    if shown == total:
        return
    first = (page - 1) * page_size + 1
    more = f"; go on with --page {page + 1}" if page * page_size < total else ""
    shown_text = f"{first}–{first + shown - 1}" if shown else "none"
    note(f"{shown_text} of {total} {what}{more}")


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that cannot be undone.

    Raises:
        Invalid: nobody is there to answer.
        click.Abort: the answer was no, or Ctrl-C.
    """
    if yes:
        return
    try:
        click.confirm(question, abort=True, err=True)
    except click.Abort as error:
        if isinstance(error.__context__, EOFError):
            raise Invalid("nobody is there to answer; say --yes if it is meant") from None
        raise


def ms_text(milliseconds: float | None) -> str:
    """Return milliseconds for people: "1.23 ms", "45.6 ms", "789 ms", "12.3 s"."""
    if milliseconds is None:
        return NOTHING
    if milliseconds >= 9999.5:
        return f"{milliseconds / 1000:.1f} s"
    if milliseconds >= 99.95:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds:.1f} ms" if milliseconds >= 9.995 else f"{milliseconds:.2f} ms"


def bytes_text(count: float) -> str:
    """Return a size for people, in units of 1024."""
    if count < 1024:
        return f"{count:.0f} B"
    return f"{count / 1024:.1f} KiB" if count < 1024**2 else f"{count / 1024**2:.1f} MiB"


def span_text(seconds: float, units: int = 2) -> str:
    """Return a duration for people in its largest units: "42 s", "3 min 5 s", "2 d 4 h"."""
    left = max(0, round(seconds))
    parts: list[tuple[int, str]] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count or parts:
            parts.append((count, unit))
    return " ".join(f"{count} {unit}" for count, unit in parts[:units] if count) or "0 s"


def ago_text(moment: datetime | None, now: datetime) -> str:
    """Return how long ago `moment` was, in its largest unit."""
    if moment is None:
        return "never"
    return f"{span_text((now - moment).total_seconds(), units=1)} ago"


def moment_text(moment: datetime | None) -> str:
    """Return a moment in UTC to the second."""
    return NOTHING if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def percent_text(percent: float | None) -> str:
    """Return a percentage that never rounds a fault away: 99.999 stays below 100."""
    if percent is None:
        return NOTHING
    text = f"{percent:.2f}"
    return f"{'99.99' if text == '100.00' and percent < 100 else text} %"


def days_between(now: datetime, later: datetime) -> int:
    """Return whole days between `now` and `later`, rounded towards now: negative where that many have passed since."""
    days = abs(later - now) // timedelta(days=1)
    return days if later >= now else -days
