"""`tocsin alerts …`: problems, and who was told of them."""

import click

from tocsin.cli.alert_why import why


@click.group()
def alerts() -> None:
    """Look at alerts, and at who was told of them.

    \b
    Example:
      tocsin alerts why 17
    """


alerts.add_command(why)
