"""Logging in and out in the browser."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Query, Request, Response

from tocsin.actions.access import has_users, identify_cookie, log_in, log_out
from tocsin.api.auth import COOKIE, check_host, check_origin, forget_login, remember_login
from tocsin.api.dependencies import Db, Here
from tocsin.dashboard.rendering import render, see_other
from tocsin.dashboard.sent import Sent
from tocsin.dashboard.wording import sentence
from tocsin.errors import TooManyTries, Unauthorized

LoginCookie = Annotated[str | None, Cookie(alias=COOKIE)]


def add_routes(pages: APIRouter) -> None:
    """Add `/login` and `/logout`."""
    pages.add_api_route("/login", login_page, methods=["GET"])
    pages.add_api_route("/login", enter, methods=["POST"])
    pages.add_api_route("/logout", leave, methods=["POST"])


def login_page(
    request: Request,
    services: Here,
    db: Db,
    cookie: LoginCookie = None,
    way_back: Annotated[str, Query(alias="next", max_length=2000)] = "/",
) -> Response:
    """Show the login, or lead on whoever needs none."""
    check_host(request, services.settings.allowed_hosts)
    if not has_users(db) or (cookie and identify_cookie(db, cookie)):
        return see_other(local_path(way_back))
    return render("login.html", name="", fault="", way_back=local_path(way_back))


def enter(request: Request, typed: Sent, services: Here, db: Db) -> Response:
    """Log in and go on to where it was wanted, or show the login again."""
    check_host(request, services.settings.allowed_hosts)
    check_origin(request)
    name, way_back = typed.get("name", ""), local_path(typed.get("next", "/"))
    address = request.client.host if request.client else ""
    try:
        login = log_in(db, services.throttle, name, typed.get("password", ""), address)
    except (Unauthorized, TooManyTries) as error:
        return render(
            "login.html", status=error.http_status, name=name, fault=sentence(error.message), way_back=way_back
        )
    response = see_other(way_back)
    remember_login(response, request, login)
    return response


def leave(request: Request, services: Here, db: Db, cookie: LoginCookie = None) -> Response:
    """End this login."""
    check_host(request, services.settings.allowed_hosts)
    check_origin(request, is_silence_ours=cookie is None)
    if cookie:
        log_out(db, cookie)
    response = see_other("/login")
    forget_login(response, request)
    return response


def local_path(address: str) -> str:
    r"""Return `address` where it is a path on this server, else "/": `//host` and `/\host` lead elsewhere."""
    is_local = address.startswith("/") and address[1:2] not in ("/", "\\") and address.isprintable()
    return address if is_local and not address.startswith(("/login", "/logout")) else "/"
