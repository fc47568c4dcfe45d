"""Work on alerts inside a Session that somebody else opened: done and committed, or rolled back as a whole."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tocsin.storage.database import translated_errors

T = TypeVar("T")
TRIES = 5
"""SQLite lets writers wait without a queue: with many of them one may be passed over until its time is up."""


def committed(db: Session, work: Callable[[Connection], T]) -> T:
    """Do `work` on a Session's connection and commit the Session, with whatever else is in its transaction.

    Raises:
        StorageUnavailable: the database cannot be reached, or others hold it for too long.
    """
    is_own = not db.in_transaction()
    with translated_errors(db.get_bind().engine.url):
        for left in reversed(range(TRIES)):
            try:
                done = work(db.connection())
                db.commit()
            except OperationalError as error:
                db.rollback()
                if not (is_own and left and "locked" in str(error.orig)):
                    raise
            except BaseException:
                db.rollback()
                raise
            else:
                return done
    raise AssertionError("the last try either returns or raises")
