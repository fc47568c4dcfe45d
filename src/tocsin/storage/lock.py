"""Who watches: at most one process for an SQLite file. The lock goes with the process, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tocsin.errors import Conflict
from tocsin.storage.database import Database


@contextmanager
def sole_watcher(database: Database) -> Iterator[None]:
    """Hold the right to watch this database; on PostgreSQL, and in memory, there is nothing to hold.

    Raises:
        Conflict: another process watches it.
    """
    name = database.url.database
    if not database.is_sqlite or not name or name == ":memory:" or name.startswith("file:"):
        yield
        return
    path = Path(name).expanduser().resolve()
    number = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(number, 20).decode(errors="replace").strip() or "unknown"
            raise Conflict(
                f"another Tocsin (process {holder}) watches {path} already: stop it,"
                " or serve beside it with TOCSIN_SCHEDULER_ENABLED=false"
            ) from error
        os.ftruncate(number, 0)
        os.pwrite(number, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(number)
