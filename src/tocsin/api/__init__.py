"""The door for programs: JSON over HTTP, one router a noun. What it answers comes from `actions`."""

from fastapi import APIRouter, FastAPI

from tocsin.api import (
    alert_rules,
    alerts,
    badges,
    channels,
    checks,
    debug_sessions,
    deliveries,
    downtimes,
    events,
    health,
    heartbeats,
    maintenance,
    metrics,
    openapi,
    problems,
    silences,
    tags,
    unknown_windows,
    websites,
)
from tocsin.api.alertmanager import AlertsDoor, router as alertmanager_router
from tocsin.api.border import Border

TAGS = [
    {"name": "websites", "description": "What is watched, and how it is now."},
    {"name": "checks", "description": "What each look saw, and what they add up to."},
    {"name": "downtimes", "description": "From the first failed check to the recovery."},
    {"name": "alerts", "description": "Problems, one alert each however often they are seen."},
    {"name": "heartbeats", "description": "Jobs that report by themselves: where they call, and what they said."},
    {"name": "debug sessions", "description": "Recorded browser visits and their network events."},
    {"name": "channels", "description": "Configured destinations of alerts."},
    {"name": "deliveries", "description": "What was sent to whom, each try, and why somebody was not told."},
    {"name": "alert rules", "description": "Bounds on metrics that become alerts, and what they would have done."},
    {"name": "silences", "description": "Alerts kept quiet by matcher, for a while."},
    {"name": "maintenance", "description": "Planned work: checking goes on, alerts are muted, uptime is left alone."},
    {"name": "events", "description": "What happens right now, as server-sent events."},
    {"name": "metrics", "description": "Tocsin and the websites for Prometheus."},
    {"name": "health", "description": "For the machine that runs Tocsin; open to everybody."},
]


def routers() -> list[APIRouter]:
    """Return every router of the API."""
    return [
        module.router
        for module in (
            websites,
            tags,
            badges,
            checks,
            downtimes,
            unknown_windows,
            alerts,
            heartbeats,
            debug_sessions,
            channels,
            deliveries,
            alert_rules,
            silences,
            maintenance,
            events,
            metrics,
            health,
        )
    ]


def install(app: FastAPI) -> None:
    """Give `app` the whole API: its routes, its faults as problems, its OpenAPI document."""
    app.add_middleware(Border)
    problems.install(app)
    for router in routers():
        app.include_router(router)
    app.include_router(alertmanager_router)
    app.add_middleware(AlertsDoor)  # the last one added stands in front
    openapi.install(app)
