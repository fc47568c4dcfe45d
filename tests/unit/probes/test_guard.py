"""The guard: no spelling of a forbidden address gets past it."""

from ipaddress import IPv4Address, ip_network

import pytest
from hypothesis import given, strategies as st

from tocsin.probes.guard import Guard

METADATA = ip_network("169.254.0.0/16")

SPELLINGS = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::169.254.169.254",
    "::ffff:0:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "64:ff9b:1:a9fe:00a9:fe00::",
    "64:ff9b:1:55a9:fe:a9fe::",
    "64:ff9b:1:5555:a9:fea9:fe00:0",
    "2002:a9fe:a9fe::1",
    "2001:0:a9fe:a9fe::1",
    "2001:0:102:304:0:0:5601:5601",
]


@pytest.mark.parametrize("address", SPELLINGS)
def test_an_address_is_forbidden_in_each_form_that_leads_to_it(address: str) -> None:
    assert Guard().refusal(address) == METADATA
    assert Guard([]).refusal(address) is None


@pytest.mark.parametrize(
    "address",
    [
        *("fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe"),
        *("fd00:42::42", "fd00:a9fe:a9fe::1", "fd00:100::100:200", "100.100.100.200", "192.0.0.192"),
        *("168.63.129.16", "169.254.170.2"),
    ],
)
def test_what_clouds_tell_their_machines_is_out_of_reach(address: str) -> None:
    assert Guard().refusal(address) is not None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "192.0.2.1", "2001:db8::1", "64:ff9b::102:304"])
def test_other_addresses_may_be_connected_to(address: str) -> None:
    assert Guard().refusal(address) is None


@pytest.mark.parametrize(
    ("address", "network"), [("0.0.0.0", "127.0.0.0/8"), ("::", "::1"), ("::ffff:0:0", "127.0.0.0/8")]
)
def test_an_unspecified_address_counts_as_this_machine(address: str, network: str) -> None:
    assert Guard([ip_network(network)]).refusal(address) == ip_network(network)


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_every_ipv4_address_is_seen_through_a_translator(address: IPv4Address, other: IPv4Address) -> None:
    guard = Guard([ip_network(address)])
    for form in (f"{address}", f"::ffff:{address}", f"64:ff9b::{address}", f"64:ff9b:1::{address}"):
        assert guard.refusal(form) is not None
    assert (guard.refusal(f"64:ff9b::{other}") is not None) == (other == address)
