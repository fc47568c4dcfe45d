"""A Session on each database in turn."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from tocsin import Database


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    with database.session() as opened:
        yield opened
