"""The form in which a website is added or changed: every option of a check, faults beside their field."""

from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Response
from pydantic import ValidationError

from tocsin.actions.websites import create_website, get_website, update_website
from tocsin.api.auth import Caller, require
from tocsin.api.dependencies import Db, Here, WebsiteId
from tocsin.dashboard.form_values import (
    METHODS,
    Faults,
    Typed,
    blank_form,
    fault_of,
    faults_of,
    typed_from,
    values_from,
)
from tocsin.dashboard.rendering import render, see_other
from tocsin.dashboard.sent import Sent
from tocsin.errors import Conflict, Invalid
from tocsin.model.enums import Scope
from tocsin.model.expectations import SUBJECTS, Operator
from tocsin.model.heartbeats.schedules import FIELDS
from tocsin.model.websites import INTERVAL_BOUNDS, WebsiteCreate, WebsiteUpdate

Writer = Annotated[Caller, Depends(require(Scope.WRITE))]

_MORE = frozenset(
    {"timeout", "max_retries", "method", "request_headers", "request_body", "auth_kind", "auth_username",
     "auth_password", "auth_token", "expected_status", "max_redirects", "address_family", "proxy",
     "degraded_after_ms", "down_after", "down_window", "up_after", "expectations",
     "tags", "group", "regions", "description", *FIELDS}
)  # fmt: skip


def add_routes(pages: APIRouter) -> None:
    """Add `/websites/new` and `/websites/{website_id}/edit`."""
    pages.add_api_route("/websites/new", new_page, methods=["GET"])
    pages.add_api_route("/websites/new", create, methods=["POST"])
    pages.add_api_route("/websites/{website_id}/edit", edit_page, methods=["GET"])
    pages.add_api_route("/websites/{website_id}/edit", change, methods=["POST"])


def new_page(caller: Writer) -> Response:
    """Show an empty form."""
    return _form(caller, blank_form(), {})


def create(typed: Sent, services: Here, db: Db, caller: Writer) -> Response:
    """Add the website, or show the form again with what is wrong."""
    values, faults = values_from(typed)
    try:
        website = WebsiteCreate.model_validate(values)
        if not faults:
            return see_other(f"/websites/{create_website(db, website, services.tell_website).id}")
    except (ValidationError, Conflict, Invalid) as error:
        faults = {**_faults(error), **faults}
    return _form(caller, typed, faults)


def edit_page(website_id: WebsiteId, db: Db, caller: Writer) -> Response:
    """Show the form of a website."""
    return _form(caller, typed_from(get_website(db, website_id)), {}, website_id)


def change(website_id: WebsiteId, typed: Sent, services: Here, db: Db, caller: Writer) -> Response:
    """Change the website, or show the form again with what is wrong."""
    values, faults = values_from(typed)
    try:
        update = WebsiteUpdate.model_validate(values)
        if not faults:
            update_website(db, website_id, update, services.tell_website)
            return see_other(f"/websites/{website_id}")
    except (ValidationError, Conflict, Invalid) as error:
        faults = {**_faults(error), **faults}
    return _form(caller, typed, faults, website_id)


def _faults(error: ValidationError | Conflict | Invalid) -> Faults:
    if isinstance(error, ValidationError):
        return faults_of(error)
    return fault_of(error if isinstance(error, Invalid) else Invalid(error.message, field="url"))


def _form(caller: Caller, typed: Typed, faults: Faults, website_id: int | None = None) -> Response:
    defaults = blank_form()
    is_more_open = any(name in faults for name in _MORE) or any(
        typed.get(name, "") != defaults.get(name, "") for name in _MORE if not name.startswith("auth_")
    )
    return render(
        "website_form.html",
        status=422 if faults else 200,
        caller=caller,
        section="websites",
        website_id=website_id,
        typed=typed,
        faults={name: faults[name] for name in sorted(faults, key=[*typed, *faults].index)},  # as on the form
        is_more_open=is_more_open or typed.get("auth_kind", "none") != "none",
        methods=METHODS,
        subjects=list(SUBJECTS),
        operators=get_args(Operator),
        bounds=INTERVAL_BOUNDS,
    )
