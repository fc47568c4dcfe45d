"""`tocsin bench`: what this installation can carry, measured."""

from typing import TYPE_CHECKING

import click

from tocsin.cli.options import json_option
from tocsin.cli.output import bytes_text, console, counted, ms_text, print_json

if TYPE_CHECKING:
    from tocsin.cli.bench_run import BenchResult, OnProgress


@click.command()
@click.option("--websites", "websites_count", type=click.IntRange(1, 100_000), default=1000, show_default=True)
@click.option("--interval", type=click.IntRange(1, 3600), default=60, show_default=True, help="Seconds between checks.")
@click.option("--seconds", type=click.FloatRange(1, 3600), default=60, show_default=True, help="How long to measure.")
@click.option("--https", "is_https", is_flag=True, help="With TLS: a full handshake for every check.")
@json_option
def bench(websites_count: int, interval: int, seconds: float, is_https: bool, as_json: bool) -> None:
    """Measure this installation: watch many websites on this machine for a while.

    Starts a small website on 127.0.0.1 and watches it under many paths with a database of its own. Nothing is
    left behind, and nothing else is touched. Names are not looked up, and the network costs nothing: real
    websites take longer, but hardly more CPU.

    \b
    Examples:
      tocsin bench
      tocsin bench --websites 10000 --https --json
    """
    from tocsin.cli.bench_run import BenchPlan, run_bench  # noqa: PLC0415 (SQLAlchemy is slow to load)
    from tocsin.logs import configure_logs  # noqa: PLC0415

    configure_logs("WARNING")
    plan = BenchPlan(websites_count, interval, seconds, is_https)
    screen = console(stderr=True)
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (BarColumn(bar_width=30), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        task = progress.add_task("", total=1.0)
        show: OnProgress = lambda text, share: progress.update(task, description=text, completed=share)  # noqa: E731
        result = run_bench(plan, show)
    if as_json:
        print_json(result.to_dict())
    else:
        print_result(result)


def print_result(result: "BenchResult") -> None:
    """Print the figures, one a line."""
    kind = "https" if result.is_https else "http"
    websites = counted(result.websites_count, "website")
    click.echo(f"{websites} ({kind}), each every {result.interval_s} s, for {result.seconds:g} s\n")
    share = "–" if result.done_ratio is None else f"{100 * result.done_ratio:.2f} %"
    row = "–" if result.check_bytes is None else f"{result.check_bytes:.0f} B"
    lines = (
        ("checks", f"{result.done_count} done of {result.due_count} due ({share}), {result.missed_count} missed"),
        ("up", f"{result.up_count}"),
        ("lateness", f"{ms_text(result.lateness_p50_ms)} median, {ms_text(result.lateness_p99_ms)} 99th percentile"),
        ("CPU", f"{ms_text(result.cpu_ms_per_check)} a check, {result.cpu_percent:.0f} % of one core"),
        ("memory", f"{result.memory_mib:.0f} MiB resident"),
        ("a check", f"{row} in the database, of {bytes_text(result.database_bytes)} in all"),
    )
    for label, value in lines:
        click.echo(f"  {label:<10}{value}")
