"""A composition as the HTML of an e-mail: styles inline, nothing loaded from elsewhere, everything escaped."""

from html import escape

from tocsin.channels.texts.composition import Line, Part, Style, Text
from tocsin.channels.texts.markup import more
from tocsin.channels.texts.wording import colour_of

_BODY = "margin:0;padding:16px;font:15px/1.5 system-ui,sans-serif;color:#222;background:#fff"
_HEADING = "margin:20px 0 4px;font-size:15px"
_BUTTON = "display:inline-block;margin:0 8px 8px 0;padding:6px 14px;border-radius:4px;background:#263238;color:#fff"
_NOTE = "margin:0 0 12px;padding:8px 12px;background:#fff8e1"
_QUIET = "margin-top:24px;color:#777;font-size:13px"
_TAGS = {Style.LIST: "ul", Style.NUMBERED: "ol"}


def page_of(text: Text) -> str:
    """Return a whole HTML document; a template's body, escaped already, stands in place of the parts."""
    colour = f"#{colour_of(text.kind, text.priority):06x}"
    title = f'<h1 style="margin:0 0 12px;padding-left:12px;border-left:5px solid {colour};font-size:19px">'
    inner = [f"{title}{escape(text.subject)}</h1>"]
    inner += [f'<p style="{_NOTE}">{escape(note)}</p>' for note in text.notes]
    if text.own_body is None:
        inner += [_part(part, text.link) for part in text.parts]
        inner.append(_links(text))
        inner.append(f'<p style="{_QUIET}">{escape(text.footer)}</p>')
    else:
        inner.append(text.own_body)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(text.subject)}</title></head>\n'
        f'<body style="{_BODY}">\n' + "\n".join(part for part in inner if part) + "\n</body></html>\n"
    )


def paragraphs(plain: str) -> str:
    """Return a plain text as HTML that looks the same."""
    return f'<div style="white-space:pre-wrap">{escape(plain)}</div>'


def _part(part: Part, link: str | None) -> str:
    heading = f'<h2 style="{_HEADING}">{escape(part.heading)}</h2>' if part.heading else ""
    rest = f"<p>{_linked(Line(more(part.left_off), url=link))}</p>" if part.left_off else ""
    return heading + _lines(part) + rest


def _lines(part: Part) -> str:
    if part.style is Style.FACTS:
        cell = "padding:1px 12px 1px 0;vertical-align:top"
        rows = (
            f'<tr><th style="{cell};text-align:left">{escape(line.label)}</th>'
            f'<td style="{cell}">{escape(line.text)}</td></tr>'
            for line in part.lines
        )
        return f"<table>{''.join(rows)}</table>"
    if part.style in _TAGS:
        tag = _TAGS[part.style]
        return f"<{tag}>{''.join(f'<li>{_linked(line)}</li>' for line in part.lines)}</{tag}>"
    return "".join(f'<p style="white-space:pre-wrap">{_linked(line)}</p>' for line in part.lines)


def _linked(line: Line) -> str:
    return escape(line.text) if line.url is None else f'<a href="{escape(line.url)}">{escape(line.text)}</a>'


def _links(text: Text) -> str:
    buttons = (f'<a style="{_BUTTON}" href="{escape(url)}">{escape(label)}</a>' for label, url in text.links)
    return f"<p>{''.join(buttons)}</p>" if text.links else ""
