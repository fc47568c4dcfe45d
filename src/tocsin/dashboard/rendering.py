"""How a page becomes a response: templates, the headers that every page carries, and faults as pages."""

import logging
from collections.abc import Callable, Coroutine
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tocsin import __version__
from tocsin.dashboard import wording
from tocsin.dashboard.static_files import static_url
from tocsin.errors import NotFound, TocsinError, Unauthorized
from tocsin.model.times import isoformat, utcnow

logger = logging.getLogger(__name__)

PAGE_HEADERS = {
    # Source: CSP Level 3. Nothing inline, nothing from elsewhere, in nobody's frame.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["isoformat"] = isoformat
    environment.globals.update(static_url=static_url, version=__version__, words=wording)
    return environment


def render(template: str, *, caller: Any = None, section: str = "", status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page; `caller` is who looks at it, None on pages for everybody."""
    context = {"now": utcnow(), **values, "caller": caller, "section": section}
    return HTMLResponse(_templates().get_template(template).render(context), status_code=status)


def see_other(address: str) -> RedirectResponse:
    """Return the answer to a form that was taken: look there."""
    return RedirectResponse(address, status_code=303)


class PageRoute(APIRoute):
    """A route whose faults are pages too: whoever is not logged in is led to the login, and back again."""

    def get_route_handler(self) -> Handler:
        """Return the handler that adds the headers and turns faults into pages."""
        handler = super().get_route_handler()

        async def page(request: Request) -> Response:
            try:
                response = await handler(request)
            except Unauthorized:
                response = see_other(f"/login?next={quote(_way_back(request), safe='')}")
            except TocsinError as error:
                response = _error_page(error)
            except RequestValidationError:
                response = _error_page(NotFound("This address does not lead anywhere."))
            response.headers.update(PAGE_HEADERS)
            return response

        return page


def _way_back(request: Request) -> str:
    if request.method != "GET":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _error_page(error: TocsinError) -> Response:
    message = error.message
    if error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:  # may name hosts and folders: for the log alone
        logger.error("a page failed: %s", error.message)
        message = (type(error).__doc__ or "").splitlines()[0]
    return render("error.html", status=error.http_status, code=error.code, message=wording.sentence(message))
