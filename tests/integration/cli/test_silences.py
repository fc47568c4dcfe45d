"""Silences and maintenance windows on the terminal."""

import json

import pytest

from tests.support.terminal import invoke as run


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["silences", "add", 'website=~"shop.*"', "--for", "2h30m"], 'Silence 1: website=~"shop.*", until'),
        (["silences", "add", "{a=b, c!=d}", "--from", "2090-01-01", "--until", "2090-01-02"], 'c!="d", until 2090'),
        (["silences", "preview", "severity=low", "--for", "1d"], "it would have muted 0 alerts"),
        (["silences", "list"], "There are no silences"),
        (["maintenance", "list"], "No maintenance is planned"),
        (["maintenance", "add", "X", "--once", "2090-01-01T22:00", "--for", "2h", "--everything"], "2090-01-01 22:00"),
        (["maintenance", "add", "X", "--weekly", "sat,sun", "--start", "02:00", "--for", "2h", "--tag", "a"], "tag a"),
        (["maintenance", "add", "X", "--monthly", "-1,1", "--start", "2:00", "--for", "1h", "--group", "g"], "group g"),
        (["maintenance", "add", "X", "--cron", "0 3 * * 0", "--for", "90m", "--matcher", "a=b"], 'concerns a="b"'),
        (["maintenance", "preview", "--every-days", "3", "--first-day", "2026-01-01", "--start", "1:00", "--for", "1h",
          "--everything"], "In force from"),
    ],
)  # fmt: skip
def test_each_way_to_mute_is_understood(here: list[str], words: list[str], text: str) -> None:
    done = run(*words, *here)
    assert (done.exit_code, text in done.output) == (0, True), done.output


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["silences", "add", "a=b"], "say how long"),
        (["silences", "add", "a=b", "--for", "2 years"], "is no duration"),
        (["silences", "add", "a=b", "--for", "0s"], "between a second and ten years"),
        (["silences", "add", "a=b", "--until", "tomorrow"], "is no time"),
        (["silences", "add", "nonsense", "--for", "1h"], "bad matcher format"),
        (["silences", "add", "a=b", "--from", "2090-01-02", "--until", "2090-01-01"], "--until must lie after --from"),
        (["silences", "end", "7"], "there is no silence 7"),
        (["maintenance", "add", "X", "--everything"], "say when, in one way"),
        (["maintenance", "add", "X", "--once", "2090-01-01", "--everything"], "say how long: --for 2h"),
        (["maintenance", "add", "X", "--weekly", "sun", "--everything"], "say at which time of day"),
        (["maintenance", "add", "X", "--cron", "0 3 * * *", "--for", "1h"], "name what it concerns"),
        (["maintenance", "add", "X", "--cron", "0 3 * * *", "--for", "1h", "--matcher", "x"], "bad matcher format"),
        (["maintenance", "show", "7"], "there is no maintenance window 7"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_write(here: list[str], words: list[str], fault: str) -> None:
    done = run(*words, *here)
    assert (done.exit_code, fault in done.stderr) == (2 if "there is no" not in fault else 1, True), done.output


def test_a_silence_is_listed_shown_and_ended(here: list[str]) -> None:
    run("silences", "add", "a=b", "--for", "1h", "--comment", "moving", "--by", "ops", *here)
    listed = run("silences", "list", *here).stdout
    assert listed.splitlines()[1].split()[:3] == ["1", "active", 'a="b"']
    assert "ops: moving" in run("silences", "show", "1", *here).stdout
    assert run("silences", "end", "1", *here).stdout == "Ended silence 1.\n"
    data = json.loads(run("silences", "list", "--state", "expired", "--json", *here).stdout)
    assert data["items"][0]["state"] == "expired"
    assert json.loads(run("silences", "show", "1", "--json", *here).stdout)["comment"] == "moving"


def test_maintenance_is_listed_shown_and_removed(here: list[str]) -> None:
    run("websites", "add", "https://example.com", *here)
    made = run(
        "maintenance",
        "add",
        "Disks",
        "--once",
        "2090-01-01",
        "--for",
        "2h",
        "--website",
        "example.com",
        "--json",
        *here,
    )
    assert json.loads(made.stdout)["website_ids"] == [1]
    row = run("maintenance", "list", *here).stdout.splitlines()[1]
    assert ("planned" in row, "website 1" in row) == (True, True)
    assert "Maintenance 1: Disks (planned)" in run("maintenance", "show", "1", *here).stdout
    assert json.loads(run("maintenance", "list", "--json", *here).stdout)["total"] == 1
    assert run("maintenance", "remove", "1", "--yes", *here).stdout == "Removed 1: Disks.\n"
