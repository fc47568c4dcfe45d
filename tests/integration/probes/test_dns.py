"""The DNS probe: what a name server says becomes the body, and each kind of bad news a cause."""

import struct
from ipaddress import ip_network
from typing import Any

import pytest

from tests.integration.probes.conftest import Look
from tests.support.dns_server import REFUSED, SERVFAIL, SILENT, NameServer, name_server
from tests.support.faults import closed_port
from tests.support.peers import datagrams
from tocsin.model.enums import Cause, Phase
from tocsin.model.options import CheckOptions
from tocsin.probes import Target, Tools, open_tools, probe

MX, TXT = 15, 16


def url_of(server: NameServer, name: str, kind: str = "A") -> str:
    return f"dns://{server.address}/{name}?type={kind}"


async def test_the_records_are_the_body_sorted_one_a_line(look: Look, dns: NameServer) -> None:
    dns.zone["site.example"] = ["192.0.2.9", "192.0.2.1", "2001:db8::1"]
    result = await look(url_of(dns, "Site.example"))
    assert (result.cause, result.body_head, result.body_bytes) == (None, "192.0.2.1\n192.0.2.9", 19)
    assert (result.address, result.final_url) == ("127.0.0.1", url_of(dns, "site.example"))
    assert result.phases.dns_ms == result.phases.total_ms
    assert (await look(url_of(dns, "site.example", "AAAA"))).body_head == "2001:db8::1"


async def test_an_answer_is_never_taken_from_memory(look: Look, dns: NameServer) -> None:
    for address in ("192.0.2.1", "192.0.2.2"):
        dns.zone["site.example"] = [address]
        assert (await look(url_of(dns, "site.example"))).body_head == address


async def test_a_long_answer_is_fetched_over_tcp(look: Look, dns: NameServer) -> None:
    texts = [f"number {number:03d} {'x' * 90}".encode() for number in range(40)]
    dns.records["site.example", TXT] = [bytes([len(text)]) + text for text in texts]
    dns.long.add("site.example")
    result = await look(url_of(dns, "site.example", "TXT"))
    assert result.cause is None
    assert result.body_head.splitlines() == [text.decode() for text in texts]


@pytest.mark.parametrize(
    ("known", "cause", "words"),
    [
        (SERVFAIL, Cause.DNS_SERVER_FAILURE, "SERVFAIL"),
        (REFUSED, Cause.DNS_SERVER_FAILURE, "REFUSED"),
        (9, Cause.DNS_SERVER_FAILURE, "error 9"),
        ([], Cause.DNS_NO_RECORDS, "The name site.example has no A record"),
        (["2001:db8::1"], Cause.DNS_NO_RECORDS, "has no A record"),
    ],
)
async def test_bad_news_of_a_name_server_has_its_cause(
    look: Look, dns: NameServer, known: Any, cause: Cause, words: str
) -> None:
    dns.zone["site.example"] = known
    result = await look(url_of(dns, "site.example"))
    assert (result.cause, result.phase) == (cause, Phase.DNS)
    assert words in result.message


async def test_an_unknown_name_says_so(look: Look, dns: NameServer) -> None:
    result = await look(url_of(dns, "gone.example", "MX"))
    assert (result.cause, result.message) == (Cause.DNS_NOT_FOUND, "The name gone.example does not exist (NXDOMAIN)")


async def test_a_lost_question_is_asked_again(look: Look) -> None:
    heard: list[bytes] = []
    record = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\x0a\0\0\1"

    def reply(query: bytes) -> bytes | None:
        heard.append(query)
        if len(heard) == 1:
            return None
        return query[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + query[12:] + record

    with datagrams(reply) as (url, _):
        result = await look(url)
    assert (result.cause, result.body_head) == (None, "10.0.0.1")
    assert heard[0] == heard[1]


async def test_an_answer_to_another_question_is_overlooked_as_forged(look: Look) -> None:
    with datagrams(lambda query: bytes([query[0] ^ 1]) + query[1:2] + b"\x81\x80" + query[4:]) as (url, _):
        result = await look(url, timeout_s=0.3)
    assert (result.cause, result.phase) == (Cause.MALFORMED_REPLY, Phase.DNS)
    assert "were no answers" in result.message


async def test_a_name_server_that_knows_only_its_own_names_says_so(look: Look) -> None:
    with datagrams(lambda query: query[:2] + b"\x80\x00\x00\x01" + bytes(6) + query[12:]) as (url, _):
        result = await look(url)
    assert result.cause is Cause.DNS_NO_RECORDS
    assert "only tells of names of its own" in result.message


async def test_without_a_name_server_the_systems_are_asked_one_after_another() -> None:
    with name_server(**{"site.example": ["192.0.2.7"]}) as last, name_server(**{"site.example": SILENT}) as first:
        servers = [first.address, f"127.0.0.1:{closed_port()}", last.address]
        async with open_tools(name_servers=servers, hosts_path="/nonexistent") as tools:
            result = await probe(Target("dns:///site.example", CheckOptions(), 1.5), tools)
    assert (result.cause, result.body_head) == (None, "192.0.2.7")
    assert first.asked


async def test_the_systems_name_servers_are_not_guarded(dns: NameServer) -> None:
    dns.zone["site.example"] = ["192.0.2.7"]
    async with open_tools(name_servers=[dns.address], forbidden=[ip_network("127.0.0.0/8")]) as tools:
        assert (await probe(Target("dns:///site.example", CheckOptions(), 5.0), tools)).cause is None


async def test_a_name_server_may_be_named(look: Look, dns: NameServer, tools: Tools) -> None:
    dns.zone |= {"ns.example": ["127.0.0.1"], "site.example": ["192.0.2.7"]}
    result = await look(f"dns://ns.example:{dns.port}/site.example")
    assert (result.cause, result.body_head, result.addresses) == (None, "192.0.2.7", ("127.0.0.1",))
    assert tools.names.servers() == [("127.0.0.1", dns.port)]
