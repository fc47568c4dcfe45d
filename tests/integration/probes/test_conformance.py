"""What every kind of check must do, whatever it speaks: end on time, leave nothing behind, never raise."""

import asyncio
import contextlib
import time
from ipaddress import ip_network
from pathlib import Path

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.support.certificates import Authority
from tests.support.dns_server import NameServer
from tests.support.peers import KINDS, Kind, Peer
from tocsin.model.enums import Cause, Phase
from tocsin.model.options import CheckOptions
from tocsin.model.results import CheckResult
from tocsin.model.urls import SCHEMES
from tocsin.probes import PROBES, Target, Tools, open_tools

LIMIT_S = 0.6
SLACK_S = 3.0
"""How much later than its limit a check may end on a machine that is busy with other things."""

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.scheme)


def target_of(kind: Kind, url: str, timeout_s: float = 5.0) -> Target:
    return Target(url, CheckOptions(**kind.options), timeout_s)


async def look(kind: Kind, peer: Peer, tools: Tools, timeout_s: float = 5.0) -> CheckResult:
    with peer as (url, probe):
        return await probe(target_of(kind, url, timeout_s), tools)


def test_every_kind_of_check_is_put_to_these_tests() -> None:
    assert tuple(kind.scheme for kind in KINDS) == tuple(PROBES), "a new probe needs its row in tests/support/peers.py"
    assert tuple(PROBES) == SCHEMES


@every_kind
async def test_a_healthy_peer_has_no_cause_and_its_phases_add_up(
    kind: Kind, tools: Tools, authority: Authority, tmp_path: Path
) -> None:
    result = await look(kind, kind.healthy(tmp_path, authority), tools)
    assert (result.cause, result.phase, result.status) == (None, None, None)
    assert result.address
    assert result.addresses == (result.address,) or kind.scheme == "dns"
    phases = result.phases.to_dict()
    total_ms = phases.pop("total_ms") or 0.0
    assert 0 < sum(one for one in phases.values() if one is not None) <= total_ms + 0.5
    assert result.to_dict()["cause"] is None


@every_kind
async def test_a_silent_peer_is_given_up_at_the_limit(kind: Kind, tools: Tools) -> None:
    began = time.monotonic()
    result = await look(kind, kind.silent(), tools, LIMIT_S)
    assert result.cause in kind.late
    assert 0.9 * LIMIT_S <= time.monotonic() - began <= LIMIT_S + SLACK_S
    assert result.phases.total_ms is not None
    assert 0.9 * LIMIT_S <= result.phases.total_ms / 1e3 <= LIMIT_S + SLACK_S
    assert "0.6 s" in result.message


@every_kind
async def test_a_peer_that_is_not_there_is_told_at_once(kind: Kind, tools: Tools) -> None:
    result = await look(kind, kind.refusing(), tools)
    assert result.cause is kind.refused
    assert result.message[-1] not in ".\n"


def open_sockets() -> set[str]:
    found = set()
    for number in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            found.add(str(number.readlink()))
    return {name for name in found if name.startswith("socket:")}


async def nothing_left(before: set[str]) -> bool:
    """Wait until the engine's thread, which closes by itself, has closed all it opened."""
    for _ in range(100):
        if open_sockets() <= before:
            return True
        await asyncio.sleep(0.05)
    return False


@every_kind
async def test_a_cancelled_check_leaves_no_socket_and_no_task_behind(kind: Kind, tools: Tools) -> None:
    sockets, tasks = open_sockets(), asyncio.all_tasks()
    with kind.silent() as (url, probe):
        task = asyncio.ensure_future(probe(target_of(kind, url, 30.0), tools))
        await asyncio.sleep(0.2)  # so that it waits for the peer
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await nothing_left(sockets)
    assert asyncio.all_tasks() == tasks


