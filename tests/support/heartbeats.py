"""Heartbeats for tests: with periods of a second, and read back as they are stored."""

from datetime import datetime
from typing import Any

from tocsin import Database, MonitorCheck, MonitorCheckCRUD, WebsiteCreate, WebsiteCRUD
from tocsin.model.heartbeats.keys import key_of
from tocsin.model.heartbeats.pings import HeartbeatState, Ping, PingKind
from tocsin.model.times import utcnow
from tocsin.model.websites import INTERVAL_BOUNDS
from tocsin.storage.heartbeats import heartbeats_of

KEY = "nightly-backup"


def add_heartbeat(database: Database, key: str = KEY, **fields: Any) -> int:
    """Store a heartbeat that is expected every hour, with a minute of grace, unless told otherwise; return its id."""
    usual = {"period": 3600, "grace": 60} if "cron" not in fields else {"grace": 60}
    bounds, INTERVAL_BOUNDS.min_s = INTERVAL_BOUNDS.min_s, 1
    try:
        website = WebsiteCreate.model_validate({"url": f"heartbeat:{key}", **usual, **fields})
    finally:
        INTERVAL_BOUNDS.min_s = bounds
    with database.session() as db:
        website_id: int = WebsiteCRUD.create(db, website).id
        return website_id


def ping(kind: PingKind = PingKind.SUCCESS, at: datetime | None = None, **facts: Any) -> Ping:
    """Return a ping that came now, unless told otherwise."""
    return Ping(kind=kind, at=at or utcnow(), **facts)


def state_of(database: Database, website_id: int) -> HeartbeatState:
    """Return what is stored of a heartbeat."""
    with database.session() as db:
        return heartbeats_of(db, [website_id])[website_id]


def key_in(database: Database, website_id: int) -> str:
    """Return the key of a heartbeat."""
    with database.session() as db:
        row = WebsiteCRUD.get_by_id(db, website_id)
        assert row is not None
        return key_of(row.url)


def checks_of(database: Database, website_id: int) -> list[MonitorCheck]:
    """Return every check of a website, oldest first."""
    with database.session() as db:
        return list(reversed(MonitorCheckCRUD.get_by_website(db, website_id, limit=500)[0]))
