"""A check that is due, from its start to its row: breaker, slots, recording."""

import asyncio
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tocsin.errors import NotFound
from tocsin.model.results import CheckResult
from tocsin.model.times import utcnow
from tocsin.probes import Tools
from tocsin.watch.breaker import Breaker
from tocsin.watch.jobs import Job
from tocsin.watch.once import budget_s, look
from tocsin.watch.recorder import Heed, Recorded, Recorder, Submission, Waiting

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunnerPlan:
    """How checks are run."""

    max_concurrent_checks: int = 4000
    breaker: Breaker = field(default_factory=Breaker)


class Runner:
    """Runs checks as tasks of one event loop."""

    def __init__(self, tools: Tools, recorder: Recorder, plan: RunnerPlan) -> None:
        self._tools = tools
        self._recorder = recorder
        self._plan = plan
        self._slots = asyncio.Semaphore(plan.max_concurrent_checks)
        self._suspect_slots = asyncio.Semaphore(max(1, plan.max_concurrent_checks // 2))
        self._running: dict[int, asyncio.Task[Any]] = {}
        self.in_flight_count = 0
        self.done_count = 0
        self.skipped_count = 0

    def start_due(self, job: Job) -> bool:
        """Start a job's check, unless its circuit breaker is open; return False where its last check still runs."""
        if job.is_removed:
            return True
        if job.website_id in self._running:
            return False
        open_until = job.state.breaker_open_until
        if open_until is not None and self._plan.breaker.is_open(open_until, utcnow()):
            logger.debug("skipped, its circuit breaker is open", extra={"website_id": job.website_id, "url": job.url})
            self.skipped_count += 1
            self._recorder.note_skipped(job.website_id)
            return True
        self._running[job.website_id] = asyncio.get_running_loop().create_task(self._run_due(job))
        return True

    async def check_now(self, job: Job) -> Recorded:
        """Check at once, whatever the breaker says, after a check of the same website that is running.

        Raises:
            NotFound: the website was deleted meanwhile.
        """
        while (running := self._running.get(job.website_id)) is not None:
            await asyncio.wait([running])
        task = asyncio.create_task(self._run_now(job))
        self._running[job.website_id] = task
        task.add_done_callback(lambda _: self._running.pop(job.website_id, None))
        return await asyncio.wrap_future((await task).done)

    async def stop(self) -> None:
        """Cancel every check that is running; what they saw so far is not recorded."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _run_now(self, job: Job) -> Waiting:
        result, waiting = await self._look(job), Waiting()

        def heed(outcome: Recorded | BaseException) -> None:
            _take_over(job, outcome)
            waiting(outcome)

        self._recorder.submit(_submission(job, result, heed, is_urgent=True))
        return waiting

    async def _run_due(self, job: Job) -> None:
        try:
            lane = self._suspect_slots if job.is_suspect else self._slots
            async with lane:
                result = await self._look(job)
        except Exception:  # a fault of ours in one check must not stop the others
            logger.exception("the check of website %s failed inside Tocsin", job.website_id)
        else:
            self._recorder.submit(_submission(job, result, partial(_take_over, job)))
        finally:  # no done callback: the loop would be woken once more for each check
            self._running.pop(job.website_id, None)

    async def _look(self, job: Job) -> CheckResult:
        self.in_flight_count += 1
        try:
            budget = budget_s(job.options.timeout, job.interval_s)
            result = await look(job.url, job.options, self._tools, budget=budget)
        finally:
            self.in_flight_count -= 1
        self.done_count += 1
        return result


def _submission(job: Job, result: CheckResult, heed: Heed, *, is_urgent: bool = False) -> Submission:
    return Submission(job.website_id, result, job.interval_s, job.options.timeout, heed, is_urgent)


def _take_over(job: Job, outcome: Recorded | BaseException) -> None:
    """Take over the state that the record left; runs in the recorder's thread, and only sets attributes."""
    if isinstance(outcome, Recorded):
        job.state = outcome.state
    elif isinstance(outcome, NotFound):
        job.is_removed = True
