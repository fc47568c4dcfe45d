"""Subject and body in the words of whoever runs the channel; where their template fails, in ours, with a note."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from tocsin.channels.texts.composition import Text, compose, with_note
from tocsin.channels.texts.cutting import cut
from tocsin.channels.texts.markup import PLAIN, Markup, body_of
from tocsin.channels.texts.samples import SAMPLES, SAMPLES_AT
from tocsin.channels.texts.sandbox import MAX_LOOP, MAX_VALUE, Marked, Program, TemplateFault
from tocsin.channels.texts.subjects import began_at
from tocsin.channels.texts.wording import When, clean, duration, one_line
from tocsin.model.messages import AlertFacts, Message

__all__ = ["TemplateFault", "Templates", "check", "say"]


@dataclass(frozen=True, slots=True)
class Templates:
    """What a channel says in its own words; None: the built-in ones. `markup` is that of the body."""

    subject: str | None = None
    body: str | None = None
    markup: Markup = PLAIN


def say(message: Message, when: When, templates: Templates = Templates()) -> Text:
    """Return what `message` says: the channel's own subject and body where it has them and they work."""
    text = compose(message, when)
    if not templates.subject and not templates.body:
        return text
    values = values_of(message, text, when, templates.markup)
    for field, source, markup in _sources(templates):
        try:
            said = _program(source, markup, when).run(values)
        except TemplateFault as fault:
            text = with_note(text, f"The channel's {field} failed ({cut(str(fault), 300)}); this is the built-in text.")
            continue
        if said and field == "subject_template":
            text = replace(text, subject=one_line(said))
        elif said:
            text = replace(text, own_body=said)
    return text


def check(templates: Templates) -> dict[str, str]:
    """Return what is wrong with the templates, by field; they are tried on a sample of every kind of message."""
    faults = {}
    for field, source, markup in _sources(templates):
        fault = _fault_of(source, markup)
        if fault:
            faults[field] = fault
    return faults


def values_of(message: Message, text: Text, when: When, markup: Markup) -> dict[str, Any]:
    """Return what templates may name: plain values, bounded, nothing that leads further."""
    alerts = [_alert(alert) for alert in message.alerts[:MAX_LOOP]]
    return {
        "kind": message.kind.value,
        "priority": message.priority.value,
        "subject": text.subject,
        "body": Marked(cut(body_of(text, markup), MAX_VALUE)),
        "title": _bounded(message.title),
        "text": _bounded(message.text),
        "alert": alerts[0] if alerts else _no_alert(message),
        "alerts": alerts,
        "alerts_count": message.alerts_count,
        "resolved_count": message.resolved_count,
        "causes": [{"cause": _bounded(cause), "count": count} for cause, count in message.causes[:MAX_LOOP]],
        "first_seen_at": began_at(message),
        "group_labels": _bounded(message.group_labels),
        "link": text.link,
        "external_url": message.external_url,
        "possibly_repeated": message.possibly_repeated,
        "late_since": message.late_since,
        "created_at": message.created_at,
        "now": when.now,
    }


def _sources(templates: Templates) -> list[tuple[str, str, Markup]]:
    given = (("subject_template", templates.subject, PLAIN), ("body_template", templates.body, templates.markup))
    return [(field, source, markup) for field, source, markup in given if source]


def _alert(alert: AlertFacts) -> dict[str, Any]:
    return {field.name: _bounded(getattr(alert, field.name)) for field in fields(alert)}


def _no_alert(message: Message) -> dict[str, Any]:
    """What `alert` is in a test or a report: its title and text, and nothing else."""
    empty: dict[str, Any] = {field.name: None for field in fields(AlertFacts)}
    lists: dict[str, list[str]] = {name: [] for name in ("evidence", "recommendations", "affected")}
    said = {"title": _bounded(message.title), "message": _bounded(message.text), "priority": message.priority.value}
    return {**empty, **lists, "labels": {}, "annotations": {}, **said}


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return clean(cut(str(value), MAX_VALUE))
    if isinstance(value, Mapping):
        return {name: _bounded(one) for name, one in list(value.items())[:MAX_LOOP]}
    if isinstance(value, tuple):
        return [_bounded(one) for one in value[:MAX_LOOP]]
    return value


@lru_cache(maxsize=256)  # configurations are read before every send
def _fault_of(source: str, markup: Markup) -> str | None:
    when = When(SAMPLES_AT)
    try:
        program = _program(source, markup, when)
    except TemplateFault as fault:
        return str(fault)
    for message in SAMPLES:
        try:
            said = program.run(values_of(message, compose(message, when), when, markup))
        except TemplateFault as fault:
            return f"{fault} (tried on a {message.kind} message)"
        if not said and message.alerts:
            return f"it says nothing where the message is a {message.kind} one"
    return None


def _program(source: str, markup: Markup, when: When) -> Program:
    def shown(value: Any) -> str:
        if isinstance(value, Marked):
            return value
        if isinstance(value, datetime):
            value = when.moment(value)
        return markup.escape("" if value is None else str(value))

    filters = {
        "ago": lambda value: "" if value is None else duration(when.since(value)),
        "duration": duration,
        "time": lambda value: "" if value is None else when.moment(value),
        "tojson": _json,
    }
    return Program(source, filters, shown)


def _json(value: Any) -> str:
    return Marked(json.dumps(value, ensure_ascii=False, default=str))
