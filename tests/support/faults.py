"""Real servers on loopback with one fault each. A handler gets the accepted socket, in a thread of its own."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.certificates import Issued


@dataclass
class Server:
    """A listening server: where it is, and what it was sent."""

    host: str
    port: int
    requests: list[bytes] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/", *, host: str | None = None, scheme: str = "http") -> str:
        """Return a URL of this server."""
        host = host or (f"[{self.host}]" if ":" in self.host else self.host)
        return f"{scheme}://{host}:{self.port}{path}"

    def read_request(self, connection: socket.socket) -> bytes:
        """Read one request with its body, and keep it."""
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = connection.recv(65536)
            if not chunk:
                return data
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        wanted = int(length[0].split(b":")[1]) if length else 0
        while len(body) < wanted:
            body += connection.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return self.requests[-1]

    def hang(self) -> None:
        """Keep the connection open until the test is over."""
        self.stopped.wait(30)


Handler = Callable[[Server, socket.socket], None]


def _serve(listener: socket.socket, server: Server, handler: Handler) -> None:
    def talk(connection: socket.socket) -> None:
        # Clients go away in the middle on purpose: that is what many of these tests are about.
        with contextlib.suppress(OSError, ValueError), connection:
            handler(server, connection)

    while not server.stopped.is_set():
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=talk, args=(connection,), daemon=True).start()


@contextlib.contextmanager
def serving(handler: Handler, host: str = "127.0.0.1", port: int = 0) -> Iterator[Server]:
    """Run `handler` for each connection until the block ends."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=512) as listener:
        server = Server(host, listener.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listener, server, handler), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopped.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


@contextlib.contextmanager
def deaf_server() -> Iterator[Server]:
    """A port whose queue is full, so that further connections are neither accepted nor refused."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        server = Server("127.0.0.1", listener.getsockname()[1])
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", server.port))
        yield server


def closed_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def reset(connection: socket.socket) -> None:
    """End the connection with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def ok(body: bytes = b"hello", *headers: str, status: str = "200 OK") -> bytes:
    """Return a whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answering(*answers: bytes) -> Handler:
    """Answer each request with `answers`, one piece after another, then close."""

    def handler(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        for answer in answers:
            connection.sendall(answer)

    return handler


def answering_then_hanging(answer: bytes) -> Handler:
    """Send `answer` and then nothing, with the connection open."""

    def handler(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(answer)
        server.hang()

    return handler


def answering_then_resetting(answer: bytes) -> Handler:
    """Send `answer`, let it arrive, then reset."""

    def handler(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(answer)
        server.stopped.wait(0.05)
        reset(connection)

    return handler


def routing(pages: dict[str, bytes | Callable[[bytes], bytes]]) -> Handler:
    """Answer each path with its page, a function of the request where it is one; 404 for others."""

    def handler(server: Server, connection: socket.socket) -> None:
        request = server.read_request(connection)
        path = request.split(b" ", 2)[1].decode().partition("?")[0]
        page = pages.get(path, ok(b"", status="404 Not Found"))
        connection.sendall(page(request) if callable(page) else page)

    return handler


def redirect(location: str, *headers: str, status: int = 302) -> bytes:
    """Return an answer that sends elsewhere."""
    return ok(b"moved", f"Location: {location}", *headers, status=f"{status} Moved")


def tls_context(issued: Issued, folder: Path, name: str = "server") -> ssl.SSLContext:
    """Return a server's TLS context that shows `issued`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*issued.write(folder, name))
    return context


def over_tls(context: ssl.SSLContext, handler: Handler) -> Handler:
    """Let `handler` speak over TLS; a failed handshake ends the connection."""

    def wrapped(server: Server, connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=True) as secure:
            handler(server, secure)

    return wrapped
