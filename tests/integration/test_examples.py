"""Every example runs as its first lines say."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.heartbeats import KEY, add_heartbeat, checks_of
from tests.support.killing import server_in
from tests.support.target import running_site
from tocsin import Database

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_tried_here() -> None:
    tried = {
        "alert_scenarios.py", "check_once.py", "heartbeat_from_cron.py", "own_monitoring_loop.py",
        "record_a_browser_visit.py", "watch_a_site_go_down.py",
    }  # fmt: skip
    assert {path.name for path in EXAMPLES.glob("*.py")} == tried


def test_one_check_without_a_server() -> None:
    with running_site() as site:
        assert run("check_once.py", site.url()).startswith("UP: ")


def test_a_loop_of_ones_own() -> None:
    with running_site() as site:
        told = run("own_monitoring_loop.py", site.url(), "http://127.0.0.1:9/")
    assert "100.0 %" in told
    assert "0.0 %" in told
    assert "DOWN" in told


def test_a_recorded_visit() -> None:
    assert run("record_a_browser_visit.py").startswith("6 events of visit-1:")


def test_eight_problems_as_alerts() -> None:
    told = run("alert_scenarios.py")
    priorities = [line.split()[0] for line in told.splitlines() if line[:8].isupper() or line.startswith("HIGH")]
    assert sorted(priorities) == ["CRITICAL"] * 2 + ["HIGH"] * 6
    assert told.count("why: ") >= 8
    assert told.count("do:  ") >= 16
    assert "iptables -I INPUT -s 203.0.113.42 -j DROP" in told
    assert "8 alerts" in told


@pytest.mark.slow
def test_a_site_goes_down_and_comes_back_in_a_running_tocsin(tmp_path: Path) -> None:
    with server_in(tmp_path) as server:
        server.start()
        told = run("watch_a_site_go_down.py", f"http://127.0.0.1:{server.port}")
    assert "answers 503: DOWN" in told
    assert "It was down from" in told
    assert "Uptime: " in told


@pytest.mark.slow
def test_a_job_of_cron_reports_how_it_went(tmp_path: Path) -> None:
    database = Database(tmp_path / "tocsin.db")
    site = add_heartbeat(database)
    with server_in(tmp_path) as server:
        server.start()
        command = [sys.executable, "-c", "print('12 tables'); raise SystemExit(3)"]
        line = [sys.executable, str(EXAMPLES / "heartbeat_from_cron.py"), f"http://127.0.0.1:{server.port}/ping/{KEY}"]
        done = subprocess.run([*line, *command], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "12 tables\n", "")
    (check,) = checks_of(database, site)
    assert check.error_message == "The job ended with exit code 3: 12 tables"
    assert check.response_time_ms is not None
    database.dispose()
