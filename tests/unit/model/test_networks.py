"""Networks that are forbidden: read from text, every fault at once."""

from ipaddress import ip_address, ip_network

import pytest

from tocsin.model.targets.networks import FORBIDDEN_BY_DEFAULT, parse_networks


def test_networks_are_joined_by_commas_and_an_address_is_one() -> None:
    found = parse_networks(" 10.0.0.0/8, ,fd00:ec2::254,192.0.2.1")
    assert found == (ip_network("10.0.0.0/8"), ip_network("fd00:ec2::254/128"), ip_network("192.0.2.1/32"))
    assert parse_networks("") == ()


def test_every_network_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=r"'x'.*'10\.0\.0\.1/8|10\.0\.0\.1/8 has host bits set") as caught:
        parse_networks("x,10.0.0.0/8,10.0.0.1/8")
    assert "'x'" in str(caught.value)
    assert "10.0.0.1/8 has host bits set" in str(caught.value)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "fd12:3456::1"])
def test_loopback_and_private_networks_may_be_watched(address: str) -> None:
    assert not any(ip_address(address) in network for network in FORBIDDEN_BY_DEFAULT)
