"""One website's pages: how it is and was, one check in full, and the buttons to check, pause, resume or delete it."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from tocsin.actions.checks import get_check
from tocsin.actions.overview import WebsiteDetail, read_website
from tocsin.actions.websites import delete_website, get_website, update_website
from tocsin.api.auth import Caller, require
from tocsin.api.dependencies import MAX_ID, Db, Here, WebsiteId
from tocsin.dashboard.bars import PhaseBar, phase_bars
from tocsin.dashboard.rendering import render, see_other
from tocsin.dashboard.wording import days_left, size, span
from tocsin.model.checks import MonitorCheckRead
from tocsin.model.conditions.lines import expectation_text
from tocsin.model.enums import MonitorStatus, Scope
from tocsin.model.heartbeats.schedules import schedule_of
from tocsin.model.standing import Standing, standing_of
from tocsin.model.targets.kinds import has_use_for
from tocsin.model.times import utcnow
from tocsin.model.websites import WebsiteRead, WebsiteUpdate
from tocsin.storage.tables import MonitorCheck

Reader = Annotated[Caller, Depends(require(Scope.READ))]
Writer = Annotated[Caller, Depends(require(Scope.WRITE))]

_RANGES = ("24 h", "7 d", "30 d")


@dataclass(frozen=True, slots=True)
class CheckView:
    """A check as a page shows it."""

    check: MonitorCheck | MonitorCheckRead
    standing: Standing
    phases: list[PhaseBar]
    answer: str  # "HTTP 200 in 142 ms"


def add_routes(pages: APIRouter) -> None:
    """Add `/websites/{website_id}` and what lies under it, but for its form."""
    one = "/websites/{website_id}"
    pages.add_api_route(one, website_page, methods=["GET"])
    pages.add_api_route(one + "/checks/{check_id}", check_page, methods=["GET"])
    pages.add_api_route(one + "/delete", delete_page, methods=["GET"])
    writer = [Depends(require(Scope.WRITE))]
    pages.add_api_route(one + "/check", check_now, methods=["POST"], dependencies=writer)
    pages.add_api_route(one + "/pause", pause, methods=["POST"], dependencies=writer)
    pages.add_api_route(one + "/resume", resume, methods=["POST"], dependencies=writer)
    pages.add_api_route(one + "/delete", delete, methods=["POST"], dependencies=writer)


def website_page(
    request: Request,
    website_id: WebsiteId,
    db: Db,
    caller: Reader,
    checked: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    status: str = "",
) -> Response:
    """Show a website; `checked` is the check that was just made by hand."""
    now = utcnow()
    only = MonitorStatus(status) if status in list(MonitorStatus) else None
    detail = read_website(db, website_id, status=only, now=now)
    made = get_check(db, website_id, checked) if checked is not None else None
    leaf = detail.chain.chain[0] if detail.chain and detail.chain.chain else None
    return render(
        "website.html",
        caller=caller,
        section="websites",
        now=now,
        detail=detail,
        uptimes=list(zip(_RANGES, detail.uptimes, strict=True)),
        certificate=days_left(leaf.not_after, now) if leaf else None,
        resting_until=_resting_until(detail, now),
        checks=[view_of(check) for check in detail.checks],
        checks_status=only,
        checked=view_of(made) if made else None,
        options=options_of(detail.website),
        ping_address=f"{str(request.base_url).rstrip('/')}{detail.website.ping_url}",
        can_write=caller.scope.allows(Scope.WRITE),
    )


def _resting_until(detail: WebsiteDetail, now: datetime) -> datetime | None:
    until = detail.state.breaker_open_until if detail.state else None
    return until if until is not None and until > now else None


def check_page(website_id: WebsiteId, check_id: WebsiteId, db: Db, caller: Reader) -> Response:
    """Show all that one check saw, as far as it was kept."""
    site, check = get_website(db, website_id), get_check(db, website_id, check_id)
    return render(
        "check.html",
        caller=caller,
        section="websites",
        site=site,
        view=view_of(check),
        evidence=check.evidence,
        seen=facts_of(check.evidence or {}),
    )


async def check_now(website_id: WebsiteId, services: Here) -> Response:
    """Check at once, then show what it saw."""
    check_id = await services.watch.check_now(website_id)
    return see_other(f"/websites/{website_id}?checked={check_id}#checked")


def pause(website_id: WebsiteId, services: Here, db: Db) -> Response:
    """Stop checking it."""
    update_website(db, website_id, WebsiteUpdate(is_active=False), services.tell_website)
    return see_other(f"/websites/{website_id}")


def resume(website_id: WebsiteId, services: Here, db: Db) -> Response:
    """Check it again."""
    update_website(db, website_id, WebsiteUpdate(is_active=True), services.tell_website)
    return see_other(f"/websites/{website_id}")


def delete_page(website_id: WebsiteId, db: Db, caller: Writer) -> Response:
    """Ask before deleting."""
    return render("website_delete.html", caller=caller, section="websites", site=get_website(db, website_id))


def delete(website_id: WebsiteId, services: Here, db: Db) -> Response:
    """Delete it and its history."""
    delete_website(db, website_id, services.tell_website)
    return see_other("/")


def view_of(check: MonitorCheck | MonitorCheckRead) -> CheckView:
    """Return a check as a page shows it."""
    phases = (
        ("dns", "Name", check.dns_time_ms),
        ("connect", "Connect", check.connect_time_ms),
        ("tls", "TLS", check.tls_time_ms),
        ("ttfb", "First byte", check.ttfb_ms),
        ("transfer", "Transfer", check.transfer_time_ms),
    )
    code = f"HTTP {check.http_status_code}" if check.http_status_code else "no HTTP answer"
    took = f" in {check.response_time_ms:.0f} ms" if check.response_time_ms is not None else ""
    return CheckView(check, standing_of(is_active=True, status=check.status), phase_bars(phases), code + took)


def facts_of(evidence: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the plain facts of a check's evidence, named for people; missing ones are left out."""
    certificate = evidence.get("certificate") or {}
    named = (
        ("Address", evidence.get("address")),
        ("The name resolved to", ", ".join(evidence.get("addresses") or ())),
        ("Final URL", evidence.get("final_url")),
        ("HTTP version", evidence.get("http_version")),
        ("TLS", " ".join(filter(None, (evidence.get("tls_version"), evidence.get("tls_cipher"))))),
        ("Certificate for", certificate.get("subject")),
        ("Certificate expires", certificate.get("not_after")),
        ("Verification", certificate.get("verify_error")),
        ("Body", size(evidence["body_bytes"]) if evidence.get("body_bytes") is not None else None),
    )
    return [(name, str(value)) for name, value in named if value]


