"""The brake on guessing passwords."""

from dataclasses import dataclass

import pytest

from tocsin.actions import throttle
from tocsin.actions.throttle import FAILURES, LoginThrottle
from tocsin.errors import TooManyTries


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def brake(clock: Clock) -> LoginThrottle:
    return LoginThrottle(clock)


def fail(brake: LoginThrottle, times: int, *keys: str) -> None:
    for _ in range(times):
        brake.begin(*keys)


@pytest.mark.parametrize("again", [("name", "other address"), ("other name", "address")])
def test_name_and_address_are_braked_each_by_itself(brake: LoginThrottle, again: tuple[str, str]) -> None:
    fail(brake, FAILURES, "name", "address")
    with pytest.raises(TooManyTries) as caught:
        brake.begin(*again)
    assert caught.value.retry_after_s == 61
    brake.begin("other name", "other address")


def test_a_try_that_was_refused_does_not_count(brake: LoginThrottle, clock: Clock) -> None:
    fail(brake, FAILURES, "name")
    clock.now += 59.5
    with pytest.raises(TooManyTries) as caught:
        brake.begin("name")
    assert caught.value.retry_after_s == 1
    clock.now += 0.5
    fail(brake, FAILURES, "name")


def test_the_window_slides(brake: LoginThrottle, clock: Clock) -> None:
    for _ in range(FAILURES):
        brake.begin("name")
        clock.now += 10
    clock.now += 10
    brake.begin("name")
    with pytest.raises(TooManyTries):
        brake.begin("name")


def test_getting_in_forgives(brake: LoginThrottle) -> None:
    fail(brake, FAILURES - 1, "name", "address")
    brake.begin("name", "address")
    brake.forgive("name", "address")
    fail(brake, FAILURES, "name", "address")


def test_names_made_up_by_the_thousand_do_not_fill_the_memory(
    brake: LoginThrottle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "MAX_KEYS", 10)
    fail(brake, FAILURES, "first")
    for number in range(50):
        brake.begin(f"name {number}")
    assert len(brake._tries) == 10
    brake.begin("first")
