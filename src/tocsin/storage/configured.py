"""The database that the settings name, for the server, the command line and `get_db`."""

from collections.abc import Iterator
from functools import cache

from tocsin.settings import Settings, load_settings
from tocsin.storage.database import Database, Session


def open_database(settings: Settings) -> Database:
    """Open the configured database. An SQLite file is created and upgraded; a PostgreSQL has to be at this release.

    Raises:
        SchemaBehind: a PostgreSQL that `tocsin db upgrade` was not run on.
        StorageUnavailable: it cannot be reached.
    """
    database = Database(settings.database_url, create=False)
    try:
        if database.is_sqlite:
            database.create_all()
        else:
            database.check_schema()
    except BaseException:
        database.dispose()
        raise
    return database


@cache
def default_database() -> Database:
    """Return the configured database, opened once in this process; an SQLite file is created and upgraded."""
    return open_database(load_settings(strict=False))


def get_db() -> Iterator[Session]:
    """Yield a Session on the configured database and close it in the end; for FastAPI's `Depends` and for scripts."""
    with default_database().session() as db:
        yield db
