"""The inbox: bodies of alerts that were accepted, durable before anybody is told so, until they are worked in."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.exc import DBAPIError

from tocsin.errors import StorageUnavailable
from tocsin.model.times import from_epoch_us
from tocsin.storage.database import Database
from tocsin.storage.tables.alert_inbox import AlertInbox

Row = tuple[int, bytes]
"""Microseconds since 1970 at which a body was received, and the body."""


class InboxWriter:
    """Appends bodies, many in one commit, over one connection of its own. Used by one thread.

    With `is_power_safe` each commit waits for the disk (SQLite: `synchronous = FULL`), so that what was accepted
    survives a power cut; without, it survives the death of the process (and on PostgreSQL whatever the server's own
    `synchronous_commit` says).
    """

    def __init__(self, database: Database, *, is_power_safe: bool = False) -> None:
        self._database = database
        self._connection = database.engine.connect()
        driver: Any = self._connection.connection.driver_connection
        self._driver = driver
        if database.is_sqlite and is_power_safe:
            driver.execute("PRAGMA synchronous = FULL")

    def append(self, rows: Sequence[Row]) -> None:
        """Store `rows` and commit.

        Raises:
            StorageUnavailable: the database cannot be written to; nothing of `rows` was stored.
        """
        try:
            if self._database.is_sqlite:
                self._append_to_file(rows)
            else:
                self._append_to_server(rows)
        except (DBAPIError, sqlite3.Error) as error:
            raise StorageUnavailable(f"alerts cannot be stored: {error}") from error

    def _append_to_server(self, rows: Sequence[Row]) -> None:
        values = [{"received_at": from_epoch_us(at), "payload": payload} for at, payload in rows]
        with self._connection.begin():
            self._connection.execute(insert(AlertInbox), values)

    def _append_to_file(self, rows: Sequence[Row]) -> None:
        """By the driver itself: SQLAlchemy would cost more than the row."""
        self._driver.execute("BEGIN IMMEDIATE")
        try:
            self._driver.executemany("INSERT INTO alert_inbox (received_at, payload) VALUES (?, ?)", rows)
            self._driver.commit()
        except BaseException:
            self._driver.rollback()
            raise

    def close(self) -> None:
        """Give the connection back."""
        if self._database.is_sqlite:
            self._driver.execute("PRAGMA synchronous = NORMAL")
        self._connection.close()


def take(connection: Connection, most_bytes: int, limit: int = 2000) -> list[tuple[int, datetime, bytes]]:
    """Return the oldest bodies with ids and times, up to so many bytes; others skip them until the commit."""
    wanted = select(AlertInbox.id, AlertInbox.received_at, AlertInbox.payload).order_by(AlertInbox.id).limit(limit)
    taken, size = [], 0
    for row in connection.execute(wanted.with_for_update(skip_locked=True)):
        taken.append((row.id, row.received_at, row.payload))
        size += len(row.payload)
        if size > most_bytes:
            break
    return taken


def remove(connection: Connection, ids: Sequence[int]) -> None:
    """Delete bodies that were worked in; the caller commits."""
    connection.execute(delete(AlertInbox).where(AlertInbox.id.in_(ids)))


def waiting_count(connection: Connection) -> int:
    """Return how many bodies wait."""
    return connection.scalar(select(func.count()).select_from(AlertInbox)) or 0


def last_id(connection: Connection) -> int:
    """Return the id of the newest body that waits, 0 where none does."""
    return connection.scalar(select(func.max(AlertInbox.id))) or 0


def is_worked_in(connection: Connection, until_id: int) -> bool:
    """Return whether no body up to that id waits any more."""
    return connection.scalar(select(AlertInbox.id).where(AlertInbox.id <= until_id).limit(1)) is None
