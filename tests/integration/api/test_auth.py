"""Who may ask: the loopback, tokens, the login cookie, hosts and origins."""

from datetime import timedelta

import httpx
import pytest
from fastapi import Depends, FastAPI, Request, Response

from tests.support.api import make_app, make_services
from tocsin import Database, TocsinError
from tocsin.actions import access
from tocsin.actions.services import Services
from tocsin.api.auth import COOKIE, Caller, forget_login, remember_login, require
from tocsin.model.enums import Scope
from tocsin.model.times import utcnow
from tocsin.settings import load_settings
from tocsin.storage.tables.accounts import ApiToken, Login

LIST = "/api/websites"
NEW = {"url": "https://example.com"}


def token_of(database: Database, scope: Scope, name: str = "robot") -> dict[str, str]:
    with database.session() as db:
        return {"Authorization": f"Bearer {access.create_token(db, name, scope).secret}"}


def cookie_of(services: Services, scope: Scope = Scope.ADMIN) -> dict[str, str]:
    with services.database.session() as db:
        access.create_user(db, "ada", "correct horse", scope)
        login = access.log_in(db, services.throttle, "ada", "correct horse", "192.0.2.1")
        return {"Cookie": f"{COOKIE}={login.cookie}"}


def client_from(app: FastAPI, address: str | None, base_url: str = "http://127.0.0.1:8000") -> httpx.AsyncClient:
    async def placed(scope: dict[str, object], receive: object, send: object) -> None:
        scope["client"] = None if address is None else (address, 40000)
        await app(scope, receive, send)  # type: ignore[arg-type]

    return httpx.AsyncClient(transport=httpx.ASGITransport(placed), base_url=base_url)  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:9", "[::1]"])
async def test_without_users_this_machine_is_admin(app: FastAPI, address: str, host: str) -> None:
    async with client_from(app, address) as client:
        response = await client.get(LIST, headers={"Host": host})
    assert response.status_code == 200


