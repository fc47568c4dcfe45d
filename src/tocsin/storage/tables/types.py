"""Column types that keep rows small and times aware, alike on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from enum import Enum
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, SmallInteger
from sqlalchemy.types import TypeDecorator, TypeEngine

from tocsin.model.times import as_utc, from_epoch_us, to_epoch_us
from tocsin.storage.tables.codes import CODES, MEMBERS

E = TypeVar("E", bound=Enum)

Id = BigInteger().with_variant(Integer, "sqlite")
"""Primary keys; SQLite makes only a plain INTEGER an alias of the row id."""


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime: `timestamptz` on PostgreSQL, ISO text on SQLite. Naive ones are taken as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; SQLite gets it without the zone."""
        if value is None:
            return None
        value = as_utc(value)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return it aware, in UTC."""
        return None if value is None else as_utc(value)


class EpochMicroseconds(TypeDecorator[datetime]):
    """An aware UTC datetime as whole microseconds since 1970: 8 bytes, exact, in the tables with many rows."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return microseconds."""
        return None if value is None else to_epoch_us(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Return the aware datetime."""
        return None if value is None else from_epoch_us(value)


class Milliseconds(TypeDecorator[float]):
    """Milliseconds as a whole number of microseconds: 2 to 4 bytes where a float takes 8."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> int | None:
        """Return microseconds."""
        return None if value is None else round(value * 1000)

    def process_result_value(self, value: int | None, dialect: Dialect) -> float | None:
        """Return milliseconds."""
        return None if value is None else value / 1000


class Code(TypeDecorator[E], Generic[E]):
    """A member of a closed list as its small, stable number."""

    impl = SmallInteger
    cache_ok = True

    def __init__(self, kind: type[E]) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Store as a small integer."""
        return dialect.type_descriptor(SmallInteger())

    def process_bind_param(self, value: E | None, dialect: Dialect) -> int | None:
        """Return the number of a member, or of the text that names it."""
        return None if value is None else CODES[self.kind][self.kind(value)]

    def process_result_value(self, value: int | None, dialect: Dialect) -> E | None:
        """Return the member."""
        return None if value is None else MEMBERS[self.kind][value]


def utc_of(value: Any) -> datetime:
    """Return the aware datetime of a raw driver value (text on SQLite, datetime on PostgreSQL)."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else as_utc(value)
