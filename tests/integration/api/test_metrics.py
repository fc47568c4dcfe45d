"""Metrics over HTTP: what they say, and that others can read them."""

import shutil
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event

from tests.support.api import FakeWatch, record_look
from tocsin import Database, WebsiteCreate, WebsiteCRUD, __version__
from tocsin.model.enums import Cause
from tocsin.model.results import CertificateFacts, PeerCertificate
from tocsin.storage.certificates import record_chains
from tocsin.storage.tables import Website

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROMTOOL = shutil.which("promtool")


def add(database: Database, url: str, **fields: object) -> int:
    with database.session() as db:
        website_id: int = WebsiteCRUD.create(db, WebsiteCreate(url=url, **fields)).id
        return website_id


def sample(families: Iterable[Metric], metric: str, **labels: str) -> float | None:
    found = [
        one.value
        for family in families
        for one in family.samples
        if one.name == metric and labels.items() <= one.labels.items()
    ]
    assert len(found) < 2
    return found[0] if found else None


async def read(client: httpx.AsyncClient) -> list[Metric]:
    response = await client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return list(text_string_to_metric_families(response.text))


@pytest.fixture
def website_ids(database: Database) -> list[int]:
    """One that is well, one that is down, one not checked yet, one paused."""
    ids = [
        add(database, "https://well.example", name='The "well" \\ one\nof two lines'),
        add(database, "https://down.example"),
        add(database, "https://new.example"),
        add(database, "https://paused.example", enabled=False),
    ]
    record_look(database, ids[0], NOW)
    record_look(database, ids[1], NOW, cause=Cause.CONNECT_REFUSED)
    record_look(database, ids[3], NOW)
    leaf = CertificateFacts("ab" * 32, "CN=well", "CN=ca", (), NOW, NOW + timedelta(days=30))
    with database.engine.begin() as connection:
        record_chains(connection, {ids[0]: (PeerCertificate((leaf,), verified=True), NOW)})
    return ids


async def test_websites_are_told_apart_by_id_name_and_url(client: httpx.AsyncClient, website_ids: list[int]) -> None:
    families = await read(client)
    well = {
        "website_id": str(website_ids[0]),
        "name": 'The "well" \\ one\nof two lines',
        "url": "https://well.example",
    }
    found = {
        name: sample(families, f"tocsin_website_{name}", **well)
        for name in (
            "up", "status", "response_time_seconds", "last_check_timestamp_seconds",
            "certificate_expiry_timestamp_seconds", "downtime_start_timestamp_seconds",
        )
    }  # fmt: skip
    assert found == {
        "up": 1,
        "status": 1,
        "response_time_seconds": 0.002,
        "last_check_timestamp_seconds": NOW.timestamp(),
        "certificate_expiry_timestamp_seconds": (NOW + timedelta(days=30)).timestamp(),
        "downtime_start_timestamp_seconds": None,
    }


async def test_a_website_that_is_down_says_since_when(client: httpx.AsyncClient, website_ids: list[int]) -> None:
    families, down = await read(client), str(website_ids[1])
    assert sample(families, "tocsin_website_up", website_id=down) == 0
    assert sample(families, "tocsin_website_status", website_id=down) == 3
    assert sample(families, "tocsin_website_downtime_start_timestamp_seconds", website_id=down) == NOW.timestamp()


async def test_what_is_not_known_is_left_out(client: httpx.AsyncClient, website_ids: list[int]) -> None:
    families, new, paused = await read(client), str(website_ids[2]), str(website_ids[3])
    assert sample(families, "tocsin_website_status", website_id=new) == 0
    assert sample(families, "tocsin_website_up", website_id=new) is None
    assert sample(families, "tocsin_website_last_check_timestamp_seconds", website_id=new) is None
    assert sample(families, "tocsin_website_status", website_id=paused) is None
    assert sample(families, "tocsin_websites", state="paused") == 1
    assert sample(families, "tocsin_websites", state="active") == 3


async def test_tocsin_tells_of_itself(client: httpx.AsyncClient) -> None:
    families = await read(client)
    expected = {
        "tocsin_checks_due_total": 40, "tocsin_checks_done_total": 38, "tocsin_checks_missed_total": 1,
        "tocsin_checks_skipped_total": 2, "tocsin_checks_dropped_total": 0, "tocsin_jobs": 3,
        "tocsin_checks_in_flight": 1, "tocsin_results_waiting": 5, "tocsin_breakers_open": 1,
        "tocsin_watch_running": 1, "tocsin_check_lateness_p50_seconds": 0.00025,
        "tocsin_check_lateness_p99_seconds": None,
    }  # fmt: skip
    assert {name: sample(families, name) for name in expected} == expected
    assert sample(families, "tocsin_checks_total", status="UP") == 30
    assert sample(families, "tocsin_checks_total", status="UNKNOWN") == 0
    assert sample(families, "tocsin_build_info", version=__version__) == 1
    assert sample(families, "process_resident_memory_bytes") is not None


async def test_our_own_blindness_is_a_figure(client: httpx.AsyncClient, watch: FakeWatch) -> None:
    assert sample(await read(client), "tocsin_vantage_blind") == 0
    watch.blind_since = NOW
    assert sample(await read(client), "tocsin_vantage_blind") == 1


@pytest.mark.skipif(PROMTOOL is None, reason="PROMTOOL IS MISSING (Debian: apt-get install prometheus)")
async def test_promtool_finds_no_fault(client: httpx.AsyncClient, website_ids: list[int]) -> None:
    assert PROMTOOL is not None
    text = (await client.get("/metrics")).content
    run = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, check=False)  # noqa: ASYNC221
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")


async def test_metrics_are_sent_whole_where_compression_is_not_understood(client: httpx.AsyncClient) -> None:
    plain = await client.get("/metrics", headers={"Accept-Encoding": "identity"})
    packed = await client.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert plain.text.splitlines()[0] == packed.text.splitlines()[0]


async def test_many_websites_cost_one_query(client: httpx.AsyncClient, database: Database) -> None:
    with database.session() as db:
        db.add_all(
            Website(url=f"https://{number}.example", url_key=f"https://{number}.example/", name=str(number))
            for number in range(2_000)
        )
        db.commit()
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    families = await read(client)
    assert sample(families, "tocsin_websites", state="active") == 2_000
    assert sum("FROM websites" in statement for statement in statements) == 1
