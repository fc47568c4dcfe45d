"""Numbers and moments as people read them. Pure; the pages' templates call these."""

from datetime import datetime
from typing import NamedTuple

from tocsin.model.standing import Standing
from tocsin.model.times import DAY_S, HOUR_S, as_utc

WORDS: dict[Standing, str] = {
    Standing.DOWN: "Down",
    Standing.DEGRADED: "Degraded",
    Standing.UNKNOWN: "Unknown",
    Standing.PENDING: "Pending",
    Standing.UP: "Up",
    Standing.PAUSED: "Paused",
}

MEANINGS: dict[Standing, str] = {
    Standing.DOWN: "visitors get no usable answer",
    Standing.DEGRADED: "answers, but slowly or not as expected",
    Standing.UNKNOWN: "the last check could not tell",
    Standing.PENDING: "the first check has not come yet",
    Standing.UP: "answers as expected",
    Standing.PAUSED: "not checked until somebody resumes it",
}

_UNITS = ((DAY_S, "d"), (HOUR_S, "h"), (60, "min"), (1, "s"))
_SOON_DAYS = 14
_URGENT_DAYS = 3


class DaysLeft(NamedTuple):
    """How long a certificate lasts yet, and how much that matters: "ok", "soon" or "urgent"."""

    text: str
    level: str


def span(seconds: float | None) -> str:
    """Return a duration in its two largest units: "2 h 11 min", "45 s", "3 d"."""
    if seconds is None:
        return "–"
    left = max(0, round(seconds))
    for index, (size, unit) in enumerate(_UNITS):
        if left >= size:
            count, rest = divmod(left, size)
            if index + 1 == len(_UNITS):
                return f"{count} {unit}"
            smaller, name = _UNITS[index + 1]
            return f"{count} {unit}" + (f" {rest // smaller} {name}" if rest >= smaller else "")
    return "0 s"


def lasting(seconds: float) -> str:
    """Return how long something has gone on; from a minute on without seconds, for it goes on."""
    return span(seconds if seconds < 60 else seconds // 60 * 60)


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago it was in one unit: "12 s ago", "3 min ago"; what is about to come is "now"."""
    seconds = int((now - moment).total_seconds())
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "now"


def milliseconds(value: float | None) -> str:
    """Return "0.4 ms", "142 ms" or "1.24 s"; a dash where there is none."""
    if value is None:
        return "–"
    if value < 9.95:
        return f"{value:.1f} ms"
    return f"{value:.0f} ms" if value < 999.5 else f"{value / 1000:.2f} s"


def percent(value: float | None) -> str:
    """Return "100 %", "99.98 %", "87.5 %"; what is not quite 100 is never shown as 100."""
    if value is None:
        return "–"
    if value >= 100:
        return "100 %"
    shown = int(value * 100) / 100
    return f"{shown:.2f} %" if shown >= 99 else f"{int(value * 10) / 10:.1f} %"


def days_left(not_after: datetime, now: datetime) -> DaysLeft:
    """Return how many days a certificate that expires then is good for."""
    seconds = (not_after - now).total_seconds()
    if seconds < 0:
        return DaysLeft("expired", "urgent")
    days = int(seconds // DAY_S)
    level = "urgent" if days < _URGENT_DAYS else "soon" if days < _SOON_DAYS else "ok"
    return DaysLeft(f"{days} d" if days else span(seconds), level)


def utc_text(moment: datetime) -> str:
    """Return "2026-01-31 14:03:11 UTC"."""
    return f"{as_utc(moment):%Y-%m-%d %H:%M:%S} UTC"


def size(bytes_count: int | None) -> str:
    """Return "512 bytes", "14.2 KB" or "1.3 MB"."""
    if bytes_count is None:
        return "–"
    if bytes_count < 1000:
        return f"{bytes_count} bytes"
    return f"{bytes_count / 1000:.1f} KB" if bytes_count < 1_000_000 else f"{bytes_count / 1_000_000:.1f} MB"


def common_name(distinguished_name: str) -> str:
    """Return the CN of an RFC 4514 name, else its O, else the whole."""
    for wanted in ("CN=", "O="):
        for part in distinguished_name.split(","):
            if part.strip().startswith(wanted):
                return part.strip()[len(wanted) :]
    return distinguished_name


def sentence(text: str) -> str:
    """Return an error's text as a sentence; a first word that is no plain word (a URL, say) stays as it is."""
    start = text.split(maxsplit=1)[0] if text.strip() else ""
    shown = text[:1].upper() + text[1:] if start.isalpha() else text
    return shown if shown.endswith((".", "!", "?")) else shown + "."
