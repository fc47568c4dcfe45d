"""Times, durations, counts and characters as messages show them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from urllib.parse import urlsplit

from tocsin.model.alerts import AlertPriority
from tocsin.model.messages import MessageKind
from tocsin.model.times import as_utc

MAX_URL = 2000
_UNSENDABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_STEPS = ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s"))

COLOURS = {
    AlertPriority.CRITICAL: 0xC62828,
    AlertPriority.HIGH: 0xEF6C00,
    AlertPriority.MEDIUM: 0xF9A825,
    AlertPriority.LOW: 0x1565C0,
    AlertPriority.INFO: 0x607D8B,
}
GOOD_COLOUR = 0x2E7D32

SIGNS = {
    AlertPriority.CRITICAL: "🔴",
    AlertPriority.HIGH: "🟠",
    AlertPriority.MEDIUM: "🟡",
    AlertPriority.LOW: "🔵",
    AlertPriority.INFO: "⚪",
}
GOOD_SIGN = "✅"


@dataclass(frozen=True, slots=True)
class When:
    """The moment of speaking, and the time zone to speak in."""

    now: datetime
    zone: tzinfo = UTC

    def moment(self, at: datetime) -> str:
        """Return "02:10 UTC"; with the date where that is not today's."""
        local, today = as_utc(at).astimezone(self.zone), as_utc(self.now).astimezone(self.zone)
        date = "" if local.date() == today.date() else f"{local:%Y-%m-%d} "
        return f"{date}{local:%H:%M} {zone_name(local)}"

    def since(self, at: datetime) -> float:
        """Return the seconds from `at` until now, at least 0."""
        return max(0.0, (as_utc(self.now) - as_utc(at)).total_seconds())


def zone_name(local: datetime) -> str:
    """Return the name of a local time's zone; one that has only a number gets UTC before it."""
    name = local.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def duration(seconds: float) -> str:
    """Return "45 s", "4 min", "2 h 10 min" or "3 d 4 h": two units at most."""
    whole = max(0, round(seconds))
    for size, unit, smaller_size, smaller_unit in _STEPS:
        if whole >= size:
            rest = whole % size // smaller_size
            return f"{whole // size} {unit}" + (f" {rest} {smaller_unit}" if rest else "")
    return f"{whole} s"


def counted(count: int, noun: str) -> str:
    """Return "1 alert" or "10,000 alerts"."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def sign_of(kind: MessageKind, priority: AlertPriority) -> str:
    """Return the picture that stands before a chat message's title."""
    return GOOD_SIGN if kind is MessageKind.RESOLVED else SIGNS[priority]


def colour_of(kind: MessageKind, priority: AlertPriority) -> int:
    """Return the colour of a message as 0xRRGGBB."""
    return GOOD_COLOUR if kind is MessageKind.RESOLVED else COLOURS[priority]


def clean(text: str) -> str:
    """Return `text` without what no provider takes: control characters but line ends and tabs, half surrogate pairs."""
    return _UNSENDABLE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def one_line(text: str) -> str:
    """Return `text` cleaned, on one line."""
    return " ".join(clean(text).split())


def is_link(url: str | None) -> bool:
    """Return whether `url` is one that may be made clickable: http or https, and of a length that providers take."""
    if not url or len(url) > MAX_URL or any(one.isspace() or one in "<>\"'`|\\" or one < " " for one in url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