@every_kind
@pytest.mark.parametrize("is_reset", [False, True], ids=["closing", "resetting"])
@pytest.mark.parametrize(
    "words",
    [b"", b"\x00", b"\r\n" * 40, bytes(range(256)) * 8, b"SSH-2.0-Other\r\n"],
    ids=["nothing", "zero", "blank lines", "every byte", "another protocol"],
)
async def test_what_makes_no_sense_is_a_fault_or_words(kind: Kind, tools: Tools, words: bytes, is_reset: bool) -> None:
    sockets = open_sockets()
    result = await look(kind, kind.saying(lambda _: words, is_reset), tools, kind.garbage_timeout_s)
    if not (kind.any_words_will_do and words):
        assert result.cause is not None
        assert result.message
    assert await nothing_left(sockets)


@every_kind
def test_no_words_of_a_peer_make_a_check_raise(kind: Kind, authority: Authority) -> None:
    said: list[bytes] = [b""]
    opening = [0]

    def reply(request: bytes) -> bytes:
        openings = (lambda _: b"", *kind.openings)
        return bytes(openings[opening[0] % len(openings)](request)) + said[0]

    with asyncio.Runner() as runner, kind.saying(reply, False) as (url, probe):
        tools = open_tools()
        runner.run(tools.start())

        async def look_once() -> CheckResult:
            return await probe(target_of(kind, url, kind.garbage_timeout_s), tools)

        @settings(max_examples=30, deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck])
        @given(st.binary(max_size=400), st.integers(0, len(kind.openings)))
        def no_words(words: bytes, number: int) -> None:
            said[0], opening[0] = words, number
            result = runner.run(look_once())
            assert isinstance(result, CheckResult)
            assert (result.cause is None) == (result.message == "")
            result.to_dict()

        try:
            no_words()
        finally:
            runner.run(tools.aclose())


@every_kind
def test_all_this_holds_on_the_event_loop_that_serves_too(
    kind: Kind, authority: Authority, dns: NameServer, tmp_path: Path
) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tools = open_tools(authority.bundle(tmp_path), [dns.address])
        runner.run(tools.start())
        try:
            runner.run(test_a_healthy_peer_has_no_cause_and_its_phases_add_up(kind, tools, authority, tmp_path))
            runner.run(test_a_silent_peer_is_given_up_at_the_limit(kind, tools))
            runner.run(test_a_peer_that_is_not_there_is_told_at_once(kind, tools))
            runner.run(test_a_cancelled_check_leaves_no_socket_and_no_task_behind(kind, tools))
        finally:
            runner.run(tools.aclose())


@every_kind
async def test_the_guard_is_asked_before_anything_is_sent(kind: Kind, dns: NameServer) -> None:
    dns.zone["inside.example"] = ["127.0.0.1"]
    networks = [ip_network("127.0.0.0/8"), ip_network("192.0.2.0/24")]
    heard: list[bytes] = []

    def reply(request: bytes) -> bytes:
        heard.append(request)
        return b"\0"

    async with open_tools(name_servers=[dns.address], forbidden=networks) as tools:
        with kind.saying(reply, False) as (url, probe):
            for host in ("127.0.0.1", "[::ffff:127.0.0.1]", "[64:ff9b::127.0.0.1]", "inside.example"):
                there = url.replace("192.0.2.7", "127.0.0.1").replace("127.0.0.1", host)
                result = await probe(target_of(kind, there), tools)
                assert (result.cause, result.phase) == (Cause.ADDRESS_FORBIDDEN, Phase.CONNECT), there
                assert "TOCSIN_FORBIDDEN_NETWORKS" in result.message
    assert heard == []


@every_kind
async def test_a_name_that_does_not_exist_is_told_as_such(kind: Kind, tools: Tools) -> None:
    with kind.silent() as (url, probe):
        there = url.replace("192.0.2.7", "127.0.0.1").replace("127.0.0.1", "gone.example")
        result = await probe(target_of(kind, there), tools)
    assert (result.cause, result.phase) == (Cause.DNS_NOT_FOUND, Phase.DNS)
    assert "gone.example" in result.message
