"""The first document's calls, as its readers will type them: on a plain engine and on `get_db`."""
# ruff: noqa: DTZ003 (the calls are the readers', with their naive moments)

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from tocsin import (
    Base,
    DebugSessionCreate,
    DebugSessionCRUD,
    DebugSessionUpdate,
    DowntimeWindowCreate,
    DowntimeWindowCRUD,
    DowntimeWindowUpdate,
    HTTPMethod,
    MonitorCheckCreate,
    MonitorCheckCRUD,
    MonitorStatus,
    NetworkEventCreate,
    NetworkEventCRUD,
    NetworkEventType,
    Website,
    WebsiteCreate,
    WebsiteCRUD,
    WebsiteUpdate,
    get_db,
)
from tocsin.storage.configured import default_database

pytestmark = pytest.mark.filterwarnings("ignore:.*utcnow.*:DeprecationWarning")


def plain_session() -> Iterator[Session]:
    engine = create_engine("sqlite:///:memory:")
    Base.metadata.create_all(bind=engine)
    opened = sessionmaker(autocommit=False, autoflush=False, bind=engine)()
    yield opened
    opened.close()
    engine.dispose()


@pytest.fixture(params=["plain engine", "get_db"])
def db(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    if request.param == "plain engine":
        yield from plain_session()
        return
    monkeypatch.setenv("TOCSIN_DATA_DIR", str(tmp_path / "made" / "by itself"))
    default_database.cache_clear()
    yield from get_db()
    default_database().dispose()
    default_database.cache_clear()
    assert (tmp_path / "made" / "by itself" / "tocsin.db").is_file()


@pytest.fixture
def website(db: Session) -> Website:
    website_data = WebsiteCreate(
        url="https://example.com",
        name="Example Site",
        check_interval=300,
        timeout=30,
        is_active=True,
    )
    return WebsiteCRUD.create(db, website_data)


@pytest.mark.usefixtures("website")
def test_website_management_runs_as_written(db: Session) -> None:
    by_id = WebsiteCRUD.get_by_id(db, website_id=1)
    by_url = WebsiteCRUD.get_by_url(db, url="https://example.com")
    assert by_id is by_url
    assert [one.name for one in WebsiteCRUD.get_active_websites(db)] == ["Example Site"]
    update_data = WebsiteUpdate(name="New Name", check_interval=600)
    updated_website = WebsiteCRUD.update(db, website_id=1, website_update=update_data)
    assert updated_website is not None
    assert (updated_website.name, updated_website.check_interval, updated_website.timeout) == ("New Name", 600, 30)
    success = WebsiteCRUD.delete(db, website_id=1)
    assert success is True
    assert WebsiteCRUD.delete(db, website_id=1) is False


@pytest.mark.usefixtures("website")
def test_monitor_checks_run_as_written(db: Session) -> None:
    check_data = MonitorCheckCreate(
        website_id=1,
        status=MonitorStatus.UP,
        http_status_code=200,
        http_method=HTTPMethod.GET,
        response_time_ms=150.5,
        dns_time_ms=10.2,
        connect_time_ms=20.3,
        tls_time_ms=15.4,
        ttfb_ms=100.1,
    )
    check = MonitorCheckCRUD.create(db, check_data)
    assert (check.id, check.status, check.response_time_ms, check.ttfb_ms) == (1, MonitorStatus.UP, 150.5, 100.1)
    check_data = MonitorCheckCreate(website_id=1, status=MonitorStatus.DOWN, error_message="Connection timeout")
    check = MonitorCheckCRUD.create(db, check_data)
    checks, total = MonitorCheckCRUD.get_by_website(db, website_id=1, skip=0, limit=50)
    assert ([one.id for one in checks], total) == ([2, 1], 2)
    start_date = datetime.utcnow() - timedelta(days=7)
    end_date = datetime.utcnow()
    checks, total = MonitorCheckCRUD.get_by_website(db, website_id=1, start_date=start_date, end_date=end_date)
    assert total == 2
    latest_check = MonitorCheckCRUD.get_latest_by_website(db, website_id=1)
    assert latest_check is not None
    assert latest_check.error_message == "Connection timeout"
    uptime = MonitorCheckCRUD.calculate_uptime_percentage(db, website_id=1, hours=24)
    assert f"Uptime: {uptime}%" == "Uptime: 50.0%"


@pytest.mark.usefixtures("website")
def test_downtime_windows_run_as_written(db: Session) -> None:
    downtime_data = DowntimeWindowCreate(
        website_id=1,
        started_at=datetime.utcnow(),
        initial_status=MonitorStatus.DOWN,
        notes="Server not responding",
    )
    downtime = DowntimeWindowCRUD.create(db, downtime_data)
    ongoing_downtime = DowntimeWindowCRUD.get_ongoing_downtime(db, website_id=1)
    assert ongoing_downtime is not None
    assert ongoing_downtime.started_at.tzinfo is not None
    update_data = DowntimeWindowUpdate(
        ended_at=datetime.utcnow() + timedelta(seconds=90),
        recovery_status=MonitorStatus.UP,
        affected_checks_count=10,
        root_cause="Database connection pool exhausted",
    )
    updated = DowntimeWindowCRUD.update(db, downtime.id, update_data)
    assert updated is not None
    assert updated.duration_seconds is not None
    assert 90 <= updated.duration_seconds < 150
    downtimes, total = DowntimeWindowCRUD.get_by_website(db, website_id=1, include_ongoing=True)
    assert ([one.root_cause for one in downtimes], total) == (["Database connection pool exhausted"], 1)
    assert DowntimeWindowCRUD.get_ongoing_downtime(db, website_id=1) is None


@pytest.mark.usefixtures("website")
def test_debug_sessions_and_network_events_run_as_written(db: Session) -> None:
    session_data = DebugSessionCreate(
        website_id=1,
        session_key="debug-2024-01-01-123456",
        user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        browser_type="chromium",
    )
    session = DebugSessionCRUD.create(db, session_data)
    found = DebugSessionCRUD.get_by_session_key(db, "debug-2024-01-01-123456")
    assert found is session
    event_data = NetworkEventCreate(
        debug_session_id=session.id,
        event_type=NetworkEventType.REQUEST,
        url="https://example.com/api/data",
        method=HTTPMethod.GET,
        request_headers='{"Content-Type": "application/json"}',
        timestamp=datetime.utcnow(),
    )
    event = NetworkEventCRUD.create(db, event_data)
    event_data = NetworkEventCreate(
        debug_session_id=session.id,
        event_type=NetworkEventType.RESPONSE,
        url="https://example.com/api/data",
        method=HTTPMethod.GET,
        status_code=200,
        response_headers='{"Content-Type": "application/json"}',
        response_payload='{"status": "success"}',
        duration_ms=150.5,
    )
    event = NetworkEventCRUD.create(db, event_data)
    assert (event.status_code, event.duration_ms) == (200, 150.5)
    events_data = [
        NetworkEventCreate(
            debug_session_id=session.id,
            event_type=NetworkEventType.REQUEST,
            url=f"https://example.com/api/{i}",
            method=HTTPMethod.GET,
        )
        for i in range(100)
    ]
    events = NetworkEventCRUD.bulk_create(db, events_data)
    assert [one.url for one in events] == [one.url for one in events_data]
    events, total = NetworkEventCRUD.get_by_session(db, session_id=session.id)
    assert (len(events), total) == (102, 102)
    start_time = datetime.utcnow() - timedelta(minutes=5)
    end_time = datetime.utcnow()
    assert len(NetworkEventCRUD.get_by_time_range(db, session.id, start_time, end_time)) == 102
    update_data = DebugSessionUpdate(completed_at=datetime.utcnow(), success=True)
    updated = DebugSessionCRUD.update(db, session.id, update_data)
    assert updated is not None
    assert updated.success is True
    sessions, total = DebugSessionCRUD.get_by_website(db, website_id=1)
    assert (sessions, total) == ([session], 1)


class Answers:
    """Stands for a library of HTTP: gives one answer after the other, or raises it."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    async def get(self, url: str, timeout: float) -> Any:  # noqa: ASYNC109 (as the document calls it)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(status_code=answer, elapsed=timedelta(milliseconds=120))


async def monitor_website(website: Website, db: Session, http_client: Answers) -> None:
    try:
        response = await http_client.get(website.url, timeout=website.timeout)
        check_data = MonitorCheckCreate(
            website_id=website.id,
            status=MonitorStatus.UP if response.status_code == 200 else MonitorStatus.DEGRADED,
            http_status_code=response.status_code,
            response_time_ms=response.elapsed.total_seconds() * 1000,
        )
    except Exception as e:  # noqa: BLE001 (the document's)
        check_data = MonitorCheckCreate(website_id=website.id, status=MonitorStatus.DOWN, error_message=str(e))
    check = MonitorCheckCRUD.create(db, check_data)
    if check.status == MonitorStatus.DOWN:
        ongoing = DowntimeWindowCRUD.get_ongoing_downtime(db, website.id)
        if not ongoing:
            downtime_data = DowntimeWindowCreate(
                website_id=website.id, started_at=check.checked_at, initial_status=MonitorStatus.DOWN
            )
            DowntimeWindowCRUD.create(db, downtime_data)


def test_the_monitoring_loop_opens_one_downtime(db: Session, website: Website) -> None:
    client = Answers(200, TimeoutError("no answer"), OSError("no route"), 404)
    for _ in range(4):
        asyncio.run(monitor_website(website, db, client))
    checks, _ = MonitorCheckCRUD.get_by_website(db, website.id)
    assert [check.status.value for check in reversed(checks)] == ["UP", "DOWN", "DOWN", "DEGRADED"]
    assert [check.error_message for check in reversed(checks)] == [None, "no answer", "no route", None]
    downtimes, total = DowntimeWindowCRUD.get_by_website(db, website.id)
    assert total == 1
    assert downtimes[0].started_at == checks[2].checked_at
    assert MonitorCheckCRUD.calculate_uptime_percentage(db, website.id) == 50.0


def test_everything_recorded_goes_with_its_website(db: Session, website: Website) -> None:
    asyncio.run(monitor_website(website, db, Answers(OSError("no route"))))
    session = DebugSessionCRUD.create(db, DebugSessionCreate(website_id=website.id, session_key="a"))
    event = NetworkEventCreate(
        debug_session_id=session.id, event_type=NetworkEventType.ERROR, url="https://example.com"
    )
    NetworkEventCRUD.bulk_create(db, [event] * 3)
    assert WebsiteCRUD.delete(db, website.id)
    kept = {"alembic_version", "certificates", "users", "api_tokens", "logins"}
    for table in Base.metadata.sorted_tables:
        if table.name not in kept:
            assert db.execute(table.select()).all() == [], table.name
