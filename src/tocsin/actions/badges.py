"""Badges: one fact of a website as a small picture. They go by id, so that a new name changes no address."""

import math
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Literal
from unicodedata import east_asian_width

from pydantic import BaseModel, ConfigDict, Field

from tocsin.actions.uptime import MAX_HOURS, UptimeQuery, get_uptime
from tocsin.actions.websites import get_website
from tocsin.model.conditions.certificate_warnings import whole_days_left
from tocsin.model.standing import Standing, standing_of
from tocsin.model.times import utcnow
from tocsin.model.websites import WebsiteRead
from tocsin.storage.database import Session

GREEN, AMBER, RED, GREY = "#2e7d32", "#b26a00", "#c62828", "#616161"
_COLOURS = {Standing.UP: GREEN, Standing.DEGRADED: AMBER, Standing.DOWN: RED}

_NARROW, _WIDE = frozenset("fijlrtI.,:;|!'()[]/ "), frozenset("mwMW%@")
_HEIGHT, _BASELINE, _PADDING = 20, 14, 6


class BadgeQuery(BaseModel):
    """Which badge is asked for."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["status", "uptime", "certificate"] = "status"
    hours: int = Field(24, ge=1, le=MAX_HOURS, description="With `uptime`: the last so many hours.")


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge says."""

    label: str
    text: str
    colour: str
    title: str  # the website's name, for whoever points at it or cannot see it


def read_badge(db: Session, website_id: int, query: BadgeQuery, now: datetime | None = None) -> Badge:
    """Return what a website's badge says.

    Raises:
        NotFound: there is no such website.
    """
    website = get_website(db, website_id)
    if query.kind == "uptime":
        percent = get_uptime(db, website_id, UptimeQuery(hours=query.hours)).by_time_percent
        return Badge(f"uptime {_span(query.hours)}", *_uptime_facts(percent), website.name)
    if query.kind == "certificate":
        return Badge("certificate", *_certificate_facts(website.certificate_not_after, now or utcnow()), website.name)
    return _status_badge(website)


def _status_badge(website: WebsiteRead) -> Badge:
    standing = standing_of(website.is_active, website.status if website.last_checked_at else None)
    return Badge("status", standing.value.lower(), _COLOURS.get(standing, GREY), website.name)


def _uptime_facts(percent: float | None) -> tuple[str, str]:
    if percent is None:
        return "nothing seen", GREY
    colour = GREEN if percent >= 99 else AMBER if percent >= 95 else RED
    return f"{math.floor(percent * 100) / 100:.2f} %", colour  # 99.999 is not 100


def _certificate_facts(not_after: datetime | None, now: datetime) -> tuple[str, str]:
    if not_after is None:
        return "none seen", GREY
    if now > not_after:
        return "expired", RED
    days = whole_days_left(not_after, now)
    colour = GREEN if days > 21 else AMBER if days > 3 else RED
    return "last day" if days == 0 else f"{days} day{'' if days == 1 else 's'} left", colour


def _span(hours: int) -> str:
    return f"{hours // 24} d" if hours >= 48 and hours % 24 == 0 else f"{hours} h"


def draw(badge: Badge) -> str:
    """Return the badge as SVG that loads nothing and runs nothing."""
    left, right = _width(badge.label) + 2 * _PADDING, _width(badge.text) + 2 * _PADDING
    words = [_words(text, at) for text, at in ((badge.label, _PADDING), (badge.text, left + _PADDING))]
    title = _clean(f"{badge.title}: {badge.label} {badge.text}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" role="img"'
        f' aria-label="{title}"><title>{title}</title>'
        f'<rect width="{left + right}" height="{_HEIGHT}" rx="3" fill="#424242"/>'
        f'<rect x="{left}" width="{right}" height="{_HEIGHT}" rx="3" fill="{badge.colour}"/>'
        f'<rect x="{left}" width="3" height="{_HEIGHT}" fill="{badge.colour}"/>'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{"".join(words)}</g></svg>\n'
    )


def _words(text: str, at: int) -> str:
    return f'<text x="{at}" y="{_BASELINE}" textLength="{_width(text)}">{_clean(text)}</text>'


def _clean(text: str) -> str:
    """Return a text for XML: escaped, and without what XML 1.0 has no place for."""
    return escape("".join(one if one.isprintable() else " " for one in text))


def _width(text: str) -> int:
    """Return about how many pixels a text is wide; the picture stretches it to exactly these."""
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if east_asian_width(character) in "WF":
        return 12
    return 4 if character in _NARROW else 10 if character in _WIDE else 7
