"""How streams end when the server is told to stop: before it waits for them, not after."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType

from fastapi import FastAPI

from tocsin.watch.live import LiveHub


@contextmanager
def ended_by_signals(live: LiveHub) -> Iterator[None]:
    """While it lasts, SIGINT and SIGTERM first end every stream; a server waits for its streams before it stops.

    Enter it in the event loop, after the server has set its own handlers.
    """
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    previous = {number: handler for number in signals if callable(handler := signal.getsignal(number))}

    def end(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(live.close)  # in the loop: a handler must not take the hub's lock
        previous[signal.Signals(number)](number, frame)

    for number in previous:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@asynccontextmanager
async def ended_by_shutdown(app: FastAPI) -> AsyncIterator[None]:
    """End the streams of `app` when its server is told to stop: the lifespan of their router."""
    with ended_by_signals(app.state.tocsin.live):
        yield
