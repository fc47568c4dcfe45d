"""A website to watch: a real HTTP server on loopback whose answers the test chooses while it runs."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site:
    """The server; `answer` decides for each path its status code and how long it takes, in seconds."""

    def __init__(self) -> None:
        self.answer: Callable[[str], tuple[int, float]] = lambda _path: (200, 0.0)
        self.hits: Counter[str] = Counter()
        self.in_flight: Counter[str] = Counter()
        self.most_in_flight: Counter[str] = Counter()
        self._lock = threading.Lock()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with site.visit(self.path):
                    code, delay_s = site.answer(self.path)
                    time.sleep(delay_s)
                    body = b"<title>hello</title>"
                    self.send_response(code)
                    self.send_header("Content-Type", "text/html")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, template: str, *args: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 512
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that hangs up is what these tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True, name="site")
        self._thread.start()

    @contextmanager
    def visit(self, path: str) -> Iterator[None]:
        """Count a request while it is served."""
        with self._lock:
            self.hits[path] += 1
            self.in_flight[path] += 1
            self.most_in_flight[path] = max(self.most_in_flight[path], self.in_flight[path])
        try:
            yield
        finally:
            with self._lock:
                self.in_flight[path] -= 1

    def url(self, path: str = "/") -> str:
        """Return the address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        """Stop serving; the port refuses from then on."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def running_site() -> Iterator[Site]:
    """Yield a server that is closed at the end."""
    site = Site()
    try:
        yield site
    finally:
        site.close()
