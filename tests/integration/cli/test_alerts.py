"""`tocsin alerts …`."""

import json
from pathlib import Path
from typing import Any

from tests.support.terminal import invoke

BACKUP = ("alerts", "add", "Backup failed", "--type", "backup_failed", "--resource", "db-1")


def add(here: list[str], *more: str) -> Any:
    return invoke(*BACKUP, *more, *here)


def test_a_problem_is_reported_and_the_same_again_counted(here: list[str]) -> None:
    assert add(here, "--priority", "high", "--label", "team=ops").stdout == "Opened 1: Backup failed.\n"
    assert add(here, "--label", "team=ops").stdout == "Counted 1: Backup failed, seen 2 times.\n"
    (listed,) = json.loads(invoke("alerts", "list", "--json", *here).stdout)["items"]
    assert (listed["priority"], listed["labels"], listed["source"]) == ("HIGH", {"team": "ops"}, "cli")
    assert json.loads(add(here, "--json", "--label", "team=ops").stdout)["notification_count"] == 3


def test_what_cannot_be_reported_names_the_option(here: list[str]) -> None:
    bad = add(here, "--ttl", "-1")
    assert (bad.exit_code, "--ttl-s" in bad.stderr) == (2, True)
    assert "NAME=VALUE" in add(here, "--label", "team").stderr


def test_alerts_are_listed_the_most_important_first(here: list[str]) -> None:
    assert "No alert is open." in invoke("alerts", "list", *here).stderr
    add(here, "--priority", "low")
    invoke("alerts", "add", "Disk full", "--type", "disk_full", "--priority", "critical", *here)
    lines = invoke("alerts", "list", *here).stdout.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [["2", "CRITICAL", "ACTIVE"], ["1", "LOW", "ACTIVE"]]
    assert "Disk full" not in invoke("alerts", "list", "--priority", "low", *here).stdout
    assert "No alert matches." in invoke("alerts", "list", "--search", "nothing", *here).stderr


def test_an_alert_is_taken_in_hand_and_the_second_one_is_told_by_whom(here: list[str]) -> None:
    add(here)
    done = invoke("alerts", "acknowledge", 1, "--by", "maria", "--note", "Looking", *here)
    assert (done.exit_code, done.stdout) == (0, "Acknowledged 1: Backup failed\n")
    assert "ACKNOWLEDGED by maria" in invoke("alerts", "list", *here).stdout
    again = invoke("alerts", "acknowledge", 1, 9, *here)
    assert again.exit_code == 1
    assert "acknowledged already by maria" in again.stderr
    assert "there is no alert 9" in again.stderr


def test_an_alert_is_muted_and_resolved_by_whoever_sits_here(here: list[str]) -> None:
    add(here)
    assert invoke("alerts", "suppress", 1, "--hours", 2, "--reason", "Planned", *here).exit_code == 0
    assert "mute until" in invoke("alerts", "show", 1, *here).stdout
    done = json.loads(invoke("alerts", "resolve", 1, "--json", *here).stdout)
    assert done["changed"][0]["status"] == "RESOLVED"
    assert done["changed"][0]["resolved_by"]
    assert "No alert is open." in invoke("alerts", "list", *here).stderr
    assert "RESOLVED" in invoke("alerts", "list", "--all", *here).stdout


def test_an_alert_is_shown_with_what_to_do_and_its_history(here: list[str]) -> None:
    add(here, "--recommend", "Look at the log", "--logs", "/var/log/backup.log", "--message", "rsync: exit 23")
    shown = invoke("alerts", "show", 1, *here).stdout
    for text in ("MEDIUM Backup failed", "rsync: exit 23", "What to do", "Look at the log", "/var/log/backup.log",
                 "opened by tocsin (new)"):  # fmt: skip
        assert text in shown
    assert json.loads(invoke("alerts", "show", 1, "--json", *here).stdout)["history"][0]["kind"] == "opened"
    assert invoke("alerts", "show", 2, *here).exit_code == 1


def test_patterns_are_printed(here: list[str]) -> None:
    assert "0 in 7 days" in invoke("alerts", "patterns", *here).stdout
    add(here)
    invoke("alerts", "resolve", 1, *here)
    told = invoke("alerts", "patterns", "--days", 1, *here).stdout
    assert "backup_failed" in told
    assert "100% ended and nobody had acknowledged them" in told
    assert json.loads(invoke("alerts", "patterns", "--json", *here).stdout)["total_alerts"] == 1


def test_ones_own_recommendations_are_heeded(here: list[str], tmp_path: Path) -> None:
    (tmp_path / "advice.json").write_text('{"backup_*": "Ask the backup team"}', encoding="utf-8")
    config = tmp_path / "tocsin.toml"
    config.write_text(f'recommendations = "{tmp_path / "advice.json"}"\n', encoding="utf-8")
    add(here, "--config", str(config))
    assert "Ask the backup team" in invoke("alerts", "show", 1, *here).stdout
