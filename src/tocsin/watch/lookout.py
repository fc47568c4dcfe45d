"""Between a check and its record: is it the website that is down, or do we not see? Lives in the event loop.

A healthy check passes at once. One that failed before anything came from outside is held back while the references
are asked, once for all that wait; where these are silent too, it is recorded as UNKNOWN, and so is every such check
until a reference answers again.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from tocsin.model.results import CheckResult
from tocsin.model.times import utcnow
from tocsin.model.vantage import Answer, Said, VantageChange
from tocsin.watch.places import is_own
from tocsin.watch.recorder import Submission
from tocsin.watch.vantage import Glimpse, Trust, Verdict, blinded, decide, gather, is_dark, is_light

logger = logging.getLogger(__name__)

RECENT_GLIMPSES = 2000


class Asks(Protocol):
    """What the lookout needs of references; `probes.references.References` is one."""

    def __len__(self) -> int: ...

    def ask(self, wait_s: float, *, until_one_answers: bool = True) -> Awaitable[list[Answer]]:
        """Ask all of them at once, each for at most `wait_s`."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the lookout takes for what, in seconds. Silence is believed within two seconds."""

    answer_s: float = 0.9  # a reference may take this long …
    again_after_s: float = 0.2  # … and is asked twice before its silence is believed
    spacing_s: float = 1.0  # from one question to the next, however many checks fail
    recheck_s: float = 3.0  # while we are blind
    light_s: float = 3.0  # so old may an answer be to show that we see
    lately_s: float = 60.0
    learn_s: float = 60.0  # from one look at references that never answered to the next


