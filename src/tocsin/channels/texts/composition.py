"""What a message says, before any provider's markup: a subject, notes, parts of lines, links."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from tocsin.channels.texts.cutting import cut
from tocsin.channels.texts.subjects import began_at, headline, subject_of
from tocsin.channels.texts.wording import When, clean, counted, duration, is_link, one_line
from tocsin.model.alerts import AlertPriority
from tocsin.model.messages import AlertFacts, Message, MessageKind
from tocsin.model.times import as_utc

MAX_ALERTS_SHOWN = 10
MAX_LABELS_SHOWN = 12
MAX_LINES = 100
MAX_LINE = 4000
MAX_TEXT = 50_000


class Style(Enum):
    """How the lines of a part hang together."""

    PLAIN = "plain"  # paragraphs
    FACTS = "facts"  # a label and a text each
    LIST = "list"
    NUMBERED = "numbered"


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `label` in parts of facts, `url` where it leads somewhere."""

    text: str
    label: str = ""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Lines under a heading, which may be empty. `left_off` counts those there was no room for."""

    heading: str
    lines: tuple[Line, ...]
    style: Style = Style.PLAIN
    left_off: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A whole message in words. `own_body` is a template's, in the provider's markup, and stands instead of parts."""

    kind: MessageKind
    priority: AlertPriority
    subject: str
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    links: tuple[tuple[str, str], ...] = ()  # label, URL
    link: str | None = None  # where all of it can be read
    footer: str = ""
    own_body: str | None = None


def compose(message: Message, when: When) -> Text:
    """Return what `message` says, in full."""
    first = message.alerts[0] if message.alerts else None
    link = next((url for url in (message.link, first.url if first else None) if is_link(url)), None)
    return Text(
        kind=message.kind,
        priority=message.priority,
        subject=subject_of(message, when),
        notes=tuple(_notes(message, when)),
        parts=tuple(part for part in _parts(message, when) if part.lines),
        links=tuple(_links(message, first, link)),
        link=link,
        footer=_footer(message, first, when),
    )


def with_note(text: Text, note: str) -> Text:
    """Return `text` with one more note."""
    return replace(text, notes=(*text.notes, note))


def _notes(message: Message, when: When) -> Iterator[str]:
    if message.possibly_repeated:
        yield "May be a repeat: the answer to an earlier try was lost."
    if message.late_since and message.kind is not MessageKind.MISSED:
        ago = duration(when.since(message.late_since))
        yield f"Late: due at {when.moment(message.late_since)}, {ago} ago; this channel could not be reached."


def _parts(message: Message, when: When) -> Iterator[Part]:
    yield _paragraphs("", message.text)
    if message.kind is MessageKind.MISSED:
        yield Part("", tuple(Line(_missed(alert, message, when)) for alert in message.alerts[:MAX_ALERTS_SHOWN]))
    if message.alerts_count > 1:
        yield _counts(message, when)
        yield _causes(message)
        yield _listed(message, when)
    if message.alerts and message.kind is not MessageKind.DIGEST:
        yield from _details(message, message.alerts[0], when)


def _missed(alert: AlertFacts, message: Message, when: When) -> str:
    resolved = f", resolved {when.moment(alert.resolved_at)}" if alert.resolved_at else ""
    about = f"{_one_line(alert.title)}: " if message.alerts_count > 1 else ""
    return (
        f"{about}Fired {when.moment(alert.first_seen_at)}{resolved}; this channel was down, "
        f"told you at {when.moment(when.now)}."
    )


def _counts(message: Message, when: When) -> Part:
    facts = [Line(f"{message.alerts_count:,}", "Alerts")]
    if message.resolved_count:
        facts.append(Line(f"{message.resolved_count:,} of them", "Resolved"))
    since = began_at(message)
    if since:
        facts.append(Line(_since(since, None, when), "First seen"))
    if message.group_labels:
        facts.append(Line(_labels(message.group_labels), "Group"))
    return Part("", tuple(facts), Style.FACTS)


def _causes(message: Message) -> Part:
    causes = message.causes[:MAX_ALERTS_SHOWN]
    lines = tuple(Line(f"{_one_line(cause)}: {count:,}") for cause, count in causes)
    return Part("Causes", lines, Style.LIST, len(message.causes) - len(causes))


def _listed(message: Message, when: When) -> Part:
    shown = message.alerts[:MAX_ALERTS_SHOWN]
    lines = tuple(Line(_in_one_line(alert, when), url=alert.url if is_link(alert.url) else None) for alert in shown)
    return Part("Alerts", lines, Style.LIST, message.alerts_count - len(shown))


