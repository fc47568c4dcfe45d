"""One check, once: attempts until one says anything but DOWN, or until retries or time are used up."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import ValidationError

from tocsin.errors import Invalid
from tocsin.model.enums import MonitorStatus
from tocsin.model.heartbeats.keys import hidden_url, is_heartbeat
from tocsin.model.options import CheckOptions
from tocsin.model.results import CheckResult
from tocsin.model.targets.kinds import refuse_useless_options
from tocsin.model.times import utcnow
from tocsin.model.urls import check_url
from tocsin.model.websites import WebsiteCreate
from tocsin.probes import Target, Tools, open_tools, probe
from tocsin.watch.expect import check_expectations, is_heavy
from tocsin.watch.judge import settle

FIRST_BACKOFF_S = 0.25
LONGEST_BACKOFF_S = 2.0
SHORTEST_ATTEMPT_S = 0.5
"""With less than this left of the budget no further attempt is made: it could only fail."""


def budget_s(timeout_s: float, interval_s: float | None = None) -> float:
    """Return how long all attempts of a check may take together, in seconds."""
    return 2 * timeout_s if interval_s is None else min(interval_s, 2 * timeout_s)


async def look(url: str, options: CheckOptions, tools: Tools, *, budget: float) -> CheckResult:
    """Return one settled check of `url`; never raises for what the world does.

    A DOWN attempt is repeated up to `max_retries` times with a short pause. The result is the last attempt's,
    dated at the first one's start, with the failed ones before it in `earlier`.

    Args:
        url: what to look at.
        options: how.
        tools: engine and resolver.
        budget: seconds that all attempts may take together.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + budget
    earlier: list[CheckResult] = []
    while True:
        timeout_s = min(options.timeout, deadline - loop.time())
        target = Target(url, options, timeout_s)
        result = await _settled(await probe(target, tools), options)
        pause = min(FIRST_BACKOFF_S * 2 ** len(earlier), LONGEST_BACKOFF_S)
        left = deadline - loop.time() - pause
        is_last = len(earlier) >= options.max_retries or left < SHORTEST_ATTEMPT_S
        if result.status is not MonitorStatus.DOWN or is_last:
            break
        earlier.append(result)
        await asyncio.sleep(pause)
    if not earlier:
        return result
    return result.evolve(started_at=earlier[0].started_at, attempts=len(earlier) + 1, earlier=tuple(earlier))


async def _settled(seen: CheckResult, options: CheckOptions) -> CheckResult:
    if is_heavy(seen, options):  # other checks must not wait until a large body is read through
        return await asyncio.to_thread(settle, seen, options, utcnow())
    return settle(seen, options, utcnow())


async def check_website(url: str, **options: Any) -> CheckResult:
    """Check one URL once, without a database; return all that was seen.

    Args:
        url: for example "https://example.com".
        options: any field of a website, by the same name: timeout (s), max_retries, method, request_headers,
            request_body, auth, expected_status, follow_redirects, max_redirects, verify_tls, address_family,
            proxy, degraded_after_ms, expectations. A check_interval (s) bounds all attempts together, as it does
            for a website; what says nothing of the check itself (name, tags) is validated and left aside.

    Raises:
        Invalid: the URL or an option is not usable. What the world does wrong is in the result instead.
    """
    website = parse_website(url, options)
    wanted = CheckOptions(**{name: getattr(website, name) for name in CheckOptions.model_fields})
    interval_s = website.check_interval if "check_interval" in website.model_fields_set else None
    async with open_tools() as tools:
        return await look(website.url, wanted, tools, budget=budget_s(wanted.timeout, interval_s))


async def check_many(
    urls: Iterable[str],
    options: CheckOptions,
    on_result: Callable[[int, CheckResult], None],
    tools: Tools,
    *,
    concurrency: int = 50,
) -> None:
    """Check several URLs at once; call `on_result(position, result)` as each one ends. `tools` are closed then.

    Raises:
        Invalid: one of the URLs or expectations is not usable, or not with these options; nothing was checked then.
    """
    check_expectations(options.expectations)
    addresses = [_checked_url(url, options) for url in urls]
    slots = asyncio.Semaphore(concurrency)
    async with tools:

        async def one(position: int, url: str) -> None:
            async with slots:
                on_result(position, await look(url, options, tools, budget=budget_s(options.timeout)))

        async with asyncio.TaskGroup() as group:
            for position, url in enumerate(addresses):
                group.create_task(one(position, url))


def parse_website(url: str, options: dict[str, Any]) -> WebsiteCreate:
    """Return URL and options, validated as a website's.

    Raises:
        Invalid: naming every option that is wrong.
    """
    try:
        website = WebsiteCreate(url=url, **options)
    except ValidationError as error:
        raise Invalid("; ".join(_fault(one["loc"], one["msg"]) for one in error.errors())) from error
    check_expectations(website.expectations)
    refuse_heartbeat(website.url)
    return website


def _fault(place: tuple[int | str, ...], text: str) -> str:
    return f"{'.'.join(map(str, place))}: {text}"


def _checked_url(url: str, options: CheckOptions) -> str:
    refuse_heartbeat(url)
    try:
        checked = check_url(url)
        refuse_useless_options(checked, vars(options))
        return checked
    except ValueError as error:
        raise Invalid(str(error), field="url") from error


def refuse_heartbeat(url: str) -> None:
    """Raise Invalid where nobody can look at that URL, since its job reports by itself."""
    if is_heartbeat(url):
        raise Invalid(f"{hidden_url(url)} cannot be checked: nobody looks at a heartbeat", field="url")
