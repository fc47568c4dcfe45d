"""Which checks stay on this machine."""

from datetime import UTC, datetime

import psutil
import pytest

from tocsin import CheckResult
from tocsin.watch.places import is_own


def check(url: str, address: str | None = None, *addresses: str) -> CheckResult:
    return CheckResult(url=url, started_at=datetime.now(UTC), address=address, addresses=addresses)


@pytest.mark.parametrize(
    ("result", "own"),
    [
        (check("https://example.com/", "127.0.0.1"), True),
        (check("https://example.com/", "::1"), True),
        (check("https://example.com/", None, "127.8.8.8"), True),
        (check("https://localhost:8000/"), True),
        (check("https://shop.localhost/"), True),
        (check("http://127.0.0.1:9/"), True),
        (check("https://example.com/"), False),
        (check("https://example.com/", "198.51.100.7", "127.0.0.1"), False),
    ],
)
def test_what_went_to_loopback_is_our_own(result: CheckResult, own: bool) -> None:
    assert is_own(result) is own


def test_the_addresses_of_this_machine_are_our_own() -> None:
    for many in psutil.net_if_addrs().values():
        for one in many:
            assert is_own(check("https://example.com/", one.address.partition("%")[0]))
