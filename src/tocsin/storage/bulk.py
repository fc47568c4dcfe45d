"""Many rows in one statement, in each database's fastest way: executemany on SQLite, COPY and unnest on PostgreSQL.

Values are raw column values (numbers, text, bytes), not what the tables' types convert.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Table
from sqlalchemy.exc import DBAPIError

Row = Sequence[Any]


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert `rows`, whose values stand in the order of `columns`."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, columns, rows)
    else:
        connection.exec_driver_sql(_insert_sql(table, tuple(columns)), [tuple(row) for row in rows])


def insert_new_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
    """Insert `rows`, whose values stand in the order of `columns`; return their new primary keys, in order."""
    if connection.dialect.name == "postgresql":
        ids = next_ids(connection, table, len(rows))
        with_ids = [(new_id, *row) for new_id, row in zip(ids, rows, strict=True)]
        insert_rows(connection, table, ("id", *columns), with_ids)
        return ids
    insert_rows(connection, table, columns, rows)
    # SQLite numbers on from the highest id, and lets nobody else write in between.
    last = connection.exec_driver_sql("SELECT last_insert_rowid()").scalar_one()
    return list(range(last - len(rows) + 1, last + 1))


def _copy(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    sql = f"COPY {table.name} ({names}) FROM STDIN"
    of_driver = connection.dialect.loaded_dbapi.Error
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(sql) as copy:
            for row in rows:
                copy.write_row(row)
    except of_driver as error:  # SQLAlchemy does not see what its driver raises here
        raise DBAPIError.instance(sql, None, error, of_driver, dialect=connection.dialect) from error
    finally:
        cursor.close()


def next_ids(connection: Connection, table: Table, count: int) -> list[int]:
    """Reserve `count` ascending primary keys. On SQLite the caller must hold the write lock."""
    if connection.dialect.name == "postgresql":
        sql = f"SELECT nextval('{table.name}_id_seq') FROM generate_series(1, %s)"
        return [row[0] for row in connection.exec_driver_sql(sql, (count,))]
    if table.dialect_options["sqlite"]["autoincrement"]:  # no number is given twice, even after a delete
        sql = f"SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '{table.name}'"
    else:
        sql = f"SELECT coalesce(max(id), 0) FROM {table.name}"
    last = connection.exec_driver_sql(sql).scalar_one()
    return list(range(last + 1, last + 1 + count))


def upsert_rows(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    add: Sequence[str] = (),
) -> None:
    """Insert `rows` or, where the primary key is there already, update it.

    Columns in `add` grow by the given value, the others are replaced. No two rows may have the same key.
    """
    if not rows:
        return
    statement = _upsert_sql(table, tuple(columns), tuple(add), connection.dialect.name)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(statement, tuple(map(_array, zip(*rows, strict=True))))
    else:
        connection.exec_driver_sql(statement, [tuple(row) for row in rows])


@lru_cache
def _insert_sql(table: Table, columns: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"


@lru_cache
def _upsert_sql(table: Table, columns: tuple[str, ...], add: tuple[str, ...], dialect: str) -> str:
    keys = [column.name for column in table.primary_key]
    changes = ", ".join(
        f"{name} = {table.name}.{name} + excluded.{name}" if name in add else f"{name} = excluded.{name}"
        for name in columns
        if name not in keys
    )
    if dialect == "postgresql":
        arrays = ", ".join(f"%s::{_array_type(table, name)}[]" for name in columns)
        source = f"SELECT * FROM unnest({arrays})"
    else:
        source = f"VALUES ({', '.join('?' * len(columns))})"
    return (
        f"INSERT INTO {table.name} ({', '.join(columns)}) {source}"
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}"
    )


def _array_type(table: Table, name: str) -> str:
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 (only where it is used)

    kind = table.c[name].type
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return "bigint" if isinstance(kind, BigInteger) else str(kind.compile(dialect))


def _array(values: tuple[Any, ...]) -> str | list[Any]:
    """Return a column as a PostgreSQL array; whole numbers as its literal, which is far quicker to make."""
    if all(value is None or type(value) is int for value in values):
        return "{" + str(list(values))[1:-1].replace("None", "NULL") + "}"
    return list(values)
