"""Who sees which page: login, scopes, origins, and the headers that every page carries."""

import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from tocsin import Database, WebsiteCreate, WebsiteCRUD
from tocsin.actions.access import create_user, list_tokens, list_users
from tocsin.dashboard.login import local_path
from tocsin.dashboard.static_files import FOLDER, static_url
from tocsin.model.enums import Scope

PASSWORD = "correct horse battery staple"


def add_user(database: Database, name: str = "ada", scope: Scope = Scope.ADMIN) -> None:
    with database.session() as db:
        create_user(db, name, PASSWORD, scope)


async def log_in(client: httpx.AsyncClient, name: str = "ada", **more: str) -> httpx.Response:
    return await client.post("/login", data={"name": name, "password": PASSWORD, **more})


async def test_without_a_user_this_machine_needs_no_login(client: httpx.AsyncClient) -> None:
    assert (await client.get("/")).status_code == 200
    assert (await client.get("/login")).headers["location"] == "/"
    page = (await client.get("/settings")).text
    assert "Nobody can log in yet." in page
    assert "Log out" not in page


async def test_whoever_is_not_logged_in_is_led_to_the_login_and_back(
    client: httpx.AsyncClient, database: Database
) -> None:
    add_user(database)
    response = await client.get("/?q=shop&page=2")
    assert (response.status_code, response.headers["location"]) == (303, "/login?next=%2F%3Fq%3Dshop%26page%3D2")
    page = (await client.get(response.headers["location"])).text
    assert 'name="next" value="/?q=shop&amp;page=2"' in page
    response = await log_in(client, next="/?q=shop&page=2")
    assert (response.status_code, response.headers["location"]) == (303, "/?q=shop&page=2")
    assert "HttpOnly" in response.headers["set-cookie"]
    page = (await client.get("/")).text
    assert "Log out" in page
    assert "ada" in page


async def test_a_wrong_password_is_said_without_saying_which_part(
    client: httpx.AsyncClient, database: Database
) -> None:
    add_user(database)
    for name in ("ada", "nobody"):
        response = await client.post("/login", data={"name": name, "password": "wrong"})
        assert response.status_code == 401
        assert "Name or password is wrong." in response.text
        assert f'value="{name}"' in response.text
        assert 'wrong"' not in response.text


async def test_too_many_wrong_passwords_are_stopped(client: httpx.AsyncClient, database: Database) -> None:
    add_user(database)
    codes = [(await client.post("/login", data={"name": "ada", "password": "wrong"})).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]


async def test_logging_out_ends_the_login_itself(client: httpx.AsyncClient, database: Database) -> None:
    add_user(database)
    await log_in(client)
    kept = dict(client.cookies)
    assert (await client.post("/logout")).headers["location"] == "/login"
    client.cookies.update(kept)
    assert (await client.get("/")).status_code == 303


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/websites/1?x=2#y", "/websites/1?x=2#y"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nSet-Cookie: b=c", "/"),
        ("javascript:alert(1)", "/"),
        ("/login?next=/login", "/"),
        ("", "/"),
    ],
)
def test_the_way_back_leads_nowhere_else(address: str, path: str) -> None:
    assert local_path(address) == path


async def test_scopes_decide_what_is_shown_and_done(client: httpx.AsyncClient, database: Database) -> None:
    with database.session() as db:
        WebsiteCRUD.create(db, WebsiteCreate(url="https://a.example"))
    add_user(database, "reader", Scope.READ)
    await log_in(client, "reader")
    assert "Add a website" not in (await client.get("/")).text
    assert "Check now" not in (await client.get("/websites/1")).text
    for method, path in (
        ("GET", "/websites/new"), ("GET", "/websites/1/edit"), ("GET", "/websites/1/delete"), ("GET", "/settings"),
        ("POST", "/websites/new"), ("POST", "/websites/1/check"), ("POST", "/websites/1/pause"),
        ("POST", "/websites/1/delete"), ("POST", "/settings/users"), ("POST", "/settings/tokens"),
    ):  # fmt: skip
        response = await client.request(method, path)
        assert response.status_code == 403, path
        assert "That did not work" in response.text


