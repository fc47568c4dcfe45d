"""What happens right now, for whoever is listening: a hub between the recorder's thread and any event loop."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal

BUFFER = 1000
"""Events kept for a listener that is slower than the world; older ones are dropped and counted."""


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Something that was committed a moment ago. `id` is the outbox event's, where there is one."""

    kind: Literal["check", "transition", "certificate", "vantage", "website", "alert", "delivery", "lost"]
    data: dict[str, Any]
    id: int | None = None


@dataclass(slots=True, eq=False)
class Subscription:
    """One listener's buffer. Iterate over it; it ends when the hub closes."""

    loop: asyncio.AbstractEventLoop
    events: deque[LiveEvent] = field(default_factory=lambda: deque(maxlen=BUFFER))
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    lost_count: int = 0
    is_closed: bool = False

    def put(self, events: list[LiveEvent]) -> None:
        """Append events; runs in the listener's loop."""
        overflow = len(self.events) + len(events) - BUFFER
        self.lost_count += max(0, overflow)
        self.events.extend(events)
        self.ready.set()

    def close(self) -> None:
        """Let the listener come to its end; runs in its loop."""
        self.is_closed = True
        self.ready.set()

    def __aiter__(self) -> AsyncIterator[LiveEvent]:
        return self

    async def __anext__(self) -> LiveEvent:
        while True:
            if self.lost_count:
                lost, self.lost_count = self.lost_count, 0
                return LiveEvent("lost", {"count": lost})
            if self.events:
                return self.events.popleft()
            if self.is_closed:
                raise StopAsyncIteration
            self.ready.clear()
            await self.ready.wait()


class LiveHub:
    """Hands every published event to every subscription. Publishing is thread-safe and never waits."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._subscriptions: set[Subscription] = set()
        self._is_closed = False

    @property
    def has_listeners(self) -> bool:
        """True where publishing reaches anybody."""
        return bool(self._subscriptions)

    def publish(self, *events: LiveEvent) -> None:
        """Hand events to every listener's loop."""
        if not events:
            return
        with self._lock:
            for subscription in self._subscriptions:
                subscription.loop.call_soon_threadsafe(subscription.put, list(events))

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Yield a subscription of the running loop; it stops collecting at the end of the block."""
        subscription = Subscription(asyncio.get_running_loop())
        with self._lock:
            self._subscriptions.add(subscription)
            subscription.is_closed = self._is_closed
        try:
            yield subscription
        finally:
            with self._lock:
                self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End every subscription."""
        with self._lock:
            self._is_closed = True
            for subscription in self._subscriptions:
                subscription.loop.call_soon_threadsafe(subscription.close)
