"""`tocsin websites …`, on a database of its own."""

import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import Result

from tests.support.heartbeats import ping, send
from tests.support.terminal import invoke
from tocsin import Database, MonitorCheckCreate, MonitorCheckCRUD, MonitorStatus, WebsiteCRUD
from tocsin.cli.heartbeat_views import server_url
from tocsin.model.downtimes import DowntimeWindowCreate
from tocsin.model.heartbeats.pings import PingKind
from tocsin.model.times import utcnow
from tocsin.settings import load_settings
from tocsin.storage.downtimes import DowntimeWindowCRUD

URL = "https://site.example/"


@pytest.fixture
def added(here: list[str]) -> list[str]:
    """The options that name a database with one website, number 1."""
    invoke("websites", "add", URL, "--name", "The site", "--tag", "a", *here)
    return here


def shown(here: list[str], *arguments: object) -> Any:
    return json.loads(invoke("websites", *arguments, "--json", *here).stdout)


def said(here: list[str], *arguments: object, text: str | None = None) -> Result:
    return invoke("websites", *arguments, *here, text=text)


def test_what_was_added_is_listed(added: list[str]) -> None:
    listed = said(added, "list").stdout.splitlines()
    assert listed[0].split() == ["id", "status", "name", "url", "last", "check", "response"]
    assert "… PENDING  The site  https://site.example/  never" in listed[1]


def test_json_lists_have_the_shape_of_the_api(added: list[str]) -> None:
    page = shown(added, "list")
    assert (page["total"], page["page"], page["page_size"]) == (1, 1, 50)
    assert page["items"][0]["name"] == "The site"


def test_an_empty_list_says_how_to_add(here: list[str]) -> None:
    listed = said(here, "list")
    assert (listed.exit_code, listed.stdout) == (0, "")
    assert "tocsin websites add" in listed.stderr


def test_lists_can_be_searched_and_paged(added: list[str]) -> None:
    for number in range(3):
        said(added, "add", f"https://n{number}.example", "--group", "numbers", "--paused")
    assert said(added, "list", "--search", "nothing").stderr == "No website matches.\n"
    assert shown(added, "list", "--group", "numbers", "--paused")["total"] == 3
    assert shown(added, "list", "--active", "--tag", "a", "--status", "unknown")["total"] == 1
    first = said(added, "list", "--page-size", 2)
    assert first.stderr == "1–2 of 4 websites; go on with --page 2\n"
    assert said(added, "list", "--page-size", 2, "--page", 2).stderr == "3–4 of 4 websites\n"
    assert said(added, "list", "--page", 9).stderr == "none of 4 websites\n"


def test_options_of_the_check_are_stored(here: list[str]) -> None:
    options = ["--interval", 60, "--timeout", 5, "--max-retries", 0, "--expect-body", "hi", "--basic", "u:secret", "-6"]
    made = shown(here, "add", "site.example/x", *options, "--insecure", "--no-follow", "--description", "D")
    assert made["url"] == "https://site.example/x"
    assert (made["check_interval"], made["timeout"], made["max_retries"]) == (60, 5, 0)
    assert (made["verify_tls"], made["follow_redirects"], made["address_family"]) == (False, False, "ipv6")
    assert made["auth"]["password"] != "secret"
    options_line = said(here, "show", 1).stdout
    assert "auth basic" in options_line
    assert "body contains hi" in options_line
    assert "secret" not in options_line


def test_if_empty_adds_only_the_first(here: list[str]) -> None:
    assert said(here, "add", URL, "--if-empty").stdout.startswith("Added 1: ")
    again = said(here, "add", "https://other.example", "--if-empty")
    assert (again.exit_code, again.stdout) == (0, "")
    assert "1 website watched already" in again.stderr


def test_the_same_url_is_refused_twice(added: list[str]) -> None:
    refused = said(added, "add", "HTTPS://site.example")
    assert (refused.exit_code, refused.stderr) == (1, "Error: HTTPS://site.example is watched already\n")


def test_every_wrong_option_is_named_as_it_was_written(here: list[str]) -> None:
    refused = said(here, "add", "ftp://site.example", "--interval", 5, "--timeout", 0, "--header", "a b: c")
    assert refused.exit_code == 2
    for option in ("URL: ", "--interval: ", "--timeout: ", "--header: "):
        assert option in refused.stderr


def test_an_update_changes_only_what_is_named(added: list[str]) -> None:
    assert said(added, "update", 1, "--timeout", 7, "--tag", "b").stdout.startswith("Changed 1: The site")
    after = shown(added, "update", URL, "--url", "https://new.example", "--clear", "tags", "--clear", "expectations")
    assert (after["url"], after["timeout"], after["tags"], after["name"]) == ("https://new.example", 7, [], "The site")