def _in_one_line(alert: AlertFacts, when: When) -> str:
    if alert.resolved_at:
        return f"[RESOLVED] {headline(alert)}, lasted {_lasted(alert)}"
    return f"[{alert.priority}] {headline(alert)}, since {when.moment(alert.first_seen_at)}"


def _details(message: Message, alert: AlertFacts, when: When) -> Iterator[Part]:
    heading = headline(alert) if message.alerts_count > 1 else ""
    yield _paragraphs(heading, alert.message)
    yield Part("", tuple(_facts(alert, when)), Style.FACTS)
    yield _several("Why", alert.evidence, Style.LIST)
    if not alert.resolved_at:
        yield _several("How to fix", alert.recommendations, Style.NUMBERED)


def _paragraphs(heading: str, text: str) -> Part:
    lines = [line for line in clean(cut(text, MAX_TEXT)).split("\n") if line.strip()]
    return Part(heading, tuple(map(Line, lines[:MAX_LINES])), left_off=max(0, len(lines) - MAX_LINES))


def _several(heading: str, texts: tuple[str, ...], style: Style) -> Part:
    return Part(
        heading, tuple(Line(_one_line(one)) for one in texts[:MAX_LINES]), style, max(0, len(texts) - MAX_LINES)
    )


def _one_line(text: str) -> str:
    return one_line(cut(text, MAX_LINE))


def _facts(alert: AlertFacts, when: When) -> Iterator[Line]:
    if alert.resource:
        yield Line(_one_line(alert.resource), "Where")
    yield Line(_since(alert.first_seen_at, alert, when), "Since")
    if alert.resolved_at:
        by = f" by {_one_line(alert.resolved_by)}" if alert.resolved_by else ""
        yield Line(f"{when.moment(alert.resolved_at)}{by}", "Resolved")
        yield Line(_lasted(alert), "Lasted")
    elif alert.acknowledged_by:
        yield Line(_one_line(alert.acknowledged_by), "Acknowledged by")
    if alert.note:
        yield Line(_one_line(alert.note), "Note")
    yield Line(f"{alert.priority}, {alert.category}", "Priority")
    if alert.notification_count > 1:
        yield Line(f"{alert.notification_count:,} times", "Seen")
    affected = _affected(alert)
    if affected:
        yield Line(affected, "Affected")
    if alert.related_logs:
        yield Line(_one_line(alert.related_logs), "Logs")
    if alert.runbook_url and not is_link(alert.runbook_url):
        yield Line(_one_line(alert.runbook_url), "Runbook")
    if alert.labels:
        yield Line(_labels(alert.labels), "Labels")


def _since(at: datetime, alert: AlertFacts | None, when: When) -> str:
    """Return when it began, and how long ago that is where it goes on."""
    ago = "" if alert and alert.resolved_at else f", {duration(when.since(at))} ago"
    return f"{when.moment(at)}{ago}"


def _lasted(alert: AlertFacts) -> str:
    ended = alert.resolved_at or alert.last_seen_at
    return duration((as_utc(ended) - as_utc(alert.first_seen_at)).total_seconds())


def _affected(alert: AlertFacts) -> str:
    others = ", ".join(map(_one_line, alert.affected[:MAX_LABELS_SHOWN]))
    more = len(alert.affected) - MAX_LABELS_SHOWN
    users = counted(alert.affected_users, "user") if alert.affected_users is not None else ""
    return "; ".join(part for part in (users, others + (f", … and {more} more" if more > 0 else "")) if part)


def _labels(labels: Mapping[str, str]) -> str:
    shown = [f"{_one_line(name)}={_one_line(value)}" for name, value in list(labels.items())[:MAX_LABELS_SHOWN]]
    more = len(labels) - len(shown)
    return ", ".join(shown) + (f", … and {more} more" if more else "")


def _links(message: Message, first: AlertFacts | None, link: str | None) -> Iterator[tuple[str, str]]:
    if link:
        yield ("Open" if message.link == link else "Alert", link)
    if first is None or message.kind is MessageKind.DIGEST:
        return
    is_one = message.alerts_count == 1
    acknowledges = is_one and not first.resolved_at and not first.acknowledged_by
    wanted = (
        ("Alert", first.url if is_one and first.url != link else None),
        ("Acknowledge", first.acknowledge_url if acknowledges else None),
        ("Runbook", first.runbook_url),
        ("Source", first.generator_url),
    )
    yield from ((label, url) for label, url in wanted if url and is_link(url))


def _footer(message: Message, first: AlertFacts | None, when: When) -> str:
    about = f" · alert {first.id}" if first and message.alerts_count == 1 else ""
    return f"Tocsin{about} · {when.moment(when.now)}"
