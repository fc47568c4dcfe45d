"""How Alembic reaches the database: on the connection it was given, or on the configured one."""

from collections.abc import Iterable
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrationScript
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from tocsin.settings import load_settings
from tocsin.storage.database import Database
from tocsin.storage.tables import Base
from tocsin.storage.tables.types import Code, EpochMicroseconds, Milliseconds, UTCDateTime
from tocsin.storage.versions import lock_schema


def plain_types(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our own column types as the plain ones they are stored as: a migration must not change with the code."""
    if kind != "type":
        return False
    if isinstance(item, (EpochMicroseconds, Milliseconds)):
        return "sa.BigInteger()"
    if isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return "sa.SmallInteger()" if isinstance(item, Code) else False


def number_in_order(
    migration: MigrationContext,
    _revision: str | Iterable[str | None] | Iterable[str],
    directives: list[MigrationScript],
) -> None:
    """Name the next revision 0002, 0003, …: the order shows in a listing."""
    heads = migration.get_current_heads()
    script = directives[0]
    if script.upgrade_ops is not None:
        script.rev_id = f"{int(max(heads, default='0')) + 1:04d}"


def run(connection: Connection) -> None:
    """Run what Alembic was asked for, on `connection`, in one transaction that nobody else changes the schema in."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
    else:
        # Rebuilding a table drops it, and what points to it would be deleted along with it.
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    lock_schema(connection)
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=plain_types,
        process_revision_directives=number_in_order,
    )
    try:
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    finally:
        connection.rollback()
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    database = Database(load_settings().database_url, create=False)
    with database.engine.connect() as own:
        run(own)
    database.dispose()
