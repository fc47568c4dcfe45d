"""The ICMP probe: the real kernel where it lets us, and a machine of our own for what it never does."""

import errno
import shutil
import socket
import subprocess
import sys
from functools import partial

import pytest

from tests.support.peers import echo_reply, pinged
from tocsin.model.enums import Cause, Phase
from tocsin.model.options import CheckOptions
from tocsin.probes import Target, Tools, icmp, probe

TARGET = Target("icmp://192.0.2.7", CheckOptions(), 0.6)


def may_ping() -> bool:
    try:
        icmp.open_ping_socket("127.0.0.1").close()
    except PermissionError:
        return False
    return True


@pytest.mark.skipif(not may_ping(), reason="this user may not ping: net.ipv4.ping_group_range")
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
async def test_this_machine_answers_over_both_families(tools: Tools, host: str) -> None:
    result = await probe(Target(f"icmp://{host}", CheckOptions(), 5.0), tools)
    assert (result.cause, result.message, result.http_status_code) == (None, "", None)
    assert result.address in ("127.0.0.1", "::1")
    assert result.phases.connect_ms is not None
    assert (result.phases.dns_ms is None) == (host != "localhost")


NO_RIGHTS = """
import asyncio
from tocsin.model.options import CheckOptions
from tocsin.probes import Target, open_tools, probe

async def look():
    async with open_tools() as tools:
        result = await probe(Target("icmp://127.0.0.1", CheckOptions(), 2.0), tools)
        print(result.cause, result.phase, result.message)

asyncio.run(look())
"""


def in_a_namespace_without_rights() -> list[str] | None:
    """Return how to run a program as nobody, where nobody may ping; None where the system does not allow that."""
    words = [shutil.which("unshare") or "", "--user", "--net"]
    works = bool(words[0]) and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
    return words if works else None


def test_a_user_who_may_not_ping_is_told_what_to_do() -> None:
    words = in_a_namespace_without_rights()
    if words is None:
        pytest.skip("no user namespaces here")
    run = subprocess.run([*words, sys.executable, "-c", NO_RIGHTS], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("vantage_blind vantage Tocsin may not send echo requests here")
    assert "net.ipv4.ping_group_range" in run.stdout
    assert "CAP_NET_RAW" in run.stdout


async def test_a_lost_echo_is_repeated_and_told(tools: Tools) -> None:
    heard: list[bytes] = []

    def losing(request: bytes) -> bytes | None:
        heard.append(request)
        return echo_reply(request) if len(heard) == 2 else None

    with pinged(losing) as (url, look):
        result = await look(Target(url, CheckOptions(), 0.6), tools)
    assert result.cause is None
    assert result.message.startswith("Only one of 2 echo requests was answered, after ")
    assert [request[6:8] for request in heard] == [b"\0\1", b"\0\2"]


async def test_an_answer_that_comes_late_counts_too(tools: Tools) -> None:
    first: list[bytes] = []

    def late(request: bytes) -> bytes | None:
        first.append(request)
        return echo_reply(first[0]) if len(first) == 2 else None

    with pinged(late) as (url, look):
        result = await look(Target(url, CheckOptions(), 0.6), tools)
    assert result.cause is None
    assert float(result.message.split()[-2]) > 150  # the 200 ms since the first one was sent


async def test_three_echoes_without_an_answer_are_enough(tools: Tools) -> None:
    heard: list[bytes] = []

    def mute(request: bytes) -> None:
        heard.append(request)

    with pinged(mute) as (_, look):
        result = await look(TARGET, tools)
    assert (result.cause, result.phase) == (Cause.CONNECT_TIMEOUT, Phase.CONNECT)
    assert result.message == (
        "192.0.2.7 answered none of 3 echo requests within 0.6 s, what was left of this check's time"
    )
    assert len(heard) == 3


@pytest.mark.parametrize(
    ("number", "cause", "words"),
    [
        (errno.EPERM, Cause.VANTAGE_BLIND, "ping_group_range"),
        (errno.EACCES, Cause.NO_ROUTE, "There is no route to 192.0.2.7"),
        (errno.EHOSTUNREACH, Cause.NO_ROUTE, "no route to host"),
    ],
)
async def test_what_the_system_says_of_a_ping_is_told(tools: Tools, number: int, cause: Cause, words: str) -> None:
    def refusing(address: str) -> socket.socket:
        raise OSError(number, "no")

    result = await icmp.probe(TARGET, tools, refusing)
    assert result.cause is cause
    assert words in result.message
    assert result.phases.connect_ms is None


async def test_a_machine_that_becomes_unreachable_is_told(tools: Tools) -> None:
    def broken(address: str) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.setblocking(False)
        theirs.close()
        return ours

    result = await icmp.probe(TARGET, tools, broken)
    assert (result.cause, result.phase) == (Cause.CONNECT_REFUSED, Phase.CONNECT)


@pytest.mark.parametrize(("version", "packet"), [(4, b"\x08\x00"), (6, b"\x80\x00")])
def test_an_echo_request_is_what_the_standards_say(version: int, packet: bytes) -> None:
    token = bytes(range(16))
    request = icmp.echo_request(version, 7, 1, token)
    assert request[:2] == packet
    assert request[4:] == b"\x00\x07\x00\x01" + token
    assert version == 6 or icmp.checksum(request) == 0


def test_only_the_answer_to_our_own_echo_counts() -> None:
    token = bytes(16)
    answer = echo_reply(icmp.echo_request(4, 7, 3, token))
    sequence = partial(icmp.sequence_of_reply, 4)
    assert sequence(answer, token) == 3
    assert sequence(b"\x45" + bytes(19) + answer, token) == 3
    assert sequence(answer, b"x" * 16) is None
    assert sequence(icmp.echo_request(4, 7, 3, token), token) is None
    assert sequence(b"\x4f", token) is None
    assert sequence(b"", token) is None
