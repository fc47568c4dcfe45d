"""How websites are printed: the list, and one of them with its uptime, checks and downtimes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.text import Text

from tocsin.actions.checks import CheckQuery, list_checks
from tocsin.actions.downtimes import DowntimeQuery, list_downtimes
from tocsin.actions.heartbeats import list_pings
from tocsin.actions.uptime import UptimeQuery, get_uptime
from tocsin.actions.websites import get_website
from tocsin.cli.heartbeat_views import heartbeat_facts, print_pings
from tocsin.cli.output import (
    NOTHING,
    STYLE_OF,
    ago_text,
    console,
    counted,
    days_between,
    moment_text,
    ms_text,
    percent_text,
    print_table,
    span_text,
    status_text,
)
from tocsin.cli.waterfall import DIM
from tocsin.model.checks import MonitorCheckRead
from tocsin.model.conditions.lines import expectation_text
from tocsin.model.downtimes import DowntimeWindowRead
from tocsin.model.heartbeats.pings import PingRead
from tocsin.model.options import BasicAuth, BearerAuth, CheckOptions
from tocsin.model.pages import PageQuery
from tocsin.model.standing import Standing, standing_of
from tocsin.model.times import utcnow
from tocsin.model.uptime import Uptime
from tocsin.model.websites import WebsiteRead
from tocsin.storage.database import Session

UPTIMES = ((24, "24 h"), (30 * 24, "30 d"))
"""Hours over which uptime is shown, and how they are called."""
LABEL = 13


@dataclass(frozen=True, slots=True)
class WebsiteSeen:
    """One website as `show` prints it."""

    website: WebsiteRead
    uptimes: tuple[Uptime, ...]
    checks: list[MonitorCheckRead]
    downtimes: list[DowntimeWindowRead]
    pings: list[PingRead]  # of a heartbeat

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON-able form."""
        return {
            "website": self.website.model_dump(mode="json"),
            "uptime": [one.model_dump(mode="json") for one in self.uptimes],
            "checks": [one.model_dump(mode="json", exclude={"evidence"}) for one in self.checks],
            "downtimes": [one.model_dump(mode="json") for one in self.downtimes],
            **({"pings": [one.model_dump(mode="json") for one in self.pings]} if self.website.ping_url else {}),
        }


def read_website(db: Session, website_id: int, checks_count: int, downtimes_count: int) -> WebsiteSeen:
    """Return a website with its newest checks and downtimes."""
    checks = list_checks(db, website_id, CheckQuery(page_size=max(1, checks_count))).items
    downtimes = list_downtimes(db, website_id, DowntimeQuery(page_size=max(1, downtimes_count))).items
    return WebsiteSeen(
        get_website(db, website_id),
        tuple(get_uptime(db, website_id, UptimeQuery(hours=hours)) for hours, _ in UPTIMES),
        checks[:checks_count],
        downtimes[:downtimes_count],
        list_pings(db, website_id, PageQuery(page_size=max(1, checks_count))).items[:checks_count],
    )


def standing_text(website: WebsiteRead) -> Text:
    """Return how a website stands, as symbol and word."""
    standing = standing_of(website.is_active, website.status if website.last_checked_at else None)
    if standing is Standing.PAUSED:
        return Text("‖ PAUSED", style=DIM)
    return Text("… PENDING", style=DIM) if standing is Standing.PENDING else status_text(website.status)


def print_list(websites: list[WebsiteRead]) -> None:
    """Print a table of websites."""
    now = utcnow()
    rows = (
        (
            one.id,
            standing_text(one),
            one.name,
            one.url,
            ago_text(one.last_checked_at, now),
            ms_text(one.last_response_time_ms),
        )
        for one in websites
    )
    print_table(("id", "status", "name", "url", "last check", "response"), rows, right=("id", "response"))


