"""Migrations on both databases: they make the tables that the code has, and undo it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, create_engine, text

from tocsin import Base, Database, SchemaBehind, StorageUnavailable
from tocsin.storage import migrate, versions

ROOT = Path(__file__).parents[2]
HEAD = versions.head_revision()
REVISIONS = sorted(path.name[:4] for path in (versions.MIGRATIONS / "versions").glob("[0-9]*.py"))


@pytest.fixture
def opened(database_url: str) -> Iterator[Database]:
    """An empty database: no table was created."""
    database = Database(database_url, create=False)
    yield database
    database.dispose()


def shape_of(connection: Connection) -> list[str]:
    """Everything the database itself says of its tables, columns, keys and indexes."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(
            'SELECT m.name, i.name, i.type, i."notnull", i.pk FROM sqlite_master m, pragma_table_info(m.name) i'
            " WHERE m.type = 'table'"
            " UNION ALL SELECT name, sql, '', 0, 0 FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            " UNION ALL SELECT name, 'options', sql LIKE '%AUTOINCREMENT%', sql LIKE '%WITHOUT ROWID%', 0"
            " FROM sqlite_master WHERE type = 'table'"
            ' UNION ALL SELECT m.name, f."table", f.on_delete, f."from", f."to"'
            " FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'"
        )
    else:
        rows = connection.exec_driver_sql(
            "SELECT table_name, column_name, data_type, is_nullable, coalesce(column_default, '')"
            " FROM information_schema.columns WHERE table_schema = 'public'"
            " UNION ALL SELECT tablename, indexdef, '', '', '' FROM pg_indexes WHERE schemaname = 'public'"
            " UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace"
        )
    return sorted(str(tuple(row)).replace('"', "") for row in rows if row[0] != "alembic_version")


def fill(engine: Engine) -> None:
    """Put a row into the tables of the newest revision."""
    with engine.begin() as connection:
        moment = "2026-03-01 12:00:00.000000"
        columns = {
            "id": "1", "url": "'https://example.com'", "url_key": "'https://example.com/'", "name": "'Example'",
            "check_interval": "300", "timeout": "30", "max_retries": "3", "is_active": "true", "method": "'GET'",
            "request_headers": "'{}'", "expected_status": "'200-399'", "follow_redirects": "true",
            "max_redirects": "10", "verify_tls": "true", "address_family": "'ANY'", "expectations": "'[]'",
            "tags": "'[]'", "regions": "'[]'", "created_at": f"'{moment}'", "updated_at": f"'{moment}'",
        }  # fmt: skip
        names, values = ", ".join(columns), ", ".join(columns.values())
        connection.exec_driver_sql(f"INSERT INTO websites ({names}) VALUES ({values})")
        connection.exec_driver_sql(
            "INSERT INTO monitor_checks (website_id, checked_at, created_delay_ms, status, http_method, attempts)"
            " VALUES (1, 1772366400000000, 5, 0, 0, 1)"
        )
        connection.exec_driver_sql("UPDATE websites SET period = 86400, grace = 300")
        connection.exec_driver_sql("INSERT INTO heartbeats (website_id, pings_count) VALUES (1, 1)")
        connection.exec_driver_sql(
            "INSERT INTO heartbeat_pings (website_id, slot, number, kind, received_at, method, body_bytes)"
            " VALUES (1, 1, 1, 'SUCCESS', 1772366400000000, 0, 0)"
        )


def test_the_migrations_make_exactly_the_tables_of_the_code(opened: Database) -> None:
    migrate.upgrade(opened.engine)
    with opened.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrations_and_create_all_come_to_the_same(opened: Database) -> None:
    migrate.upgrade(opened.engine)
    with opened.engine.connect() as connection:
        migrated = shape_of(connection)
    migrate.downgrade(opened.engine, "base")
    opened.create_all()
    with opened.engine.connect() as connection:
        created = shape_of(connection)
    assert len(created) > 100
    assert migrated == created


def test_every_step_goes_down_and_up_again_with_data_in_it(opened: Database) -> None:
    migrate.upgrade(opened.engine)
    with opened.engine.connect() as connection:
        before = shape_of(connection)
    fill(opened.engine)
    for revision in reversed(REVISIONS):
        assert versions.schema_state(opened.engine).current == revision
        migrate.downgrade(opened.engine, "-1")
    assert opened.table_names() == ["alembic_version"]
    for revision in REVISIONS:
        migrate.upgrade(opened.engine, "+1")
        assert versions.schema_state(opened.engine).current == revision
    with opened.engine.connect() as connection:
        assert shape_of(connection) == before


def test_an_empty_database_is_created_and_stamped(opened: Database) -> None:
    opened.create_all()
    assert versions.schema_state(opened.engine) == versions.SchemaState(HEAD, HEAD, True)
    fill(opened.engine)
    opened.create_all()
    migrate.upgrade(opened.engine)
    with opened.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM monitor_checks")) == 1


def test_a_schema_that_is_behind_is_upgraded_on_sqlite_and_refused_on_postgres(opened: Database) -> None:
    opened.create_all()
    migrate.downgrade(opened.engine, "base")
    with opened.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0000')")
    with pytest.raises(SchemaBehind, match=r"is at 0000, .* run `tocsin db upgrade"):
        opened.check_schema()
    if not opened.is_sqlite:
        with pytest.raises(SchemaBehind, match="tocsin db upgrade"):
            Database(opened.url.render_as_string(hide_password=False))


def test_a_schema_of_a_later_release_is_left_alone(opened: Database) -> None:
    opened.create_all()
    with opened.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaBehind, match=r"9999, which is newer .* update Tocsin"):
        opened.create_all()


