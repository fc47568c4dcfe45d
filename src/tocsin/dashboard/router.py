"""All pages in one router, for `app` to include."""

from fastapi import APIRouter

from tocsin.dashboard import home, login, reference, settings, website_forms, websites
from tocsin.dashboard.rendering import PageRoute


def router() -> APIRouter:
    """Return a router with every page."""
    pages = APIRouter(route_class=PageRoute, include_in_schema=False)
    for module in (home, website_forms, websites, login, settings, reference):
        module.add_routes(pages)
    return pages
