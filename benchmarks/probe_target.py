"""An nginx of our own to probe: one pinned worker, plain HTTP and TLS 1.3, a fresh P-256 chain.

It listens on several addresses of loopback. Each fresh connection keeps its local port busy for a minute after its
end; towards one address some 14,000 of them make the kernel search long for the next, three times a check's cost.
"""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.certificates import make_authority

_CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; worker_cpu_affinity 01;
events {{ worker_connections 8192; }}
http {{
  access_log off; ssl_session_tickets off; ssl_session_cache off; ssl_protocols TLSv1.3; root {folder}/www;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ {plain} }}
  server {{ {tls}
           ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key; }}
}}
"""

ADDRESSES = [f"127.0.0.{number}" for number in range(1, 9)]


@dataclass(frozen=True)
class Nginx:
    """Where it listens, and the root to trust."""

    ports: dict[str, int]  # by scheme
    ca_bundle: str
    folder: Path

    def url(self, scheme: str, run: int) -> str:
        """Return the page's URL at the address for the run of that number."""
        return f"{scheme}://{ADDRESSES[run % len(ADDRESSES)]}:{self.ports[scheme]}/"


def _listen(port: int, more: str) -> str:
    return " ".join(f"listen {address}:{port} {more} backlog=4096;" for address in ADDRESSES)


def free_port() -> int:
    """Return a TCP port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int) -> None:
    """Wait until something listens, at most ten seconds."""
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


@contextlib.contextmanager
def running(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` until the block ends; it listens on `port` before the block begins."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def nginx() -> Iterator[Nginx]:
    """Run nginx with a page of 1 KiB; SystemExit where it is not installed."""
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(binary).exists():
        raise SystemExit("nginx is needed: apt-get install nginx-light")
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "www").mkdir()
        (folder / "www" / "index.html").write_text("x" * 1024)
        authority = make_authority("Benchmark")
        authority.leaf(*ADDRESSES).write(folder)
        http, https = free_port(), free_port()
        text = _CONFIGURATION.format(folder=folder, plain=_listen(http, ""), tls=_listen(https, "ssl"))
        (folder / "nginx.conf").write_text(text)
        with running([binary, "-c", str(folder / "nginx.conf"), "-p", str(folder)], https):
            yield Nginx({"http": http, "https": https}, authority.bundle(folder), folder)
