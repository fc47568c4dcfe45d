"""E-mail through a real SMTP server: encrypted, logged in, refused, cut off."""

import email as parser
import email.policy
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.integration.channels.conftest import SHORT
from tests.support.certificates import Authority, issue
from tests.support.faults import Server, answering_then_hanging, closed_port, reset, serving, tls_context
from tests.support.messages import NOW, sample
from tests.support.smtp_server import PASSWORD, USER, Post, post_office
from tocsin.channels import Tools, email as channel, open_tools, outcome_of, parse_config
from tocsin.errors import SendFailed
from tocsin.model.alerts import NotificationChannel
from tocsin.model.messages import MessageKind, Outcome, Receipt

FIRING = sample(MessageKind.FIRING)
ME, YOU = "me@example.com", "you@example.com"


def configured(port: int, **more: Any) -> Any:
    given = {"host": "localhost", "port": port, "security": "none", "sender": "Tocsin <alerts@example.com>", "to": [ME]}
    return parse_config(NotificationChannel.EMAIL, given | more)


async def failure(config: Any, tools: Tools) -> SendFailed:
    with pytest.raises(SendFailed) as caught:
        await channel.send(config, FIRING, tools)
    assert PASSWORD not in caught.value.message
    return caught.value


@pytest.fixture
def server_tls(authority: Authority, tmp_path: Path) -> Any:
    return tls_context(authority.leaf("localhost"), tmp_path)


async def test_a_mail_arrives_as_text_and_html(tools: Tools) -> None:
    async with post_office(Post()) as post:
        receipt = await channel.send(configured(post.port, to=[ME, YOU]), FIRING, tools)
    (envelope,) = post.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("alerts@example.com", [ME, YOU])
    assert isinstance(envelope.content, bytes)
    mail = parser.message_from_bytes(envelope.content, policy=email.policy.default)
    assert mail["Subject"] == "[CRITICAL] shop.example is down – since 02:10 UTC"
    text, page = (part.get_content() for part in mail.iter_parts())
    assert "1. Look whether the web server runs: systemctl status nginx" in text
    assert "<li>Look whether the web server runs: systemctl status nginx</li>" in page
    assert receipt == Receipt(provider_id=mail["Message-ID"], code=250, detail="accepted for 2 of 2")


async def test_starttls_and_a_login_protect_the_way(tools: Tools, server_tls: Any) -> None:
    login = {"security": "starttls", "username": USER, "password": PASSWORD}
    async with post_office(Post(), starttls=server_tls, wants_login=True) as post:
        await channel.send(configured(post.port, **login), FIRING, tools)
        assert post.sessions[0].ssl is not None
        assert post.sessions[0].authenticated
        wrong = await failure(configured(post.port, **{**login, "password": "hush-hush"}), tools)
    assert (outcome_of(wrong), wrong.status) == (Outcome.PERMANENT, 535)
    assert "check username and password" in wrong.message


async def test_tls_from_the_start_protects_the_way(tools: Tools, server_tls: Any) -> None:
    async with post_office(Post(), tls=server_tls) as post:
        await channel.send(configured(post.port, security="tls"), FIRING, tools)
    assert len(post.envelopes) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for_is_told_and_can_be_overlooked(
    security: str, tools: Tools, tmp_path: Path
) -> None:
    context = tls_context(issue("localhost", hosts=("localhost",)), tmp_path)
    way: dict[str, Any] = {security: context}
    async with post_office(Post(), **way) as post:
        found = await failure(configured(post.port, security=security), tools)
        assert outcome_of(found) is Outcome.TEMPORARY
        assert "its certificate is not trusted: self-signed certificate" in found.message
        assert post.envelopes == []
        await channel.send(configured(post.port, security=security, verify_tls=False), FIRING, tools)
        assert len(post.envelopes) == 1


async def test_a_server_without_starttls_or_login_is_a_matter_of_settings(tools: Tools, server_tls: Any) -> None:
    async with post_office(Post()) as post:
        found = await failure(configured(post.port, security="starttls"), tools)
        assert outcome_of(found) is Outcome.PERMANENT
        assert "offers no STARTTLS: set security to tls" in found.message
    async with post_office(Post(), starttls=server_tls) as post:  # offers a login only after STARTTLS
        found = await failure(configured(post.port, username=USER, password=PASSWORD), tools)
        assert outcome_of(found) is Outcome.PERMANENT
        assert "offers no login" in found.message


