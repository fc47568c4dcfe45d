"""A Session and a website, on each database in turn."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from tests.support.history import add_site
from tocsin import Database


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    """A Session on each database in turn."""
    with database.session() as opened:
        yield opened


@pytest.fixture
def site(database: Database) -> int:
    """The id of a website that nobody has checked yet."""
    return add_site(database)
