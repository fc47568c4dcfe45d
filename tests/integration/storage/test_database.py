"""Opening a database: what names one, how it is set up, and what its errors become."""

import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm.exc import StaleDataError

from tests.support.history import add_site
from tocsin import (
    Base,
    Conflict,
    Database,
    ExtraMissing,
    Invalid,
    MonitorStatus,
    SchemaBehind,
    StorageUnavailable,
    WebsiteCRUD,
    get_db,
)
from tocsin.model.times import utcnow
from tocsin.settings import load_settings
from tocsin.storage import bulk
from tocsin.storage.configured import default_database, open_database
from tocsin.storage.database import database_url, translated_errors
from tocsin.storage.tables.records import OutboxEvent, WebsiteState
from tocsin.storage.tables.types import utc_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("t.db", "sqlite:///t.db"),
        (Path("/srv/t.db"), "sqlite:////srv/t.db"),
        ("~/t.db", f"sqlite:///{Path('~/t.db').expanduser()}"),
        ("sqlite:///t.db", "sqlite:///t.db"),
        ("postgres://me@db/t", "postgresql+psycopg://me@db/t"),
        ("postgresql://me:hush@db:5433/t?sslmode=require", "postgresql+psycopg://me:hush@db:5433/t?sslmode=require"),
        ("postgresql+psycopg://db/t", "postgresql+psycopg://db/t"),
    ],
)
def test_a_path_or_a_url_names_a_database(target: str | Path, url: str) -> None:
    assert database_url(target).render_as_string(hide_password=False) == url


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("mysql://db/t", "not on mysql"),
        ("postgresql+psycopg2://db/t", r"not on postgresql\+psycopg2"),
        ("sqlite+aiosqlite:///t.db", r"not on sqlite\+aiosqlite"),
        ("://db", "is not a database URL"),
    ],
)
def test_other_kinds_of_database_are_refused(target: str, why: str) -> None:
    with pytest.raises(Invalid, match=why) as caught:
        Database(target)
    assert caught.value.field == "database_url"


def test_missing_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "t.db"
    Database(path).dispose()
    assert path.is_file()


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageUnavailable, match="cannot create the folder"):
        Database(tmp_path / "file" / "t.db")


def test_a_database_in_memory_works_too() -> None:
    for target in (":memory:", "sqlite://"):
        database = Database(target)
        add_site(database)
        assert "websites" in database.table_names()
        database.dispose()


def test_sqlite_is_set_up_for_many_readers_beside_a_writer(tmp_path: Path) -> None:
    database = Database(tmp_path / "t.db")
    with database.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous", "auto_vacuum")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "busy_timeout": 10_000,
        "synchronous": 1,
        "auto_vacuum": 2,
    }
    database.dispose()


def test_a_postgres_without_its_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ExtraMissing, match='needs the extra "postgres"'):
        Database("postgresql://db/t")


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(
        StorageUnavailable, match=r"cannot use postgresql\+psycopg://me:\*\*\*@127\.0\.0\.1:1/t"
    ) as caught:
        Database("postgresql://me:hush@127.0.0.1:1/t")
    assert "hush" not in str(caught.value)


def test_a_writer_waits_for_another_one_and_then_says_so(tmp_path: Path) -> None:
    database, other = Database(tmp_path / "t.db"), Database(tmp_path / "t.db")
    with other.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 1")

    def write() -> None:
        with other.write_transaction():
            pass

    with database.write_transaction(), pytest.raises(StorageUnavailable, match="locked"):
        write()
    write()
    other.dispose()
    database.dispose()


def test_a_block_that_raises_is_rolled_back(database: Database, site: int) -> None:
    def fail() -> None:
        with database.write_transaction() as connection:
            connection.execute(text("UPDATE websites SET name = 'New'"))
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail()
    with database.session() as db:
        website = WebsiteCRUD.get_by_id(db, site)
        assert website is not None
        assert website.name != "New"


def test_what_is_not_committed_is_gone_with_its_session(database: Database, site: int) -> None:
    with database.session() as db:
        db.execute(text("UPDATE websites SET name = 'New'"))
    with database.session() as db:
        website = WebsiteCRUD.get_by_id(db, site)
        assert website is not None
        assert website.name != "New"


