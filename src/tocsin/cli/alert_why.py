"""`tocsin alerts why`: why somebody did or did not hear of an alert."""

from pathlib import Path

import click

from tocsin.cli.channels import named
from tocsin.cli.options import database_options, json_option, opened_database
from tocsin.cli.output import moment_text, note, print_json, print_table


@click.command()
@click.argument("alert_id", type=int, metavar="ID")
@click.option("--channel", metavar="CHANNEL", help="Only this channel, by its id or name.")
@database_options
@json_option
def why(alert_id: int, channel: str | None, database: str | None, config: Path | None, as_json: bool) -> None:
    """Explain who was told of an alert and who was not: every decision, oldest first.

    \b
    Examples:
      tocsin alerts why 17
      tocsin alerts why 17 --channel ops
    """
    from tocsin.actions.deliveries import explain  # noqa: PLC0415 (SQLAlchemy is slow to load)

    with opened_database(database, config) as opened, opened.session() as db:
        found = explain(db, alert_id, None if channel is None else named(channel))
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    for one in found.channels:
        click.echo(f"{one.channel_name}: {one.text}")
    if not found.channels:
        note("There are no channels: tocsin channels add NAME KIND --set …")
    if not found.decisions:
        note("Nothing was decided yet.")
        return
    click.echo()
    rows = [
        (moment_text(one.decided_at), one.change_kind or "", one.channel_name or "all", one.step,
         "told" if one.is_told else "not told", one.text)
        for one in found.decisions
    ]  # fmt: skip
    print_table(("decided", "change", "channel", "step", "", "why"), rows)
