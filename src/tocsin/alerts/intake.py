"""From what the watch saw to alerts: events are taken in and marked in the transaction of what becomes of them."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from tocsin.alerts.websites import seen_in
from tocsin.errors import StorageUnavailable
from tocsin.storage.alerts.intake import leave_until, mark_handled, take_events
from tocsin.storage.alerts.recording import Handling, record
from tocsin.storage.database import Database

logger = logging.getLogger(__name__)

BATCH = 200
LEFT_ALONE = timedelta(minutes=5)

Point = Callable[[str], None]
"""Is told how far a transaction is; tests end the process there."""


def _pass(_point: str) -> None:
    """Go on."""


def take_in(database: Database, now: datetime, handling: Handling, *, limit: int = BATCH, at: Point = _pass) -> int:
    """Take in the oldest events that wait; return how many. Each is taken in once, whatever happens in between.

    An event that cannot be taken in is logged, and left alone for some minutes; the others go on.

    Raises:
        StorageUnavailable: the database cannot be reached; nothing is lost.
    """
    try:
        return _take_in(database, now, handling, limit, at)
    except StorageUnavailable:
        raise
    except Exception:  # one broken event must not hold up the others: it is found and left alone
        logger.exception("events could not be taken in together; trying one by one")
        return _one_by_one(database, now, handling, limit)


def _take_in(database: Database, now: datetime, handling: Handling, limit: int, at: Point) -> int:
    with database.write_transaction() as connection:
        events = take_events(connection, now, limit)
        at("taken")
        seen = [one for event in events for one in seen_in(event, now)]
        record(connection, seen, now, handling)
        at("recorded")
        mark_handled(connection, [event.id for event in events], now)
        at("marked")
    at("committed")
    return len(events)


def _one_by_one(database: Database, now: datetime, handling: Handling, limit: int) -> int:
    done = 0
    for _ in range(limit):
        with database.write_transaction() as connection:
            events = take_events(connection, now, 1)
        if not events:
            return done
        try:
            done += _take_in(database, now, handling, 1, _pass)
        except StorageUnavailable:
            raise
        except Exception:  # as above
            logger.exception("event %s could not be taken in; it is tried again in 5 minutes", events[0].id)
            with database.write_transaction() as connection:
                leave_until(connection, events[0].id, now + LEFT_ALONE)
    return done
