"""A nightly job reports, the plug is pulled, and then the job stops: one downtime, at the right moment."""

import subprocess
import sys
import time
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.heartbeats import KEY, add_heartbeat, checks_of, state_of
from tests.support.killing import Server, faults_in, server_in
from tocsin import Database, DowntimeWindow, DowntimeWindowCRUD, MonitorStatus
from tocsin.model.times import utcnow

PINGER = """
import sys, time, urllib.request
address, taken = sys.argv[1], 0
while True:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            taken += answer.read() == b"OK"
    except OSError:
        time.sleep(0.02)
    print(taken, flush=True)
"""


def ping(server: Server, what: str = "") -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/ping/{KEY}{what}", timeout=10) as answer:
        assert answer.read() == b"OK"


def downtimes_of(database: Database, website_id: int) -> list[DowntimeWindow]:
    with database.session() as db:
        return DowntimeWindowCRUD.get_by_website(db, website_id)[0]


@pytest.mark.slow
def test_every_ping_that_was_answered_survives_the_plug(tmp_path: Path) -> None:
    database = Database(tmp_path / "tocsin.db")
    site = add_heartbeat(database)
    with server_in(tmp_path) as server:
        server.start()
        command = [sys.executable, "-c", PINGER, f"http://127.0.0.1:{server.port}/ping/{KEY}"]
        pingers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
        try:
            for pause_s in (0.4, 0.9, 0.6):
                time.sleep(pause_s)
                server.kill()
                assert faults_in(tmp_path) == []
                server.start()
            time.sleep(0.3)
        finally:
            for one in pingers:
                one.kill()
        answered = sum(int((one.communicate()[0].split() or ["0"])[-1]) for one in pingers)
        server.kill()
    assert answered > 10
    assert state_of(database, site).pings_count >= answered
    assert {check.status for check in checks_of(database, site)} == {MonitorStatus.UP}
    database.dispose()


@pytest.mark.slow
def test_a_job_that_stops_while_the_plug_is_out_is_missed_once_and_not_too_soon(tmp_path: Path) -> None:
    database = Database(tmp_path / "tocsin.db")
    site = add_heartbeat(database, period=1, grace=2)
    with server_in(tmp_path) as server:
        server.start()
        ping(server)
        server.kill()
        time.sleep(3.5)  # its time runs out while nobody can take a ping
        back = utcnow()
        server.start()
        while not downtimes_of(database, site):
            assert utcnow() - back < timedelta(seconds=30), "the missing ping was not noticed"
            time.sleep(0.05)
        server.kill()
        server.start()
        ping(server)
    (downtime,) = downtimes_of(database, site)
    assert downtime.started_at >= back + timedelta(seconds=2)
    assert downtime.ended_at is not None
    assert [check.status.value for check in checks_of(database, site)] == ["UP", "DOWN", "UP"]
    assert faults_in(tmp_path) == []
    database.dispose()
