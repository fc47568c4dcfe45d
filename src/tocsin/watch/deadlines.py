"""The loop that notices missing pings. The queue is the index on `heartbeats.deadline_at`: nothing is kept here.

So it is always in step with the database, whichever door or process changed a heartbeat, and a kill loses nothing.
A missing ping is dated at the moment the grace ended, however late this loop comes by. But while this process did
not run, stood still, or could not reach the database, no ping could arrive either: after such a gap, and after each
start, every heartbeat has at least its grace once more. Our silence is not the job's.
"""

import asyncio
import logging
from datetime import datetime, timedelta

from tocsin.errors import StorageUnavailable
from tocsin.model.times import utcnow
from tocsin.storage.database import Database, translated_errors
from tocsin.storage.heartbeats import allow_for_gap, list_overdue, next_deadline
from tocsin.watch.heartbeats.signals import Signal
from tocsin.watch.recorder import Recorder

logger = logging.getLogger(__name__)

POLL_S = 1.0
"""So soon a deadline is noticed that came nearer: by a start, by an edit, through another process."""
GAP = timedelta(seconds=10)
"""Not having looked for longer than this is a gap."""
BATCH = 500


class DeadlineLoop:
    """Records every missing ping, at its time."""

    def __init__(self, database: Database, recorder: Recorder) -> None:
        self._database = database
        self._recorder = recorder
        self._looked_at: datetime | None = None

    async def run(self) -> None:
        """Look whenever the next deadline comes, and each second; until cancelled."""
        while True:
            try:
                pause_s = await self.look()
            except StorageUnavailable as error:
                logger.warning("cannot read which pings are missing: %s", error)
                pause_s = POLL_S
            except Exception:  # the next round must come, whatever went wrong in this one
                logger.exception("looking for missing pings failed")
                pause_s = POLL_S
            await asyncio.sleep(pause_s)

    async def look(self) -> float:
        """Record what is missing now; return how many seconds later to look again."""
        now = utcnow()
        if self._looked_at is None or now - self._looked_at > GAP:
            await asyncio.to_thread(self._allow_for_gap, now)
        overdue, next_at = await asyncio.to_thread(self._read, now)
        signals = [Signal(website_id) for website_id in overdue]
        for one in signals:
            self._recorder.submit(one)
        ended = await asyncio.gather(*(asyncio.wrap_future(one.done) for one in signals), return_exceptions=True)
        self._looked_at = utcnow()
        if any(isinstance(one, BaseException) for one in ended) or next_at is None:
            return POLL_S
        return 0.0 if len(overdue) == BATCH else min(POLL_S, max(0.0, (next_at - self._looked_at).total_seconds()))

    def _allow_for_gap(self, now: datetime) -> None:
        with self._database.write_transaction() as connection:
            count = allow_for_gap(connection, now)
        if count:
            logger.info("%s heartbeats are waited for a little longer: no ping could arrive until now", count)

    def _read(self, now: datetime) -> tuple[list[int], datetime | None]:
        with translated_errors(self._database.url), self._database.engine.connect() as connection:
            return list_overdue(connection, now, BATCH), next_deadline(connection, now)
