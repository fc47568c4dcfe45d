"""References, asked for real: servers on loopback that stop and start, and the system's files."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.dns_server import SERVFAIL, SILENT, NameServer, name_server
from tests.support.faults import closed_port, deaf_server
from tocsin.model.vantage import Answer, Said, parse_references
from tocsin.probes.names.resolver import Names
from tocsin.probes.references import References, SystemFiles, default_gateways, system_resolvers

IPV4_ROUTES = (
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    "eth0\t00000000\t0100007F\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
    "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    "tun0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0\n"
)
FILES = ("route", "ipv6_route", "resolv_conf", "systemd_resolv_conf")
ZEROS = "0" * 32
IPV6_ROUTES = (
    f"{ZEROS} 00 {ZEROS} 00 fe800000000000000000000000000001 00000400 1 0 00000003 eth0\n"
    f"{ZEROS} 00 {ZEROS} 00 20010db8000000000000000000000001 00000400 1 0 00000003 eth0\n"
    f"{ZEROS} 00 {ZEROS} 00 {ZEROS} ffffffff 1 0 00200200 lo\n"
    f"fe800000000000000000000000000000 40 {ZEROS} 00 {ZEROS} 00000100 1 0 00000001 eth0\n"
)


@pytest.fixture
async def names() -> AsyncIterator[Names]:
    opened = Names(["127.0.0.1:1"])
    yield opened
    await opened.aclose()


@pytest.fixture
def server() -> Iterator[NameServer]:
    with name_server() as running:
        yield running


def files(tmp_path: Path, **texts: str) -> SystemFiles:
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="ascii")
    return SystemFiles(*(str(tmp_path / name) for name in FILES))


async def ask(names: Names, *texts: str, wait_s: float = 0.5) -> list[Said]:
    references = References(parse_references(texts), names)
    answers = await references.ask(wait_s, until_one_answers=False)
    by_name = {str(one.reference): one.said for one in answers}
    return [by_name[text] for text in texts]


async def test_a_port_that_accepts_or_refuses_answers_and_a_deaf_one_is_silent(names: Names) -> None:
    with deaf_server() as deaf:
        said = await ask(names, f"127.0.0.1:{closed_port()}", f"127.0.0.1:{deaf.port}")
    assert said == [Said.ANSWERS, Said.SILENT]


async def test_a_name_server_answers_unless_it_reaches_nobody_itself(names: Names, server: NameServer) -> None:
    reference = f"dns:{server.address}"
    assert await ask(names, reference, f"dns:127.0.0.1:{closed_port()}") == [Said.ANSWERS, Said.SILENT]
    server.zone[""] = SERVFAIL
    assert await ask(names, reference) == [Said.SILENT]
    server.zone[""] = SILENT
    assert await ask(names, reference) == [Said.SILENT]


@pytest.mark.parametrize(
    ("address", "family", "protocol"),
    [("127.0.0.1", socket.AF_INET, socket.IPPROTO_ICMP), ("::1", socket.AF_INET6, socket.IPPROTO_ICMPV6)],
)
async def test_an_echo_comes_back_where_the_system_lets_us_send_one(
    names: Names, address: str, family: socket.AddressFamily, protocol: int
) -> None:
    may_send = False
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        with contextlib.suppress(OSError), socket.socket(family, kind, protocol):
            may_send = True
    assert await ask(names, f"icmp:{address}", wait_s=5) == [Said.ANSWERS if may_send else Said.SILENT]


async def test_a_reference_whose_name_cannot_be_resolved_is_silent(names: Names) -> None:
    assert await ask(names, "nowhere.invalid:443") == [Said.SILENT]


async def test_a_reference_by_name_is_asked_at_its_address(names: Names) -> None:
    assert await ask(names, f"localhost:{closed_port()}") == [Said.ANSWERS]


async def test_the_first_answer_is_enough(names: Names, server: NameServer) -> None:
    with deaf_server() as deaf:
        texts = [f"127.0.0.1:{deaf.port}", f"dns:{server.address}"]
        answers = await asyncio.wait_for(References(parse_references(texts), names).ask(60), 10)
    assert [str(one.reference) for one in answers] == texts[1:]


def by_kind(answers: list[Answer]) -> dict[str, tuple[Said, str]]:
    return {str(one.reference): (one.said, one.name) for one in answers}


async def test_gateway_and_name_servers_are_those_of_the_system(names: Names, tmp_path: Path) -> None:
    found = files(tmp_path, route=IPV4_ROUTES, resolv_conf="nameserver 127.0.0.9\n")
    references = References(parse_references(["gateway", "resolver"]), names, files=found)
    said = by_kind(await references.ask(2, until_one_answers=False))
    assert said["gateway"] == (Said.ANSWERS, "the gateway 127.0.0.1")  # it refuses
    assert said["resolver"] == (Said.ABSENT, "a name server (none is configured)")


async def test_name_servers_that_were_configured_count_wherever_they_are(names: Names, server: NameServer) -> None:
    references = References(parse_references(["resolver"]), names, [server.address])
    said = by_kind(await references.ask(2))
    assert said["resolver"] == (Said.ANSWERS, f"the name server {server.address}")


async def test_without_a_default_route_there_is_no_gateway_to_ask(names: Names, tmp_path: Path) -> None:
    references = References(parse_references(["gateway"]), names, files=files(tmp_path))
    assert by_kind(await references.ask(2)) == {"gateway": (Said.ABSENT, "a default gateway (there is none)")}


def test_default_routes_are_read_of_both_families(tmp_path: Path) -> None:
    found = files(tmp_path, route=IPV4_ROUTES, ipv6_route=IPV6_ROUTES)
    assert default_gateways(found) == ["127.0.0.1", "fe80::1%eth0", "2001:db8::1"]


def test_a_resolver_on_this_machine_says_nothing_but_those_that_systemd_asks_do(tmp_path: Path) -> None:
    stub = "# stub\nnameserver 127.0.0.53\nnameserver nonsense\noptions edns0\n"
    assert system_resolvers(files(tmp_path, resolv_conf=stub)) == []
    real = "nameserver 192.0.2.53\nnameserver fe80::1%eth0\n"
    found = files(tmp_path, resolv_conf=stub, systemd_resolv_conf=real)
    assert system_resolvers(found) == ["192.0.2.53", "fe80::1%eth0"]
