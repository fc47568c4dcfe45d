"""What can be asked about checks: list and get. Checking at once is the watch's own (`Watching.check_now`)."""

from datetime import datetime
from typing import Self

from pydantic import Field, model_validator

from tocsin.actions.websites import SECRET_FIELDS, find_website
from tocsin.errors import NotFound
from tocsin.model.checks import MonitorCheckDetail, MonitorCheckRead
from tocsin.model.echoes import mask_evidence
from tocsin.model.pages import Page, PageQuery, QueryStatus, QueryTime
from tocsin.storage.checks import MonitorCheckCRUD
from tocsin.storage.database import Session
from tocsin.storage.evidence import evidence_of
from tocsin.storage.tables import MonitorCheck

_SAME_IN_EVIDENCE = ("address", "addresses", "redirects", "final_url", "http_version", "certificate")


class CheckQuery(PageQuery):
    """Which checks of a website are asked for."""

    status: QueryStatus | None = None
    from_: QueryTime | None = Field(None, alias="from", description="Not older than this moment.")
    to: QueryTime | None = Field(None, description="Not newer than this moment.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order(self.from_, self.to)
        return self


def in_order(start: datetime | None, end: datetime | None) -> None:
    """Raise ValueError where `end` lies before `start`; None is any moment."""
    if start is not None and end is not None and end < start:
        raise ValueError("`to` lies before `from`")


def list_checks(db: Session, website_id: int, query: CheckQuery) -> Page[MonitorCheckRead]:
    """Return one page of a website's checks, newest first, without their evidence.

    Raises:
        NotFound: there is no such website.
    """
    find_website(db, website_id)
    rows, total = MonitorCheckCRUD.get_by_website(
        db, website_id, query.skip, query.page_size, query.from_, query.to, query.status
    )
    return query.page_of([MonitorCheckRead.model_validate(row) for row in rows], total)


def get_check(db: Session, website_id: int, check_id: int) -> MonitorCheckDetail:
    """Return a check of a website with its evidence, where that is kept; secrets that came back in it are masked.

    Raises:
        NotFound: the website has no such check.
    """
    row = MonitorCheckCRUD.get_by_id(db, check_id)
    if row is None or row.website_id != website_id:
        raise NotFound(f"website {website_id} has no check {check_id}")
    evidence = evidence_of(db, check_id)
    if evidence is not None:
        website = find_website(db, website_id)
        evidence = mask_evidence(evidence, {name: getattr(website, name) for name in SECRET_FIELDS})
    facts = evidence or {}
    return MonitorCheckDetail.model_validate(row).model_copy(
        update={
            "evidence": evidence,
            "message": row.error_message or "",
            "phases": _phases(row),
            **{name: facts.get(name) for name in _SAME_IN_EVIDENCE},
        }
    )


def _phases(row: MonitorCheck) -> dict[str, float | None]:
    return {
        "dns_ms": row.dns_time_ms,
        "connect_ms": row.connect_time_ms,
        "tls_ms": row.tls_time_ms,
        "ttfb_ms": row.ttfb_ms,
        "transfer_ms": row.transfer_time_ms,
        "total_ms": row.response_time_ms,
    }
