"""The databases that the other tests stand on."""

from sqlalchemy import inspect, text

from tests.support.databases import PostgresServer
from tocsin import Database


def test_a_fresh_database_has_every_table(database: Database) -> None:
    assert {"websites", "monitor_checks"} <= set(database.table_names())


def test_both_kinds_of_database_are_real(database: Database) -> None:
    with database.session() as db:
        version = "sqlite_version()" if database.is_sqlite else "version()"
        assert db.execute(text(f"SELECT {version}")).scalar_one()


def test_a_database_used_before_is_empty_again(postgres_server: PostgresServer) -> None:
    with postgres_server.empty_database() as first:
        opened = Database(first)
        kept_open = opened.engine.connect()
        assert opened.table_names()
    with postgres_server.empty_database() as second:
        again = Database(second, create=False)
        assert second == first
        assert inspect(again.engine).get_table_names() == []
        again.dispose()
    kept_open.invalidate()
    opened.dispose()