def test_credentials_can_be_cleared(added: list[str]) -> None:
    said(added, "update", 1, "--bearer", "t", "--header", "X: y")
    assert shown(added, "show", 1)["website"]["auth"]["kind"] == "bearer"
    said(added, "update", 1, "--clear", "auth", "--clear", "request_headers")
    website = shown(added, "show", 1)["website"]
    assert (website["auth"], website["request_headers"]) == (None, {})


def test_an_update_of_nothing_is_refused(added: list[str]) -> None:
    refused = said(added, "update", 1)
    assert (refused.exit_code, "nothing to change" in refused.stderr) == (2, True)
    assert said(added, "update", 1, "--interval", 1).exit_code == 2


def test_websites_are_paused_and_resumed_by_id_or_url(added: list[str]) -> None:
    assert said(added, "pause", 1).stdout == f"Paused 1: {URL}\n"
    assert "‖ PAUSED" in said(added, "list").stdout
    assert said(added, "show", 1).stdout.startswith("‖ PAUSED")
    assert said(added, "resume", "site.example").stdout == f"Resumed 1: {URL}\n"


@pytest.mark.parametrize("name", ["2", "99999999999999999999", "https://other.example", "not a url"])
def test_an_unknown_website_is_refused(added: list[str], name: str) -> None:
    refused = said(added, "show", name)
    assert refused.exit_code == 1
    assert refused.stderr == f"Error: there is no website {name}: see `tocsin websites list`\n"


def test_removing_asks_first(added: list[str]) -> None:
    assert said(added, "remove", 1).exit_code == 2
    assert said(added, "remove", 1, text="n\n").exit_code == 130
    assert said(added, "remove", 1, text="y\n").stdout.endswith(f"Removed 1: {URL}\n")
    assert shown(added, "list")["total"] == 0


def test_removing_with_yes_does_not_ask(added: list[str]) -> None:
    assert said(added, "remove", 1, "--yes").output == f"Removed 1: {URL}\n"


@pytest.fixture
def watched(added: list[str]) -> list[str]:
    """The database again, now with two checks and a downtime that goes on."""
    opened = Database(added[-1])
    now = utcnow()
    with opened.session() as db:
        for ago, status, cause in ((600, MonitorStatus.UP, None), (300, MonitorStatus.DOWN, "connect_refused")):
            at = now - timedelta(seconds=ago)
            fields = {"response_time_ms": 12.5, "cause": cause, "error_message": cause and "Nobody listens"}
            check = {"website_id": 1, "status": status, "checked_at": at, "http_status_code": None, **fields}
            MonitorCheckCRUD.create(db, MonitorCheckCreate.model_validate(check))
        downtime = {"website_id": 1, "started_at": at, "affected_checks_count": 1, "root_cause": "Nobody listens"}
        DowntimeWindowCRUD.create(db, DowntimeWindowCreate.model_validate(downtime))
        earlier = {"website_id": 1, "started_at": now - timedelta(days=2), "ended_at": now - timedelta(days=1)}
        DowntimeWindowCRUD.create(db, DowntimeWindowCreate.model_validate(earlier))
    opened.dispose()
    return added


def test_show_has_status_uptime_checks_and_downtimes(watched: list[str]) -> None:
    text = said(watched, "show", 1).stdout
    assert text.startswith("✖ DOWN  The site  https://site.example/\n  Nobody listens\n")
    assert "5 min ago, every 300 s" in text
    assert "50.00 % of 2 checks" in text
    assert "still down" in text
    assert "1 d" in text
    assert text.count("connect_refused") == 1
    assert "group" not in text


def test_show_prints_json_of_all_of_it(watched: list[str]) -> None:
    seen = shown(watched, "show", 1, "--checks", 1, "--downtimes", 0)
    assert set(seen) == {"website", "uptime", "checks", "downtimes"}
    assert [one["hours"] for one in seen["uptime"]] == [24, 720]
    assert (len(seen["checks"]), seen["checks"][0]["status"], seen["downtimes"]) == (1, "DOWN", [])


def test_checking_uses_each_websites_own_options_and_records_nothing(site: str, here: list[str]) -> None:
    said(here, "add", f"{site}/ok", "--expect-body", "Welcome")
    said(here, "add", f"{site}/gone", "--expected-status", "404")
    said(here, "add", f"{site}/broken", "--max-retries", 0, "--paused")
    both = said(here, "check")
    assert both.exit_code == 0
    assert "2 checked: 2 UP" in both.stdout
    assert said(here, "check", 3).exit_code == 1
    assert [one["status"] for one in shown(here, "check", 2, f"{site}/ok")] == ["UP", "UP"]
    opened = Database(here[-1])
    with opened.session() as db:
        assert MonitorCheckCRUD.get_latest_by_website(db, 1) is None
        assert WebsiteCRUD.get_all(db)[1] == 3
    opened.dispose()


