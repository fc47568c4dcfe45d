"""Builds every object and joins them: what `tocsin serve` and `uvicorn tocsin.app:app` run."""

import asyncio
import logging
import resource
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import fields
from datetime import timedelta
from typing import Any, Protocol

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware

from tocsin import __version__, api, dashboard
from tocsin.actions.channel_book import open_channel_book
from tocsin.actions.services import Services
from tocsin.alerts.alerting import Alerting, alerting_plan
from tocsin.alerts.inbox import AlertInbox, InboxPlan
from tocsin.alerts.rules.loop import RuleLoop, RulesPlan
from tocsin.delivery.lanes import LanePlan
from tocsin.delivery.service import Delivery, DeliveryPlan
from tocsin.logs import configure_logs
from tocsin.model.times import utcnow
from tocsin.model.websites import INTERVAL_BOUNDS
from tocsin.settings import Settings, load_settings
from tocsin.storage.alerts.recording import Handling
from tocsin.storage.configured import open_database
from tocsin.storage.database import Database
from tocsin.storage.history.retention import Retention
from tocsin.storage.lock import sole_watcher
from tocsin.watch.breaker import Breaker
from tocsin.watch.housekeeping import Keeping
from tocsin.watch.live import LiveEvent, LiveHub
from tocsin.watch.runner import RunnerPlan
from tocsin.watch.service import Watch, WatchPlan

logger = logging.getLogger(__name__)

SPARE_FILES = 500
"""Open files for everything but checks: database, log, requests."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the web application; its lifespan opens the database and starts the watch.

    Raises:
        SettingsInvalid: where none were given and the environment's are wrong.
    """
    settings = settings or load_settings()
    heed_settings(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(settings) as services:
            app.state.tocsin = services
            yield

    app = FastAPI(
        title="Tocsin",
        version=__version__,
        summary="Watches websites from outside, on time, and says in plain words what it saw.",
        lifespan=lifespan,
        openapi_tags=api.TAGS,
        docs_url=None,  # the dashboard's own, which needs nothing from elsewhere
        redoc_url=None,
    )
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)  # leaves event streams alone
    api.install(app)
    dashboard.install(app)
    return app


def heed_settings(settings: Settings) -> None:
    """Move the bounds that schemas check against to where the settings want them."""
    INTERVAL_BOUNDS.min_s = settings.check_interval_min
    INTERVAL_BOUNDS.max_s = settings.check_interval_max


def watch_plan(settings: Settings) -> WatchPlan:
    """Return how to watch, from the settings."""
    breaker = Breaker(settings.breaker_failures, timedelta(seconds=settings.breaker_pause))
    keep = Retention(**{field.name: getattr(settings, f"retain_{field.name}") for field in fields(Retention)})
    return WatchPlan(
        is_enabled=settings.scheduler_enabled,
        running=RunnerPlan(settings.max_concurrent_checks, breaker),
        keeping=Keeping(settings.scheduler_timezone, keep),
        ca_bundle=settings.ca_bundle,
        name_servers=settings.name_servers,
        forbidden_networks=settings.forbidden_networks,
        certificate_warn_days=settings.certificate_warn_days,
        references=settings.references,
    )


def delivery_plan(settings: Settings, database: Database) -> DeliveryPlan:
    """Return how to deliver, from the settings. On SQLite `sole_watcher` keeps every other process out."""
    return DeliveryPlan(LanePlan(external_url=settings.external_url), is_sole=database.is_sqlite)


def tell_live(live: LiveHub) -> Callable[[dict[str, Any]], None]:
    """Return what publishes each try to whoever is listening."""
    return lambda event: live.publish(LiveEvent("delivery", event))


def tell_alerts(live: LiveHub, delivery: Delivery) -> Callable[[Sequence[dict[str, Any]]], None]:
    """Return what passes changes of alerts on: to whoever is listening, and to those who plan whom to tell."""

    def tell(changes: Sequence[dict[str, Any]]) -> None:
        live.publish(*(LiveEvent("alert", one) for one in changes))
        delivery.wake()

    return tell


class Threaded(Protocol):
    """A part with a thread of its own."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Finish what is being done, and end."""


def inbox_plan(settings: Settings, handling: Handling) -> InboxPlan:
    """Return how alerts are accepted, from the settings."""
    resolve_after = timedelta(seconds=settings.resolve_timeout)
    return InboxPlan(resolve_after, settings.alert_durability == "power", handling)


def own_figures(watch: Watch) -> Callable[[], dict[str, float]]:
    """Return what tells how this process does, for rules to look at."""

    def figures() -> dict[str, float]:
        seen = watch.overview()
        found = {"tocsin.write_queue_count": float(seen.write_queue_count)}
        if seen.lateness_p99_ms is not None:
            found["tocsin.lateness_p99_ms"] = seen.lateness_p99_ms
        return found

    return figures


def allow_open_files(wanted: int) -> int:
    """Raise the process's limit of open files to `wanted` as far as the system lets it; return what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Services]:
    """Yield the running parts: database open, websites watched. At the end listeners go first, then the watch."""
    configure_logs(settings.log_level, settings.log_format)
    files = allow_open_files(settings.max_concurrent_checks + SPARE_FILES)
    if files < settings.max_concurrent_checks + SPARE_FILES:
        fewer = max(2, files - SPARE_FILES)
        logger.warning("only %s files may be open: %s checks at once (raise it with `ulimit -n`)", files, fewer)
        settings = settings.with_changes(max_concurrent_checks=fewer)
    plan = alerting_plan(settings.recommendations, settings.flapping_changes, settings.flapping_window)
    async with AsyncExitStack() as stack:
        database = open_database(settings)
        stack.callback(database.dispose)
        if settings.scheduler_enabled:
            stack.enter_context(sole_watcher(database))
        live = LiveHub()
        book = open_channel_book(settings)
        delivery = Delivery(database, book.send, delivery_plan(settings, database), live=tell_live(live))
        alerting = Alerting(database, plan, tell_alerts(live, delivery))
        watch = Watch(database, live, watch_plan(settings))
        inbox = AlertInbox(database, inbox_plan(settings, plan.handling), alerting.wake)
        rules = RuleLoop(database, RulesPlan(settings.data_dir, plan.handling), own_figures(watch), alerting.wake)
        alone: list[Threaded] = [delivery, rules] if settings.scheduler_enabled else []
        for part in [*alone, alerting, inbox]:
            part.start()
            stack.push_async_callback(asyncio.to_thread, part.stop)
        stack.push_async_callback(watch.stop)
        stack.callback(live.close)
        await watch.start()
        yield Services(
            settings=settings,
            database=database,
            watch=watch,
            live=live,
            started_at=utcnow(),
            channel_book=book,
            alerting=alerting,
            inbox=inbox,
            delivery=delivery if settings.scheduler_enabled else None,
        )


def __getattr__(name: str) -> Any:
    """Make `app` when it is asked for: `uvicorn tocsin.app:app`."""
    if name == "app":
        app = globals()["app"] = create_app()
        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