def test_a_row_that_contradicts_another_is_a_conflict(database: Database, site: int) -> None:
    with pytest.raises(Conflict, match="refused a row"), database.write_transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO website_states (website_id, status, status_since, first_checked_at, last_checked_at,"
                " consecutive_failures, skipped_checks_count) VALUES (99, 0, 0, 0, 0, 0, 0)"
            )
        )


def test_a_value_that_no_column_holds_is_invalid(postgres_url: str) -> None:
    database = Database(postgres_url)
    with pytest.raises(Invalid, match="cannot hold"), database.write_transaction() as connection:
        connection.execute(text("SELECT CAST('a' || :nul AS text)"), {"nul": "\0"})
    database.dispose()


def test_a_row_that_vanished_is_a_conflict_and_other_faults_stay_what_they_are() -> None:
    url = database_url("t.db")
    with pytest.raises(Conflict, match="same moment"), translated_errors(url):
        raise StaleDataError
    for fault in (ProgrammingError, IntegrityError):
        with pytest.raises(fault), translated_errors(url):
            raise fault("SELECT", None, sqlite3.ProgrammingError("no"))


def test_the_configured_database_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", f"sqlite:///{tmp_path}/t.db")
    default_database.cache_clear()
    first, second = next(get_db()), next(get_db())
    assert first.get_bind() is second.get_bind()
    assert WebsiteCRUD.get_all(first) == ([], 0)
    for opened in (first, second):
        opened.close()
    default_database().dispose()
    default_database.cache_clear()


def test_a_configured_postgres_has_to_be_upgraded_by_hand(postgres_url: str) -> None:
    settings = load_settings({"TOCSIN_DATABASE_URL": postgres_url})
    with pytest.raises(SchemaBehind, match=r"at no revision, .*tocsin db upgrade"):
        open_database(settings)
    Database(postgres_url).dispose()
    open_database(settings).dispose()


def test_raw_moments_of_both_drivers_are_aware() -> None:
    assert utc_of("2026-03-01 12:00:00.000000") == utc_of(NOON) == NOON


def test_new_rows_are_numbered_in_order(database: Database, site: int) -> None:
    table = OutboxEvent.__table__
    columns = ("kind", "website_id", "from_status", "to_status", "reason", "details", "occurred_at", "created_at")
    row = ("a", site, "UP", "DOWN", "b", "{}", "2026-03-01 12:00:00", "2026-03-01 12:00:00")
    with database.write_transaction() as connection:
        first = bulk.insert_new_rows(connection, table, columns, [row] * 3)  # type: ignore[arg-type]
        second = bulk.insert_new_rows(connection, table, columns, [row] * 2)  # type: ignore[arg-type]
        stored = list(connection.execute(table.select().order_by(table.c.id)).scalars())
    assert first + second == stored == sorted(set(stored))


def test_rows_are_added_to_or_replaced(database: Database, site: int) -> None:
    columns = ("website_id", "status", "status_since", "first_checked_at", "last_checked_at", "consecutive_failures",
               "skipped_checks_count", "last_message")  # fmt: skip
    with database.write_transaction() as connection:
        for count, message in ((2, "ä"), (3, None)):
            rows = [(site, 1, 0, 0, 0, 1, count, message)]
            bulk.upsert_rows(connection, WebsiteState.__table__, columns, rows, add=("skipped_checks_count",))  # type: ignore[arg-type]
        bulk.upsert_rows(connection, WebsiteState.__table__, columns, [])  # type: ignore[arg-type]
    with database.session() as db:
        state = db.get(WebsiteState, site)
        assert state is not None
        assert (state.skipped_checks_count, state.last_message, state.status) == (5, None, MonitorStatus.DOWN)
        state.breaker_open_until = utcnow()
        db.commit()


def test_every_table_is_registered_with_base() -> None:
    assert {"websites", "monitor_checks", "users", "outbox_events", "hourly_rollups"} <= set(Base.metadata.tables)
