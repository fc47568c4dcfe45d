"""Where the data lives: one engine per database, set up for many readers beside one busy writer."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    TimeoutError as PoolTimeout,
)
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from tocsin.errors import Conflict, ExtraMissing, Invalid, SchemaBehind, StorageUnavailable
from tocsin.storage.tables import Base
from tocsin.storage.versions import lock_schema, missing_columns, schema_state, stamp_head, state_on

BUSY_TIMEOUT_MS = 10_000
AUTOCHECKPOINT_PAGES = 10_000
"""With so much in SQLite's log, whoever commits brings it into the file; housekeeping, if it runs, does long before."""

__all__ = ["Connection", "Database", "Session", "database_url", "translated_errors"]


def database_url(target: str | Path) -> URL:
    """Return the SQLAlchemy URL of a database named by URL or by the path of an SQLite file.

    `postgres://` and `postgresql://` mean psycopg 3.

    Raises:
        Invalid: it is neither, or a kind of database that Tocsin does not run on.
    """
    text = str(target)
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).expanduser()))
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise Invalid(f"{text!r} is not a database URL: {error}", field="database_url") from error
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise Invalid(
            f"Tocsin runs on sqlite:///path and postgresql://…, not on {url.drivername}",
            field="database_url",
        )
    return url


class Database:
    """An engine and its sessions.

    Opening one creates missing folders and, in an empty database, all tables. An SQLite file of an older
    release is upgraded; a PostgreSQL that is behind is refused, since other machines may be using it.
    """

    def __init__(self, target: str | Path, *, create: bool = True) -> None:
        """Open the database.

        Args:
            target: a path, `sqlite:///path`, or `postgresql://user@host/name`.
            create: False leaves the schema alone, whatever state it is in.

        Raises:
            SchemaBehind: a PostgreSQL schema of an older release.
            StorageUnavailable: the server or the folder cannot be reached.
            ExtraMissing: PostgreSQL is meant, but psycopg is not installed.
        """
        self.url = database_url(target)
        self.engine = _engine(self.url)
        self.sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._turn = threading.Lock()  # SQLite's own waiting is sleeping, up to 100 ms at a time
        if create:
            try:
                self.create_all()
            except BaseException:
                self.dispose()
                raise

    @property
    def is_sqlite(self) -> bool:
        """True on SQLite, which only one process should write to much."""
        return self.url.get_backend_name() == "sqlite"

    def create_all(self) -> None:
        """Bring the schema to this release: create it where nothing is there, upgrade an SQLite that is behind."""
        with translated_errors(self.url):
            state = schema_state(self.engine)
            if state.is_current:
                return
            if state.current is None:
                self._create_tables()
            elif self.is_sqlite and not state.is_newer:
                from tocsin.storage.migrate import upgrade  # noqa: PLC0415 (Alembic is needed only here)

                upgrade(self.engine)
        self.check_schema()

    def check_schema(self) -> None:
        """Return where the schema is this program's own.

        Raises:
            SchemaBehind: it is not; the text says what to run.
            StorageUnavailable: the database cannot be reached.
        """
        with translated_errors(self.url):
            state = schema_state(self.engine)
        if state.is_newer:
            raise SchemaBehind(
                f"the database schema is at {state.current}, which is newer than this program knows ({state.head}):"
                " update Tocsin"
            )
        if not state.is_current:
            raise SchemaBehind(
                f"the database schema is at {state.current or 'no revision'}, this program needs {state.head}:"
                " run `tocsin db upgrade` with the same settings, or with --database and the same URL"
            )

    def _create_tables(self) -> None:
        """Create what is missing, all or nothing, unless another process has done so in the meantime.

        Tables that `Base.metadata.create_all` made are taken over where nothing is missing in them.
        """
        with self.write_transaction() as connection:
            lock_schema(connection)
            if state_on(connection).current is not None:
                return
            Base.metadata.create_all(connection)
            if missing := missing_columns(connection, Base.metadata):
                raise SchemaBehind(f"the database has tables of unknown origin that lack {', '.join(missing)}")
            stamp_head(connection)

    def table_names(self) -> list[str]:
        """Return the names of all tables that are there."""
        return inspect(self.engine).get_table_names()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Yield a Session; what is not committed at the end is rolled back."""
        with self.sessions() as db:
            yield db

    @contextmanager
    def write_transaction(self) -> Iterator[Connection]:
        """Yield a connection that may write from its start; commit at the end, or roll back where the block raises.

        Raises:
            StorageUnavailable: the database cannot be reached, or another writer holds it for too long.
            Conflict: a row contradicts another one, for example a website that was deleted meanwhile.
        """
        with translated_errors(self.url), self._my_turn():
            try:
                with self.engine.connect() as connection:
                    if self.is_sqlite:
                        connection.exec_driver_sql("BEGIN IMMEDIATE")
                    yield connection
                    connection.commit()
            except IntegrityError as error:
                raise Conflict(f"the database refused a row: {error.orig}") from error

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        """Let the writers of this process follow each other without a pause; SQLite itself decides among processes."""
        is_mine = self.is_sqlite and self._turn.acquire(timeout=BUSY_TIMEOUT_MS / 1000)
        try:
            yield
        finally:
            if is_mine:
                self._turn.release()

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()


@contextmanager
def translated_errors(url: URL) -> Iterator[None]:
    """Turn a database that cannot be reached into StorageUnavailable, naming it without its password.

    A value that a column cannot hold becomes Invalid: PostgreSQL's texts, for one, have no NUL character.
    """
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise StorageUnavailable(f"cannot use {url.render_as_string(hide_password=True)}: {reason}") from error
    except DataError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise Invalid(f"the database cannot hold one of the values: {reason}") from error
    except DatabaseError as error:
        if type(error.orig) is not sqlite3.DatabaseError:
            raise
        raise StorageUnavailable(f"{url.database} is no SQLite database, or it is damaged: {error.orig}") from error
    except StaleDataError as error:
        raise Conflict("it was deleted in the same moment") from error


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        _make_folder(url)
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
        event.listen(engine, "connect", _set_pragmas)
        return engine
    try:
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)
    except ModuleNotFoundError as error:
        raise ExtraMissing('PostgreSQL needs the extra "postgres": pip install "tocsin[postgres]"') from error


def _make_folder(url: URL) -> None:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        return
    folder = Path(url.database).resolve().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageUnavailable(f"cannot create the folder {folder}: {error.strerror}") from error


def _set_pragmas(connection: sqlite3.Connection, _record: Any) -> None:
    """Readers never wait for the writer (WAL); a writer waits for another one instead of failing."""
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    if (
        cursor.execute("PRAGMA auto_vacuum").fetchone()[0] != 2
        and not cursor.execute("PRAGMA page_count").fetchone()[0]
    ):
        cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {AUTOCHECKPOINT_PAGES}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA cache_size = -16384")
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.close()
