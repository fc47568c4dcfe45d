"""What goes with a website, also where SQLite does not enforce foreign keys."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from tests.support.history import add_site, record, saw
from tocsin import (
    Base,
    Database,
    DebugSessionCreate,
    DebugSessionCRUD,
    DowntimeWindowCreate,
    DowntimeWindowCRUD,
    HTTPMethod,
    MonitorCheckCreate,
    MonitorCheckCRUD,
    MonitorStatus,
    NetworkEventCreate,
    NetworkEventCRUD,
    NetworkEventType,
    WebsiteCreate,
    WebsiteCRUD,
)
from tocsin.model.alerts import AlertCategory, AlertPriority
from tocsin.model.heartbeats.pings import PingKind
from tocsin.model.results import CertificateFacts, PeerCertificate
from tocsin.storage.tables.alert_rules import MaintenancePeriod
from tocsin.storage.tables.alerts import AlertModel
from tocsin.storage.tables.heartbeats import Heartbeat, HeartbeatPing

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def plain() -> Iterator[Session]:
    engine = create_engine("sqlite:///:memory:")
    Base.metadata.create_all(engine)
    with sessionmaker(bind=engine)() as db:
        yield db
    engine.dispose()


def rows_in(db: Session) -> dict[str, int]:
    counts = {
        table.name: db.scalar(select(func.count()).select_from(table)) or 0 for table in Base.metadata.sorted_tables
    }
    return {name: number for name, number in counts.items() if number}


def record_by_hand(db: Session, site: int) -> None:
    for status in (MonitorStatus.UP, MonitorStatus.UNKNOWN, MonitorStatus.DOWN):
        MonitorCheckCRUD.create(db, MonitorCheckCreate(website_id=site, status=status, response_time_ms=5))
    DowntimeWindowCRUD.create(db, DowntimeWindowCreate(website_id=site, started_at=NOON, ended_at=NOON))
    session_id = DebugSessionCRUD.create(db, DebugSessionCreate(website_id=site, session_key=f"of {site}")).id
    event = NetworkEventCreate(
        debug_session_id=session_id, event_type=NetworkEventType.ERROR, url="https://example.com"
    )
    NetworkEventCRUD.bulk_create(db, [event, event])


def alert_of(website_id: int) -> AlertModel:
    return AlertModel(
        fingerprint="f",
        alert_type="website_down",
        title="It is down",
        message="",
        priority=AlertPriority.CRITICAL,
        category=AlertCategory.AVAILABILITY,
        website_id=website_id,
    )


def test_nothing_of_a_website_stays_where_foreign_keys_are_off(plain: Session) -> None:
    assert plain.connection().exec_driver_sql("PRAGMA foreign_keys").scalar() == 0
    sites = [WebsiteCRUD.create(plain, WebsiteCreate(url=f"https://{name}.example")).id for name in ("a", "b")]
    record_by_hand(plain, sites[1])
    alone = rows_in(plain)
    record_by_hand(plain, sites[0])
    assert rows_in(plain)["network_events"] == 4
    assert WebsiteCRUD.delete(plain, sites[0])
    assert rows_in(plain) == {**alone, "websites": 1}


def test_nothing_of_a_website_stays_in_either_database(database: Database) -> None:
    leaf = CertificateFacts("ab", "CN=a", "CN=b", ("a",), NOON, NOON)
    good = saw(NOON, certificate=PeerCertificate((leaf,), verified=True))
    kept, gone = add_site(database), add_site(database)
    for site in (kept, gone):
        record(
            database,
            site,
            good,
            saw(NOON.replace(hour=13), MonitorStatus.DOWN),
            saw(NOON.replace(hour=14), MonitorStatus.UNKNOWN),
        )
    with database.session() as db:
        record_by_hand(db, gone)
        alert = alert_of(gone)
        ping = HeartbeatPing(
            website_id=gone, slot=1, number=1, kind=PingKind.LOG, received_at=NOON, method=HTTPMethod.GET, body_bytes=0
        )
        db.add_all([alert, Heartbeat(website_id=gone), ping])
        db.add(MaintenancePeriod(window_id=1, website_id=gone, started_at=NOON, ended_at=NOON))
        db.commit()
        assert set(rows_in(db)) >= {table.name for table in Base.metadata.sorted_tables if "website_id" in table.c}
        WebsiteCRUD.delete(db, gone)
        db.refresh(alert)
        assert alert.website_id is None, "an alert is history: it outlives its website"
        for table in Base.metadata.sorted_tables:
            if "website_id" in table.c:
                assert set(db.scalars(select(table.c.website_id))) <= {kept, None}, table.name
        assert rows_in(db)["certificates"] == 1


def test_what_a_session_held_of_it_is_gone_too(database: Database, site: int) -> None:
    with database.session() as db:
        check = MonitorCheckCRUD.create(db, MonitorCheckCreate(website_id=site, status=MonitorStatus.DOWN))
        downtime = DowntimeWindowCRUD.create(db, DowntimeWindowCreate(website_id=site, started_at=NOON))
        session = DebugSessionCRUD.create(db, DebugSessionCreate(website_id=site, session_key="a"))
        WebsiteCRUD.delete(db, site)
        assert MonitorCheckCRUD.get_by_id(db, check.id) is None
        assert DowntimeWindowCRUD.get_by_id(db, downtime.id) is None
        assert DebugSessionCRUD.get_by_id(db, session.id) is None
        assert WebsiteCRUD.get_by_id(db, site) is None