class Lookout:
    """Passes submissions on, as they are or as UNKNOWN. `pass_on` and `tell` are the recorder's."""

    def __init__(
        self,
        references: Asks,
        pass_on: Callable[[Submission], None],
        tell: Callable[[VantageChange], None],
        timing: Timing | None = None,
        is_local: Callable[[CheckResult], bool] = is_own,
    ) -> None:
        self._references = references
        self._is_asking = len(references) > 0
        self._has_unproven = False
        self._pass_on = pass_on
        self._tell = tell
        self._timing = timing or Timing()
        self._is_local = is_local
        self._glimpses: deque[Glimpse] = deque(maxlen=RECENT_GLIMPSES)  # newest first
        self._trust: dict[str, Trust] = {}
        self._held: list[Submission] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._question: asyncio.Task[None] | None = None
        self._next_question_at = 0.0
        self._next_lesson_at = 0.0
        self._silent: tuple[str, ...] = ()
        self._concerned: set[int] = set()
        self._dark_from = 0.0
        self._saw_again_at = 0.0
        self.blind_since: datetime | None = None

    @property
    def silent_references(self) -> tuple[str, ...]:
        """The references that do not answer while we are blind, for people."""
        return self._silent if self.blind_since is not None else ()

    def start(self, last: VantageChange | None = None) -> None:
        """Begin. `last` is what was told last, perhaps by a process before this one: blindness goes on from there."""
        if not self._is_asking:
            if last is not None and last.is_blind:  # they were switched off meanwhile
                self._tell(VantageChange(False, utcnow(), last.since, last.references, last.websites_count))
            return
        if last is not None and last.is_blind:
            self.blind_since, self._silent, self._dark_from = last.since, last.references, time.monotonic()
            self._spawn(self._wait_for_sight())
        else:
            self._spawn(self._learn())

    async def stop(self) -> None:
        """Let go of what is held, as far as it can be told by then, and end."""
        if self._question is not None:
            await asyncio.wait([self._question], timeout=2 * self._timing.answer_s + self._timing.again_after_s)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._release()

    def submit(self, submission: Submission) -> None:
        """Take a settled check on its way to the record."""
        result = submission.result
        if not self._is_asking or self._is_local(result):
            self._pass_on(submission)
        elif is_dark(result):
            self._take_dark(submission)
        else:
            if is_light(result):
                self._note(submission, dark=False)
            self._pass_on(submission)

    def _take_dark(self, submission: Submission) -> None:
        self._note(submission, dark=True)
        began = time.monotonic() - _last_attempt_s(submission.result)
        if self.blind_since is not None or began < self._saw_again_at:
            self._pass_blinded(submission)
            return
        recent = max(began, time.monotonic() - self._timing.light_s)
        seen = gather(self._glimpses, recent)
        if seen.is_light and not self._held:
            self._pass_on(submission)
            return
        self._held.append(submission)
        if self._question is None:
            self._question = self._spawn(self._ask_for_all_held())

    def _note(self, submission: Submission, *, dark: bool) -> None:
        host = urlsplit(submission.result.url).netloc if dark else ""
        self._glimpses.appendleft(Glimpse(submission.website_id, host, time.monotonic(), dark))
        if dark:
            return
        if self.blind_since is not None:
            self._heed_light()
        elif self._has_unproven and time.monotonic() >= self._next_lesson_at:
            self._spawn(self._learn(is_seeing=True))

    def _pass_blinded(self, submission: Submission) -> None:
        self._concerned.add(submission.website_id)
        submission.result = blinded(submission.result, self._silent)
        self._pass_on(submission)

    def _release(self) -> None:
        held, self._held = self._held, []
        for submission in held:
            if self.blind_since is None:
                self._pass_on(submission)
            else:
                self._pass_blinded(submission)

    async def _ask_for_all_held(self) -> None:
        """Ask the references, and let go of every check that has been held meanwhile."""
        try:
            while self._held:
                await asyncio.sleep(max(0.0, self._next_question_at - time.monotonic()))
                self._next_question_at = time.monotonic() + self._timing.spacing_s
                verdict, answers = await self._decide()
                logger.debug("%s checks failed darkly: %s", len(self._held), verdict)
                if verdict is Verdict.ALL_SILENT:
                    self._go_blind(answers)
                elif verdict is Verdict.WEBSITES_ANSWER:
                    self._distrust(answers)
                self._release()
        except Exception:  # a fault of ours must not keep what checks saw from the record
            logger.exception("could not tell whether we see")
            self._release()
        finally:
            self._question = None

    async def _decide(self) -> tuple[Verdict, list[Answer]]:
        timing = self._timing
        answers = await self._ask()
        if any(one.said is Said.ANSWERS for one in answers):
            return Verdict.REFERENCE_ANSWERS, answers
        silent_at = time.monotonic()
        await asyncio.sleep(timing.again_after_s)
        answers = await self._ask()
        meanwhile = gather(self._glimpses, silent_at)
        lately = gather(self._glimpses, time.monotonic() - timing.lately_s)
        return decide(answers, self._trust, meanwhile=meanwhile, lately=lately), answers

    async def _ask(self, *, until_one_answers: bool = True) -> list[Answer]:
        answers = await self._references.ask(self._timing.answer_s, until_one_answers=until_one_answers)
        for one in answers:
            if one.said is Said.ANSWERS:
                self._trust[str(one.reference)] = Trust.PROVEN
            else:
                self._trust.setdefault(str(one.reference), Trust.UNPROVEN)
        self._has_unproven = Trust.UNPROVEN in self._trust.values()
        return answers

    async def _learn(self, *, is_seeing: bool = False) -> None:
        """Find out which references answer. What is silent while websites answer is not believed any more."""
        self._next_lesson_at = time.monotonic() + self._timing.learn_s
        answers = await self._ask(until_one_answers=False)
        if is_seeing and self.blind_since is None:
            self._distrust(answers, only=Trust.UNPROVEN)

    def _distrust(self, answers: Iterable[Answer], only: Trust | None = None) -> None:
        for one in answers:
            name = str(one.reference)
            if one.said is Said.ANSWERS or (only is not None and self._trust[name] is not only):
                continue
            if self._trust[name] is not Trust.MUTE:
                logger.warning(
                    "%s does not answer although websites do: its silence says nothing (TOCSIN_REFERENCES)", one.name
                )
            self._trust[name] = Trust.MUTE

    def _go_blind(self, answers: Iterable[Answer]) -> None:
        now = utcnow()
        self._silent = tuple(one.name for one in answers)
        self._dark_from = time.monotonic()
        self._concerned = {one.website_id for one in self._held}
        self.blind_since = min((one.result.started_at for one in self._held), default=now)
        logger.error(
            "we are blind: %s websites fail, and nothing answers of %s; their checks are UNKNOWN until something does",
            len(self._concerned),
            ", ".join(self._silent),
        )
        self._tell(VantageChange(True, now, self.blind_since, self._silent, len(self._concerned)))
        self._spawn(self._wait_for_sight())

    async def _wait_for_sight(self) -> None:
        while self.blind_since is not None:
            try:
                answers = await self._ask()
            except Exception:  # asking must go on, or we stay blind for ever
                logger.exception("could not ask the references")
                answers = []
            if any(one.said is Said.ANSWERS for one in answers):
                self._see_again()
                return
            await asyncio.sleep(self._timing.recheck_s)

    def _heed_light(self) -> None:
        """While the references are silent: are websites answering nevertheless?"""
        since = max(self._dark_from, time.monotonic() - self._timing.lately_s)
        if gather(self._glimpses, since).is_light:
            for name, trust in self._trust.items():
                self._trust[name] = Trust.MUTE if trust is not Trust.MUTE else trust
            logger.warning("websites answer although no reference does: these are not believed any more")
            self._see_again()

    def _see_again(self) -> None:
        since, self.blind_since = self.blind_since, None
        if since is None:
            return
        self._saw_again_at = time.monotonic()
        logger.warning("we see again; %s websites could not be told of", len(self._concerned))
        self._tell(VantageChange(False, utcnow(), since, self._silent, len(self._concerned)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        with suppress(asyncio.CancelledError):
            if (error := task.exception()) is not None:
                logger.error("could not ask the references", exc_info=error)


def _last_attempt_s(result: CheckResult) -> float:
    """Return how long the last attempt took, in seconds; where that is not known, how long ago the first began."""
    if result.phases.total_ms is not None:
        return result.phases.total_ms / 1000
    return max(0.0, (utcnow() - result.started_at).total_seconds())
