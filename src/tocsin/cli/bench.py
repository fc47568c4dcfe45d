"""`tocsin bench`: what this installation can carry, measured."""

from typing import TYPE_CHECKING

import click

from tocsin.cli.options import json_option
from tocsin.cli.output import NOTHING, bytes_text, console, counted, ms_text, note, percent_text, print_json, span_text

if TYPE_CHECKING:
    from tocsin.cli.measuring.run import BenchResult, OnProgress


@click.command()
@click.option("--websites", "websites_count", type=click.IntRange(1, 100_000), default=1000, show_default=True)
@click.option("--interval", type=click.IntRange(1, 3600), default=20, show_default=True, help="Seconds between checks.")
@click.option("--seconds", type=click.FloatRange(1, 86_400), default=40, show_default=True, help="How long to measure.")
@click.option("--https", "is_https", is_flag=True, help="With TLS: a full handshake for every check.")
@click.option(
    "--asks", "asks_per_s", type=click.FloatRange(0, 100), default=2, show_default=True,
    help="How often a second each list and page is asked for in the second half; 0: never.",
)  # fmt: skip
@json_option
def bench(websites_count: int, interval: int, seconds: float, is_https: bool, asks_per_s: float, as_json: bool) -> None:
    """Measure this installation: watch many websites on this machine for a while.

    Starts a small website on 127.0.0.1 to 127.0.0.8 (with nginx where that is installed) and a whole server with
    a database of its own, which checks it under many paths. The first interval is not measured. In the first half
    of the rest the server only checks; in the second half lists and pages are asked for as well. Nothing is left
    behind, and nothing else is touched. Names are not looked up, and the network costs nothing: real websites
    take longer, but hardly more CPU.

    \b
    Examples:
      tocsin bench
      tocsin bench --websites 10000 --interval 60 --seconds 300 --https --json
    """
    from tocsin.cli.measuring.run import BenchPlan, run_bench  # noqa: PLC0415 (SQLAlchemy is slow to load)
    from tocsin.logs import configure_logs  # noqa: PLC0415

    configure_logs("WARNING")
    plan = BenchPlan(websites_count, interval, seconds, is_https, asks_per_s)
    screen = console(stderr=True)
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    if screen.is_terminal:
        note(f"This takes about {span_text(plan.estimated_s)}.")
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
    click.echo(f"{websites} ({kind}, by {result.target}), each every {result.interval_s} s, for {result.seconds:g} s\n")
    share = percent_text(None if result.done_ratio is None else 100 * result.done_ratio)
    row = NOTHING if result.check_bytes is None else f"{result.check_bytes:.0f} B"
    late = f"{ms_text(result.lateness_p50_ms)} median, {ms_text(result.lateness_p99_ms)} 99th percentile"
    if result.asked:
        late += f" ({ms_text(result.asked_lateness_p99_ms)} while lists are asked for)"
    first = ms_text(result.first_cpu_ms_per_check)
    lines = [
        ("checks", f"{result.done_count} done of {result.due_count} due ({share}), {result.missed_count} missed"),
        ("up", f"{result.up_count}"),
        ("lateness", late),
        ("CPU", f"{ms_text(result.cpu_ms_per_check)} a check, {result.cpu_percent:.0f} % of one core"),
        ("by thread", ", ".join(f"{label} {share:.1f} %" for label, share in result.threads_percent.items())),
        ("at first", f"{first} a check, with the start and what is kept of each website's first check"),
        ("memory", f"{result.memory_mib:.0f} MiB resident at most"),
        ("a check", f"{row} in the database, of {bytes_text(result.database_bytes)} in all"),
        ("target", f"{result.target}, {result.target_cpu_percent:.0f} % of one core"),
    ]
    for label, value in lines:
        click.echo(f"  {label:<10}{value}")
    for one in result.asked:
        times = f"{ms_text(one['p50_ms'])} median, {ms_text(one['p99_ms'])} 99th percentile"
        times += f", first {ms_text(one['first_ms'])}"
        failed = f", {one['failed_count']} failed" if one["failed_count"] else ""
        click.echo(f"  {'GET':<10}{one['path']}: {times}, {one['count']} answers{failed}")
