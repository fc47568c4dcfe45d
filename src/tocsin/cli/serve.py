"""`tocsin serve`: the server, from its settings to its last breath."""

import errno
import ipaddress
import signal
import socket
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from tocsin import __version__
from tocsin.cli.options import database_options, opened_database, settings_of
from tocsin.errors import Forbidden, Invalid, TocsinError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    import uvicorn
    from fastapi import FastAPI

    from tocsin.settings import Settings

STOP_S = 3
"""Seconds that requests under way may still take once the server was told to stop."""
FAILED = 1


@click.command()
@click.option("--host", metavar="ADDRESS", help="Address to listen on. [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="Port to listen on. [default: 8000]")
@database_options
@click.pass_context
def serve(
    context: click.Context, /, host: str | None, port: int | None, database: str | None, config: Path | None
) -> None:
    """Start Tocsin: watch every website, and serve API and pages until Ctrl-C or SIGTERM.

    Settings come from TOCSIN_… variables and the file given by --config; what is given here wins. An SQLite
    file is created and upgraded by itself. Without any user Tocsin listens on this machine alone.

    \b
    Examples:
      tocsin serve
      tocsin serve --host 0.0.0.0 --port 80 --database postgresql://tocsin@db.example/tocsin
    """
    settings = settings_of(database, config).with_changes(host=host, port=port)
    with opened_database(database, config) as opened:
        where = opened.url.render_as_string(hide_password=True)
        if opened.is_sqlite:
            where = str(Path(opened.url.database or "").resolve())
        with opened.session() as db:
            from tocsin.actions.access import has_users  # noqa: PLC0415 (SQLAlchemy is slow to load)

            is_open = not has_users(db)
        if settings.scheduler_enabled:
            from tocsin.storage.lock import sole_watcher  # noqa: PLC0415 (SQLAlchemy is slow to load)

            with sole_watcher(opened):  # refused here in one sentence; the app takes it for good
                pass
    listener = bind(settings.host, settings.port)
    try:
        if is_open:
            refuse_strangers(listener)
        context.exit(_run(settings, listener, lambda: _greet(listener, where, is_open=is_open)))
    finally:
        listener.close()


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the address; who connects waits until the server runs.

    Raises:
        Invalid: there is no such address on this machine.
        TocsinError: the port is taken, or not allowed.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise Invalid(f"--host {host}: {getattr(error, 'strerror', None) or error}", field="host") from error
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        # Two sockets may be bound to one port; only listening claims it.
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise _cannot_bind(error, host, port) from error
    return listener


def _cannot_bind(error: OSError, host: str, port: int) -> TocsinError:
    if error.errno == errno.EADDRINUSE:
        return TocsinError(
            f"port {port} of {host} is in use, perhaps by another Tocsin: stop that one, or choose another port"
            f" with --port {port + 1 if port < 65535 else 8000}"
        )
    if error.errno == errno.EACCES:
        return TocsinError(f"this user may not listen on port {port}: choose one above 1023 with --port 8000")
    if error.errno == errno.EADDRNOTAVAIL:
        return Invalid(f"--host {host}: this machine has no such address", field="host")
    return TocsinError(f"cannot listen on port {port} of {host}: {error.strerror}")


def refuse_strangers(listener: socket.socket) -> None:
    """Refuse any address but loopback: without a user everybody who can connect would be an admin.

    Raises:
        Forbidden: saying how to create a user.
    """
    address = listener.getsockname()[0]
    if not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
        raise Forbidden(
            f"there is no user yet, so Tocsin listens on 127.0.0.1 only, not on {address}:"
            " create the first user with `tocsin user create NAME`"
        )


def url_of(listener: socket.socket) -> str:
    """Return the URL under which the server is reached from this machine."""
    host, port = listener.getsockname()[:2]
    address = ipaddress.ip_address(host.partition("%")[0])
    if address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _greet(listener: socket.socket, where: str, *, is_open: bool) -> None:
    click.echo(f"Tocsin {__version__} listens on {url_of(listener)}")
    click.echo(f"Data: {where}")
    if is_open:
        click.echo("No users yet: whoever is on this machine is an admin. Create the first: tocsin user create NAME")
    click.echo("Stop with Ctrl-C.")


def _run(settings: "Settings", listener: socket.socket, on_started: "Callable[[], None]") -> int:
    """Serve until a signal; return the exit code."""
    from tocsin.app import create_app  # noqa: PLC0415 (the other commands need none of it)
    from tocsin.logs import configure_logs  # noqa: PLC0415

    configure_logs(settings.log_level, settings.log_format)
    return run_app(create_app(settings), listener, on_started)


def run_app(app: "FastAPI", listener: socket.socket, on_started: "Callable[[], None]") -> int:
    """Serve `app` until a signal; return the exit code. `on_started` is called once requests are answered."""
    import asyncio  # noqa: PLC0415 (the other commands need none of it)

    import uvicorn  # noqa: PLC0415

    class Server(uvicorn.Server):
        """Uvicorn, saying when it is ready, and ending the event streams before it waits for their ends."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            """Begin to serve."""
            await super().startup(sockets)
            if self.started:
                _tune_python()
                on_started()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            """Begin to stop."""
            app.state.tocsin.live.close()
            await super().shutdown(sockets)

    options: dict[str, Any] = {"log_config": None, "access_log": False, "lifespan": "on", "ws": "none"}
    config = uvicorn.Config(app, loop="asyncio", timeout_graceful_shutdown=STOP_S, **options)
    server = Server(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop_before_start(server))
    with asyncio.Runner(loop_factory=_quickest_loop()) as runner:
        runner.run(server.serve(sockets=[listener]))
    return 0 if server.started else FAILED


def _tune_python() -> None:
    """Keep what halts all threads short, now that the server stands.

    A garbage collection walks through everything that lives. What lives now stays for good and is left out; the
    rest is walked through after 20,000 new objects, not 700, when most of a request's are gone again. And a thread
    that computes, for a request, lets the others in after 1 ms, not 5. With 10,000 websites the 99th percentile of
    the checks' lateness, while lists are asked for, went from 265 to 12 ms.
    """
    import gc  # noqa: PLC0415 (the other commands need neither)
    import sys  # noqa: PLC0415

    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
    sys.setswitchinterval(0.001)


def _quickest_loop() -> "Callable[[], asyncio.AbstractEventLoop] | None":
    """Return what makes event loops: uvloop's take a tenth less CPU a check; None is asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 (not on every system)
    except ImportError:
        return None
    return uvloop.new_event_loop


def _stop_before_start(server: "uvicorn.Server") -> "Callable[[int, FrameType | None], None]":
    """Return the handler for the time in which uvicorn's own is not there.

    Afterwards uvicorn raises the signal that stopped it once more; by then all is said.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        if not server.should_exit:
            raise SystemExit(128 + number)

    return handle
