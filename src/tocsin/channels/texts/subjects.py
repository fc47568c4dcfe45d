"""The one line that a phone shows: what, and since when."""

import re
from datetime import datetime

from tocsin.channels.texts.cutting import cut
from tocsin.channels.texts.wording import When, counted, duration, one_line
from tocsin.model.messages import AlertFacts, Message, MessageKind
from tocsin.model.times import as_utc

MAX_SUBJECT = 200
MAX_TITLE = 2000
_HOST = re.compile(r"\w+://([^/:?#@]+)")
_ABOUT_ALERTS = frozenset(MessageKind) - {MessageKind.TEST, MessageKind.REPORT}
_WAITING = frozenset({MessageKind.REMINDER, MessageKind.ESCALATION})
_CLOSED = frozenset({MessageKind.RESOLVED, MessageKind.MISSED, MessageKind.TEST, MessageKind.REPORT})


def subject_of(message: Message, when: When) -> str:
    """Return the subject of `message` on one line."""
    return ("[REPEAT?] " if message.possibly_repeated else "") + _said(message, topic_of(message), when)


def _title(text: str) -> str:
    return one_line(cut(text, MAX_TITLE))


def topic_of(message: Message) -> str:
    """Return what the message is about: its title, its alert's, or how many alerts."""
    if message.title and (message.alerts_count != 1 or message.kind not in _ABOUT_ALERTS):
        return _title(message.title)
    if not message.alerts:
        return counted(message.alerts_count, "alert") if message.alerts_count else "Tocsin"
    if message.alerts_count == 1:
        return headline(message.alerts[0])
    return f"{counted(message.alerts_count, 'alert')}: {headline(message.alerts[0])}"


def headline(alert: AlertFacts) -> str:
    """Return an alert's title, with where it is unless that stands in it already."""
    title = _title(alert.title)
    return f"{title} ({_title(alert.resource)})" if alert.resource and not names(title, alert.resource) else title


def names(title: str, resource: str) -> bool:
    """Return whether a title says already where it is: by the resource itself, or the host in its URL."""
    host = _HOST.match(resource)
    return _title(resource) in title or (host is not None and host[1] in title)


def began_at(message: Message) -> datetime | None:
    """Return when the first of the message's alerts was first seen; None where it is about none."""
    if message.first_seen_at:
        return message.first_seen_at
    return min((alert.first_seen_at for alert in message.alerts), default=None)


def ended_at(message: Message) -> datetime | None:
    """Return when the last of the message's alerts was resolved; None where none of them is."""
    return max((alert.resolved_at for alert in message.alerts if alert.resolved_at), default=None)


def _said(message: Message, topic: str, when: When) -> str:
    began, ended = began_at(message), ended_at(message)
    fired = f" – fired {when.moment(began)}" if began else ""
    said = {
        MessageKind.CHANGED: f"Changed: {topic}",
        MessageKind.FLAPPING: f"Flapping: {topic}",
        MessageKind.REMINDER: f"Unacknowledged{_for(began, when)}: {topic}",
        MessageKind.ESCALATION: f"Escalated, unacknowledged{_for(began, when)}: {topic}",
        MessageKind.RESOLVED: f"[RESOLVED] {topic}{_lasted(began, ended)}",
        MessageKind.MISSED: f"[MISSED] {topic}{fired}" + (f", resolved {when.moment(ended)}" if ended else ""),
        MessageKind.TEST: f"[TEST] {topic}",
        MessageKind.REPORT: topic,
    }.get(message.kind, topic)
    if message.kind in _CLOSED:
        return said
    is_said = message.kind in _WAITING or " since " in topic
    since = f" – since {when.moment(began)}" if began and not is_said else ""
    return f"[{message.priority}] {said}{since}"


def _for(began: datetime | None, when: When) -> str:
    return f" for {duration(when.since(began))}" if began else ""


def _lasted(began: datetime | None, ended: datetime | None) -> str:
    return f" – lasted {duration((as_utc(ended) - as_utc(began)).total_seconds())}" if began and ended else ""
