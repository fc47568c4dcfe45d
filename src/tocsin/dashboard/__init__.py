"""Pages for people: HTML from templates, and the static files they need. What they show comes from `actions`."""

from fastapi import FastAPI

from tocsin.dashboard.router import router
from tocsin.dashboard.static_files import mount_static

__all__ = ["install", "mount_static", "router"]


def install(app: FastAPI) -> None:
    """Give `app` every page and the static files."""
    app.include_router(router())
    mount_static(app)
