"""Alert rules on the terminal."""

import json
from pathlib import Path

import pytest

from tests.support.history import add_site, record, saw
from tests.support.terminal import invoke
from tocsin import Database
from tocsin.model.times import utcnow


def test_a_rule_is_made_listed_switched_and_removed(here: list[str]) -> None:
    made = invoke(
        "rules", "add", "CPU", "cpu_percent > 80", "--for", "5m", "--clear", "70", "--category", "system", *here
    )
    assert made.stdout == "Rule 1: CPU (well)\n  cpu_percent > 80 for 5 min\n"
    listed = invoke("rules", "list", *here).stdout.splitlines()
    assert listed[1].split() == ["1", "CPU", "cpu_percent", ">", "80", "for", "5", "min", "well"]
    assert "(off)" in invoke("rules", "disable", 1, *here).stdout
    assert "(well)" in invoke("rules", "enable", 1, *here).stdout
    shown = json.loads(invoke("rules", "show", 1, "--json", *here).stdout)
    assert (shown["clear_threshold"], shown["category"]) == (70, "SYSTEM")
    assert json.loads(invoke("rules", "list", "--json", *here).stdout)["total"] == 1
    assert invoke("rules", "remove", 1, "--yes", *here).stdout == "Removed 1: CPU.\n"
    assert "There are no rules" in invoke("rules", "list", *here).stderr


def test_fields_come_from_options_and_from_a_file(here: list[str], tmp_path: Path) -> None:
    path = tmp_path / "rule.json"
    path.write_text(json.dumps({"runbook_url": "https://wiki.example/slow", "window_s": 60}))
    words = ["website.response_time_ms>=800", "--aggregation", "p95", "--window", "10m", "--label", "website=shop"]
    words += ["--severity", "critical=2000", "--no-data", "alert", "--file", str(path)]
    made = json.loads(invoke("rules", "add", "Slow", *words, "--json", *here).stdout)
    assert (made["window_s"], made["runbook_url"], made["labels"]) == (
        600,
        "https://wiki.example/slow",
        {"website": "shop"},
    )
    assert (made["severity_map"], made["comparison"], made["no_data"]) == ({"CRITICAL": 2000.0}, ">=", "alert")
    text = invoke("rules", "show", 1, *here).stdout
    assert "p95 over 10 min of website.response_time_ms{website=shop} >= 800" in text


def test_a_rule_is_tried_on_the_past(here: list[str]) -> None:
    database = Database(here[1])
    record(database, add_site(database, name="shop"), saw(utcnow()))
    database.dispose()
    seen = invoke("rules", "try", "website.response_time_ms > 10", "--days", 7, *here).stdout
    assert "In the last 7 days it would have fired 1 time (1 values of 1 series)." in seen
    assert ("goes on  shop" in seen, "suggest a threshold of 24" in seen) == (True, True)
    assert json.loads(invoke("rules", "try", "cpu_percent > 10", "--json", *here).stdout)["fired_count"] == 0


def test_the_metrics_are_listed(here: list[str]) -> None:
    assert "website.certificate_days" in invoke("rules", "metrics", *here).stdout
    assert len(json.loads(invoke("rules", "metrics", "--json", *here).stdout)) > 15


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["add", "x", "cpu"], "is no condition; write METRIC OP VALUE"),
        (["add", "x", "cpu > high"], "threshold"),
        (["add", "x", "website.speed > 1"], "there is no metric"),
        (["add", "x", "cpu > 1", "--label", "a"], "--label 'a': write it as NAME=VALUE"),
        (["add", "x", "cpu > 1", "--priority", "huge"], "priority"),
        (["try", "website.certificate_days < 5"], "is not kept"),
        (["show", "7"], "there is no alert rule 7"),
    ],
)
def test_what_is_wrong_is_said(here: list[str], words: list[str], fault: str) -> None:
    done = invoke("rules", *words, *here)
    assert (done.exit_code != 0, fault in done.stderr) == (True, True), done.stderr


def test_a_file_that_is_no_rule_is_refused(here: list[str], tmp_path: Path) -> None:
    path = tmp_path / "rule.json"
    for text, fault in (("[]", "one JSON object"), ("{", "rule.json")):
        path.write_text(text)
        assert fault in invoke("rules", "add", "x", "cpu > 1", "--file", path, *here).stderr
