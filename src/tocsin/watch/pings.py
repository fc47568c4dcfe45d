"""Where pings are taken: from a key to a committed ping, many at once, and only so many."""

import asyncio

from tocsin.errors import NotFound, StorageUnavailable
from tocsin.model.heartbeats.keys import PREFIX, url_of_key
from tocsin.model.heartbeats.pings import Ping
from tocsin.storage.database import Database, translated_errors
from tocsin.storage.heartbeats import find_heartbeat
from tocsin.watch.heartbeats.rules import Step
from tocsin.watch.heartbeats.signals import Signal
from tocsin.watch.recorder import Recorder

MOST_WAITING = 2_000
"""Pings that wait for the database at a time. More are turned away: they must not crowd out the checks."""
MOST_KNOWN = 100_000


class PingDesk:
    """Takes pings in one event loop."""

    def __init__(self, database: Database, recorder: Recorder) -> None:
        self._database = database
        self._recorder = recorder
        self._known: dict[str, int] = {}  # only spares a look-up: the key is compared again where the ping is stored
        self._waiting_count = 0

    async def find(self, key: str) -> int:
        """Return the id of the heartbeat with that key; one that was deleted a moment ago may still be found.

        Raises:
            NotFound: there is none.
        """
        url_key = url_of_key(key)
        if url_key is None:
            raise _unknown()
        known = self._known.get(url_key)
        return await self._look_up(url_key) if known is None else known

    async def take(self, key: str, ping: Ping) -> Step:
        """Record a ping; return what it changed once that is committed.

        Raises:
            NotFound: no heartbeat has that key.
            StorageUnavailable: too many pings wait already, or the server is stopping.
        """
        website_id, url_key = await self.find(key), f"{PREFIX}{key.lower()}"
        if self._waiting_count >= MOST_WAITING:
            raise StorageUnavailable("too many pings wait for the database")
        self._waiting_count += 1
        try:
            return await self._submit(website_id, url_key, ping)
        except NotFound:  # deleted, or its key was changed; perhaps another one has it now
            self._known.pop(url_key, None)
            return await self._submit(await self._look_up(url_key), url_key, ping)
        finally:
            self._waiting_count -= 1

    async def _look_up(self, url_key: str) -> int:
        website_id = await asyncio.to_thread(self._read, url_key)
        if website_id is None:
            raise _unknown()
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[url_key] = website_id
        return website_id

    async def _submit(self, website_id: int, url_key: str, ping: Ping) -> Step:
        signal = Signal(website_id, url_key, ping)
        self._recorder.submit(signal)
        return await asyncio.wrap_future(signal.done)

    def _read(self, url_key: str) -> int | None:
        with translated_errors(self._database.url), self._database.engine.connect() as connection:
            return find_heartbeat(connection, url_key)


def _unknown() -> NotFound:
    return NotFound("no heartbeat has this key")
