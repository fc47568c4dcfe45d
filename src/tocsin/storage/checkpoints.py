"""SQLite's log: brought into the file beside the checks, so that no check waits for the disk to have it."""

import struct
from pathlib import Path

from sqlalchemy import Connection

_MX_FRAME, _N_BACKFILL = 16, 96
"""Places of two numbers in the index of the log. Source: SQLite, "The WAL-Index File Format"."""


def frames_waiting(path: str | None) -> int:
    """Return how many pages stand in the log of an SQLite file and not in the file; 0 where that cannot be told."""
    try:
        with Path(f"{path}-shm").open("rb") as index:
            head = index.read(_N_BACKFILL + 4)
        last, done = (int(struct.unpack_from("=I", head, place)[0]) for place in (_MX_FRAME, _N_BACKFILL))
    except (OSError, struct.error):
        return 0
    return max(0, last - done)


def checkpoint(connection: Connection) -> None:
    """Bring what was committed from the log into the file. Nobody waits for it.

    What others are reading at that moment stays for the next time. Source: SQLite, PRAGMA wal_checkpoint(PASSIVE).
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
