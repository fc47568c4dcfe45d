"""Killed at any step between the change and its telling: told after the restart; twice only where it is marked."""

import random

import pytest

from tests.support.delivering import add_channel
from tests.support.delivery_killing import STEPS, kill_at, kill_at_random
from tests.support.receivers import Receiver
from tocsin import Database


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_nothing_is_lost_nor_told_twice_unmarked(
    database: Database, receiver: Receiver, step: str
) -> None:
    add_channel(database, config={"url": receiver.url()}, rate_limit_per_minute=0)
    assert kill_at(database, receiver, step) == []


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost_nor_told_twice_unmarked(database: Database, receiver: Receiver) -> None:
    add_channel(database, config={"url": receiver.url()}, rate_limit_per_minute=0)
    receiver.delay_s = 0.05
    assert kill_at_random(database, receiver, random.Random(), kills=2) == []
