"""Which website is due, and when next: a heap of due times, one job a website, no tick.

A job is started the moment it is due. A due time that passed unused (the process was busy, suspended, or the
check before is still running) is skipped and counted, never made up for.
"""

import asyncio
import heapq
import time
from collections import deque
from collections.abc import Callable
from itertools import count
from math import ceil

from tocsin.watch.jobs import Job, next_due

CLOCK_JUMP_S = 2.0
LONGEST_PAUSE_S = 1.0
"""So soon it is noticed that the wall clock was set."""
SOON_S = 0.005
"""Websites that are new are checked at once, this far apart."""
MANY = 100
"""More new ones than this at a time take their own place in the interval instead."""


class Scheduler:
    """Starts each job when it is due. All methods belong to the event loop's thread.

    `start_check` returns False where the website's last check is still running.
    """

    def __init__(self, start_check: Callable[[Job], bool]) -> None:
        self._start_check = start_check
        self._jobs: dict[int, Job] = {}
        self._heap: list[tuple[float, int, Job]] = []
        self._entries = count()  # breaks ties between equal due times
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._drift = 0.0
        self.lateness_ms: deque[float] = deque(maxlen=20_000)
        self.due_count = 0
        self.missed_count = 0

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, website_id: int) -> bool:
        return website_id in self._jobs

    def get(self, website_id: int) -> Job | None:
        """Return the job of a website, or None where it is not scheduled."""
        return self._jobs.get(website_id)

    def ids(self) -> set[int]:
        """Return the websites that are scheduled."""
        return set(self._jobs)

    def jobs(self) -> list[Job]:
        """Return every job."""
        return list(self._jobs.values())

    def put(self, job: Job, due_at: float) -> None:
        """Add a job, or replace the website's present one."""
        self._retire(self._jobs.get(job.website_id))
        job.due_at = due_at
        self._jobs[job.website_id] = job
        heapq.heappush(self._heap, (due_at, next(self._entries), job))
        if len(self._heap) > 2 * len(self._jobs) + 1000:
            self._rebuild()
        if self._heap[0][2] is job and self._loop is not None:
            self._loop.call_soon(self._turn)

    def remove(self, website_id: int) -> None:
        """Stop checking a website; a check that is running comes to its end."""
        self._retire(self._jobs.pop(website_id, None))

    def start(self) -> None:
        """Begin to start jobs as they come due, in the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._drift = time.time() - time.monotonic()
        self._turn()

    def stop(self) -> None:
        """Start no more jobs."""
        self._loop = None
        if self._timer is not None:
            self._timer.cancel()

    def _turn(self) -> None:
        """Start what is due, then come back for the next; a timer alone, for a task would cost three times as much."""
        if self._loop is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        try:
            now = time.time()
            self._heed_clock(now)
            self._start_due(now)
        finally:
            pause = self._heap[0][0] - time.time() if self._heap else LONGEST_PAUSE_S
            # Whole milliseconds, upwards: loops round to them, and one that rounded down would wake for nothing.
            pause = ceil(1000 * min(max(0.0, pause), LONGEST_PAUSE_S)) / 1000
            self._timer = self._loop.call_later(pause, self._turn)

    def _start_due(self, now: float) -> None:
        while self._heap and self._heap[0][0] <= now:
            due_at, _, job = heapq.heappop(self._heap)
            if job.is_removed or job.due_at != due_at:
                continue
            self.due_count += 1
            job.due_at = next_due(job.website_id, job.interval_s, max(now, due_at))
            heapq.heappush(self._heap, (job.due_at, next(self._entries), job))
            if now - due_at > job.interval_s or not self._start_check(job):
                self.missed_count += 1
                continue
            self.lateness_ms.append((now - due_at) * 1000)

    def _retire(self, job: Job | None) -> None:
        if job is not None:
            job.is_removed = True

    def _rebuild(self) -> None:
        self._heap = [(job.due_at, next(self._entries), job) for job in self._jobs.values()]
        heapq.heapify(self._heap)

    def _heed_clock(self, now: float) -> None:
        """After the wall clock was set, or the machine slept, take every job's due time anew."""
        drift = now - time.monotonic()
        if abs(drift - self._drift) > CLOCK_JUMP_S:
            self._drift = drift
            for job in self._jobs.values():
                job.due_at = next_due(job.website_id, job.interval_s, now)
            self._rebuild()