@pytest.mark.parametrize(
    ("says", "outcome"), [("550 no such user", Outcome.PERMANENT), ("451 try later", Outcome.TEMPORARY)]
)
async def test_replies_to_sender_and_data_count_by_their_first_digit(says: str, outcome: Outcome, tools: Tools) -> None:
    for post in (Post(says_to_sender=says), Post(says_to_data=says)):
        async with post_office(post):
            found = await failure(configured(post.port), tools)
        assert (outcome_of(found), found.status) == (outcome, int(says[:3]))
        assert says[4:] in found.message


async def test_refused_recipients_are_named_and_the_others_get_their_mail(tools: Tools) -> None:
    async with post_office(Post(refuses={ME: "550 5.1.1 no such user"})) as post:
        receipt = await channel.send(configured(post.port, to=[ME, YOU]), FIRING, tools)
    assert post.envelopes[0].rcpt_tos == [YOU]
    assert receipt.detail == "accepted for 1 of 2; refused for me@example.com: 550 5.1.1 no such user"


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        ({ME: "550 no", YOU: "553 no"}, Outcome.PERMANENT),
        ({ME: "550 no", YOU: "451 greylisted"}, Outcome.TEMPORARY),
    ],
)
async def test_where_all_are_refused_one_temporary_reason_is_worth_another_try(
    replies: dict[str, str], outcome: Outcome, tools: Tools
) -> None:
    async with post_office(Post(refuses=replies)) as post:
        found = await failure(configured(post.port, to=[ME, YOU]), tools)
    assert outcome_of(found) is outcome
    assert "refused for me@example.com: 550 no; refused for you@example.com" in found.message
    assert post.envelopes == []


@pytest.mark.parametrize(("drops_at", "outcome"), [("rcpt", Outcome.TEMPORARY), ("data", Outcome.UNKNOWN)])
async def test_a_lost_connection_leaves_doubt_only_after_the_mail_was_handed_over(
    drops_at: str, outcome: Outcome, tools: Tools
) -> None:
    async with post_office(Post(drops_at=drops_at)) as post:
        found = await failure(configured(post.port), tools)
    assert outcome_of(found) is outcome


async def test_a_server_that_cannot_be_reached_got_nothing(tools: Tools) -> None:
    found = await failure(configured(closed_port()), tools)
    assert outcome_of(found) is Outcome.TEMPORARY
    assert "no mail through localhost port" in found.message
    found = await failure(configured(25, host="nowhere.invalid"), tools)
    assert outcome_of(found) is Outcome.TEMPORARY


def vanishing(server: Server, connection: socket.socket) -> None:
    connection.sendall(b"220 hello\r\n")
    connection.recv(100)
    reset(connection)


def babbling(server: Server, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    server.hang()


@pytest.mark.parametrize(
    "handler", [answering_then_hanging(b""), vanishing, babbling], ids=["silent", "gone", "no SMTP"]
)
async def test_a_server_that_speaks_no_smtp_got_nothing(handler: Any, tools: Tools) -> None:
    with serving(handler) as server:
        found = await failure(configured(server.port), tools)
    assert outcome_of(found) is Outcome.TEMPORARY


async def test_the_guard_sees_the_address_of_the_server() -> None:
    async with post_office(Post()) as post:
        async with open_tools(forbid=lambda one: one in ("127.0.0.1", "::1"), clock=lambda: NOW, limits=SHORT) as tools:
            found = await failure(configured(post.port), tools)
        assert outcome_of(found) is Outcome.PERMANENT
        assert "an address that channels may not connect to" in found.message
        async with open_tools(forbid=lambda one: one != "127.0.0.1", clock=lambda: NOW, limits=SHORT) as tools:
            await channel.send(configured(post.port, host="127.0.0.1"), FIRING, tools)
    assert len(post.envelopes) == 1
