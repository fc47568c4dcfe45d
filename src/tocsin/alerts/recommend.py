"""How to fix it: advice picked by the alert's type and category, filled in with what the alert says. Pure.

`tocsin.alerts.advice` holds the built-in advice; a book adds the users' own, which comes first.
"""

import shlex
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from tocsin.alerts.advice import BY_CATEGORY, BY_TYPE
from tocsin.alerts.texts import number_text
from tocsin.model.alerts import Alert

PLACEHOLDERS = ("resource", "metric", "value", "threshold", "percentile", "error_type", "source", "endpoint", "type",
                "title", "first_seen", "users", "address")  # fmt: skip
SHELL = "_sh"
MOST = 8
"""Nobody reads more in the night."""

_FORMATTER = string.Formatter()


@dataclass(frozen=True, slots=True)
class Book:
    """Advice of one's own: globs on alert types or metric names, and what to do."""

    entries: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def advise(self, alert: Alert, now: datetime) -> list[str]:
        """Return what to do about an alert: this book's advice, then the built-in, at most eight."""
        return recommendations_for(alert, now, self)

    def texts_for(self, names: Iterable[str]) -> list[str]:
        """Return the texts whose glob matches one of the names (in any case), in the book's order."""
        lowered = [name.lower() for name in names]
        return [text for glob, texts in self.entries if any(_matches(name, glob) for name in lowered) for text in texts]


EMPTY_BOOK = Book()


def recommendations_for(alert: Alert, now: datetime, book: Book) -> list[str]:
    """Return what to do about an alert, one's own advice first."""
    names = [alert.alert_type, str(alert.metadata.get("metric_name") or "")]
    built_in = [
        text for glob, texts in BY_TYPE if _matches(alert.alert_type.lower(), glob) for text in texts
    ]  # several globs may match: the more special ones stand first
    general = BY_CATEGORY[alert.category]
    values = values_of(alert, now)
    filled = [filled_in(text, values) for text in (*book.texts_for(names), *built_in, *general)]
    return list(dict.fromkeys(text for text in filled if text is not None))[:MOST]


def values_of(alert: Alert, now: datetime) -> dict[str, str]:
    """Return what the placeholders stand for; those that the alert says nothing of are missing."""
    facts = alert.metadata
    given = {
        "resource": alert.resource,
        "metric": facts.get("metric_name"),
        "value": _number(facts.get("current_value")),
        "threshold": _number(facts.get("threshold_value")),
        "percentile": facts.get("percentile"),
        "error_type": facts.get("error_type"),
        "source": facts.get("source") or alert.resource,
        "endpoint": facts.get("affected_endpoint"),
        "type": alert.alert_type,
        "title": alert.title,
        "first_seen": f"{alert.starts_at or now:%Y-%m-%d %H:%M} UTC",
        "address": facts.get("address") or facts.get("ip_address") or facts.get("source_ip"),
        "users": facts.get("affected_users"),
    }
    return {name: str(value) for name, value in given.items() if value not in (None, "")}


def filled_in(text: str, values: Mapping[str, str]) -> str | None:
    """Return a text with its placeholders filled in; None where one of them has no value."""
    parts = []
    for literal, name, _, _ in _FORMATTER.parse(text):
        parts.append(literal)
        if name is None:
            continue
        value = values.get(name.removesuffix(SHELL))
        if value is None:
            return None
        parts.append(shlex.quote(value) if name.endswith(SHELL) else value)
    return "".join(parts)


def read_book(data: object) -> tuple[Book, list[str]]:
    """Return the book that parsed JSON or TOML describes, and every fault in it."""
    if not isinstance(data, Mapping):
        return EMPTY_BOOK, ["must be a table of globs, each with a list of texts"]
    faults: list[str] = []
    entries = []
    for glob, texts in data.items():
        many = [texts] if isinstance(texts, str) else texts
        if not isinstance(many, list) or not many or not all(isinstance(one, str) and one.strip() for one in many):
            faults.append(f"{glob!r}: must be a text or a list of texts")
            continue
        faults += [f"{glob!r}: {fault}" for one in many if (fault := _fault_of(one))]
        entries.append((str(glob).lower(), tuple(many)))
    return Book(tuple(entries)), faults


def _fault_of(text: str) -> str | None:
    try:
        names = [name for _, name, _, _ in _FORMATTER.parse(text) if name is not None]
    except ValueError as error:
        return f"{text!r}: {error}; write {{{{ and }}}} for braces"
    strange = [name for name in names if name.removesuffix(SHELL) not in PLACEHOLDERS]
    if strange:
        known = ", ".join(PLACEHOLDERS)
        return f"{text!r}: there is no {{{strange[0]}}}; known are {known}, each also with {SHELL} for a shell"
    return None


def _matches(name: str, glob: str) -> bool:
    return bool(name) and fnmatchcase(name, glob)


def _number(value: object) -> str | None:
    return number_text(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
