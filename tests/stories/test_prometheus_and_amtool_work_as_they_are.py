"""A real Prometheus hands its alerts to a running Tocsin, and the real amtool shows and silences them."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.killing import Server, free_port, server_in

pytestmark = pytest.mark.peers

CONFIG = """
global: {{evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}]
"""
RULES = """
groups:
- name: story
  rules:
  - alert: AlwaysOn
    expr: vector(1)
    labels: {severity: page, instance: web1}
    annotations: {summary: it is always on}
"""


@contextmanager
def prometheus(folder: Path, port: int) -> Iterator[None]:
    """Run a Prometheus that sends its alerts to that port."""
    (folder / "prometheus.yml").write_text(CONFIG.format(port=port))
    (folder / "rules.yml").write_text(RULES)
    words = [
        "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{free_port()}", "--rules.alert.resend-delay=1s", "--log.level=error",
    ]  # fmt: skip
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def amtool(server: Server, *words: str) -> str:
    """Run amtool against the server; return what it prints."""
    assert shutil.which("amtool")
    run = subprocess.run(
        ["amtool", f"--alertmanager.url=http://127.0.0.1:{server.port}", *words],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout


def soon(look: Callable[[], bool], within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not look():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.2)


def test_an_alert_of_prometheus_arrives_is_silenced_and_survives_a_kill(tmp_path: Path) -> None:
    with server_in(tmp_path) as server:
        server.start()
        query = ("alert", "query", "--output=json")
        with prometheus(tmp_path, server.port):
            soon(lambda: "AlwaysOn" in amtool(server, *query))
            (alert,) = json.loads(amtool(server, *query))
            assert alert["labels"] == {"alertname": "AlwaysOn", "instance": "web1", "severity": "page"}
            assert alert["annotations"] == {"summary": "it is always on"}
            assert alert["status"]["state"] == "active"
            key = amtool(server, "silence", "add", "alertname=AlwaysOn", "--comment=known", "--author=ops").strip()
            assert key in amtool(server, "silence", "query")
            assert json.loads(amtool(server, *query)) == [], "amtool hides what is silenced"
            server.kill()
            server.start()
            soon(lambda: key in amtool(server, *query, "--silenced"))  # alert and silence are there after a kill
            amtool(server, "silence", "expire", key)
            assert amtool(server, "silence", "query").count(key) == 0
            soon(lambda: "AlwaysOn" in amtool(server, *query))


def test_amtool_adds_alerts_and_reads_the_routing(tmp_path: Path) -> None:
    with server_in(tmp_path) as server:
        server.start()
        amtool(server, "alert", "add", "alertname=Disk", "instance=web2", "--annotation=summary=full")
        assert "Disk" in amtool(server, "alert", "query", "instance=~web.*")
        assert amtool(server, "alert", "query", "instance=web1").count("Disk") == 0
        assert "dashboard" in amtool(server, "config", "routes")
        assert "dashboard" in amtool(server, "config", "show")