@pytest.mark.parametrize("address", ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "testclient", None])
async def test_without_users_no_other_machine_is_served(app: FastAPI, address: str | None) -> None:
    async with client_from(app, address) as client:
        response = await client.get(LIST)
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    assert "tocsin user create" in response.json()["detail"]


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "192.0.2.1:8000", "", "[::1", "127.0.0.1:x"]
)
async def test_without_users_a_rebound_name_is_refused(client: httpx.AsyncClient, host: str) -> None:
    response = await client.get(LIST, headers={"Host": host})
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_without_users_what_a_proxy_passed_on_is_refused(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(LIST, headers={name: "127.0.0.1"})).status_code == 403


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1:3000"},
    {"Origin": "https://127.0.0.1:8000.evil.example"},
    {"Origin": "null"},
    {"Origin": "http://[::1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:3000"},
]
OWN = [
    {"Origin": "http://127.0.0.1:8000"},
    {"Referer": "http://127.0.0.1:8000/websites/new"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8000"},
    {"Sec-Fetch-Site": "none"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("by_cookie", [False, True])
async def test_another_sites_page_can_neither_change_nor_read(
    client: httpx.AsyncClient, services: Services, headers: dict[str, str], by_cookie: bool
) -> None:
    known = cookie_of(services) if by_cookie else {}
    for response in (
        await client.post(LIST, json=NEW, headers=headers | known),
        await client.delete(f"{LIST}/1", headers=headers | known),
        await client.get(LIST, headers=headers | known),
    ):
        assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    assert (await client.get(LIST, headers=known)).json()["total"] == 0


@pytest.mark.parametrize("headers", OWN)
@pytest.mark.parametrize("by_cookie", [False, True])
async def test_our_own_pages_and_programs_can_do_both(
    client: httpx.AsyncClient, services: Services, headers: dict[str, str], by_cookie: bool
) -> None:
    known = cookie_of(services) if by_cookie else {}
    assert (await client.post(LIST, json=NEW, headers=headers | known)).status_code == 201
    assert (await client.get(LIST, headers=headers | known)).json()["total"] == 1


SILENT = [{}, {"Referer": "https://evil.example/form"}, {"Referer": "http://127.0.0.1:3000/"}]


@pytest.mark.parametrize("headers", SILENT)
async def test_a_program_on_this_machine_need_not_say_where_it_comes_from(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await client.post(LIST, json=NEW, headers=headers)).status_code == 201


@pytest.mark.parametrize("headers", SILENT)
async def test_a_change_by_cookie_alone_must_say_which_page_it_comes_from(
    client: httpx.AsyncClient, services: Services, headers: dict[str, str]
) -> None:
    known = cookie_of(services)
    for response in (
        await client.post(LIST, json=NEW, headers=headers | known),
        await client.patch(f"{LIST}/1", json={"name": "x"}, headers=headers | known),
        await client.delete(f"{LIST}/1", headers=headers | known),
    ):
        assert response.status_code == 403
    refused = await client.post(LIST, json=NEW, headers=headers | known)
    assert refused.json()["code"] == "forbidden"
    assert "API token" in refused.json()["detail"]
    assert (await client.get(LIST, headers=headers | known)).json()["total"] == 0


async def test_a_link_from_elsewhere_can_be_followed_but_not_a_form(client: httpx.AsyncClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert (await client.get(LIST, headers=headers)).status_code == 200
    assert (await client.post(LIST, json=NEW, headers=headers)).status_code == 403


async def test_a_default_port_need_not_be_named(app: FastAPI, services: Services) -> None:
    headers = cookie_of(services) | {"Origin": "https://tocsin.example", "Host": "tocsin.example:443"}
    async with client_from(app, "192.0.2.1", "https://tocsin.example") as client:
        assert (await client.post(LIST, json=NEW, headers=headers)).status_code == 201


async def test_a_token_needs_no_origin_and_works_from_anywhere(app: FastAPI, database: Database) -> None:
    headers = token_of(database, Scope.WRITE) | {"Origin": "https://elsewhere.example", "Host": "tocsin.example"}
    async with client_from(app, "192.0.2.1") as client:
        assert (await client.post(LIST, json=NEW, headers=headers)).status_code == 201


async def test_with_a_user_the_loopback_is_nobody(client: httpx.AsyncClient, services: Services) -> None:
    cookie_of(services)
    response = await client.get(LIST)
    assert (response.status_code, response.json()["code"]) == (401, "unauthorized")
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("secret", ["tocsin_unknown", "x", "a" * 5000])
async def test_an_unknown_token_is_refused_even_on_this_machine(client: httpx.AsyncClient, secret: str) -> None:
    response = await client.get(LIST, headers={"Authorization": f"Bearer {secret}"})
    assert response.status_code == 401


async def test_an_expired_or_revoked_token_is_refused(client: httpx.AsyncClient, database: Database) -> None:
    lasting, short = token_of(database, Scope.READ, "lasting"), token_of(database, Scope.READ, "short")
    with database.session() as db:
        assert (await client.get(LIST, headers=short)).status_code == 200
        row = next(one for one in access.list_tokens(db) if one.name == "short")
        row.expires_at = utcnow() - timedelta(seconds=1)
        db.commit()
        assert (await client.get(LIST, headers=short)).status_code == 401
        assert (await client.get(LIST, headers=lasting)).status_code == 200
        access.revoke_token(db, "lasting")
    assert (await client.get(LIST, headers=lasting)).status_code == 401


async def test_a_scope_includes_those_below_and_no_other(client: httpx.AsyncClient, database: Database) -> None:
    read, write, admin = (token_of(database, scope, scope) for scope in Scope)
    for headers in (read, write, admin):
        assert (await client.get(LIST, headers=headers)).status_code == 200
    refused = await client.post(LIST, json=NEW, headers=read)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "write" in refused.json()["detail"]
    assert (await client.post(LIST, json=NEW, headers=write)).status_code == 201
    assert (await client.delete(f"{LIST}/1", headers=admin)).status_code == 204


async def test_a_cookie_ends_with_its_time_and_with_the_logout(client: httpx.AsyncClient, services: Services) -> None:
    headers = cookie_of(services)
    assert (await client.get(LIST, headers=headers)).status_code == 200
    with services.database.session() as db:
        login = db.query(Login).one()
        login.expires_at = utcnow() - timedelta(seconds=1)
        db.commit()
        assert (await client.get(LIST, headers=headers)).status_code == 401
        login.expires_at = utcnow() + timedelta(days=1)
        db.commit()
        assert (await client.get(LIST, headers=headers)).status_code == 200
        access.log_out(db, headers["Cookie"].partition("=")[2])
    assert (await client.get(LIST, headers=headers)).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_is_open_to_everybody(app: FastAPI, path: str) -> None:
    async with client_from(app, "192.0.2.1", "http://tocsin.example") as client:
        assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/api/events", LIST, f"{LIST}/1/badge.svg", "/api/tags", "/api/downtimes/1", "/api/debug-sessions/x"],
)
async def test_everything_else_is_not(app: FastAPI, path: str) -> None:
    async with client_from(app, "192.0.2.1", "http://tocsin.example") as client:
        assert (await client.get(path)).status_code == 403


@pytest.mark.parametrize(
    ("allowed", "host", "status"),
    [
        ("tocsin.example", "tocsin.example:8000", 200),
        ("Tocsin.Example", "tocsin.example", 200),
        ("tocsin.example", "other.example", 403),
        ("tocsin.example", "localhost:8000", 200),
        ("*.example", "a.example", 200),
        ("*.example", "example", 403),
        ("*", "anything.at.all", 200),
        ("", "anything.at.all", 200),
    ],
)
async def test_only_allowed_hosts_are_served(database: Database, allowed: str, host: str, status: int) -> None:
    services = make_services(database, load_settings({"TOCSIN_ALLOWED_HOSTS": allowed}))
    headers = cookie_of(services) | {"Host": host}
    async with client_from(make_app(services), "192.0.2.1") as client:
        assert (await client.get(LIST, headers=headers)).status_code == status


async def test_a_used_token_remembers_when(client: httpx.AsyncClient, database: Database) -> None:
    headers = token_of(database, Scope.READ)
    before = utcnow()
    await client.get(LIST, headers=headers)
    with database.session() as db:
        token = db.query(ApiToken).one()
        assert token.last_used_at is not None
        assert before <= token.last_used_at <= utcnow()
        token.last_used_at = moment = utcnow() - timedelta(seconds=59)
        db.commit()
    await client.get(LIST, headers=headers)
    with database.session() as db:
        assert db.query(ApiToken).one().last_used_at == moment


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_cookie_is_kept_from_scripts_and_from_plain_http(
    app: FastAPI, services: Services, scheme: str
) -> None:
    @app.post("/enter")
    def enter(request: Request, response: Response) -> None:
        with services.database.session() as db:
            access.create_user(db, "ada", "correct horse")
            remember_login(response, request, access.log_in(db, services.throttle, "ada", "correct horse", "192.0.2.1"))

    @app.post("/leave")
    def leave(request: Request, response: Response) -> None:
        forget_login(response, request)

    @app.get("/who")
    def who(caller: Caller = Depends(require(Scope.READ))) -> tuple[str, str, int | None]:  # noqa: B008
        return caller.kind, caller.name, caller.user_id

    async with client_from(app, "127.0.0.1", f"{scheme}://localhost") as client:
        assert (await client.get("/who")).json() == ["loopback", "this machine", None]
        cookie = (await client.post("/enter")).headers["set-cookie"].lower()
        assert {"httponly", "samesite=lax", "path=/", "max-age=2592000"} <= set(cookie.split("; "))
        assert ("secure" in cookie.split("; ")) == (scheme == "https")
        assert (await client.get("/who")).json() == ["login", "ada", 1]
        await client.post("/leave")
        assert COOKIE not in client.cookies
        assert (await client.get("/who")).status_code == 401


async def test_errors_of_access_are_tocsins_own(database: Database) -> None:
    with database.session() as db, pytest.raises(TocsinError):
        access.revoke_token(db, "nobody's")
