"""`tocsin db …`, on SQLite and PostgreSQL."""

import json
import shutil
from pathlib import Path

import pytest

from tests.support.terminal import invoke
from tocsin import Database
from tocsin.storage import migrate, versions


def current(url: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(invoke("db", "current", "--json", "--database", url).stdout)
    return found


def test_upgrading_and_downgrading_say_what_was_done(database_url: str) -> None:
    head = versions.head_revision()
    assert current(database_url) == {"current": None, "head": head, "is_current": False}
    up = invoke("db", "upgrade", "--database", database_url)
    assert up.exit_code == 0
    assert up.stdout == f"The schema is at {head} now; it was empty.\n"
    assert "[1/" in up.stderr
    assert current(database_url)["is_current"] is True
    down = invoke("db", "downgrade", "base", "--yes", "--database", database_url)
    assert down.stdout == f"The schema is empty now; it was at {head}.\n"
    assert current(database_url)["current"] is None


def test_upgrading_twice_does_nothing_the_second_time(here: list[str]) -> None:
    invoke("db", "upgrade", *here)
    assert "Nothing to do" in invoke("db", "upgrade", *here).stdout


def test_current_says_which_command_helps(here: list[str]) -> None:
    assert "run `tocsin db upgrade`" in invoke("db", "current", *here).stdout
    invoke("db", "upgrade", *here)
    assert "up to date" in invoke("db", "current", *here).stdout


def test_history_marks_the_present_revision(here: list[str]) -> None:
    invoke("db", "upgrade", "0001", *here)
    lines = invoke("db", "history", *here).stdout.splitlines()
    assert lines[-1].startswith("* 0001  ")
    assert not any(line.startswith("*") for line in lines[:-1])
    listed = json.loads(invoke("db", "history", "--json", *here).stdout)
    assert [one["is_current"] for one in listed] == [False] * (len(lines) - 1) + [True]


def test_downgrading_asks_first_and_takes_no_for_an_answer(here: list[str]) -> None:
    invoke("db", "upgrade", *here)
    refused = invoke("db", "downgrade", *here, text="n\n")
    assert refused.exit_code == 130
    assert "Undo" in refused.stderr
    nobody = invoke("db", "downgrade", *here)
    assert nobody.exit_code == 2
    assert "--yes" in nobody.stderr
    assert "up to date" in invoke("db", "current", *here).stdout


def test_downgrading_undoes_the_last_revision_by_default(here: list[str]) -> None:
    invoke("db", "upgrade", *here)
    last = len(json.loads(invoke("db", "history", "--json", *here).stdout))
    assert invoke("db", "downgrade", *here, text="y\n").exit_code == 0
    listed = json.loads(invoke("db", "history", "--json", *here).stdout)
    assert sum(one["is_current"] for one in listed) == (1 if last > 1 else 0)
    assert listed[0]["is_current"] is False


def test_there_is_nothing_to_undo_in_an_empty_database(here: list[str]) -> None:
    assert "Nothing to do" in invoke("db", "downgrade", "base", *here).stdout


@pytest.mark.parametrize(("target", "code"), [("9999", 1), ("+99", 2), ("-99", 2)])
def test_a_revision_that_does_not_exist_is_refused(here: list[str], target: str, code: int) -> None:
    refused = invoke("db", "upgrade", *here, "--", target)
    assert refused.exit_code == code
    assert "tocsin db history" in refused.stderr


def test_a_new_revision_is_written_beside_the_others(
    here: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = tmp_path / "migrations"
    shutil.copytree(versions.MIGRATIONS, copied, ignore=shutil.ignore_patterns("__pycache__"))
    for module in (migrate, versions):
        monkeypatch.setattr(module, "MIGRATIONS", copied)
    behind = invoke("db", "revision", "colour of websites", *here)
    assert behind.exit_code == 1
    assert "tocsin db upgrade" in behind.stderr
    invoke("db", "upgrade", *here)
    made = invoke("db", "revision", "colour of websites", "--empty", *here)
    assert made.exit_code == 0
    assert Path(made.stdout.strip()).parent == copied / "versions"
    assert "colour of websites" in Path(made.stdout.strip()).read_text(encoding="utf-8")


def test_a_revision_that_cannot_be_written_says_why(
    here: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = tmp_path / "migrations"
    shutil.copytree(versions.MIGRATIONS, copied, ignore=shutil.ignore_patterns("__pycache__"))
    for module in (migrate, versions):
        monkeypatch.setattr(module, "MIGRATIONS", copied)
    invoke("db", "upgrade", *here)
    (copied / "script.py.mako").unlink()
    failed = invoke("db", "revision", "colour", "--empty", *here)
    assert failed.exit_code == 1
    assert failed.stderr.startswith("Error: cannot write the migration")


def test_other_commands_refuse_a_postgres_that_is_behind(postgres_url: str) -> None:
    refused = invoke("websites", "list", "--database", postgres_url)
    assert refused.exit_code == 2
    assert "tocsin db upgrade" in refused.stderr
    invoke("db", "upgrade", "--database", postgres_url)
    assert invoke("websites", "list", "--database", postgres_url).exit_code == 0


def test_other_commands_create_an_sqlite_file_by_themselves(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "t.db"
    assert invoke("websites", "list", "--database", path).exit_code == 0
    opened = Database(path, create=False)
    assert migrate.schema_state(opened.engine).is_current
    opened.dispose()


def test_a_database_that_cannot_be_reached_is_named_without_its_password() -> None:
    failed = invoke("db", "current", "--database", "postgresql://maria:secret@127.0.0.1:1/t")
    assert failed.exit_code == 1
    assert failed.stderr.startswith("Error: cannot use postgresql")
    assert "secret" not in failed.stderr


def test_the_settings_file_can_name_the_database(tmp_path: Path) -> None:
    config = tmp_path / "tocsin.toml"
    config.write_text(f'database_url = "sqlite:///{tmp_path}/from_file.db"\n', encoding="utf-8")
    assert invoke("db", "upgrade", "--config", config).exit_code == 0
    assert (tmp_path / "from_file.db").is_file()


def test_every_fault_of_the_settings_is_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_PORT", "many")
    monkeypatch.setenv("TOCSIN_COLOUR", "red")
    failed = invoke("db", "current", "--database", tmp_path / "t.db")
    assert failed.exit_code == 2
    assert "TOCSIN_PORT" in failed.stderr
    assert "TOCSIN_COLOUR" in failed.stderr
