"""Tools that trust the tests' own authority and ask the tests' own name server."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from tests.support.certificates import Authority, make_authority
from tests.support.dns_server import NameServer, name_server
from tocsin.model.options import CheckOptions
from tocsin.model.results import CheckResult
from tocsin.probes import Target, Tools, open_tools, probe

Look = Callable[..., Awaitable[CheckResult]]


@pytest.fixture(scope="session")
def authority() -> Authority:
    return make_authority("Probe Tests")


@pytest.fixture
def dns() -> Iterator[NameServer]:
    with name_server() as server:
        yield server


@pytest.fixture
async def tools(
    authority: Authority, dns: NameServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Tools]:
    bundle = authority.bundle(tmp_path_factory.mktemp("roots"))
    async with open_tools(ca_bundle=bundle, name_servers=[dns.address]) as opened:
        yield opened


@pytest.fixture
def look(tools: Tools) -> Look:
    """Probe a URL once with the given options."""

    async def once(url: str, *, timeout_s: float = 5.0, read_certificate: bool = True, **options: Any) -> CheckResult:
        return await probe(Target(url, CheckOptions(**options), timeout_s, read_certificate), tools)

    return once
