"""Plain handlers against a real SMTP server and a real HTTP server."""

import asyncio
import json
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from aiosmtpd.handlers import Message as MessageHandler
from aiosmtpd.smtp import SMTP

from tocsin import SlowQueryAlert
from tocsin.errors import SendFailed
from tocsin.instrument.alert_handlers import EmailAlertHandler, SlackAlertHandler, WebhookAlertHandler

SLOW = SlowQueryAlert("SELECT * FROM bookings", 5230, 1000)


class Receiver(BaseHTTPRequestHandler):
    """Keeps what is posted; says 500 under /broken."""

    bodies: ClassVar[list[tuple[dict[str, str], Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.bodies.append((dict(self.headers), json.loads(body)))
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""


@pytest.fixture
def hooks() -> Iterator[str]:
    Receiver.bodies.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


class Box(MessageHandler):
    """Keeps what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.messages.append(message)


async def test_a_webhook_is_told_and_a_refusal_names_its_host_alone(hooks: str) -> None:
    await WebhookAlertHandler(f"{hooks}/a", {"Authorization": "Bearer x"})(SLOW)
    headers, body = Receiver.bodies[0]
    assert (headers["Authorization"], body["type"], body["severity"]) == ("Bearer x", "slow_query", "high")
    with pytest.raises(SendFailed, match=r"127\.0\.0\.1:\d+ did not take the alert: HTTP Error 500") as refused:
        await WebhookAlertHandler(f"{hooks}/broken")(SLOW)
    assert "broken" not in str(refused.value)


async def test_slack_is_told_in_blocks(hooks: str) -> None:
    await SlackAlertHandler(f"{hooks}/services/T/B/secret")("pool_exhausted", {"in_use": 20, "size": 20})
    body = Receiver.bodies[0][1]
    assert body["text"] == "🟠 Connection pool: pool exhausted"
    assert "in use: 20" in body["blocks"][0]["text"]["text"]


async def test_an_email_is_sent_and_a_dead_server_is_named() -> None:
    box = Box()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    handler = EmailAlertHandler(sender="a@example.com", recipients=["b@example.com"], host=host, port=port)
    await handler(SLOW)
    assert box.messages[0]["Subject"] == "[high] Slow query: 5230 ms (threshold 1000 ms)"
    server.close()
    await server.wait_closed()
    with pytest.raises(SendFailed, match="did not take the e-mail"):
        await handler(SLOW)
