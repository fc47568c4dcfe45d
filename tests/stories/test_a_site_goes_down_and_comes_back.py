"""A newcomer's whole tale, through a real server: add a site, watch it break, see why, see it come back."""

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.killing import Server, server_in
from tests.support.target import running_site


def call(server: Server, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    url = f"http://127.0.0.1:{server.port}{path}"
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read().decode()
    return json.loads(text) if text.startswith(("{", "[")) else text


def listen(server: Server, heard: list[tuple[str, dict[str, Any]]]) -> None:
    """Collect server-sent events until the server ends."""
    kind = ""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/api/events", timeout=60) as stream:
            for line in stream:
                text = line.decode().strip()
                if text.startswith("event:"):
                    kind = text.removeprefix("event:").strip()
                elif text.startswith("data:"):
                    heard.append((kind, json.loads(text.removeprefix("data:"))))
    except OSError:
        return


def wait_for(look: Callable[[], bool], within_s: float = 15) -> None:
    deadline = time.monotonic() + within_s
    while not look():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.1)


@pytest.mark.slow
def test_a_site_goes_down_and_comes_back(tmp_path: Path) -> None:
    heard: list[tuple[str, dict[str, Any]]] = []
    with running_site() as site, server_in(tmp_path) as server:
        server.start()
        ear = threading.Thread(target=listen, args=(server, heard), daemon=True)
        ear.start()
        new = {"url": site.url("/shop"), "name": "The shop", "check_interval": 1, "timeout": 1, "max_retries": 0}
        website = call(server, "POST", "/api/websites", new)
        place = f"/api/websites/{website['id']}"

        wait_for(lambda: call(server, "GET", place)["status"] == "UP", within_s=5)
        assert "The shop" in call(server, "GET", "/")

        site.answer = lambda _: (503, 0.0)
        wait_for(lambda: call(server, "GET", place)["status"] == "DOWN")
        shown = call(server, "GET", place)
        why = "HTTP 503 Service Unavailable; expected 200-399"
        assert (shown["last_cause"], shown["last_message"]) == ("http_server_error", why)
        (downtime,) = call(server, "GET", f"{place}/downtimes")["items"]
        assert (downtime["is_ongoing"], downtime["root_cause"]) == (True, why)

        wait_for(lambda: call(server, "GET", "/api/alerts?open=true")["total"] == 1)
        (alert,) = call(server, "GET", "/api/alerts")["items"]
        assert alert["title"].startswith("The shop is down since ")
        assert (alert["message"], alert["priority"]) == (why, "CRITICAL")
        assert alert["metadata"]["downtime_id"] == downtime["id"]
        assert any(site.url("/shop") in text for text in alert["recommendations"])
        wait_for(lambda: any(kind == "alert" for kind, _ in heard))

        server.kill()
        ear.join(10)
        server.start()
        wait_for(lambda: call(server, "GET", f"{place}/downtimes")["items"][0]["affected_checks_count"] >= 4)
        site.answer = lambda _: (200, 0.0)
        wait_for(lambda: call(server, "GET", place)["status"] == "UP")

        (ended,) = call(server, "GET", f"{place}/downtimes")["items"]
        assert (ended["id"], ended["started_at"]) == (downtime["id"], downtime["started_at"])
        assert ended["recovery_status"] == "UP"
        assert ended["duration_seconds"] > 0
        wait_for(lambda: call(server, "GET", f"/api/alerts/{alert['id']}")["status"] == "RESOLVED")
        history = call(server, "GET", f"/api/alerts/{alert['id']}/history")
        assert [one["kind"] for one in history] == ["opened", "resolved"]
        assert history[1]["note"].startswith("It was down for ")
        uptime = call(server, "GET", f"{place}/uptime?hours=24")
        assert 0 < uptime["by_checks_percent"] < 100
        assert 0 < uptime["by_time_percent"] < 100
        series = call(server, "GET", f"{place}/series?points=50")
        assert sum(point["checks_count"] for point in series["points"]) == uptime["checks_count"]
        assert f'tocsin_website_up{{website_id="{website["id"]}"' in call(server, "GET", "/metrics")

        call(server, "DELETE", place)
        assert call(server, "GET", "/api/websites")["total"] == 0
    moved = [data for kind, data in heard if kind == "transition"]
    assert [(one["from_status"], one["to_status"]) for one in moved] == [("UP", "DOWN")]
    assert [data["change"] for kind, data in heard if kind == "alert"] == ["opened"]
    assert {kind for kind, _ in heard} >= {"website", "check", "transition"}
