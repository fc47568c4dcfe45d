"""One composition in several markups: plain, Slack's mrkdwn, Markdown, HTML as Telegram takes it."""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tocsin.channels.texts.composition import Line, Part, Style, Text

ZERO_WIDTH = "\u200b"
_URL = re.compile(r"(https?://[\w.~:/?#@!$&'+,;=%-]+)")
_MARKDOWN = re.compile(r"([\\*_~`|<>\[\]])")
_MARKDOWN_AT_START = re.compile(r"^(\s*)([#+-]|\d+(?=[.)]))", re.MULTILINE)
_MENTION = re.compile(r"@(?=everyone|here|channel)", re.IGNORECASE)
_SLACK_OPENS = re.compile(r"(?<!\w)([*_~`])(?=\S)")
_SLACK_ALIKE = str.maketrans({"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"})


def _plain(text: str) -> str:
    return text


def unmentioned(text: str) -> str:
    """Return `text` with nothing in it that calls everybody of a channel."""
    return _MENTION.sub(f"@{ZERO_WIDTH}", text)


def _slack(text: str) -> str:
    # mrkdwn knows no escape for its own marks, only for what makes links and mentions.
    escaped = html.escape(unmentioned(text), quote=False)
    return _SLACK_OPENS.sub(lambda found: found[1].translate(_SLACK_ALIKE), escaped)


def _markdown(text: str) -> str:
    pieces = _URL.split(unmentioned(text))
    escaped = "".join(piece if index % 2 else _MARKDOWN.sub(r"\\\1", piece) for index, piece in enumerate(pieces))
    return _MARKDOWN_AT_START.sub(lambda found: f"{found[1]}\\{found[2]}", escaped)


@dataclass(frozen=True, slots=True)
class Markup:
    """How a provider wants text: `escape` takes what we do not control, the others what is escaped already."""

    name: str
    escape: Callable[[str], str] = _plain
    strong: Callable[[str], str] = _plain
    link: Callable[[str, str], str] = lambda label, url: f"{label}: {url}"


PLAIN = Markup("plain")
SLACK = Markup(
    "mrkdwn",
    escape=_slack,
    strong=lambda text: f"*{text}*",
    link=lambda label, url: f"<{html.escape(url, quote=False).replace('|', '%7C')}|{label}>",
)
MARKDOWN = Markup(
    "markdown",
    escape=_markdown,
    strong=lambda text: f"**{text}**",
    link=lambda label, url: f"[{label}]({url.replace('(', '%28').replace(')', '%29')})",
)
HTML = Markup(
    "html",
    escape=html.escape,
    strong=lambda text: f"<b>{text}</b>",
    link=lambda label, url: f'<a href="{html.escape(url)}">{label}</a>',
)


def body_of(text: Text, markup: Markup, *, links: bool = True, footer: bool = True) -> str:
    """Return all but the subject, a blank line between the parts."""
    blocks = list(blocks_of(text, markup))
    if links and text.links and text.own_body is None:
        blocks.append(links_of(text, markup))
    if footer and text.footer and text.own_body is None:
        blocks.append(markup.escape(text.footer))
    return "\n\n".join(blocks)


def blocks_of(text: Text, markup: Markup) -> Iterator[str]:
    """Yield the notes and the parts, one block each; a template's body, in place of the parts, is one block."""
    for note in text.notes:
        yield markup.escape(note)
    if text.own_body is not None:
        yield text.own_body
        return
    for part in text.parts:
        heading = [markup.strong(markup.escape(part.heading))] if part.heading else []
        yield "\n".join([*heading, *lines_of(part, markup, text.link)])


def links_of(text: Text, markup: Markup) -> str:
    """Return the links: beside each other where they have a form, else one a line."""
    return ("\n" if markup is PLAIN else " · ").join(
        markup.link(markup.escape(label), url) for label, url in text.links
    )


def lines_of(part: Part, markup: Markup, link: str | None) -> Iterator[str]:
    """Yield the lines of a part, and how many were left off; `link` leads to those."""
    for number, line in enumerate(part.lines, 1):
        yield _lead(part.style, number) + _line(line, markup, part.style)
    if part.left_off:
        yield _line(Line(more(part.left_off), url=link), markup, Style.PLAIN)


def more(count: int) -> str:
    """Return what stands in place of `count` lines."""
    return f"… and {count:,} more"


def _lead(style: Style, number: int) -> str:
    return {Style.LIST: "• ", Style.NUMBERED: f"{number}. "}.get(style, "")


def _line(line: Line, markup: Markup, style: Style) -> str:
    text = markup.escape(line.text)
    if style is Style.FACTS:
        return f"{markup.strong(markup.escape(line.label + ':'))} {text}"
    if line.url is None:
        return text
    return f"{text}, {line.url}" if markup is PLAIN else markup.link(text, line.url)
