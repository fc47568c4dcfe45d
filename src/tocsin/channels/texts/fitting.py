"""Making a text fit where a provider is narrow: always so that the reader sees that something was left off."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from tocsin.channels.texts.composition import Line, Part, Text
from tocsin.channels.texts.cutting import CUT, cut

Payload = TypeVar("Payload")


@dataclass(frozen=True, slots=True)
class Detail:
    """How much of a text is kept: lines of a part, characters of a line."""

    lines: int
    characters: int


LADDER = tuple(
    Detail(*pair)
    for pair in (
        (100, 4000), (60, 2000), (40, 1400), (30, 1000), (20, 700), (14, 500), (10, 350), (8, 240), (6, 160), (4, 110),
        (3, 80), (2, 60), (1, 40), (0, 160), (0, 100), (0, 40),
    )
)  # fmt: skip
"""Tried one after the other until the text fits. The last fits every limit: a short subject, and that it was cut."""


ANY_LENGTH = 10**9
"""The room of those who show a part of the text only: its length says nothing."""


def fit(text: Text, room: int, build: Callable[[Text], Payload], fits: Callable[[Payload], bool]) -> Payload:
    """Return what `build` makes of as much of `text` as `fits` lets through.

    `room` is how many characters may fit at best: longer texts are not even built, markup only makes them longer.
    """
    if size(text) <= room and fits(payload := build(text)):
        return payload
    *steps, last = LADDER
    for detail in steps:
        less = shrink(text, detail)
        if size(less) <= room and fits(payload := build(less)):
            return payload
    return build(shrink(text, last))


def size(text: Text) -> int:
    """Return the characters of a text's body, without markup."""
    return len(text.own_body or "") + sum(len(line.text) for part in text.parts for line in part.lines)


def shrink(text: Text, detail: Detail) -> Text:
    """Return `text` with no more than `detail`; whatever is cut says so."""
    subject = cut(text.subject, max(40, detail.characters))
    if not detail.lines:
        link = text.link if detail.characters > 100 else None
        rest = Part("", (Line(CUT, url=link),))
        return replace(text, subject=subject, notes=(), parts=(rest,), links=(), link=link, footer="", own_body=None)
    own_body = None if text.own_body is None else cut(text.own_body, detail.lines * detail.characters)
    parts = tuple(_shrink_part(part, detail) for part in text.parts)
    return replace(text, subject=subject, parts=parts, own_body=own_body)


def _shrink_part(part: Part, detail: Detail) -> Part:
    kept = tuple(replace(line, text=cut(line.text, detail.characters)) for line in part.lines[: detail.lines])
    return replace(part, lines=kept, left_off=part.left_off + len(part.lines) - len(kept))
