"""The API on a real database and a real hub, with a watch that checks nothing by itself."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import FastAPI

from tests.support.books import PlainBook
from tocsin import Database, MonitorCheckCreate, MonitorCheckCRUD, MonitorStatus, NotFound, api
from tocsin.actions.services import Services
from tocsin.model.enums import Cause, Phase
from tocsin.model.heartbeats.pings import Ping
from tocsin.model.options import CheckOptions
from tocsin.model.results import CheckResult, PeerCertificate, Phases
from tocsin.model.times import utcnow
from tocsin.settings import Settings, load_settings
from tocsin.storage.results import Outcome, ResultWriter
from tocsin.storage.states import load_states
from tocsin.storage.websites import WebsiteCRUD
from tocsin.watch.breaker import Breaker
from tocsin.watch.judge import judge, settle
from tocsin.watch.live import LiveHub
from tocsin.watch.recorder import live_events
from tocsin.watch.service import WatchOverview


@dataclass
class FakeWatch:
    """Stores a check that says UP whenever one is asked for, and counts how often it was woken."""

    database: Database
    wakes: int = 0
    is_running: bool = True
    blind_since: datetime | None = None

    def wake(self) -> None:
        self.wakes += 1

    async def check_now(self, website_id: int) -> int:
        return await asyncio.to_thread(self._check, website_id)

    def _check(self, website_id: int) -> int:
        with self.database.session() as db:
            if WebsiteCRUD.get_by_id(db, website_id) is None:
                raise NotFound(f"there is no website {website_id}")
            check = MonitorCheckCreate(website_id=website_id, status=MonitorStatus.UP, response_time_ms=12.5)
            check_id: int = MonitorCheckCRUD.create(db, check).id
            return check_id

    async def find_heartbeat(self, key: str) -> int:
        raise NotFound("this watch knows no heartbeat")

    async def take_ping(self, key: str, ping: Ping) -> None:
        raise NotFound("this watch knows no heartbeat")

    def overview(self) -> WatchOverview:
        return WatchOverview(
            is_running=self.is_running,
            jobs_count=3,
            in_flight_count=1,
            due_count=40,
            done_count=38,
            missed_count=1,
            skipped_count=2,
            lateness_p50_ms=0.25,
            lateness_p99_ms=None,
            write_queue_count=5,
            open_breakers_count=1,
            dropped_count=0,
            status_counts={MonitorStatus.UP: 30, MonitorStatus.DOWN: 8},
            blind_since=self.blind_since,
            silent_references=("the gateway 192.0.2.1",) if self.blind_since else (),
        )

    def is_scheduled(self, website_id: int) -> bool:
        return True


def record_look(
    database: Database,
    website_id: int,
    at: datetime,
    *,
    cause: Cause | None = None,
    body_head: str = "",
    certificate: PeerCertificate | None = None,
    live: LiveHub | None = None,
) -> int:
    """Store what a look saw the way the watch does, evidence, state, outbox and all; return the check's id."""
    seen = CheckResult(
        url="https://example.com",
        started_at=at,
        cause=cause,
        phase=Phase.CONNECT if cause else None,
        message="port 443 refused the connection" if cause else "",
        http_status_code=None if cause else 200,
        phases=Phases(dns_ms=1.5, total_ms=2.0),
        addresses=("192.0.2.1",),
        body_head=body_head,
        certificate=certificate,
    )
    result = settle(seen, CheckOptions(), at)
    with database.write_transaction() as connection:
        state = load_states(connection, [website_id])[website_id]
        judgement = judge(result, state, Breaker(), at, gap_after=timedelta(hours=1))
        outcome = Outcome(website_id, result, judgement, timedelta(seconds=300))
        stored = ResultWriter().write(connection, [outcome], utcnow())[0]
    if live is not None:
        live.publish(*live_events(outcome, stored))
    return stored.check_id


def make_services(database: Database, settings: Settings | None = None) -> Services:
    """Return services on that database, with a `FakeWatch`."""
    return Services(
        settings=settings or load_settings({}),
        database=database,
        watch=FakeWatch(database),
        live=LiveHub(),
        started_at=utcnow(),
        channel_book=PlainBook(),
    )


def make_app(services: Services) -> FastAPI:
    """Return an application of the API alone."""
    app = FastAPI(title="Tocsin", openapi_tags=api.TAGS, docs_url=None)
    app.state.tocsin = services
    api.install(app)
    return app
