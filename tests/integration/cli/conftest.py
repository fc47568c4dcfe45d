"""What the tests of the command line share: a database of their own, and a website that does as its path says."""

import os
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tests.support.certificates import Authority, make_authority


class Site(BaseHTTPRequestHandler):
    """Answers by path: /ok, /broken, /gone, /redirect, /slow."""

    seen: ClassVar[list[tuple[str, str, dict[str, str]]]] = []
    codes: ClassVar[dict[str, int]] = {"/broken": 503, "/gone": 404, "/redirect": 302}

    def do_GET(self) -> None:
        self.seen.append((self.command, self.path, dict(self.headers)))
        if self.path == "/slow":
            time.sleep(0.3)
        body = b"Welcome to the site"
        self.send_response(self.codes.get(self.path, 200))
        if self.path == "/redirect":
            self.send_header("Location", "/ok")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 (the name that http.server calls)

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""


def serving(context: ssl.SSLContext | None = None) -> Iterator[str]:
    Site.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def site() -> Iterator[str]:
    """The address of a website."""
    yield from serving()


@pytest.fixture(scope="session")
def authority() -> Authority:
    return make_authority()


@pytest.fixture
def bundle(authority: Authority, tmp_path: Path) -> str:
    """A file with the authority that issued the website's certificate."""
    return authority.bundle(tmp_path)


@pytest.fixture
def tls_site(authority: Authority, tmp_path: Path) -> Iterator[str]:
    """The address of a website with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.leaf("127.0.0.1", "site.example").write(tmp_path))
    yield from serving(context)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for name in [one for one in os.environ if one.startswith("TOCSIN_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def here(tmp_path: Path) -> list[str]:
    """The options that name an empty database."""
    return ["--database", f"sqlite:///{tmp_path / 'here.db'}"]
