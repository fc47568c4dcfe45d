"""Results of checks as they come in: a live progress line on a terminal, pictures or JSON in the order asked for."""

from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from tocsin.cli.output import console, picture_width, print_json
from tocsin.cli.waterfall import draw, shortened_list
from tocsin.model.enums import MonitorStatus
from tocsin.model.results import CheckResult
from tocsin.model.times import utcnow


class Report:
    """Takes the results in any order. Use it as a context: at its end everything is printed."""

    def __init__(self, urls: Sequence[str], *, as_json: bool) -> None:
        self._urls = list(urls)
        self._as_json = as_json
        self._results: list[CheckResult | None] = [None] * len(self._urls)
        self._drawn_count = 0
        self._out = console()
        errors = console(stderr=True)
        # Only what goes to the same terminal can be drawn above the progress line.
        self._is_live = self._out.is_terminal and not as_json
        screen = self._out if self._is_live else errors
        self._progress, self._task = _progress(screen, len(self._urls))

    def __enter__(self) -> Self:
        self._progress.start()
        self._describe()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
        if kind is None:
            self._print_all()

    def add(self, position: int, result: CheckResult) -> None:
        """Take the result of the URL at `position`; on a terminal draw it as soon as those before it are drawn."""
        self._results[position] = result
        self._progress.advance(self._task)
        self._describe()
        if self._is_live:
            self._draw_ready()

    @property
    def results(self) -> list[CheckResult]:
        """Return what has come in, in the order asked for."""
        return [result for result in self._results if result is not None]

    @property
    def exit_code(self) -> int:
        """Return 0 where every website is available, else 1."""
        return 0 if all(result.status and result.status.is_available for result in self.results) else 1

    def _describe(self) -> None:
        waiting = [url for url, result in zip(self._urls, self._results, strict=True) if result is None]
        self._progress.update(self._task, description=f"waiting for {shortened_list(waiting)}" if waiting else "")

    def _print_all(self) -> None:
        if self._as_json:
            print_json([result.to_dict() for result in self.results])
            return
        self._draw_ready()
        if len(self._urls) > 1:
            self._out.print(_summary(self.results), style="bold")

    def _draw_ready(self) -> None:
        width = picture_width(self._out)
        while self._drawn_count < len(self._results):
            result = self._results[self._drawn_count]
            if result is None:
                return
            for line in draw(result, width, utcnow()):
                self._out.print(line, soft_wrap=True)
            self._drawn_count += 1
            if len(self._urls) > 1:
                self._out.print()


def _progress(screen: Console, total: int) -> tuple[Progress, TaskID]:
    columns: list[ProgressColumn] = [SpinnerColumn()]
    if total > 1:
        columns += [BarColumn(bar_width=24), TextColumn("{task.completed:.0f}/{task.total:.0f}")]
    columns += [TimeElapsedColumn(), TextColumn("{task.description}", style="bright_black")]
    progress = Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)
    return progress, progress.add_task("", total=total)


def _summary(results: list[CheckResult]) -> str:
    counts = Counter(result.status or MonitorStatus.UNKNOWN for result in results)
    parts = [f"{counts[status]} {status.value}" for status in MonitorStatus if counts[status]]
    return f"{len(results)} checked: {', '.join(parts)}"
