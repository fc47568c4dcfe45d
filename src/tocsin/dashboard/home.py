"""The page people leave open: what is wrong now, then every website."""

from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from tocsin.actions.overview import Overview, OverviewRow, read_overview
from tocsin.api.auth import Caller, require
from tocsin.api.dependencies import Db, Here
from tocsin.dashboard.bars import HourBars, hour_bars
from tocsin.dashboard.rendering import render
from tocsin.dashboard.wording import DaysLeft, days_left
from tocsin.model.enums import Scope
from tocsin.model.standing import Standing
from tocsin.model.times import utcnow

RowView = tuple[OverviewRow, HourBars, DaysLeft | None]


def add_routes(pages: APIRouter) -> None:
    """Add `/`."""
    pages.add_api_route("/", home, methods=["GET"])


def home(
    services: Here,
    db: Db,
    caller: Annotated[Caller, Depends(require(Scope.READ))],
    q: Annotated[str, Query(max_length=200)] = "",
    status: str = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:
    """Show the websites that match."""
    standing = Standing(status) if status in list(Standing) else None
    now = utcnow()
    text = q.strip()
    overview = read_overview(db, text=text or None, standing=standing, page=page, now=now)
    return render(
        "home.html",
        caller=caller,
        section="websites",
        now=now,
        watch=services.watch.overview(),
        overview=overview,
        text=text,
        standing=standing,
        shown_standings=[one for one in Standing if one is not Standing.PENDING or overview.counts[one]],
        more_trouble=trouble_count(overview) - len(overview.trouble),
        rows=[_view(row, overview) for row in overview.rows],
        can_write=caller.scope.allows(Scope.WRITE),
        address=addresses(text, standing),
    )


def trouble_count(overview: Overview) -> int:
    """Return how many websites are down or degraded, listed or not."""
    return overview.counts[Standing.DOWN] + overview.counts[Standing.DEGRADED]


def addresses(text: str, standing: Standing | None) -> Callable[..., str]:
    """Return a function that makes this list's address with another page or another status."""

    def address(*, page: int = 1, status: str | None = standing) -> str:
        wanted = {"q": text, "status": status or "", "page": str(page) if page > 1 else ""}
        query = urlencode({name: value for name, value in wanted.items() if value})
        return f"/?{query}" if query else "/"

    return address


def _view(row: OverviewRow, overview: Overview) -> RowView:
    certificate = days_left(row.certificate_not_after, utcnow()) if row.certificate_not_after else None
    return row, hour_bars(row.hours, overview.first_hour), certificate
