"""`tocsin serve`, as a process with real signals."""

import errno
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.support.terminal import command, environment, invoke, run
from tocsin.cli.serve import _cannot_bind, bind, refuse_strangers, url_of
from tocsin.errors import Forbidden, Invalid

READY_S = 60


@dataclass
class Server:
    """A running `tocsin serve`."""

    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)  # of stdout, until it was ready

    @property
    def url(self) -> str:
        return next(line for line in self.lines if "listens on" in line).split()[-1]

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            body: bytes = answer.read()
            return body


@contextmanager
def serving(*options: object, env: dict[str, str] | None = None) -> Iterator[Server]:
    """Start a server on a free port, wait until it says it is ready, and stop it in the end."""
    process = subprocess.Popen(
        command("serve", "--port", 0, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment(env),
    )  # fmt: skip
    server = Server(process)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            server.lines.append(line.rstrip())
            if "Ctrl-C" in line:
                break
        yield server
    finally:
        process.kill()
        process.communicate()


def test_it_says_where_it_listens_what_it_uses_and_how_to_create_a_user(here: list[str]) -> None:
    with serving(*here) as server:
        assert json.loads(server.get("/healthz"))
        assert server.lines[0].startswith("Tocsin ")
        assert server.lines[1] == f"Data: {here[-1].removeprefix('sqlite:///')}"
        assert "tocsin user create NAME" in server.lines[2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_even_with_listeners(here: list[str], number: signal.Signals) -> None:
    with serving(*here) as server:
        opened = threading.Event()

        def listen() -> None:
            with urllib.request.urlopen(f"{server.url}/api/events", timeout=30) as events:
                opened.set()
                events.read()

        listener = threading.Thread(target=listen)
        listener.start()
        assert opened.wait(READY_S)
        server.process.send_signal(number)
        output, errors = server.process.communicate(timeout=30)
        listener.join()
        assert (server.process.returncode, output, errors) == (0, "", "")


def test_with_a_user_it_listens_anywhere(here: list[str]) -> None:
    invoke("user", "create", "maria", "--password-stdin", *here, text="correct horse battery")
    with serving("--host", "0.0.0.0", *here) as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert json.loads(server.get("/healthz"))
        assert not any("user create" in line for line in server.lines)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_without_a_user_it_serves_nobody_else(here: list[str], host: str) -> None:
    refused = run("serve", "--host", host, "--port", 0, *here)
    assert refused.returncode == 1
    assert "tocsin user create NAME" in refused.stderr
    assert refused.stdout == ""


def test_a_port_in_use_is_named_with_what_to_do(here: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run("serve", "--port", port, *here)
    assert refused.returncode == 1
    assert f"port {port} of 127.0.0.1 is in use" in refused.stderr
    assert "--port" in refused.stderr


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_an_address_that_is_not_of_this_machine_is_refused(here: list[str], host: str) -> None:
    refused = run("serve", "--host", host, "--port", 0, *here)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"Error: --host {host}: ")


@pytest.mark.parametrize(
    ("number", "exit_code", "said"),
    [
        (errno.EACCES, 1, "choose one above 1023"),
        (errno.EADDRNOTAVAIL, 2, "no such address"),
        (errno.ENOBUFS, 1, "cannot listen on port 80 of 127.0.0.1: No buffer space available"),
    ],
)
def test_what_keeps_it_from_listening_is_explained(number: int, exit_code: int, said: str) -> None:
    explained = _cannot_bind(OSError(number, os.strerror(number)), "127.0.0.1", 80)
    assert explained.exit_code == exit_code
    assert said in explained.message


def test_the_url_it_names_can_be_opened_from_here() -> None:
    with bind("0.0.0.0", 0) as anywhere:
        assert url_of(anywhere) == f"http://127.0.0.1:{anywhere.getsockname()[1]}"
    try:
        loopback = bind("::1", 0)
    except Invalid:
        pytest.skip("this machine has no IPv6")
    with loopback, bind("::", 0) as everywhere:
        assert url_of(loopback) == f"http://[::1]:{loopback.getsockname()[1]}"
        assert url_of(everywhere) == f"http://[::1]:{everywhere.getsockname()[1]}"
        refuse_strangers(loopback)
        with pytest.raises(Forbidden):
            refuse_strangers(everywhere)


def test_a_postgres_that_is_behind_is_refused(postgres_url: str) -> None:
    refused = run("serve", "--port", 0, "--database", postgres_url)
    assert refused.returncode == 2
    assert "tocsin db upgrade" in refused.stderr


def test_faults_of_the_settings_stop_it_before_it_begins(here: list[str]) -> None:
    refused = run("serve", *here, env={"TOCSIN_LOG_LEVEL": "LOUD", "TOCSIN_COLOUR": "red"})
    assert refused.returncode == 2
    assert "TOCSIN_LOG_LEVEL" in refused.stderr
    assert "TOCSIN_COLOUR" in refused.stderr


def test_websites_added_beside_it_are_checked(site: str, here: list[str]) -> None:
    with serving(*here) as server:
        assert invoke("websites", "add", f"{site}/ok", *here).exit_code == 0
        deadline = time.monotonic() + READY_S
        while "● UP" not in invoke("websites", "list", *here).stdout and time.monotonic() < deadline:
            time.sleep(0.1)
        assert json.loads(server.get("/api/websites/1"))["status"] == "UP"
    assert "100.00 % of 1 check" in invoke("websites", "show", 1, *here).stdout


def test_its_log_can_be_json(here: list[str]) -> None:
    with serving(*here, env={"TOCSIN_LOG_FORMAT": "json", "TOCSIN_LOG_LEVEL": "DEBUG"}) as server:
        server.process.send_signal(signal.SIGTERM)
        errors = server.process.communicate(timeout=30)[1]
    records = [json.loads(line) for line in errors.splitlines()]
    assert {"at", "level", "logger", "message"} <= set(records[0])
    assert any(one["logger"].startswith("uvicorn") for one in records)
