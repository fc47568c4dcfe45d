"""Advice: picked by type and category, filled in, and one's own first."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.alerts.advice import BY_CATEGORY, BY_TYPE
from tocsin.alerts.recommend import EMPTY_BOOK, MOST, filled_in, read_book, recommendations_for
from tocsin.model.alerts import Alert, AlertCategory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def alert(alert_type: str = "system_cpu_percent", **fields: Any) -> Alert:
    facts = {"metric_name": "cpu_percent", "current_value": 92, "threshold_value": 80, "yes": True}
    return Alert(**{"alert_type": alert_type, "title": "t", "message": "m", "resource": "web-1", "metadata": facts,
                    **fields})  # fmt: skip


def test_built_in_advice_uses_only_placeholders_that_exist() -> None:
    globs = {glob: list(texts) for glob, texts in BY_TYPE}
    categories = {category.value: list(texts) for category, texts in BY_CATEGORY.items()}
    assert read_book(globs)[1] == []
    assert read_book(categories)[1] == []
    assert set(BY_CATEGORY) == set(AlertCategory)


def test_advice_names_the_resource_the_values_and_the_moment() -> None:
    texts = recommendations_for(alert(), NOW, EMPTY_BOOK)
    assert any("web-1" in text for text in texts)
    assert any("92 against 80" in text for text in texts)
    assert any("2026-03-01 12:00 UTC" in text for text in texts)


def test_a_name_that_could_be_a_command_is_quoted() -> None:
    texts = recommendations_for(alert("service_unavailable", resource="x; rm -rf /"), NOW, EMPTY_BOOK)
    assert any("systemctl status 'x; rm -rf /'" in text for text in texts)


@pytest.mark.parametrize("category", list(AlertCategory))
def test_every_category_has_advice_for_types_nobody_knows(category: AlertCategory) -> None:
    assert recommendations_for(alert("something_new", category=category), NOW, EMPTY_BOOK)


def test_advice_that_needs_what_is_not_known_is_left_out() -> None:
    assert filled_in("restart {resource}", {}) is None
    assert filled_in("at {value} of {{x}}", {"value": "3"}) == "at 3 of {x}"


def test_ones_own_advice_comes_first_and_the_list_ends() -> None:
    book, faults = read_book({"SYSTEM_*": ["Call {resource_sh}"], "cpu_*": "See {type}", "disk_*": ["no"]})
    assert faults == []
    texts = recommendations_for(alert(), NOW, book)
    assert texts[:2] == ["Call web-1", "See system_cpu_percent"]
    many, _ = read_book({"*": [f"step {number}" for number in range(20)]})
    assert len(many.advise(alert(), NOW)) == MOST


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ([], "must be a table of globs"),
        ({"a": []}, "'a': must be a text or a list of texts"),
        ({"a": [" "]}, "'a': must be a text or a list of texts"),
        ({"a": 3}, "'a': must be a text or a list of texts"),
        ({"a": "{colour}"}, "there is no {colour}; known are resource, metric"),
        ({"a": "awk '{print"}, "write {{ and }} for braces"),
    ],
)
def test_a_book_that_cannot_be_used_says_where(data: object, fault: str) -> None:
    assert fault in "\n".join(read_book(data)[1])
