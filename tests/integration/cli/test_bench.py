"""`tocsin bench`, small."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.support.terminal import command, environment, run, run_in_terminal
from tocsin.cli.bench import print_result
from tocsin.cli.measuring.asking import PATHS
from tocsin.cli.measuring.processes import ADDRESSES, find_nginx, running_server, running_site
from tocsin.cli.measuring.punctuality import check_bytes
from tocsin.cli.measuring.run import BenchPlan, BenchResult, run_bench
from tocsin.errors import TocsinError
from tocsin.model.enums import MonitorStatus
from tocsin.model.options import CheckOptions
from tocsin.model.websites import INTERVAL_BOUNDS
from tocsin.probes import open_tools
from tocsin.watch.once import look

SMALL = ["--websites", 10, "--interval", 1, "--seconds", 2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the processes of a test put their temporary files."""
    made = tmp_path / "temporary"
    made.mkdir()
    return made


@pytest.fixture(autouse=True)
def bounds_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(INTERVAL_BOUNDS, "min_s", INTERVAL_BOUNDS.min_s)


@pytest.mark.parametrize("scheme", [[], ["--https"]], ids=["http", "https"])
def test_it_measures_and_leaves_nothing_behind(folder: Path, scheme: list[str]) -> None:
    ended = run("bench", *SMALL, *scheme, "--json", env={"TMPDIR": str(folder)})
    assert (ended.returncode, ended.stderr) == (0, "")
    seen = json.loads(ended.stdout)
    assert seen["due_count"] >= 20
    assert 0 < seen["done_count"] <= seen["due_count"]
    assert seen["done_ratio"] == seen["done_count"] / seen["due_count"]
    assert seen["up_count"] >= seen["done_count"]
    assert seen["is_https"] is bool(scheme)
    for name in ("lateness_p50_ms", "lateness_p99_ms", "cpu_ms_per_check", "memory_mib", "database_bytes"):
        assert seen[name] > 0, name
    assert {"event loop", "probe engine", "recorder"} <= seen["threads_percent"].keys()
    assert [one["path"] for one in seen["asked"]] == list(PATHS)
    assert all(one["failed_count"] == 0 and one["first_ms"] > 0 for one in seen["asked"])
    assert list(folder.iterdir()) == []


def test_a_terminal_gets_a_progress_bar_and_figures() -> None:
    code, received = run_in_terminal(["bench", *SMALL], columns=100)
    assert code == 0
    assert "This takes about" in received
    assert "checks done" in received
    assert "10 websites (http" in received
    for label in ("checks", "lateness", "CPU", "by thread", "memory", "a check", "target", "GET"):
        assert f"\n  {label} " in received


def interrupt(process: "subprocess.Popen[bytes]") -> tuple[bytes, bytes]:
    """Press Ctrl-C as a terminal does, and once more where Python lost it: an exception in a destructor is dropped."""
    for _ in range(4):
        os.killpg(process.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=10)
    process.kill()
    return process.communicate()


def test_interrupting_it_leaves_nothing_behind(folder: Path) -> None:
    process = subprocess.Popen(
        command("bench", *SMALL[:-1], 600),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment({"TMPDIR": str(folder)}), process_group=0,
    )  # fmt: skip
    while not list(folder.glob("*/bench.db-wal")):
        time.sleep(0.05)
    output, errors = interrupt(process)
    assert (process.returncode, output) == (130, b"")
    assert b"Traceback" not in errors
    assert list(folder.iterdir()) == []


def test_measuring_tells_how_far_it_is() -> None:
    told: list[tuple[str, float]] = []
    result = run_bench(BenchPlan(3, 1, 1, asks_per_s=0), lambda *said: told.append(said))
    assert told[0] == ("adding 3 websites", 0.0)
    assert all(0 <= share <= 1 for _, share in told)
    assert (result.to_dict()["websites_count"], result.asked, result.asked_lateness_p99_ms) == (3, [], None)


NGINX = pytest.param(find_nginx(), id="nginx", marks=pytest.mark.nginx)


@pytest.mark.parametrize("is_https", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("nginx", [pytest.param(None, id="python"), NGINX])
async def test_the_website_answers_on_all_its_addresses(tmp_path: Path, nginx: str | None, is_https: bool) -> None:
    with running_site(tmp_path, is_https=is_https, nginx=nginx) as site:
        process = psutil.Process(site.pid)
        children = process.children()
        async with open_tools(ca_bundle=site.ca_bundle or None) as tools:
            for number in range(len(ADDRESSES)):
                result = await look(site.url(number), CheckOptions(max_retries=0), tools, budget=10)
                assert (result.status, result.http_status_code) == (MonitorStatus.UP, 200), result.message
        assert site.made_by == ("nginx" if nginx else "Python")
    psutil.wait_procs([process, *children], timeout=10)
    assert not any(one.is_running() for one in [process, *children])


def test_a_target_that_does_not_start_is_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with (
        pytest.raises(TocsinError, match="did not start"),
        running_site(tmp_path, is_https=False, nginx=None, addresses=["192.0.2.1"]),
    ):
        pass
    assert "OSError" in capfd.readouterr().err


def test_a_server_that_does_not_start_is_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TocsinError, match="ended"), running_server(tmp_path / "x.db", breaker_failures="many"):
        pass
    assert "TOCSIN_BREAKER_FAILURES" in capfd.readouterr().err


def test_the_size_of_a_check_is_unknown_before_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE monitor_checks (id INTEGER PRIMARY KEY)")
    connection.close()
    assert check_bytes(path) is None


def test_what_could_not_be_measured_is_printed_as_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    asked = {"path": "/", "count": 0, "first_ms": None, "failed_count": 3, "p50_ms": None, "p99_ms": None}
    result = BenchResult(
        websites_count=1, interval_s=60, seconds=1.0, is_https=True, asks_per_s=1.0, target="Python",
        due_count=0, done_count=0, missed_count=0, done_ratio=None, up_count=0, lateness_p50_ms=None,
        lateness_p99_ms=None, asked_lateness_p99_ms=None, cpu_ms_per_check=None, cpu_percent=0.0, threads_percent={},
        first_cpu_ms_per_check=None, target_cpu_percent=0.0, machine_cpu_percent=0.0, waiting_count=0,
        memory_mib=50.0, check_bytes=None, database_bytes=4096, asked=[asked],
    )  # fmt: skip
    print_result(result)
    text = capsys.readouterr().out
    assert "1 website (https, by Python)" in text
    assert "0 done of 0 due (–), 0 missed" in text
    assert "– in the database, of 4.0 KiB in all" in text
    assert "/: – median, – 99th percentile, first –, 0 answers, 3 failed" in text
