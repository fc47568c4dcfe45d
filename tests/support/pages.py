"""The whole program as people meet it: pages and API on a real database, also as a server for a real browser."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from tests.support.api import make_app
from tocsin import dashboard
from tocsin.actions.services import Services

READY_S = 20.0


def make_site(services: Services) -> FastAPI:
    """Return an application of API and pages."""
    app = make_app(services)
    dashboard.install(app)
    return app


@contextmanager
def serving(app: FastAPI, port: int = 0) -> Iterator[str]:
    """Serve `app` on a port of the loopback (0: a free one), in a thread; yield its address."""
    listener = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + READY_S
        while not server.started:
            assert thread.is_alive(), "the server ended before it began"
            assert time.monotonic() < deadline, "the server did not begin"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(READY_S)
        listener.close()
        assert not thread.is_alive(), "the server did not end"
