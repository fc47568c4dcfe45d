"""Checks of several websites at once, each with its own options; nothing is recorded."""

import asyncio
from collections.abc import Callable, Sequence

from tocsin.model.options import CheckOptions
from tocsin.model.results import CheckResult
from tocsin.probes import Tools, open_tools
from tocsin.settings import Settings
from tocsin.watch.once import budget_s, look

CONCURRENCY = 50


def tools_of(settings: Settings) -> Tools:
    """Return tools as the settings want them, not started yet."""
    return open_tools(settings.ca_bundle or None, settings.name_servers or None, settings.forbidden_networks)


async def look_at_all(
    targets: Sequence[tuple[str, CheckOptions]], on_result: Callable[[int, CheckResult], None], settings: Settings
) -> None:
    """Check every target once; call `on_result(position, result)` as each one ends."""
    slots = asyncio.Semaphore(CONCURRENCY)
    async with tools_of(settings) as tools:

        async def one(position: int, url: str, options: CheckOptions) -> None:
            async with slots:
                on_result(position, await look(url, options, tools, budget=budget_s(options.timeout)))

        async with asyncio.TaskGroup() as group:
            for position, (url, options) in enumerate(targets):
                group.create_task(one(position, url, options))
