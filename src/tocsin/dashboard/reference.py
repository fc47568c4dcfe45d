"""The API's reference as a page: Swagger UI over `/openapi.json`, both served from here."""

from fastapi import APIRouter, Response

from tocsin.dashboard.rendering import render


def add_routes(pages: APIRouter) -> None:
    """Add `/docs`."""
    pages.add_api_route("/docs", reference_page, methods=["GET"])


def reference_page() -> Response:
    """Show every operation, to read and to try."""
    return render("reference.html")
