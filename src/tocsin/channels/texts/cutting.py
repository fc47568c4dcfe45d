"""How long a text is, as providers count, and cutting it so that the reader sees it."""

from collections.abc import Callable

CUT = "… (cut)"
_JOINERS = ("\u200d", "\ufe0f", "\u20e3")
_TONES = range(0x1F3FB, 0x1F400)
_LONGEST_EMOJI = 20

Measure = Callable[[str], int]


def utf16(text: str) -> int:
    """Return the length in UTF-16 code units, as JavaScript and Java count characters: an emoji is 2."""
    return len(text.encode("utf-16-le", "replace")) // 2


def utf8(text: str) -> int:
    """Return the length in bytes."""
    return len(text.encode("utf-8", "replace"))


def cut(text: str, limit: int, measure: Measure = len, mark: str = CUT) -> str:
    """Return `text` where it measures at most `limit`, else as much of its beginning as leaves room for `mark`.

    It ends between words where one ends near, and never within an emoji made of several characters.
    """
    if measure(text) <= limit:
        return text
    room = limit - measure(mark)
    low, high = 0, min(len(text), max(0, room))  # no measure counts a character as less than 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle]) <= room else (low, middle - 1)
    kept = text[: _before_emoji(text, low)]
    space = max(kept.rfind(" "), kept.rfind("\n"))
    if space > 0.8 * len(kept):
        kept = kept[:space]
    return kept.rstrip() + mark if room >= 0 else mark[: max(0, limit)]


def _before_emoji(text: str, end: int) -> int:
    """Return where to cut at or shortly before `end` so that no joined emoji is torn."""
    for place in range(end, max(-1, end - _LONGEST_EMOJI), -1):
        if place in (0, len(text)) or not _is_within_emoji(text, place):
            return place
    return end  # what is joined without end is no emoji


def _is_within_emoji(text: str, place: int) -> bool:
    return text[place] in _JOINERS or text[place - 1] == "\u200d" or ord(text[place]) in _TONES
