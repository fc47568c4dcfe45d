"""A receiver of webhooks that answers as it is told: takes, refuses, limits, hangs, resets; and a sender to it."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tocsin.errors import SendFailed
from tocsin.model.delivery.facts import Destination
from tocsin.model.messages import AlertFacts, Message, Receipt
from tocsin.model.times import isoformat, utcnow

Answer = int | str | tuple[int, float]
"""A status; `hang`; `reset` (before an answer); or a status with Retry-After."""


@dataclass(frozen=True)
class Received:
    """One message as it arrived, and what was answered."""

    at: datetime
    path: str
    body: dict[str, Any]
    answer: Answer
    bytes_count: int

    @property
    def was_taken(self) -> bool:
        return isinstance(self.answer, int) and self.answer < 300

    @property
    def kind(self) -> str:
        return str(self.body["kind"])


@dataclass
class Receiver:
    """What arrived, in order, and how the next message is answered."""

    port: int = 0
    answer: "Answer | Callable[[str, dict[str, Any]], Answer]" = 200
    received: list[Received] = field(default_factory=list)
    delay_s: float = 0.0
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def taken(self, path: str | None = None) -> list[Received]:
        return [one for one in list(self.received) if one.was_taken and path in (None, one.path)]

    def kinds(self, path: str | None = None) -> list[str]:
        return [one.kind for one in self.taken(path)]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split()[1]
            length = int(head.lower().split("content-length:")[1].split()[0])
            body = json.loads(await reader.readexactly(length))
            answer = self.answer(path, body) if callable(self.answer) else self.answer
            self.received.append(Received(utcnow(), path, body, answer, length))
            await asyncio.sleep(self.delay_s)
            await self._answer(answer, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer == "hang":
            await reader.read()
            return
        if answer == "reset":
            writer.transport.abort()
            return
        status, more = (answer[0], f"Retry-After: {answer[1]:g}\r\n") if isinstance(answer, tuple) else (answer, "")
        name = f"m{len(self.received)}".encode()
        writer.write(f"HTTP/1.1 {status} X\r\n{more}Content-Length: {len(name)}\r\n\r\n".encode() + name)
        await writer.drain()


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """Yield a receiver that listens on loopback, in a thread of its own."""
    receiver = Receiver()
    up = threading.Event()
    stop = asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(receiver._serve, "127.0.0.1", receiver.port)
        receiver.port = server.sockets[0].getsockname()[1]
        up.set()
        await stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=lambda: receiver.loop.run_until_complete(serve()))
    thread.start()
    up.wait()
    try:
        yield receiver
    finally:
        receiver.loop.call_soon_threadsafe(stop.set)
        thread.join()
        receiver.loop.close()


async def send(destination: Destination, message: Message) -> Receipt:
    """Post a message as JSON to the URL in the channel's configuration."""
    host, _, rest = str(destination.config["url"]).removeprefix("http://").partition(":")
    port, _, path = rest.partition("/")
    body = json.dumps(plain(message)).encode()
    try:
        reader, writer = await asyncio.open_connection(host, int(port))
    except OSError as error:
        raise SendFailed(f"cannot connect: {error.strerror}") from error
    try:
        writer.write(f"POST /{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        name = (await reader.read()).decode()
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise SendFailed("the connection ended before an answer", may_have_arrived=True) from error
    finally:
        writer.close()
    status = int(head.split()[1])
    if status < 300:
        return Receipt(provider_id=name, code=status)
    retry_after = float(head.lower().split("retry-after:")[1].split()[0]) if "retry-after" in head.lower() else None
    is_permanent = 400 <= status < 500 and status != 429
    raise SendFailed(f"answered {status}", is_permanent=is_permanent, retry_after_s=retry_after, status=status)


def plain(message: Message) -> dict[str, Any]:
    """Return what a test looks at of a message."""
    return {
        "key": message.key,
        "kind": message.kind.value,
        "title": message.title,
        "text": message.text,
        "alerts": [alert_plain(one) for one in message.alerts],
        "alerts_count": message.alerts_count,
        "resolved_count": message.resolved_count,
        "causes": [list(one) for one in message.causes],
        "group_key": message.group_key,
        "possibly_repeated": message.possibly_repeated,
        "late_since": message.late_since and isoformat(message.late_since),
        "previous_id": message.previous_id,
        "link": message.link,
    }


def alert_plain(alert: AlertFacts) -> dict[str, Any]:
    return {"id": alert.id, "title": alert.title, "status": alert.status.value, "priority": alert.priority.value}