def options_of(website: WebsiteRead) -> list[tuple[str, str]]:
    """Return how a website is checked, named for people, secrets masked."""
    if website.ping_url:
        return [(name, value) for name, value in _schedule_of(website) if value]
    rules = [expectation_text(one) for one in website.expectations]
    redirects = f"followed, at most {website.max_redirects}" if website.follow_redirects else "not followed"
    slow = website.degraded_after_ms
    uses = partial(has_use_for, website.url)
    method = f"{website.method}, " if uses("method") else ""
    named = (
        ("Every", span(website.check_interval)),
        ("Request", f"{method}at most {website.timeout:g} s an attempt, {website.max_retries} retries"),
        ("Down", str(website.downtime_rule)),
        ("Expected status", website.expected_status if uses("expected_status") else ""),
        ("Slow from", f"{slow:g} ms on" if slow else ""),
        ("Redirects", redirects if uses("follow_redirects") else ""),
        ("Certificate", ("verified" if website.verify_tls else "not verified") if uses("verify_tls") else ""),
        ("Addresses", "" if website.address_family == "any" else website.address_family),
        ("Headers", ", ".join(f"{name}: {value}" for name, value in website.request_headers.items())),
        ("Log-in", website.auth.kind if website.auth else ""),
        ("Proxy", website.proxy or ""),
        ("Expectations", "; ".join(rules)),
        ("Group", website.group or ""),
        ("Tags", ", ".join(website.tags)),
        ("Regions", ", ".join(website.regions)),
    )
    return [(name, value) for name, value in named if value]


def _schedule_of(website: WebsiteRead) -> list[tuple[str, str]]:
    """Return when a heartbeat is expected, named for people."""
    schedule = schedule_of(website)
    return [
        ("Expected every", span(schedule.period_s) if schedule.period_s else ""),
        ("Expected at", f"{schedule.cron} ({schedule.time_zone})" if schedule.cron else ""),
        ("Grace", span(schedule.grace_s)),
        ("Group", website.group or ""),
        ("Tags", ", ".join(website.tags)),
    ]
