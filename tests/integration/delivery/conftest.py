"""What the tests of delivery share: a receiver on loopback."""

from collections.abc import Iterator

import pytest

from tests.support.receivers import Receiver, running_receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as one:
        yield one
