"""`tocsin channels` and `tocsin alerts why`."""

import json

import pytest

from tests.support.delivering import add_channel, delivering, is_idle, open_alert
from tests.support.terminal import invoke
from tests.support.watching import eventually
from tocsin import Database
from tocsin.model.alerts import AlertPriority


@pytest.fixture
def known(here: list[str]) -> Database:
    return Database(here[1])


def test_no_channel_at_all_says_how_to_add_one(here: list[str]) -> None:
    result = invoke("channels", "list", *here)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "tocsin channels add" in result.stderr


def test_channels_are_listed_shown_changed_and_removed(here: list[str], known: Database) -> None:
    add_channel(known, "backup", config={"url": "geheim"})
    add_channel(known, "ops")
    changed = invoke("channels", "change", "ops", "--min-priority", "high", "--fallback", "backup", "--remind", "30m",
                     "--match", "team=web", "--json", *here)  # fmt: skip
    assert changed.exit_code == 0, changed.output
    one = json.loads(changed.stdout)
    assert (one["min_priority"], one["fallback_channel_id"], one["reminder_after_s"]) == ("HIGH", 1, 1800)
    assert one["matchers"][0]["value"] == "web"
    cleared = invoke("channels", "change", "2", "--clear", "remind", "--clear", "matchers", "--json", *here)
    assert (json.loads(cleared.stdout)["reminder_after_s"], json.loads(cleared.stdout)["matchers"]) == (None, [])
    listed = invoke("channels", "list", *here).stdout.splitlines()
    assert listed[1].split() == ["1", "backup", "WEBHOOK", "INFO", "ok", "0"]
    shown = invoke("channels", "show", "backup", *here).stdout
    assert "url: ********" in shown
    assert "geheim" not in shown
    assert "Removed 2: ops" in invoke("channels", "remove", "ops", "--yes", *here).stdout
    assert invoke("channels", "show", "ops", *here).exit_code == 1


def test_wrong_requests_are_answered_with_what_to_do(here: list[str], known: Database) -> None:
    add_channel(known, "ops")
    for arguments, word in (
        (("channels", "change", "ops"), "nothing to change"),
        (("channels", "change", "ops", "--set", "url"), "NAME=VALUE"),
        (("channels", "change", "ops", "--set", "to=[1"), "begins like JSON"),
        (("channels", "change", "ops", "--match", "=x"), "matcher"),
        (("channels", "change", "ops", "--limit", "-1"), "greater than or equal to 0"),
        (("alerts", "why", "7"), "there is no alert 7"),
    ):
        result = invoke(*arguments, *here)
        assert result.exit_code in (1, 2)
        assert word in result.stderr, result.stderr


async def test_why_tells_the_story_of_an_alert(here: list[str], known: Database) -> None:
    add_channel(known, "pager", min_priority=AlertPriority.CRITICAL)
    alert = open_alert(known)
    with delivering(known):
        await eventually(lambda: is_idle(known))
    text = invoke("alerts", "why", alert, *here).stdout
    assert "pager: The alert is HIGH; the channel hears from CRITICAL upwards." in text
    assert "No channel takes it." in text
    data = json.loads(invoke("alerts", "why", alert, "--channel", "pager", "--json", *here).stdout)
    assert data["channels"][0]["was_told"] is False