@pytest.mark.parametrize("path", ["/login", "/logout", "/websites/new", "/websites/1/check", "/settings/users"])
async def test_forms_of_other_sites_are_refused(client: httpx.AsyncClient, path: str) -> None:
    response = await client.post(path, headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403


@pytest.mark.parametrize("path", ["/logout", "/websites/new", "/settings/users"])
async def test_a_form_by_cookie_that_says_nothing_of_its_page_is_refused(
    client: httpx.AsyncClient, database: Database, path: str
) -> None:
    add_user(database)
    await log_in(client)
    del client.headers["Origin"]
    assert (await client.post(path)).status_code == 403
    assert (await client.get("/")).status_code == 200


async def test_every_page_forbids_what_is_inline_foreign_or_framed(
    client: httpx.AsyncClient, database: Database
) -> None:
    with database.session() as db:
        WebsiteCRUD.create(db, WebsiteCreate(url="https://a.example"))
    for path in ("/", "/websites/1", "/websites/new", "/websites/1/delete", "/settings", "/websites/9", "/login"):
        response = await client.get(path)
        policy = response.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy.split("; "))
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "same-origin"
        assert response.headers["cache-control"] == "no-store"
        assert not re.search(r"<style|style=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", response.text), path
        foreign = [url for url in re.findall(r'(?:src|href)="([^"]+)"', response.text) if "://" in url]
        assert set(foreign) <= {"https://a.example"}


async def test_static_files_are_kept_under_an_address_of_their_content(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    addresses = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert static_url("tocsin.css") in addresses
    for address in addresses:
        response = await client.get(address)
        assert response.status_code == 200, address
        assert "immutable" in response.headers["cache-control"]
        assert response.headers["x-content-type-options"] == "nosniff"
    assert (await client.get("/static/0123456789ab/tocsin.css")).status_code == 404
    assert (await client.get(static_url("../__init__.py"))).status_code == 404


def test_what_is_vendored_carries_its_version_and_its_licence() -> None:
    for folder in (FOLDER / "vendor").iterdir():
        assert re.fullmatch(r"[a-z-]+-\d+\.\d+\.\d+", folder.name)
        assert (folder / "LICENSE").is_file()
        assert not list(folder.glob("*.map"))


async def test_the_first_user_of_the_settings_page_closes_the_open_door(
    client: httpx.AsyncClient, database: Database
) -> None:
    sent = {"name": "ada", "password": PASSWORD, "scope": "admin"}
    assert (await client.post("/settings/users", data=sent)).headers["location"] == "/settings"
    assert (await client.get("/settings")).status_code == 303
    await log_in(client)
    page = (await client.get("/settings")).text
    assert "<strong>ada</strong>" in page


async def test_users_are_added_given_passwords_and_deleted(client: httpx.AsyncClient, database: Database) -> None:
    add_user(database)
    await log_in(client)
    sent = {"name": "<b>grace", "password": PASSWORD, "scope": "read"}
    assert (await client.post("/settings/users", data=sent)).status_code == 303
    taken = await client.post("/settings/users", data=sent)
    assert taken.status_code == 422
    assert "already" in taken.text
    assert "<b>grace" not in taken.text
    short = await client.post("/settings/users", data={"name": "joan", "password": "short"})
    assert short.status_code == 422
    assert 'value="joan"' in short.text
    changed = await client.post("/settings/users/password", data={"name": "<b>grace", "password": PASSWORD + "!"})
    assert changed.status_code == 303
    assert (await client.post("/settings/users/delete", data={"name": "<b>grace"})).status_code == 303
    last = await client.post("/settings/users/delete", data={"name": "ada"})
    assert last.status_code == 422
    assert "is the last user" in last.text
    with database.session() as db:
        assert [(user.name, user.scope) for user in list_users(db)] == [("ada", Scope.ADMIN)]


async def test_a_token_is_shown_once_works_and_is_revoked(
    client: httpx.AsyncClient, app: FastAPI, database: Database
) -> None:
    add_user(database)
    await log_in(client)
    page = (await client.post("/settings/tokens", data={"name": "ci", "scope": "write", "days": "30"})).text
    secret = re.search(r"tocsin_[\w-]+", page)
    assert secret is not None
    assert secret[0] not in (await client.get("/settings")).text
    with database.session() as db:
        (token,) = list_tokens(db)
        assert token.scope is Scope.WRITE
        assert token.expires_at is not None
    headers = {"Authorization": f"Bearer {secret[0]}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tocsin.example") as program:
        assert (await program.get("/api/websites", headers=headers)).status_code == 200
        assert (await client.post("/settings/tokens", data={"name": "ci"})).status_code == 422
        assert (await client.post("/settings/tokens/revoke", data={"name": "ci"})).status_code == 303
        assert (await program.get("/api/websites", headers=headers)).status_code == 401


async def test_the_settings_name_the_server_without_its_secrets(client: httpx.AsyncClient) -> None:
    page = (await client.get("/settings")).text
    assert "Tocsin 0." in page
    assert "sqlite:///" in page
    assert "3 websites" in page


async def test_a_database_that_fails_is_a_page_that_names_no_folder(
    client: httpx.AsyncClient, database: Database, tmp_path: Path
) -> None:
    database.dispose()
    for file in tmp_path.glob("tocsin.db*"):
        file.unlink()
    (tmp_path / "tocsin.db").mkdir()
    response = await client.get("/")
    assert response.status_code == 503
    assert str(tmp_path) not in response.text
    assert "The database cannot be reached" in response.text
