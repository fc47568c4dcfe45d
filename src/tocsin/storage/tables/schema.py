"""The metadata that every table registers on, and the columns that several share."""

from typing import Any

from sqlalchemy import Enum, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tocsin.storage.tables.types import Id

FRESH = {"populate_existing": True}
"""Execution options of every read: what another process changed shows, also in a Session that lives long."""


class Base(DeclarativeBase):
    """Metadata of every table of Tocsin."""


def website_id() -> Mapped[int]:
    """Return the column that ties a row to its website and lets it go with it."""
    return mapped_column(Id, ForeignKey("websites.id", ondelete="CASCADE"), nullable=False)


def named(kind: type[Any]) -> Enum:
    """Return a column type that stores a member of `kind` by its name, as text."""
    return Enum(kind, native_enum=False, length=20, create_constraint=False)