def print_website(seen: WebsiteSeen, server: str) -> None:
    """Print a website, its uptime, its checks and its downtimes; `server` is the URL of where it is served."""
    out, now, website = console(), utcnow(), seen.website
    out.print(
        Text.assemble(standing_text(website), "  ", (website.name, "bold"), "  ", (website.url, DIM)), soft_wrap=True
    )
    if website.last_message and (website.pending_status or not website.status.is_available):
        out.print(f"  {website.last_message}", soft_wrap=True)
    out.print()
    for label, value in _facts(seen, server, now):
        out.print(Text.assemble("  ", (label.ljust(LABEL), DIM), value), soft_wrap=True)
    if seen.checks:
        out.print()
        rows = (_check_row(one) for one in seen.checks)
        print_table(("checked at", "status", "code", "response", "cause"), rows, right=("code", "response"))
    if seen.pings:
        out.print()
        print_pings(seen.pings)
    if seen.downtimes:
        out.print()
        downtimes = (_downtime_row(one, now) for one in seen.downtimes)
        print_table(("down from", "until", "for", "checks", "why"), downtimes, right=("checks",))


def _facts(seen: WebsiteSeen, server: str, now: datetime) -> list[tuple[str, str | Text]]:
    website = seen.website
    return [
        ("id", str(website.id)),
        *(heartbeat_facts(website, server, now) if website.ping_url else _checked_facts(website, now)),
        ("status since", moment_text(website.status_since)),
        ("response", ms_text(website.last_response_time_ms)),
        *_uptime_facts(seen),
        *_rarer_facts(website, now),
    ]


def _checked_facts(website: WebsiteRead, now: datetime) -> Iterator[tuple[str, str]]:
    yield "checked", f"{ago_text(website.last_checked_at, now)}, every {website.check_interval} s"


def _uptime_facts(seen: WebsiteSeen) -> Iterator[tuple[str, str]]:
    label = "uptime"
    for (_, name), one in zip(UPTIMES, seen.uptimes, strict=True):
        by_time, by_checks = percent_text(one.by_time_percent), percent_text(one.by_checks_percent)
        yield label, f"{name}  {by_time} of the time, {by_checks} of {counted(one.checks_count, 'check')}"
        label = ""


def _rarer_facts(website: WebsiteRead, now: datetime) -> Iterator[tuple[str, str | Text]]:
    """Yield what only some websites have."""
    if website.certificate_not_after:
        days = days_between(now, website.certificate_not_after)
        is_over = website.certificate_not_after <= now
        span = f"{counted(abs(days), 'day')} {'ago' if is_over else 'left'}"
        yield "certificate", f"{'expired on' if is_over else 'until'} {website.certificate_not_after:%Y-%m-%d}, {span}"
    if pending := website.pending_text:
        yield "recovering" if website.recovering_checks_count else "suspect", pending
    if website.breaker_open_until and website.breaker_open_until > now:
        rest = span_text((website.breaker_open_until - now).total_seconds())
        yield "left alone", Text(f"for another {rest}, after too many failures", style=STYLE_OF[website.status])
    if rule := str(website.downtime_rule):
        yield "down", rule
    if website.group:
        yield "group", website.group
    if website.tags:
        yield "tags", ", ".join(website.tags)
    if own := own_options(website):
        yield "options", own


def own_options(website: WebsiteRead) -> str:
    """Return the options of its checks that differ from the defaults, in words."""
    usual = CheckOptions()
    parts = []
    for name in CheckOptions.model_fields:
        value = getattr(website, name)
        if value == getattr(usual, name):
            continue
        if isinstance(value, BasicAuth | BearerAuth):
            parts.append(f"auth {value.kind}")
        elif name == "expectations":
            parts += [expectation_text(one) for one in value]
        else:
            parts.append(f"{name} {value}")
    return ", ".join(parts)


def _check_row(check: MonitorCheckRead) -> tuple[Any, ...]:
    code = NOTHING if check.http_status_code is None else check.http_status_code
    why = check.cause or ""
    return moment_text(check.checked_at), status_text(check.status), code, ms_text(check.response_time_ms), why


def _downtime_row(downtime: DowntimeWindowRead, now: datetime) -> tuple[Any, ...]:
    end = downtime.ended_at or now
    until = moment_text(downtime.ended_at) if downtime.ended_at else Text("still down", style="red")
    lasted = span_text((end - downtime.started_at).total_seconds())
    return moment_text(downtime.started_at), until, lasted, downtime.affected_checks_count, downtime.root_cause or ""
