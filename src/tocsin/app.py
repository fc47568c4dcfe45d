"""Builds every object and joins them: what `tocsin serve` and `uvicorn tocsin.app:app` run."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache
from typing import Any

from fastapi import FastAPI

from tocsin import __version__, api, dashboard
from tocsin.actions.services import Services
from tocsin.logs import configure_logs
from tocsin.model.times import utcnow
from tocsin.model.websites import INTERVAL_BOUNDS
from tocsin.settings import Settings, load_settings
from tocsin.storage.database import Database, Session
from tocsin.storage.retention import Retention
from tocsin.watch.breaker import Breaker
from tocsin.watch.housekeeping import Keeping
from tocsin.watch.live import LiveHub
from tocsin.watch.runner import RunnerPlan
from tocsin.watch.service import Watch, WatchPlan

logger = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the web application; its lifespan opens the database and starts the watch.

    Raises:
        SettingsInvalid: where none were given and the environment's are wrong.
    """
    settings = settings or load_settings()
    heed_settings(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services = await start(settings)
        app.state.tocsin = services
        try:
            yield
        finally:
            await stop(services)

    app = FastAPI(
        title="Tocsin",
        version=__version__,
        summary="Watches websites from outside and applications from inside; its alerts arrive diagnosed.",
        lifespan=lifespan,
        openapi_tags=api.TAGS,
    )
    api.install(app)
    dashboard.install(app)
    return app


def heed_settings(settings: Settings) -> None:
    """Move the bounds that schemas check against to where the settings want them."""
    INTERVAL_BOUNDS.min_s = settings.check_interval_min
    INTERVAL_BOUNDS.max_s = settings.check_interval_max


def open_database(settings: Settings) -> Database:
    """Open the configured database. An SQLite file is created and upgraded; a PostgreSQL has to be at this release.

    Raises:
        SchemaBehind: a PostgreSQL that `tocsin db upgrade` was not run on.
        StorageUnavailable: it cannot be reached.
    """
    database = Database(settings.database_url, create=False)
    try:
        if database.is_sqlite:
            database.create_all()
        else:
            database.check_schema()
    except BaseException:
        database.dispose()
        raise
    return database


def watch_plan(settings: Settings) -> WatchPlan:
    """Return how to watch, from the settings."""
    breaker = Breaker(settings.breaker_failures, timedelta(seconds=settings.breaker_pause))
    keep = Retention(settings.retain_checks_days, settings.retain_phases_days, settings.retain_hours_days)
    return WatchPlan(
        is_enabled=settings.scheduler_enabled,
        running=RunnerPlan(settings.max_concurrent_checks, settings.certificate_interval, breaker),
        keeping=Keeping(settings.scheduler_timezone, keep),
        ca_bundle=settings.ca_bundle,
        name_servers=settings.name_servers,
    )


async def start(settings: Settings) -> Services:
    """Open the database and start watching; undo what was done where a step fails."""
    configure_logs(settings.log_level, settings.log_format)
    database = open_database(settings)
    live = LiveHub()
    watch = Watch(database, live, watch_plan(settings))
    try:
        await watch.start()
    except BaseException:
        await watch.stop()
        database.dispose()
        raise
    return Services(settings=settings, database=database, watch=watch, live=live, started_at=utcnow())


async def stop(services: Services) -> None:
    """End every listener, then the watch, then close the database."""
    services.live.close()
    await services.watch.stop()
    services.database.dispose()


@cache
def default_database() -> Database:
    """Return the configured database, opened once in this process; an SQLite file is created and upgraded."""
    return open_database(load_settings(strict=False))


def get_db() -> Iterator[Session]:
    """Yield a Session on the configured database and close it in the end; for FastAPI's `Depends` and for scripts."""
    with default_database().session() as db:
        yield db


def __getattr__(name: str) -> Any:
    """Make `app` when it is asked for: `uvicorn tocsin.app:app`."""
    if name == "app":
        app = globals()["app"] = create_app()
        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
