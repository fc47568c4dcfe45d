"""The guard, roots, proxies and time limits of every send."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.integration.channels.conftest import SHORT
from tests.support.certificates import Authority
from tests.support.faults import answering, deaf_server, ok, over_tls, serving, tls_context
from tests.support.messages import NOW, sample
from tests.support.providers import PROVIDERS
from tocsin.channels import Limits, Tools, open_tools, outcome_of
from tocsin.errors import SendFailed, SettingsInvalid
from tocsin.model.messages import MessageKind, Outcome, Receipt
from tocsin.probes.guard import Guard

LOOPBACK = Guard([ip_network("127.0.0.0/8"), ip_network("::1/128")])
FIRING = sample(MessageKind.FIRING)
WEBHOOK = PROVIDERS["webhook"]


async def sent(url: str, tools: Tools) -> Receipt | SendFailed:
    try:
        receipt: Receipt = await WEBHOOK.send(WEBHOOK.config(url), FIRING, tools)
    except SendFailed as failure:
        return failure
    return receipt


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]"])
async def test_the_guard_keeps_messages_from_forbidden_addresses(host: str) -> None:
    with serving(answering(ok())) as server:
        async with open_tools(forbid=LOOPBACK.refusal, clock=lambda: NOW, limits=SHORT) as tools:
            failure = await sent(server.url("", host=host), tools)
    assert isinstance(failure, SendFailed)
    assert outcome_of(failure) is Outcome.PERMANENT
    assert "an address that channels may not connect to" in failure.message
    assert server.requests == []


async def test_what_the_guard_lets_through_goes_to_the_address_it_has_seen(
    authority: Authority, tmp_path: Path
) -> None:
    secure = over_tls(tls_context(authority.leaf("localhost"), tmp_path), answering(ok()))
    bundle = authority.bundle(tmp_path)
    async with open_tools(bundle, forbid=Guard().refusal, clock=lambda: NOW, limits=SHORT) as tools:
        for handler, scheme in ((answering(ok()), "http"), (secure, "https")):
            with serving(handler) as server:
                assert isinstance(await sent(server.url("", scheme=scheme, host="localhost"), tools), Receipt)
            assert f"host: localhost:{server.port}".encode() in server.requests[0].lower()
        failure = await sent("http://nowhere.invalid", tools)
        assert isinstance(failure, SendFailed)
        assert "nowhere.invalid is not found" in failure.message


async def test_a_proxy_is_used_where_one_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering(ok())) as proxy, serving(answering(ok())) as server:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        async with open_tools(limits=SHORT) as tools:
            assert isinstance(await sent(server.url(""), tools), Receipt)
        async with open_tools(proxy=proxy.url(""), limits=SHORT) as tools:
            assert isinstance(await sent("http://hook.example", tools), Receipt)
    assert proxy.requests[0].startswith(b"POST http://hook.example/in?token=")


async def test_a_host_that_does_not_accept_got_nothing() -> None:
    with deaf_server() as server:
        async with open_tools(limits=Limits(connect_s=0.3, answer_s=0.3, whole_s=1)) as tools:
            failure = await sent(server.url(""), tools)
    assert isinstance(failure, SendFailed)
    assert outcome_of(failure) is Outcome.TEMPORARY
    assert "127.0.0.1 does not accept the connection in time" in failure.message


async def test_a_whole_send_has_a_time_limit_however_busy_the_other_side_is() -> None:
    drip = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10

    def handler(server: object, connection: object) -> None:
        for byte in drip * 100:
            connection.sendall(bytes([byte]))  # type: ignore[attr-defined]
            server.stopped.wait(0.05)  # type: ignore[attr-defined]

    with serving(handler) as server:
        async with open_tools(limits=Limits(connect_s=0.3, answer_s=0.3, whole_s=0.6)) as tools:
            failure = await sent(server.url(""), tools)
    assert isinstance(failure, SendFailed)
    assert outcome_of(failure) is Outcome.UNKNOWN
    assert "not in 0.6 s" in failure.message


@pytest.mark.parametrize("url", ["http://a..b.example", "http://" + "x" * 70 + ".example", "http://xn--a.example"])
async def test_a_host_that_cannot_be_is_a_failure_like_others(url: str, tools: Tools) -> None:
    failure = await sent(url, tools)
    assert isinstance(failure, SendFailed)
    assert not failure.may_have_arrived
    async with open_tools(forbid=lambda _: False, limits=SHORT) as guarded:
        assert isinstance(await sent(url, guarded), SendFailed)


def test_a_bundle_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.pem", tmp_path):
        with pytest.raises(SettingsInvalid, match="TOCSIN_CA_BUNDLE"):
            open_tools(str(path))
