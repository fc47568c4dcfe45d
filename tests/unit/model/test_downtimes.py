"""A downtime rule in words."""

import pytest

from tocsin.model.downtimes import AT_ONCE, DowntimeRule


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (AT_ONCE, ""),
        (DowntimeRule(3), "after 3 failed checks in a row, up again at the first good one"),
        (DowntimeRule(3, 5, 2), "after 3 failed of the last 5 checks, up again after 2 good ones in a row"),
        (DowntimeRule(1, 4, 2), "at the first failed check, up again after 2 good ones in a row"),
    ],
)
def test_a_rule_is_said_in_words_unless_it_is_the_default(rule: DowntimeRule, text: str) -> None:
    assert str(rule) == text


def test_what_a_rule_waits_for_is_said_with_both_numbers() -> None:
    assert DowntimeRule(3, 5).pending_text(2, 0) == "2 failed, down from 3 within the last 5 checks on"
    assert DowntimeRule(3).pending_text(1, 0) == "1 failed, down from 3 in a row on"
    assert DowntimeRule(3, 5, 4).pending_text(0, 1) == "1 of 4 good checks in a row, until then still down"
    assert AT_ONCE.pending_text(0, 0) == ""
