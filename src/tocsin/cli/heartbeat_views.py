"""How heartbeats are printed: when they are expected, where their jobs report, and the pings that came."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from tocsin.cli.output import NOTHING, ago_text, moment_text, ms_text, print_table
from tocsin.model.heartbeats.pings import PingRead
from tocsin.model.heartbeats.schedules import schedule_of, span_text
from tocsin.model.websites import WebsiteRead

if TYPE_CHECKING:
    from tocsin.settings import Settings

_SAID = 60
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 (compared to, not bound)


def server_url(settings: "Settings") -> str:
    """Return where the server of these settings is reached from this machine."""
    host = _ANY_ADDRESS.get(settings.host, f"[{settings.host}]" if ":" in settings.host else settings.host)
    return f"http://{host}:{settings.port}"


def schedule_text(website: WebsiteRead) -> str:
    """Return when a heartbeat's pings are expected, in words."""
    schedule = schedule_of(website)
    grace = f"{span_text(schedule.grace_s)} of grace"
    if schedule.cron:
        return f"expected at {schedule.cron} ({schedule.time_zone}), {grace}"
    return f"expected every {span_text(schedule.period_s or 0)}, {grace}"


def heartbeat_facts(website: WebsiteRead, server: str, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield what a heartbeat has beside other websites, named for people."""
    yield "ping URL", f"{server}{website.ping_url}"
    yield "pings", schedule_text(website)
    if website.is_started:
        yield "running", "a run has started and not ended"
    if website.next_expected_at:
        late = "; it is late" if website.is_late else ""
        yield "next ping", f"expected at {moment_text(website.next_expected_at)}{late}"
    yield "last ping", ago_text(website.last_ping_at, now)


def print_pings(pings: list[PingRead]) -> None:
    """Print a table of pings."""
    print_table(("pinged at", "said", "took", "from", "body"), map(_row, pings), right=("took",))


def _row(ping: PingRead) -> tuple[str, ...]:
    said = ping.kind if ping.exit_code is None else f"{ping.kind} ({ping.exit_code})"
    body = " ".join(ping.body_head.split())
    shown = body if len(body) <= _SAID else body[:_SAID] + "…"
    return moment_text(ping.received_at), said, ms_text(ping.duration_ms), ping.address or NOTHING, shown
