"""Names: a real name server on loopback that answers, fails, lies or keeps silent."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.integration.probes.conftest import Look
from tests.support.dns_server import NXDOMAIN, REFUSED, SERVFAIL, SILENT, NameServer, name_server
from tests.support.faults import answering, closed_port, deaf_server, ok, serving
from tocsin.errors import SettingsInvalid
from tocsin.model.enums import AddressFamily, Cause, Phase
from tocsin.model.options import CheckOptions
from tocsin.probes import Target, open_tools, probe
from tocsin.probes.fault import Fault
from tocsin.probes.names.hosts import SearchList
from tocsin.probes.names.resolver import Names

FAILURES = [
    (NXDOMAIN, Cause.DNS_NOT_FOUND, "site.example does not exist"),
    ([], Cause.DNS_NOT_FOUND, "exists but has no address"),
    (SERVFAIL, Cause.DNS_SERVER_FAILURE, "SERVFAIL"),
    (REFUSED, Cause.DNS_SERVER_FAILURE, "REFUSED"),
    (SILENT, Cause.DNS_TIMEOUT, "answered for site.example within 0.4 s, what was left of this check's time"),
]


@pytest.mark.parametrize(("answer", "cause", "words"), FAILURES)
@pytest.mark.parametrize("family", ["any", "ipv4"])
async def test_a_name_that_cannot_be_resolved_says_why(
    look: Look, dns: NameServer, answer: object, cause: Cause, words: str, family: str
) -> None:
    dns.zone["site.example"] = answer
    result = await look("http://site.example/", timeout_s=0.4, address_family=family)
    assert (result.cause, result.phase) == (cause, Phase.DNS)
    assert (
        words.replace(
            "exists but has no address", "has no IPv4 address" if family == "ipv4" else "exists but has no address"
        )
        in result.message
    )
    assert result.phases.dns_ms is not None
    assert result.phases.connect_ms is None
    assert result.addresses == ()


async def test_a_resolver_that_nobody_runs_is_a_server_failure() -> None:
    async with open_tools(name_servers=[f"127.0.0.1:{closed_port()}"]) as tools:
        result = await probe(Target("http://site.example/", CheckOptions(), 5.0), tools)
    assert (result.cause, result.phase) == (Cause.DNS_SERVER_FAILURE, Phase.DNS)
    assert "refused" in result.message


async def test_an_impossible_name_is_not_found(look: Look) -> None:
    result = await look(f"http://{'x' * 70}.example/")
    assert result.cause is Cause.DNS_NOT_FOUND
    assert "not a valid host name" in result.message


async def test_the_name_server_is_asked_for_each_check_anew(look: Look, dns: NameServer) -> None:
    dns.zone["site.example"] = ["127.0.0.1"]
    with serving(answering(ok())) as server:
        for _ in range(3):
            result = await look(server.url(host="site.example"), address_family="ipv4")
            assert result.cause is None
        dns.zone["site.example"] = NXDOMAIN
        gone = await look(server.url(host="site.example"), address_family="ipv4")
    assert len(dns.asked) == 4
    assert gone.cause is Cause.DNS_NOT_FOUND


async def test_all_addresses_are_told_and_ipv4_goes_first(look: Look, dns: NameServer) -> None:
    dns.zone["site.example"] = ["::1", "127.0.0.1"]
    with serving(answering(ok())) as server:
        result = await look(server.url(host="site.example"))
    assert result.addresses == ("127.0.0.1", "::1")
    assert result.address == "127.0.0.1"
    assert b"Host: site.example:" in server.requests[0]


async def test_the_address_of_one_check_does_not_stick_to_the_next(look: Look, dns: NameServer) -> None:
    dns.zone["site.example"] = ["127.0.0.2"]
    with serving(answering(ok())) as server:
        assert (await look(server.url(host="site.example"))).cause is Cause.CONNECT_REFUSED
        assert (await look(server.url())).cause is None


@pytest.mark.parametrize(("family", "kinds"), [("ipv4", {1}), ("ipv6", {28}), ("any", {1, 28})])
async def test_only_the_wanted_family_is_asked_for(
    look: Look, dns: NameServer, family: AddressFamily, kinds: set[int]
) -> None:
    dns.zone["site.example"] = ["::1", "127.0.0.1"]
    result = await look(f"http://site.example:{closed_port()}/", address_family=family)
    assert result.cause is Cause.CONNECT_REFUSED
    assert {kind for _, kind in dns.asked} == kinds


async def test_the_next_address_is_tried_when_one_refuses(look: Look, dns: NameServer) -> None:
    dns.zone["site.example"] = ["127.0.0.2", "127.0.0.3", "127.0.0.1"]
    with serving(answering(ok())) as server:
        result = await look(server.url(host="site.example"))
    assert (result.cause, result.address) == (None, "127.0.0.1")
    assert result.addresses == ("127.0.0.2", "127.0.0.3", "127.0.0.1")


async def test_an_address_that_keeps_silent_leaves_time_for_the_next(look: Look, dns: NameServer) -> None:
    dns.zone["site.example"] = ["127.0.0.1", "127.0.0.2"]
    with deaf_server() as deaf:
        result = await look(f"http://site.example:{deaf.port}/", timeout_s=0.6)
    assert (result.cause, result.address) == (Cause.CONNECT_REFUSED, "127.0.0.2")
    assert result.phases.connect_ms is not None
    assert result.phases.connect_ms >= 150


async def test_no_more_than_three_addresses_are_tried(look: Look, dns: NameServer) -> None:
    dns.zone["site.example"] = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.1"]
    with serving(answering(ok())) as server:
        result = await look(server.url(host="site.example"))
    assert (result.cause, result.address) == (Cause.CONNECT_REFUSED, "127.0.0.4")
    assert len(result.addresses) == 4


async def test_a_silent_question_for_ipv6_does_not_hold_up_ipv4(look: Look, dns: NameServer) -> None:
    dns.zone["site.example"] = ["127.0.0.1"]
    original = dns.reply
    dns.reply = lambda query: None if query[-15:-13] == b"\x00\x1c" or b"\x00\x1c\x00\x01" in query else original(query)  # type: ignore[method-assign]
    with serving(answering(ok())) as server:
        result = await look(server.url(host="site.example"))
    assert result.cause is None
    assert result.phases.dns_ms is not None
    assert result.phases.dns_ms < 1000


async def test_ipv6_alone_is_enough(look: Look, dns: NameServer) -> None:
    dns.zone["site.example"] = ["::1"]
    with serving(answering(ok()), host="::1") as server:
        result = await look(server.url(host="site.example"))
    assert (result.cause, result.address) == (None, "::1")


async def test_the_time_a_name_takes_is_its_own_phase(look: Look, dns: NameServer) -> None:
    dns.zone["site.example"] = ["127.0.0.1"]
    dns.delay_s["site.example"] = 0.15
    with serving(answering(ok())) as server:
        result = await look(server.url(host="site.example"))
    assert result.phases.dns_ms is not None
    assert result.phases.connect_ms is not None
    assert result.phases.dns_ms >= 149
    assert result.phases.connect_ms < 149


async def test_names_without_an_answer_do_not_hold_up_the_others(look: Look, dns: NameServer) -> None:
    dns.zone |= {"*.dead.example": SILENT, "site.example": ["127.0.0.1"]}
    with serving(answering(ok())) as server:
        dead = [asyncio.ensure_future(look(f"http://n{n}.dead.example/", timeout_s=2.0)) for n in range(40)]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        result = await look(server.url(host="site.example"))
        took = time.monotonic() - began
        causes = {one.cause for one in await asyncio.gather(*dead)}
    assert result.cause is None
    assert took < 1.5
    assert causes == {Cause.DNS_TIMEOUT}


async def test_localhost_needs_no_name_server() -> None:
    with serving(answering(ok())) as server:
        async with open_tools(name_servers=["127.0.0.1:1"], hosts_path="/nonexistent") as tools:
            for host in ("localhost", "LOCALHOST.", "a.localhost"):
                result = await probe(Target(server.url(host=host), CheckOptions(), 5.0), tools)
                assert (result.cause, result.address) == (None, "127.0.0.1")
                assert result.addresses == ("127.0.0.1", "::1")


async def test_the_hosts_file_goes_before_the_name_server(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("# ours\n\nnonsense here\n127.0.0.1  one.example One.Alias # comment\n::1 one.example\n")
    with serving(answering(ok())) as server, name_server() as dns:
        async with open_tools(name_servers=[dns.address], hosts_path=str(hosts)) as tools:

            async def once(host: str, family: str = "any") -> Cause | None:
                options = CheckOptions(address_family=AddressFamily(family))
                return (await probe(Target(server.url(host=host), options, 5.0), tools)).cause

            assert await once("one.example") is None
            assert await once("one.alias") is None
            assert dns.asked == []
            assert await once("one.alias", "ipv6") is Cause.DNS_NOT_FOUND
            assert await once("two.example") is Cause.DNS_NOT_FOUND
            hosts.write_text("127.0.0.1 two.example three.example\n")
            assert await once("two.example") is None


async def test_short_names_are_tried_under_the_search_list(dns: NameServer) -> None:
    dns.zone |= {"web.two.example": ["127.0.0.1"], "odd.one.example": SERVFAIL}
    names = Names([dns.address], hosts_path="/nonexistent", search=SearchList(("one.example", "two.example"), 2))
    try:
        assert await names.resolve("web", AddressFamily.IPV4, 5.0) == ("127.0.0.1",)
        assert [name for name, _ in dns.asked] == ["web.one.example", "web.two.example"]
        missing = await names.resolve("gone", AddressFamily.IPV4, 5.0)
        failing = await names.resolve("odd", AddressFamily.IPV4, 5.0)
    finally:
        await names.aclose()
    assert isinstance(missing, Fault)
    assert missing.message == "The name gone does not exist (NXDOMAIN)"
    assert isinstance(failing, Fault)
    assert failing.cause is Cause.DNS_SERVER_FAILURE


@pytest.mark.parametrize(
    "listed", ["127.0.0.1 localhost box.example\n", "127.0.0.1 localhost\n127.0.0.1 box.example\n"]
)
async def test_a_listed_name_without_addresses_of_the_family_is_not_called_unknown(tmp_path: Path, listed: str) -> None:
    (tmp_path / "hosts").write_text(listed)
    options = CheckOptions(address_family=AddressFamily.IPV6)
    with name_server() as dns:
        async with open_tools(name_servers=[dns.address], hosts_path=str(tmp_path / "hosts")) as tools:
            for host in ("localhost", "box.example"):
                result = await probe(Target(f"http://{host}:1/", options, 5.0), tools)
                assert (result.cause, result.phase) == (Cause.DNS_NOT_FOUND, Phase.DNS)
                assert result.message == f"The name {host} has no IPv6 address"
        assert {name for name, _ in dns.asked} == {"box.example"}


async def test_a_name_of_one_family_says_which_it_lacks(look: Look, dns: NameServer) -> None:
    dns.zone |= {"four.example": ["127.0.0.1"], "six.example": ["::1"]}
    four = await look("http://four.example/", address_family="ipv6")
    six = await look("http://six.example/", address_family="ipv4")
    assert four.message == "The name four.example has no IPv6 address"
    assert six.message == "The name six.example has no IPv4 address"


async def test_a_short_name_that_exists_under_one_domain_is_not_called_unknown(dns: NameServer) -> None:
    dns.zone["web.two.example"] = ["127.0.0.1"]
    names = Names([dns.address], hosts_path="/nonexistent", search=SearchList(("one.example", "two.example"), 2))
    try:
        found = await names.resolve("web", AddressFamily.IPV6, 5.0)
    finally:
        await names.aclose()
    assert isinstance(found, Fault)
    assert found.message == "The name web has no IPv6 address"


@pytest.mark.parametrize("wrong", ["nonsense", "", "ns1.example", "192.0.2.53:x", "näme"])
def test_a_name_server_that_cannot_be_read_is_refused_at_once(wrong: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        open_tools(name_servers=["192.0.2.1", wrong, "also wrong"])
    assert len(caught.value.faults) == 2
    assert repr(wrong) in caught.value.faults[0]


def test_name_servers_may_carry_a_port() -> None:
    for server in ("192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353"):
        open_tools(name_servers=[server]).trust.close()