def test_tables_that_create_all_made_are_taken_over(opened: Database) -> None:
    Base.metadata.create_all(opened.engine)
    fill(opened.engine)
    opened.create_all()
    assert versions.schema_state(opened.engine).is_current
    with opened.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM websites")) == 1


def test_tables_of_somebody_else_are_not_taken_over(opened: Database) -> None:
    with opened.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE websites (id INTEGER PRIMARY KEY, colour TEXT)")
    with pytest.raises(SchemaBehind, match=r"unknown origin that lack .*websites\.url_key"):
        opened.create_all()
    assert opened.table_names() == ["websites"]


def add_migration(folder: Path, body: str) -> None:
    (folder / "versions" / "9001_next.py").write_text(
        '"""next"""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
        f"revision = '9001'\ndown_revision = '{HEAD}'\nbranch_labels = depends_on = None\n\n\n"
        f"def upgrade():\n{body}\n\n\ndef downgrade():\n    pass\n",
        encoding="utf-8",
    )


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations to which one can be added."""
    folder = tmp_path / "migrations"
    shutil.copytree(versions.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(versions, "MIGRATIONS", folder)
    monkeypatch.setattr(migrate, "MIGRATIONS", folder)
    return folder


def test_rebuilding_a_table_keeps_what_points_to_it(opened: Database, copied: Path) -> None:
    opened.create_all()
    fill(opened.engine)
    add_migration(
        copied,
        "    with op.batch_alter_table('websites', recreate='always') as batch:\n"
        "        batch.add_column(sa.Column('colour', sa.Text()))"
        if opened.is_sqlite
        else "    op.add_column('websites', sa.Column('colour', sa.Text()))",
    )
    migrate.upgrade(opened.engine)
    with opened.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM monitor_checks")) == 1
        assert connection.scalar(text("SELECT count(*) FROM websites WHERE colour IS NULL")) == 1
        if opened.is_sqlite:
            assert connection.scalar(text("PRAGMA foreign_keys")) == 1


def test_a_migration_that_fails_leaves_nothing_behind(opened: Database, copied: Path) -> None:
    opened.create_all()
    add_migration(
        copied, "    op.create_table('colours', sa.Column('id', sa.Integer()))\n    raise RuntimeError('half way')"
    )
    with pytest.raises(RuntimeError, match="half way"):
        migrate.upgrade(opened.engine)
    assert "colours" not in opened.table_names()
    assert versions.schema_state(opened.engine).current == HEAD


def test_an_sqlite_that_is_behind_upgrades_itself(tmp_path: Path, copied: Path) -> None:
    path = tmp_path / "t.db"
    Database(path).dispose()
    add_migration(copied, "    op.create_table('colours', sa.Column('id', sa.Integer()))")
    opened = Database(path)
    assert "colours" in opened.table_names()
    assert versions.schema_state(opened.engine).is_current
    opened.dispose()


def test_the_history_marks_where_the_database_is(opened: Database) -> None:
    opened.create_all()
    lines: list[str] = []
    migrate.history(opened.engine, lines.append)
    assert lines[0].startswith(f"{HEAD}  ")
    assert lines[0].endswith(" (current)")
    assert lines[-1].startswith("0001  initial schema")


def alembic(url: str, *arguments: str, data_dir: Path) -> str:
    environ = {**os.environ, "TOCSIN_DATABASE_URL": url, "TOCSIN_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "alembic", *arguments]
    run = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_plain_alembic_works_from_a_checkout(database_url: str, tmp_path: Path) -> None:
    assert alembic(database_url, "current", data_dir=tmp_path).strip() == ""
    alembic(database_url, "upgrade", "head", data_dir=tmp_path)
    assert alembic(database_url, "current", data_dir=tmp_path).strip() == f"{HEAD} (head)"
    assert "<base> -> 0001" in alembic(database_url, "history", data_dir=tmp_path)
    Database(database_url).dispose()
    alembic(database_url, "downgrade", "-1", data_dir=tmp_path)
    opened = Database(database_url, create=False)
    state = versions.schema_state(opened.engine)
    opened.dispose()
    assert state.current == (None if HEAD == "0001" else REVISIONS[-2])


def test_several_processes_can_create_one_database_at_once(database_url: str) -> None:
    code = (
        "import sys; from tocsin import Database; print('ready', flush=True); sys.stdin.readline();"
        " database = Database(sys.argv[1]); print(len(database.table_names())); database.dispose()"
    )
    command = [sys.executable, "-c", code, database_url]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=pipe) for _ in range(4)]
    for one in processes:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    answers = [one.communicate(timeout=60) for one in processes]
    assert [error for _, error in answers if error] == []
    assert {int(out) for out, _ in answers} == {len(Base.metadata.tables) + 1}


def test_the_metadata_can_be_created_on_a_plain_engine() -> None:
    engine = create_engine("sqlite:///:memory:")
    Base.metadata.create_all(engine)
    with engine.connect() as connection:
        assert versions.missing_columns(connection, Base.metadata) == []
    engine.dispose()


def test_a_column_that_is_missing_is_named() -> None:
    engine = create_engine("sqlite:///:memory:")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE a (id INTEGER)")
        metadata = MetaData()
        Table("a", metadata, Column("id", Integer), Column("colour", Integer))
        assert versions.missing_columns(connection, metadata) == ["a.colour"]
    engine.dispose()


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    path.write_text("hello " * 1000, encoding="utf-8")
    with pytest.raises(StorageUnavailable, match="no SQLite database"):
        Database(path)
