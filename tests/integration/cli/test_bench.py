"""`tocsin bench`, small."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.terminal import command, environment, run, run_in_terminal
from tocsin.cli.bench import print_result
from tocsin.cli.bench_run import BenchPlan, BenchResult, check_bytes, run_bench, target
from tocsin.errors import TocsinError
from tocsin.model.websites import INTERVAL_BOUNDS

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
    assert seen["due_count"] >= 10
    assert 0 < seen["up_count"] <= seen["due_count"]
    assert 0 < seen["done_ratio"] <= 1
    assert seen["is_https"] is bool(scheme)
    for name in ("lateness_p50_ms", "lateness_p99_ms", "cpu_ms_per_check", "memory_mib", "database_bytes"):
        assert seen[name] > 0, name
    assert list(folder.iterdir()) == []


def test_a_terminal_gets_a_progress_bar_and_figures() -> None:
    code, received = run_in_terminal(["bench", *SMALL], columns=100)
    assert code == 0
    assert "due checks done" in received
    assert "10 websites (http), each every 1 s, for 2 s" in received
    for label in ("checks", "lateness", "CPU", "memory", "a check"):
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
    result = run_bench(BenchPlan(websites_count=3, interval_s=1, seconds=1), lambda *said: told.append(said))
    assert told[0] == ("adding 3 websites", 0.0)
    assert all(0 <= share <= 1 for _, share in told)
    assert result.to_dict()["websites_count"] == 3


def test_the_target_ends_with_whoever_started_it() -> None:
    words = [sys.executable, "-m", "tocsin.cli.bench_target"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 0
        process.stdin.close()
        assert process.wait(30) == 0


def test_a_target_that_does_not_start_is_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TocsinError, match="did not start"), target((tmp_path / "none", tmp_path / "none")):
        pass
    assert "FileNotFoundError" in capfd.readouterr().err


def test_the_size_of_a_check_is_unknown_before_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE monitor_checks (id INTEGER PRIMARY KEY)")
    connection.close()
    assert check_bytes(path) is None


def test_what_could_not_be_measured_is_printed_as_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    print_result(BenchResult(1, 60, 1.0, True, 0, 0, 0, None, 0, None, None, None, 0.0, 50.0, None, 4096))
    text = capsys.readouterr().out
    assert "1 websites (https)" not in text
    assert "0 done of 0 due (–), 0 missed" in text
    assert "– in the database, of 4.0 KiB in all" in text
