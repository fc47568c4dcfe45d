"""How a badge is drawn."""

import re
from xml.etree import ElementTree

import pytest

from tocsin.actions.badges import AMBER, GREEN, GREY, RED, Badge, _uptime_facts, draw


@pytest.mark.parametrize(
    ("percent", "text", "colour"),
    [
        (100.0, "100.00 %", GREEN),
        (99.999, "99.99 %", GREEN),
        (98.5, "98.50 %", AMBER),
        (10.0, "10.00 %", RED),
        (None, "nothing seen", GREY),
    ],
)
def test_an_uptime_is_never_rounded_up(percent: float | None, text: str, colour: str) -> None:
    assert _uptime_facts(percent) == (text, colour)


def test_a_badge_is_as_wide_as_its_words() -> None:
    short, long = (draw(Badge("status", text, GREEN, "Site")) for text in ("up", "degraded 退化 mW"))
    widths = [int(ElementTree.fromstring(one).attrib["width"]) for one in (short, long)]
    assert widths[0] < widths[1]
    assert sum(map(int, re.findall(r'textLength="(\d+)"', short))) + 4 * 6 == widths[0]
