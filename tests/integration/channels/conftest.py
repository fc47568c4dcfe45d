"""Tools with short time limits, so that a silent server is given up soon."""

from collections.abc import AsyncIterator

import pytest

from tests.support.certificates import Authority, make_authority
from tests.support.messages import NOW
from tocsin.channels import Limits, Tools, open_tools

SHORT = Limits(connect_s=1.0, answer_s=0.4, whole_s=2.0)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return make_authority("Channel Tests")


@pytest.fixture
async def tools(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tools]:
    bundle = authority.bundle(tmp_path_factory.mktemp("roots"))
    async with open_tools(ca_bundle=bundle, clock=lambda: NOW, limits=SHORT) as opened:
        yield opened
