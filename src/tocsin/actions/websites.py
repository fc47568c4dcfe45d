"""What can be asked about websites: list, get, create, update, delete. Secrets leave here only masked."""

from collections.abc import Sequence
from typing import Any, Self

from pydantic import Field, model_validator

from tocsin.actions.services import Tell, nobody
from tocsin.errors import Invalid, NotFound
from tocsin.model.enums import MonitorStatus
from tocsin.model.heartbeats.pings import facts_of
from tocsin.model.masks import mask_auth, mask_body, mask_headers, mask_proxy, unmask
from tocsin.model.options import CheckOptions
from tocsin.model.pages import Page, PageQuery, QueryStatus
from tocsin.model.targets.kinds import refuse_useless_options
from tocsin.model.texts import QueryText
from tocsin.model.times import utcnow
from tocsin.model.urls import origin_of
from tocsin.model.websites import WebsiteCreate, WebsiteRead, WebsiteUpdate
from tocsin.storage.certificates import leaf_expiries
from tocsin.storage.database import Session
from tocsin.storage.heartbeats import heartbeats_of
from tocsin.storage.states import states_of
from tocsin.storage.tables import Website
from tocsin.storage.websites import WebsiteCRUD
from tocsin.watch.expect import check_expectations

SECRET_FIELDS = ("auth", "request_headers", "request_body", "proxy")
"""Fields of a website that are, or hold, secrets."""

_SENT_TO_THE_HOST = ("auth", "request_headers", "request_body")
_SAME_IN_STATE = ("status", "status_since", "last_checked_at", "last_response_time_ms", "last_cause", "last_message",
                  "breaker_open_until", "skipped_checks_count", "pending_status", "failing_checks_count",
                  "recovering_checks_count")  # fmt: skip


class WebsiteQuery(PageQuery):
    """Which websites are asked for; all conditions hold together."""

    search: QueryText | None = Field(None, description="Part of the name or URL, in any case.")
    is_active: bool | None = Field(None, description="Only those that are checked, or only those that are not.")
    enabled: bool | None = Field(None, description="The same as is_active.")
    status: QueryStatus | None = Field(None, description="Of the last check; UNKNOWN before the first.")
    tag: QueryText | None = Field(None, description="One of the website's tags, exactly.")
    group: QueryText | None = Field(None, description="The website's group, exactly.")

    @model_validator(mode="after")
    def _enabled_is_is_active(self) -> Self:
        if self.enabled is not None and self.is_active not in (None, self.enabled):
            raise ValueError("`enabled` and `is_active` are one field and contradict each other")
        self.is_active = self.enabled if self.is_active is None else self.is_active
        return self


def list_websites(db: Session, query: WebsiteQuery) -> Page[WebsiteRead]:
    """Return one page of the websites that match, newest first."""
    rows, total = WebsiteCRUD.search(
        db,
        text=query.search,
        is_active=query.is_active,
        status=query.status,
        tag=query.tag,
        group=query.group,
        skip=query.skip,
        limit=query.page_size,
    )
    return query.page_of(_read_all(db, rows), total)


def get_website(db: Session, website_id: int) -> WebsiteRead:
    """Return a website with its present state.

    Raises:
        NotFound: there is no such website.
    """
    return _read_all(db, [find_website(db, website_id)])[0]


def create_website(db: Session, website: WebsiteCreate, tell: Tell = nobody) -> WebsiteRead:
    """Store a website and tell of it; it is checked at once where a server runs.

    Raises:
        Conflict: its URL is watched already.
        Invalid: it carries a mask in place of a secret, or an expectation that could never be met.
    """
    check_expectations(website.expectations)
    unmask(website.model_dump(mode="json", include=set(SECRET_FIELDS)), None)
    row = WebsiteCRUD.create(db, website)
    tell("created", row.id)
    return _read_all(db, [row])[0]


def update_website(db: Session, website_id: int, update: WebsiteUpdate, tell: Tell = nobody) -> WebsiteRead:
    """Change the fields that were given. A secret that comes in masked stays as it is stored.

    Raises:
        NotFound: there is no such website.
        Conflict: another website has the new URL.
        Invalid: a mask stands where nothing is stored, the URL moves to another host without its credentials, an
            option means nothing to the kind of check that the URL picks, or an expectation could never be met.
    """
    check_expectations(update.expectations or [])
    row = find_website(db, website_id)
    given = update.changes()
    secrets = unmask(given, {name: getattr(row, name) for name in SECRET_FIELDS})
    _keep_secrets_at_home(row, given, secrets)
    _refuse_useless_options(row, given)
    if secrets:
        update = WebsiteUpdate.model_validate({**given, **secrets})
    WebsiteCRUD.update(db, website_id, update)
    tell("updated", website_id)
    return _read_all(db, [row])[0]


def _keep_secrets_at_home(row: Website, given: dict[str, Any], unmasked: dict[str, Any]) -> None:
    """Refuse to send stored secrets to another host, unless whoever moves the website knows and gives them anew."""
    if "url" not in given or origin_of(given["url"]) == origin_of(row.url):
        return
    kept = [name for name in _SENT_TO_THE_HOST if getattr(row, name) and (name not in given or name in unmasked)]
    if kept:
        raise Invalid(f"the URL moves to another host: send {' and '.join(kept)} too, so that no secret goes astray")


def _refuse_useless_options(row: Website, given: dict[str, Any]) -> None:
    """Refuse what the website's kind, perhaps a new one, has no use for."""
    wanted = {name: given.get(name, getattr(row, name)) for name in CheckOptions.model_fields}
    try:
        refuse_useless_options(given.get("url", row.url), wanted)
    except ValueError as error:
        raise Invalid(str(error)) from error


def delete_website(db: Session, website_id: int, tell: Tell = nobody) -> None:
    """Delete a website and all that was recorded of it.

    Raises:
        NotFound: there is no such website.
    """
    if not WebsiteCRUD.delete(db, website_id):
        raise missing(website_id)
    tell("deleted", website_id)


def find_website(db: Session, website_id: int) -> Website:
    """Return the row of a website, secrets and all; for other actions.

    Raises:
        NotFound: there is no such website.
    """
    row = WebsiteCRUD.get_by_id(db, website_id)
    if row is None:
        raise missing(website_id)
    return row


def missing(website_id: int) -> NotFound:
    """Return the error that says so."""
    return NotFound(f"there is no website {website_id}")


def _read_all(db: Session, rows: Sequence[Website]) -> list[WebsiteRead]:
    ids = [row.id for row in rows]
    states, expiries, beats = states_of(db, ids), leaf_expiries(db, ids), heartbeats_of(db, ids)
    now = utcnow()
    reads = []
    for row in rows:
        state = states.get(row.id)
        present: dict[str, Any] = {"status": MonitorStatus.UNKNOWN}
        if state:
            present = {name: getattr(state, name) for name in _SAME_IN_STATE}
            present["last_check_status"] = state.last_status
        status: MonitorStatus = present["status"]
        facts = facts_of(row.url, beats.get(row.id), is_active=row.is_active, status=status, now=now)
        read = WebsiteRead.model_validate(row)
        hidden = {
            "auth": mask_auth(read.auth),
            "request_headers": mask_headers(read.request_headers),
            "request_body": mask_body(read.request_body),
            "proxy": mask_proxy(read.proxy),
        }
        expiry = {"certificate_not_after": expiries.get(row.id)}
        reads.append(read.model_copy(update={**present, **hidden, **expiry, **dict(facts)}))
    return reads
