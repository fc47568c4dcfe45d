"""Metadata that says when it was written to, however deep."""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from tocsin.model.alerting.live_dict import LiveDict, LiveList, still


class Ear:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def made() -> tuple[LiveDict, Ear]:
    ear = Ear()
    return LiveDict({"a": 1, "list": [3, 1, {"deep": {}}], "dict": {"x": 1}}, ear), ear


def assign(values: Any, key: Any, value: Any) -> None:
    values[key] = value


def delete(values: Any, key: Any) -> None:
    del values[key]


def merge(values: Any, other: Any) -> None:
    values |= other


def add_to(values: Any, other: Any) -> None:
    values += other


def multiply(values: Any, times: int) -> None:
    values *= times


WRITES: list[Callable[[LiveDict], Any]] = [
    lambda one: assign(one, "b", 2),
    lambda one: delete(one, "a"),
    lambda one: one.update({"b": 2}, c=3),
    lambda one: one.update([("b", 2)]),
    lambda one: merge(one, {"b": 2}),
    lambda one: one.setdefault("new", {}),
    lambda one: one.pop("a"),
    lambda one: one.popitem(),
    lambda one: one.clear(),
    lambda one: assign(one["dict"], "x", 2),
    lambda one: assign(one["list"], 0, 9),
    lambda one: assign(one["list"], slice(0, 1), [7, 8]),
    lambda one: delete(one["list"], 0),
    lambda one: one["list"].append({"n": 1}),
    lambda one: one["list"].extend([1, 2]),
    lambda one: add_to(one["list"], [1]),
    lambda one: multiply(one["list"], 2),
    lambda one: one["list"].insert(0, 1),
    lambda one: one["list"].pop(),
    lambda one: one["list"].remove(3),
    lambda one: one["list"].clear(),
    lambda one: one["list"].sort(key=str),
    lambda one: one["list"].reverse(),
    lambda one: assign(one["list"][2]["deep"], "y", 1),
]


@pytest.mark.parametrize("write", WRITES)
def test_every_write_is_told_once(write: Callable[[LiveDict], Any]) -> None:
    values, ear = made()
    before = still(values)
    write(values)
    assert ear.count == 1
    assert values != before


def test_what_was_put_in_tells_too() -> None:
    values, ear = made()
    values["new"] = {"list": [{}]}
    values["new"]["list"][0]["x"] = 1
    values["list"].append([])
    values["list"][-1].append(1)
    assert ear.count == 4


def test_reading_tells_nothing_and_a_default_that_is_there_changes_nothing() -> None:
    values, ear = made()
    assert values.setdefault("a", 9) == 1
    assert json.loads(json.dumps(values))["dict"] == {"x": 1}
    assert isinstance(values, dict)
    assert values == {"a": 1, "list": [3, 1, {"deep": {}}], "dict": {"x": 1}}
    assert ear.count == 0


def test_copies_are_plain() -> None:
    values, ear = made()
    for copied in (copy.deepcopy(values), pickle.loads(pickle.dumps(values))):
        assert type(copied) is dict
        assert type(copied["list"]) is list
        copied["list"].append(1)
    for copied in (copy.deepcopy(values["list"]), pickle.loads(pickle.dumps(values["list"]))):
        assert type(copied) is list
    assert ear.count == 0
    assert isinstance(LiveList([1], ear), list)
