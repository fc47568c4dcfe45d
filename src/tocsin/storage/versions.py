"""Which schema a database has, and which one this program needs. Read without Alembic, whose import is slow."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, delete, insert, inspect, select

MIGRATIONS = Path(__file__).parent / "migrations"

_SCHEMA_LOCK = 0x746F6373696E  # any number that other programs are unlikely to lock

# Alembic's own table, as it makes it itself.
_alembic_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Which revision a database is at, and which one this program needs."""

    current: str | None
    head: str
    has_tables: bool

    @property
    def is_newer(self) -> bool:
        """True where a later release of this program made the schema."""
        return self.current is not None and self.current > self.head

    @property
    def is_current(self) -> bool:
        """True where the schema is this program's own."""
        return self.current == self.head


def head_revision() -> str:
    """Return the newest revision that this program knows: the scripts' names begin with their numbers."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def schema_state(engine: Engine) -> SchemaState:
    """Read which revision the database is at."""
    with engine.connect() as connection:
        return state_on(connection)


def state_on(connection: Connection) -> SchemaState:
    """Read which revision the database is at, within the transaction of `connection`."""
    tables = inspect(connection)
    is_stamped = tables.has_table(_alembic_version.name)
    current = connection.scalar(select(_alembic_version.c.version_num)) if is_stamped else None
    return SchemaState(current, head_revision(), tables.has_table("websites"))


def lock_schema(connection: Connection) -> None:
    """Wait until no other process changes the schema; on SQLite the transaction that has begun to write does."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")


def missing_columns(connection: Connection, metadata: MetaData) -> list[str]:
    """Return the columns of `metadata` that the database lacks, as "table.column"."""
    tables = inspect(connection)
    missing: list[str] = []
    for table in metadata.sorted_tables:
        there = {column["name"] for column in tables.get_columns(table.name)}
        missing.extend(f"{table.name}.{column.name}" for column in table.columns if column.name not in there)
    return missing


def stamp_head(connection: Connection) -> None:
    """Record that the schema is at the newest revision, without running anything."""
    _alembic_version.create(connection, checkfirst=True)
    connection.execute(delete(_alembic_version))
    connection.execute(insert(_alembic_version).values(version_num=head_revision()))