def test_checking_without_any_active_website_says_so(here: list[str]) -> None:
    nothing = said(here, "check")
    assert (nothing.exit_code, nothing.stderr) == (0, "No website is active.\n")


def test_websites_are_paused_and_resumed_by_tag_and_group(added: list[str]) -> None:
    said(added, "add", "https://other.example", "--tag", "a", "--group", "g")
    both = said(added, "pause", "--tag", "a").stdout
    assert both == f"Paused 1: {URL}\nPaused 2: https://other.example\n"
    again = said(added, "pause", "--tag", "a")
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "Nothing to do: paused already.\n")
    assert said(added, "resume", "--group", "g").stdout == "Resumed 2: https://other.example\n"
    assert said(added, "resume", 1, "other.example").stdout == f"Resumed 1: {URL}\n"
    assert said(added, "resume", 1).stderr == "Nothing to do: checked already.\n"


@pytest.mark.parametrize("selection", [[], [1, "--tag", "a"], ["--tag", "a", "--group", "g"]])
def test_websites_are_named_in_one_way(added: list[str], selection: list[object]) -> None:
    refused = said(added, "pause", *selection)
    assert (refused.exit_code, "exactly one of the three" in refused.stderr) == (2, True)


def test_an_unknown_tag_is_refused(added: list[str]) -> None:
    refused = said(added, "pause", "--tag", "b")
    assert (refused.exit_code, refused.stderr) == (1, "Error: no website has the tag 'b'\n")


def test_a_heartbeat_is_added_with_the_address_that_its_job_calls(here: list[str]) -> None:
    added = said(here, "add", "heartbeat:", "--name", "Backup", "--period", "1d", "--grace", "1h").stdout.splitlines()
    site = shown(here, "show", 1)["website"]
    assert added == [
        f"Added 1: Backup, {site['url']}, expected every 1 d, 1 h of grace.",
        f"Its job reports at http://127.0.0.1:8000{site['ping_url']}",
    ]
    by_cron = said(here, "add", "heartbeat:nightly", "--cron", "0 3 * * *", "--time-zone", "Europe/Berlin")
    assert "expected at 0 3 * * * (Europe/Berlin), 5 min of grace." in by_cron.stdout
    assert "http://127.0.0.1:8000/ping/nightly" in by_cron.stdout


def test_a_heartbeat_shows_its_address_its_schedule_and_its_pings(here: list[str]) -> None:
    said(here, "add", "heartbeat:nightly", "--period", "1h")
    database = Database(here[1])
    send(database, 1, ping(PingKind.START, utcnow() - timedelta(hours=2)), ping(PingKind.LOG, body=b"half\n way"))
    lines = said(here, "show", "heartbeat:nightly").stdout
    assert "http://127.0.0.1:8000/ping/nightly" in lines
    assert "expected every 1 h, 5 min of grace" in lines
    assert "a run has started and not ended" in lines
    assert "half way" in lines
    send(database, 1, ping(PingKind.FAIL, utcnow() - timedelta(minutes=62), exit_code=3))
    send(database, 1, ping(at=utcnow() - timedelta(minutes=61)))
    database.dispose()
    lines = said(here, "show", 1).stdout
    assert "fail (3)" in lines
    assert "it is late" in lines
    assert [one["kind"] for one in shown(here, "show", 1, "--checks", 2)["pings"]] == ["success", "fail"]


def test_nobody_looks_at_a_heartbeat_from_here_either(added: list[str]) -> None:
    said(added, "add", "heartbeat:nightly")
    refused = said(added, "check", 2)
    assert (refused.exit_code, "nobody looks at a heartbeat" in refused.stderr) == (2, True)
    said(added, "pause", 1)
    assert said(added, "check").stderr == "No website is active.\n"
    alone = invoke("check", "heartbeat:nightly")
    assert (alone.exit_code, "nightly" in alone.stderr) == (2, False)


def test_a_schedule_that_is_none_is_refused_by_the_name_of_its_option(here: list[str]) -> None:
    assert "--period: '5x' is no duration" in said(here, "add", "heartbeat:", "--period", "5x").stderr
    assert "is no cron expression" in said(here, "add", "heartbeat:", "--cron", "nightly").stderr
    assert "only heartbeats have this" in said(here, "add", URL, "--grace", "60").stderr


def test_a_server_that_listens_everywhere_is_reached_on_this_machine() -> None:
    for host, url in (("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80"), ("::1", "http://[::1]:80")):
        assert server_url(load_settings({"TOCSIN_HOST": host, "TOCSIN_PORT": "80"})) == url
