"""Who works off a queue of which only one process may at a time: a row that its holder keeps renewing."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tocsin.storage.tables.deliveries import Lease


def take_lease(connection: Connection, name: str, holder: str, now: datetime, length: timedelta) -> bool:
    """Take or renew a lease; return whether `holder` has it now. The caller commits.

    Args:
        connection: in a write transaction.
        name: of the queue.
        holder: who asks, the same for as long as it lives.
        now: the moment.
        length: how long it holds unless it is renewed.
    """
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(insert(Lease).values(name=name, holder=holder, until=now + length).on_conflict_do_nothing())
    is_free = or_(Lease.holder == holder, Lease.until <= now)
    changed = connection.execute(
        update(Lease).where(Lease.name == name, is_free).values(holder=holder, until=now + length)
    )
    return changed.rowcount == 1


def release_lease(connection: Connection, name: str, holder: str | None = None) -> None:
    """Let go of a lease; without `holder` take it from whoever has it."""
    gone = delete(Lease).where(Lease.name == name)
    connection.execute(gone if holder is None else gone.where(Lease.holder == holder))


def holds_lease(connection: Connection, name: str, holder: str, now: datetime) -> bool:
    """Return whether `holder` has a lease, and keep others from taking it until the commit."""
    wanted = select(Lease.name).where(Lease.name == name, Lease.holder == holder, Lease.until > now)
    return connection.execute(wanted.with_for_update()).first() is not None
