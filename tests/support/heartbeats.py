"""Heartbeats for tests: with periods of a second, and read back as they are stored."""

from datetime import datetime
from typing import Any

from tocsin import Database, MonitorCheck, MonitorCheckCRUD, WebsiteCreate, WebsiteCRUD
from tocsin.model.heartbeats.keys import key_of
from tocsin.model.heartbeats.pings import HeartbeatState, Ping, PingKind
from tocsin.model.times import utcnow
from tocsin.model.websites import INTERVAL_BOUNDS
from tocsin.storage import heartbeats
from tocsin.storage.results import ResultWriter
from tocsin.storage.states import load_states
from tocsin.watch.heartbeats import signals
from tocsin.watch.heartbeats.signals import Decided, Signal

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


def send(database: Database, website_id: int, *pings: Any, now: datetime | None = None) -> list[Decided]:
    """Store pings (None: its time is over) one after the other, as the recorder does."""
    every = []
    for one in pings:
        at = now or (one.at if one is not None else utcnow())
        with database.write_transaction() as connection:
            beats = heartbeats.lock_beats(connection, [website_id])
            states = load_states(connection, [website_id])
            decided = signals.decide([Signal(website_id, ping=one)], beats, states, at)
            outcomes = [each.outcome for each in decided if each.outcome is not None]
            ResultWriter().write(connection, outcomes, at)
            signals.store(connection, decided, at)
        every += decided
    return every


def state_of(database: Database, website_id: int) -> HeartbeatState:
    """Return what is stored of a heartbeat."""
    with database.session() as db:
        return heartbeats.heartbeats_of(db, [website_id])[website_id]


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
