"""What each provider says in its own way: bodies that contradict the status, updates, waits, signatures."""

import json
import socket
from typing import Any

import pytest

from tests.support.faults import Server, answering, ok, serving
from tests.support.messages import NOW, sample
from tests.support.providers import PROVIDERS, SECRET, answer_json
from tocsin.channels import Tools, outcome_of, webhook
from tocsin.errors import SendFailed
from tocsin.model.messages import MessageKind, Outcome, Receipt

FIRING = sample(MessageKind.FIRING)
PERMANENT, TEMPORARY = Outcome.PERMANENT, Outcome.TEMPORARY


def in_turn(*answers: bytes) -> Any:
    """Answer the first request with the first answer, and so on."""
    left = list(answers)

    def handler(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(left.pop(0))

    return handler


def requested(request: bytes) -> tuple[str, dict[str, str], Any]:
    """Return request line, headers and JSON body."""
    head, _, body = request.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = dict(one.lower().split(": ", 1) for one in lines)
    return line, headers, json.loads(body) if body.startswith(b"{") else body


async def told(name: str, answers: list[bytes], tools: Tools, message: Any = FIRING, **more: Any) -> Any:
    """Send, and return the receipt or the failure, and the requests that the provider got."""
    provider = PROVIDERS[name]
    with serving(in_turn(*answers)) as server:
        try:
            end: Receipt | SendFailed = await provider.send(
                provider.config(server.url("").rstrip("/"), **more), message, tools
            )
        except SendFailed as failure:
            end = failure
    return end, [requested(one) for one in server.requests]


@pytest.mark.parametrize(
    ("name", "answer", "outcome", "words"),
    [
        ("slack_webhook", ok(b"invalid_token", status="403 Forbidden"), PERMANENT, "make a new webhook"),
        ("slack_webhook", ok(b"no_service", status="404 Not Found"), PERMANENT, "make a new webhook"),
        ("slack_webhook", ok(b"channel_is_archived", status="410 Gone"), PERMANENT, "choose another one"),
        ("slack_bot", answer_json({"ok": False, "error": "not_in_channel"}), PERMANENT, "/invite"),
        ("slack_bot", answer_json({"ok": False, "error": "msg_too_long"}), PERMANENT, "says msg_too_long"),
        ("slack_bot", answer_json({"ok": False, "error": "internal_error"}), TEMPORARY, "says internal_error"),
        ("discord", answer_json({"code": 10015, "message": "Unknown Webhook"}, "404 Not Found"),
         PERMANENT, "Unknown Webhook"),
        ("teams", ok(b"Microsoft Teams endpoint returned HTTP error 404"), PERMANENT, "make a new one"),
        ("teams", ok(b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413"),
         PERMANENT, "too large"),
        ("sms", answer_json({"code": 21610, "message": "unsubscribed"}, "400 Bad Request"), PERMANENT, "START"),
        ("sms", answer_json({"code": "?", "message": "odd"}, "400 Bad Request"), PERMANENT, "odd"),
        ("pagerduty", answer_json({"status": "invalid event", "errors": ["Length of 'routing_key' is incorrect"]},
                                  "400 Bad Request"), PERMANENT, "Length of 'routing_key'"),
        ("telegram", answer_json({"ok": False, "description": "Forbidden: bot was blocked"}, "403 Forbidden"),
         PERMANENT, "add it again"),
        ("telegram", answer_json({"ok": False, "description": "group chat was upgraded",
                                  "parameters": {"migrate_to_chat_id": -1009}}, "400 Bad Request"),
         PERMANENT, "write -1009 as its chat_id"),
        ("ntfy", answer_json({"code": 40301, "http": 403, "error": "forbidden"}, "403 Forbidden"), PERMANENT, "topic"),
        ("ntfy", answer_json({"code": 50001, "http": 500, "error": "internal"}, "500 Oops"), TEMPORARY, "(internal)"),
        ("webhook", ok(b"", "Location: https://new.example/", status="301 Moved"),
         PERMANENT, "the address it moved to"),
    ],
)  # fmt: skip
async def test_a_refusal_says_what_to_do(name: str, answer: bytes, outcome: Outcome, words: str, tools: Tools) -> None:
    end, _ = await told(name, [answer], tools)
    assert isinstance(end, SendFailed)
    assert outcome_of(end) is outcome
    assert words in end.message


@pytest.mark.parametrize(
    ("name", "answer", "seconds"),
    [
        ("slack_bot", answer_json({"ok": False, "error": "ratelimited"}, "200 OK", "Retry-After: 30"), 30),
        ("slack_webhook", answer_json({"retry_after": 1}, "429 Too Many Requests", "Retry-After: 1"), 1),
        ("discord", answer_json({"retry_after": 0.65}, "429 Too Many Requests", "Retry-After: 1"), 0.65),
        ("discord", answer_json({"retry_after": "soon"}, "429 Too Many Requests", "Retry-After: 3"), 3),
        ("teams", ok(b"Microsoft Teams endpoint returned HTTP error 429 with ContextId"), None),
        ("teams", ok(b"", "Retry-After: 17", status="429 Too Many Requests"), 17),
        ("telegram", answer_json({"ok": False, "parameters": {"retry_after": 5}}, "429 Too Many Requests"), 5),
        ("telegram", answer_json({"ok": False, "parameters": 5}, "429 Too Many Requests"), None),
        ("pagerduty", ok(b"", status="429 Too Many Requests"), None),
        ("webhook", ok(b"", "Retry-After: 2", status="503 Busy"), 2),
    ],
)  # fmt: skip
async def test_a_provider_that_asks_to_wait_is_waited_for(
    name: str, answer: bytes, seconds: float | None, tools: Tools
) -> None:
    end, _ = await told(name, [answer], tools)
    assert isinstance(end, SendFailed)
    assert outcome_of(end) is TEMPORARY
    assert end.retry_after_s == seconds


@pytest.mark.parametrize(
    ("name", "answer", "code"),
    [
        ("teams", ok(b"", status="202 Accepted"), 202),
        ("webhook", ok(b"anything", status="204 No Content").replace(b"anything", b""), 204),
        ("pagerduty", ok(b"accepted", status="202 Accepted"), 202),
    ],
)
async def test_some_good_statuses_are_enough(name: str, answer: bytes, code: int, tools: Tools) -> None:
    end, _ = await told(name, [answer], tools)
    assert isinstance(end, Receipt)
    assert end.code == code


SLACK_SENT = answer_json({"ok": True, "channel": "C1", "ts": "17.6"})
TELEGRAM_SENT = answer_json({"ok": True, "result": {"message_id": 6}})
DISCORD_SENT = answer_json({"id": "100"})
UPDATES = {
    "slack_bot": (SLACK_SENT, "C1:17.5", "POST /api/chat.update",
                  answer_json({"ok": False, "error": "message_not_found"}),
                  "POST /api/chat.postMessage", "C1:17.6"),
    "discord": (DISCORD_SENT, "99", f"PATCH /api/webhooks/1/{SECRET}/messages/99",
                answer_json({"code": 10008, "message": "Unknown Message"}, "404 Not Found"),
                f"POST /api/webhooks/1/{SECRET}?wait=true", "100"),
    "telegram": (TELEGRAM_SENT, "5", f"POST /bot123:{SECRET}/editMessageText",
                 answer_json({"ok": False, "description": "Bad Request: message to edit not found"}, "400 Bad Request"),
                 f"POST /bot123:{SECRET}/sendMessage", "6"),
}  # fmt: skip


@pytest.mark.parametrize("name", UPDATES)
async def test_the_end_of_a_problem_edits_its_first_message(name: str, tools: Tools) -> None:
    sent, previous, edit, gone, post, new = UPDATES[name]
    resolved = sample(MessageKind.RESOLVED, previous_id=previous)
    end, requests = await told(name, [sent], tools, resolved)
    assert [line for line, _, _ in requests] == [f"{edit} HTTP/1.1"]
    assert end.provider_id == new
    end, requests = await told(name, [gone, sent], tools, resolved)  # somebody has deleted it
    assert [line for line, _, _ in requests] == [f"{edit} HTTP/1.1", f"{post} HTTP/1.1"]
    assert end.provider_id == new
    for message, more in (
        (sample(MessageKind.REMINDER, previous_id=previous), {}),
        (sample(MessageKind.RESOLVED), {}),
        (resolved, {"update_in_place": False}),
    ):
        end, requests = await told(name, [sent], tools, message, **more)
        assert [line for line, _, _ in requests] == [f"{post} HTTP/1.1"]


async def test_telegram_is_content_when_nothing_had_to_change(tools: Tools) -> None:
    same = answer_json({"ok": False, "description": "Bad Request: message is not modified"}, "400 Bad Request")
    end, _ = await told("telegram", [same], tools, sample(MessageKind.CHANGED, previous_id="5"))
    assert end.provider_id == "5"


async def test_telegram_writes_into_a_topic(tools: Tools) -> None:
    _, ((_, _, body),) = await told("telegram", [TELEGRAM_SENT], tools, message_thread_id=7)
    assert (body["chat_id"], body["message_thread_id"], body["link_preview_options"]) == (
        "-100",
        7,
        {"is_disabled": True},
    )


async def test_discord_keeps_the_thread_of_its_webhook(tools: Tools) -> None:
    provider = PROVIDERS["discord"]
    with serving(answering(DISCORD_SENT)) as server:
        config = provider.config("https://x", webhook_url=server.url(f"/api/webhooks/1/{SECRET}/?thread_id=8"))
        await provider.send(config, FIRING, tools)
    assert requested(server.requests[0])[0] == f"POST /api/webhooks/1/{SECRET}?thread_id=8&wait=true HTTP/1.1"


async def test_a_webhook_can_be_verified_and_recognised_by_its_receiver(tools: Tools) -> None:
    _, ((line, headers, _),) = await told("webhook", [ok()], tools, method="PUT")
    assert line == f"PUT /in?token={SECRET} HTTP/1.1"
    assert headers["x-auth"] == SECRET
    assert headers["idempotency-key"] == "sample-firing"
    assert headers["content-type"] == "application/json"
    assert headers["x-tocsin-timestamp"] == str(int(NOW.timestamp()))
    provider = PROVIDERS["webhook"]
    with serving(answering(ok())) as server:
        await provider.send(provider.config(server.url("").rstrip("/")), FIRING, tools)
    body = server.requests[0].partition(b"\r\n\r\n")[2]
    expected = webhook.signature(f"key-{SECRET}", int(NOW.timestamp()), body)
    assert requested(server.requests[0])[1]["x-tocsin-signature"] == expected
    _, ((_, headers, _),) = await told("webhook", [ok()], tools, secret=None, headers={"content-type": "text/x-ours"})
    assert "x-tocsin-signature" not in headers
    assert headers["content-type"] == "text/x-ours"


async def test_logins_are_sent_as_each_provider_wants_them(tools: Tools) -> None:
    _, ((_, headers, body),) = await told("sms", [answer_json({"sid": "SM1"}, "201 Created")], tools)
    assert headers["authorization"].startswith("basic ")
    assert b"To=%2B15550101&From=%2B15550100&Body=%5BCRITICAL%5D+shop" in body
    pool = {"from_number": None, "messaging_service_sid": "MG1"}
    _, ((_, _, body),) = await told("sms", [answer_json({"sid": "SM1"}, "201 Created")], tools, **pool)
    assert b"MessagingServiceSid=MG1" in body
    _, ((_, headers, body),) = await told("ntfy", [answer_json({"id": "a"})], tools)
    assert headers["authorization"] == f"bearer tk_{SECRET}"
    assert body["topic"] == SECRET
    user = {"token": None, "username": "u", "password": "p"}
    _, ((_, headers, _),) = await told("ntfy", [answer_json({"id": "a"})], tools, **user)
    assert headers["authorization"] == "basic dtpw"
    _, ((_, headers, _),) = await told("ntfy", [answer_json({"id": "a"})], tools, token=None)
    assert "authorization" not in headers
    _, ((_, headers, _),) = await told("slack_bot", [SLACK_SENT], tools)
    assert headers["authorization"] == f"bearer {SECRET}"


async def test_a_token_that_no_header_can_hold_is_a_matter_of_settings(tools: Tools) -> None:
    end, requests = await told("slack_bot", [], tools, bot_token=f"ü{SECRET}")
    assert outcome_of(end) is PERMANENT
    assert "the request cannot be sent" in end.message
    assert SECRET not in end.message
    assert requests == []


async def test_no_cookie_is_carried_from_one_message_to_the_next(tools: Tools) -> None:
    provider = PROVIDERS["webhook"]
    with serving(answering(ok(b"", "Set-Cookie: a=b"))) as server:
        for _ in range(2):
            await provider.send(provider.config(server.url("").rstrip("/")), FIRING, tools)
    assert len(server.requests) == 2
    assert b"cookie:" not in server.requests[1].lower()


async def test_json_that_nests_too_deep_is_no_answer(tools: Tools) -> None:
    end, _ = await told("ntfy", [ok(b"[" * 50_000)], tools)
    assert outcome_of(end) is TEMPORARY
    end, _ = await told("ntfy", [ok(b"[1]")], tools)
    assert outcome_of(end) is TEMPORARY
