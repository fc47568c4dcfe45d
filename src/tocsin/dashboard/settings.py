"""Who may use Tocsin, and what this server is: users, API tokens, version and place of the data."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from tocsin.actions import access
from tocsin.actions.services import Services
from tocsin.api.auth import Caller, require
from tocsin.api.dependencies import Db, Here
from tocsin.dashboard.rendering import render, see_other
from tocsin.dashboard.sent import Sent
from tocsin.dashboard.wording import milliseconds, sentence
from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.model.enums import Scope
from tocsin.model.times import utcnow
from tocsin.storage.database import Session

Admin = Annotated[Caller, Depends(require(Scope.ADMIN))]

SCOPES = (
    (Scope.READ, "read: look at everything"),
    (Scope.WRITE, "write: change what is watched"),
    (Scope.ADMIN, "admin: users and tokens too"),
)
LIFETIMES = ((30, "30 days"), (90, "90 days"), (365, "1 year"), (0, "for ever"))


def add_routes(pages: APIRouter) -> None:
    """Add `/settings` and its forms."""
    pages.add_api_route("/settings", settings_page, methods=["GET"])
    for address, endpoint in (
        ("/settings/users", add_user),
        ("/settings/users/password", change_password),
        ("/settings/users/delete", delete_user),
        ("/settings/tokens", add_token),
        ("/settings/tokens/revoke", revoke_token),
    ):
        pages.add_api_route(address, endpoint, methods=["POST"])


def settings_page(services: Here, db: Db, caller: Admin) -> Response:
    """Show users, tokens and the server."""
    return _page(services, db, caller)


def add_user(typed: Sent, services: Here, db: Db, caller: Admin) -> Response:
    """Create a user who can log in."""
    name, password = typed.get("name", ""), typed.get("password", "")
    return _done(services, db, caller, "user", lambda: access.create_user(db, name, password, _scope(typed)), typed)


def change_password(typed: Sent, services: Here, db: Db, caller: Admin) -> Response:
    """Give a user another password; they are logged out everywhere."""
    name, password = typed.get("name", ""), typed.get("password", "")
    return _done(services, db, caller, "password", lambda: access.set_password(db, name, password), typed)


def delete_user(typed: Sent, services: Here, db: Db, caller: Admin) -> Response:
    """Delete a user."""
    return _done(services, db, caller, "users", lambda: access.delete_user(db, typed.get("name", "")), typed)


def add_token(typed: Sent, services: Here, db: Db, caller: Admin) -> Response:
    """Create an API token and show its secret, for this once."""
    days = next((days for days, _ in LIFETIMES if str(days) == typed.get("days")), 90)
    expires_at = utcnow() + timedelta(days=days) if days else None
    try:
        made = access.create_token(db, typed.get("name", ""), _scope(typed), expires_at)
    except (Invalid, Conflict) as error:
        return _page(services, db, caller, faults={"token": sentence(error.message)}, typed=typed)
    return _page(services, db, caller, made=made)


def revoke_token(typed: Sent, services: Here, db: Db, caller: Admin) -> Response:
    """Delete an API token."""
    return _done(services, db, caller, "tokens", lambda: access.revoke_token(db, typed.get("name", "")), typed)


def _done(
    services: Services, db: Session, caller: Caller, place: str, work: Callable[[], Any], typed: dict[str, str]
) -> Response:
    """Do it and show the settings anew, or say at its place what is wrong."""
    try:
        work()
    except (Invalid, Conflict, NotFound) as error:
        return _page(services, db, caller, faults={place: sentence(error.message)}, typed=typed)
    return see_other("/settings")


def _page(
    services: Services,
    db: Session,
    caller: Caller,
    *,
    faults: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    made: access.NewToken | None = None,
) -> Response:
    return render(
        "settings.html",
        status=422 if faults else 200,
        caller=caller,
        section="settings",
        users=access.list_users(db),
        tokens=access.list_tokens(db),
        scopes=SCOPES,
        lifetimes=LIFETIMES,
        faults=faults or {},
        typed=typed or {},
        made=made,
        server=server_facts(services),
    )


def _scope(typed: dict[str, str]) -> Scope:
    wanted = typed.get("scope", "")
    return Scope(wanted) if wanted in list(Scope) else Scope.READ


def server_facts(services: Services) -> list[tuple[str, str]]:
    """Return what this server is and how its watch is doing, named for people; no secrets."""
    watch = services.watch.overview()
    return [
        ("Database", services.database.url.render_as_string(hide_password=True)),
        ("Data folder", str(services.settings.data_dir.resolve())),
        ("Watching", f"{watch.jobs_count} websites" if watch.is_running else "no: the scheduler is off"),
        ("Checks done", f"{watch.done_count}, {watch.missed_count} missed, {watch.skipped_count} skipped"),
        ("Lateness", f"median {milliseconds(watch.lateness_p50_ms)}, 99 % {milliseconds(watch.lateness_p99_ms)}"),
        ("Left alone for now", f"{watch.open_breakers_count} websites that keep failing"),
    ]
