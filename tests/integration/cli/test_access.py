"""`tocsin user …` and `tocsin token …`."""

import json

from tests.support.terminal import invoke, run_in_terminal
from tocsin import Database
from tocsin.actions.access import identify_token

PASSWORD = "correct horse battery"


def make_user(here: list[str], name: str = "maria") -> None:
    assert invoke("user", "create", name, "--password-stdin", *here, text=PASSWORD + "\n").exit_code == 0


def test_a_user_is_created_with_a_password_from_a_pipe(here: list[str]) -> None:
    make_user(here)
    (listed,) = json.loads(invoke("user", "list", "--json", *here).stdout)
    assert (listed["name"], listed["scope"], listed["last_login_at"]) == ("maria", "admin", None)
    assert set(listed) == {"name", "scope", "created_at", "last_login_at"}


def test_the_password_is_asked_for_twice_and_not_shown(here: list[str]) -> None:
    code, received = run_in_terminal(["user", "create", "maria", *here], answers=[PASSWORD, PASSWORD])
    assert code == 0
    assert "Created the user maria (admin)." in received
    assert PASSWORD not in received


def test_without_a_terminal_the_password_must_come_from_a_pipe(here: list[str]) -> None:
    refused = invoke("user", "create", "maria", *here)
    assert (refused.exit_code, "--password-stdin" in refused.stderr) == (2, True)


def test_a_short_password_and_a_taken_name_are_refused(here: list[str]) -> None:
    assert invoke("user", "create", "maria", "--password-stdin", *here, text="short").exit_code == 2
    make_user(here)
    taken = invoke("user", "create", "maria", "--password-stdin", *here, text=PASSWORD)
    assert (taken.exit_code, "already" in taken.stderr) == (1, True)


def test_lists_without_anybody_say_so(here: list[str]) -> None:
    assert invoke("user", "list", *here).stderr == "There are no users.\n"
    assert invoke("token", "list", *here).stderr == "There are no tokens.\n"
    assert json.loads(invoke("token", "list", "--json", *here).stdout) == []


def test_a_password_is_changed_and_a_user_deleted(here: list[str]) -> None:
    make_user(here)
    changed = invoke("user", "password", "maria", "--password-stdin", *here, text="another password")
    assert changed.stdout.startswith("maria has a new password")
    last = invoke("user", "delete", "maria", "--yes", *here)
    assert (last.exit_code, "last user" in last.stderr) == (2, True)
    make_user(here, "pia")
    assert invoke("user", "delete", "maria", *here, text="n\n").exit_code == 130
    assert invoke("user", "delete", "maria", *here, text="y\n").stdout.endswith("Deleted the user maria.\n")
    assert "maria" not in invoke("user", "list", *here).stdout


def test_the_secret_of_a_token_stands_alone_on_stdout_and_works(here: list[str]) -> None:
    made = invoke("token", "create", "grafana", "--scope", "write", "--expires-days", 30, *here)
    opened = Database(here[-1])
    with opened.session() as db:
        caller = identify_token(db, made.stdout.strip())
    opened.dispose()
    assert caller is not None
    assert (caller.name, caller.scope) == ("grafana", "write")
    assert "not shown again" in made.stderr
    listed = invoke("token", "list", *here).stdout
    assert "grafana" in listed
    assert made.stdout.strip() not in listed


def test_a_token_as_json_carries_its_secret_once(here: list[str]) -> None:
    made = json.loads(invoke("token", "create", "deploy", "--json", *here).stdout)
    assert made["token"].startswith("tocsin_")
    assert (made["scope"], made["expires_at"]) == ("read", None)
    (listed,) = json.loads(invoke("token", "list", "--json", *here).stdout)
    assert "token" not in listed


def test_a_revoked_token_is_gone(here: list[str]) -> None:
    invoke("token", "create", "grafana", *here)
    assert invoke("token", "revoke", "grafana", *here).stdout == "Revoked the token grafana.\n"
    assert invoke("token", "revoke", "grafana", *here).exit_code == 1
