"""Every kind of channel against every fault that a server can have: the right outcome, and no secret told."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.certificates import Authority, issue
from tests.support.faults import (
    Handler,
    Server,
    answering,
    answering_then_hanging,
    closed_port,
    ok,
    over_tls,
    reset,
    serving,
    tls_context,
)
from tests.support.messages import sample
from tests.support.providers import KEY_OF_32, PROVIDERS, SECRET, Provider
from tocsin import channels
from tocsin.channels import CHANNELS, Tools, outcome_of
from tocsin.errors import SendFailed
from tocsin.model.alerts import NotificationChannel
from tocsin.model.messages import MessageKind, Outcome, Receipt

HUGE = ok(b"x" * 3_000_000)
SENT, TEMPORARY, PERMANENT, UNKNOWN = Outcome.SENT, Outcome.TEMPORARY, Outcome.PERMANENT, Outcome.UNKNOWN


def echoing(status: str, *headers: str) -> Handler:
    """Answer with the request itself, secrets and all."""

    def handler(server: Server, connection: socket.socket) -> None:
        connection.sendall(ok(server.read_request(connection)[:900], *headers, status=status))

    return handler


def resetting_at_once(server: Server, connection: socket.socket) -> None:
    reset(connection)


def resetting_within_the_request(server: Server, connection: socket.socket) -> None:
    connection.recv(1)
    reset(connection)


def resetting_after_the_request(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    reset(connection)


def speaking_plainly(server: Server, connection: socket.socket) -> None:
    connection.recv(1)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> Provider:
    return PROVIDERS[request.param]


@contextmanager
def telling_no_secret(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level("DEBUG")
    yield
    assert SECRET not in caplog.text
    assert KEY_OF_32 not in caplog.text


async def outcome(provider: Provider, url: str, tools: Tools) -> tuple[Outcome, Receipt | SendFailed]:
    end: Receipt | SendFailed
    try:
        end = await provider.send(provider.config(url), sample(MessageKind.FIRING), tools)
    except SendFailed as failure:
        end = failure
    said = end.message if isinstance(end, SendFailed) else end.detail
    assert SECRET not in said
    assert KEY_OF_32 not in said
    assert len(said) < 600
    return (outcome_of(end) if isinstance(end, SendFailed) else SENT), end


FAULTS: dict[str, tuple[Handler, Outcome]] = {
    "500": (echoing("500 Internal Server Error"), TEMPORARY),
    "503 with a date": (echoing("503 Busy", "Retry-After: Sat, 14 Mar 2026 02:30:09 GMT"), TEMPORARY),
    "400": (echoing("400 Bad Request"), PERMANENT),
    "401": (echoing("401 Unauthorized"), PERMANENT),
    "403": (echoing("403 Forbidden"), PERMANENT),
    "404": (echoing("404 Not Found"), PERMANENT),
    "408": (echoing("408 Request Timeout"), TEMPORARY),
    "410": (echoing("410 Gone"), PERMANENT),
    "429": (echoing("429 Too Many Requests", "Retry-After: 7"), TEMPORARY),
    "a redirect": (echoing("302 Found", "Location: https://elsewhere.example/"), PERMANENT),
    "silence": (answering_then_hanging(b""), UNKNOWN),
    "half a head": (answering_then_hanging(b"HTTP/1.1 200 OK\r\nContent-"), UNKNOWN),
    "a reset within the request": (resetting_within_the_request, UNKNOWN),
    "a reset after the request": (resetting_after_the_request, UNKNOWN),
    "an end without an answer": (answering(), UNKNOWN),
    "no HTTP": (answering(b"SSH-2.0-OpenSSH_9.2\r\n" * 5), UNKNOWN),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_kind_tells_what_became_of_a_message(
    provider: Provider, fault: str, tools: Tools, caplog: pytest.LogCaptureFixture
) -> None:
    handler, expected = FAULTS[fault]
    with telling_no_secret(caplog), serving(handler) as server:
        found, failure = await outcome(provider, server.url("").rstrip("/"), tools)
    assert (found, failure) == (expected, failure)
    if fault == "429":
        assert isinstance(failure, SendFailed)
        assert (failure.retry_after_s, failure.status) == (7, 429)
    if fault == "503 with a date":
        assert isinstance(failure, SendFailed)
        assert failure.retry_after_s == 9


async def test_every_kind_is_content_with_a_right_answer(
    provider: Provider, tools: Tools, caplog: pytest.LogCaptureFixture
) -> None:
    with telling_no_secret(caplog), serving(answering(provider.answer)) as server:
        found, receipt = await outcome(provider, server.url("").rstrip("/"), tools)
    assert found is SENT
    assert isinstance(receipt, Receipt)
    assert receipt.code is not None
    assert len(server.requests) == 1
    assert b"user-agent: tocsin/" in server.requests[0].lower()
    assert SECRET not in receipt.detail


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (ok(b"<html>Log in to the Wi-Fi</html>"), TEMPORARY),
        (ok(b"<html>", "Content-Encoding: gzip"), UNKNOWN),
        (ok(b"").replace(b"Content-Length: 0", b"Content-Length: 50"), UNKNOWN),
        (HUGE, UNKNOWN),
    ],
    ids=["a stranger's page", "no gzip", "cut off", "huge"],
)
async def test_a_good_status_is_enough_only_where_no_body_is_promised(
    provider: Provider, answer: bytes, expected: Outcome, tools: Tools
) -> None:
    with serving(answering(answer)) as server:
        found, _ = await outcome(provider, server.url("").rstrip("/"), tools)
    assert found is (expected if provider.reads_body else SENT)


async def test_an_answer_that_never_ends_does_not_hold_a_send_up(provider: Provider, tools: Tools) -> None:
    with serving(answering_then_hanging(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")) as server:
        found, _ = await outcome(provider, server.url("").rstrip("/"), tools)
    assert found is (UNKNOWN if provider.reads_body else SENT)


async def test_a_connection_that_was_never_made_brought_nothing(provider: Provider, tools: Tools) -> None:
    found, failure = await outcome(provider, f"http://127.0.0.1:{closed_port()}", tools)
    assert found is TEMPORARY
    assert "127.0.0.1 refuses the connection" in str(failure)
    found, failure = await outcome(provider, "http://nowhere.invalid", tools)
    assert found is TEMPORARY
    assert "nowhere.invalid is not found" in str(failure)


async def test_a_connection_that_is_reset_at_once_is_never_called_good_or_hopeless(
    provider: Provider, tools: Tools
) -> None:
    with serving(resetting_at_once) as server:
        found, _ = await outcome(provider, server.url("").rstrip("/"), tools)
    assert found in (TEMPORARY, UNKNOWN)  # as the reset is seen before the request is written, or after


async def test_tls_is_verified_and_its_faults_are_temporary(
    provider: Provider, tools: Tools, authority: Authority, tmp_path: Path
) -> None:
    right = over_tls(tls_context(authority.leaf("localhost"), tmp_path), answering(provider.answer))
    with serving(right) as server:
        assert (await outcome(provider, server.url("", scheme="https", host="localhost"), tools))[0] is SENT
    wrong = over_tls(tls_context(issue("localhost", hosts=("localhost",)), tmp_path), answering(provider.answer))
    with serving(wrong) as server:
        found, failure = await outcome(provider, server.url("", scheme="https", host="localhost"), tools)
        assert server.requests == []
    assert found is TEMPORARY
    assert "the certificate of localhost is not trusted: self-signed certificate" in str(failure)
    with serving(speaking_plainly) as server:
        found, failure = await outcome(provider, server.url("", scheme="https", host="localhost"), tools)
    assert found is TEMPORARY
    assert "no TLS with localhost" in str(failure)


def test_every_kind_of_channel_is_registered() -> None:
    assert set(CHANNELS) == set(NotificationChannel)
    assert all(kind is row.kind for kind, row in CHANNELS.items())
    tried = {provider.kind for provider in PROVIDERS.values()}
    assert tried | {NotificationChannel.EMAIL, NotificationChannel.APPRISE, NotificationChannel.DASHBOARD} == set(
        CHANNELS
    )


async def test_a_trial_says_that_it_is_one(provider: Provider, tools: Tools) -> None:
    with serving(answering(provider.answer)) as server:
        config = provider.config(server.url("").rstrip("/"))
        receipt = await channels.test_send(provider.kind, config, tools, "https://tocsin.example")
    assert receipt.code is not None
    assert b"TEST" in server.requests[0]


async def test_the_dashboard_takes_every_message_at_once(tools: Tools) -> None:
    config = channels.parse_config(NotificationChannel.DASHBOARD, {})
    receipt = await CHANNELS[NotificationChannel.DASHBOARD].send(config, sample(MessageKind.FIRING), tools)
    assert receipt.detail == "shown on the dashboard"
    assert CHANNELS[NotificationChannel.DASHBOARD].destination(config) == "the dashboard"
