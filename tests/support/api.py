"""The API on a real database and a real hub, with a watch that checks nothing by itself."""

import asyncio
from dataclasses import dataclass

from fastapi import FastAPI

from tocsin import Database, MonitorCheckCreate, MonitorCheckCRUD, MonitorStatus, NotFound, api
from tocsin.actions.services import Services
from tocsin.model.times import utcnow
from tocsin.settings import Settings, load_settings
from tocsin.storage.websites import WebsiteCRUD
from tocsin.watch.live import LiveHub
from tocsin.watch.service import WatchOverview


@dataclass
class FakeWatch:
    """Stores a check that says UP whenever one is asked for, and counts how often it was woken."""

    database: Database
    wakes: int = 0
    is_running: bool = True

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
        )

    def is_scheduled(self, website_id: int) -> bool:
        return True


def make_services(database: Database, settings: Settings | None = None) -> Services:
    """Return services on that database, with a `FakeWatch`."""
    return Services(
        settings=settings or load_settings({}),
        database=database,
        watch=FakeWatch(database),
        live=LiveHub(),
        started_at=utcnow(),
    )


def make_app(services: Services) -> FastAPI:
    """Return an application of the API alone."""
    app = FastAPI(title="Tocsin", openapi_tags=api.TAGS)
    app.state.tocsin = services
    api.install(app)
    return app
