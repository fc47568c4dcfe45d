"""The lookout: what it holds back, what it passes on as what, and what it tells; references are a fake."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from tocsin import Cause, CheckResult, MonitorStatus
from tocsin.model.results import Phases
from tocsin.model.times import utcnow
from tocsin.model.vantage import Answer, Reference, ReferenceKind, Said, VantageChange
from tocsin.watch.lookout import Lookout, Timing
from tocsin.watch.recorder import Submission

UP, DOWN, UNKNOWN = MonitorStatus.UP, MonitorStatus.DOWN, MonitorStatus.UNKNOWN
QUICK = Timing(answer_s=0.05, again_after_s=0.02, spacing_s=0.02, recheck_s=0.03, learn_s=0.05)
GATEWAY = Reference(ReferenceKind.GATEWAY)


@dataclass
class FakeReferences:
    """One gateway, that answers or does not; asking takes a moment."""

    said: Said = Said.ANSWERS
    asked_count: int = 0
    fault: Exception | None = None
    count: int = 1

    def __len__(self) -> int:
        return self.count

    async def ask(self, wait_s: float, *, until_one_answers: bool = True) -> list[Answer]:
        self.asked_count += 1
        await asyncio.sleep(0.01)
        if self.fault is not None:
            raise self.fault
        return [Answer(GATEWAY, self.said, "the gateway 192.0.2.1")]


@dataclass
class Desk:
    """A lookout, and what came out of it."""

    references: FakeReferences = field(default_factory=FakeReferences)
    passed: list[Submission] = field(default_factory=list)
    told: list[VantageChange] = field(default_factory=list)
    timing: Timing = QUICK

    def __post_init__(self) -> None:
        self.lookout = Lookout(self.references, self.passed.append, self.told.append, self.timing)

    def see(self, website_id: int, cause: Cause | None = None, **facts: object) -> CheckResult:
        """Submit a check of a website outside that has just ended."""
        address = f"198.51.100.{website_id}"
        phases, status = Phases(total_ms=1.0), DOWN if cause else UP
        result = CheckResult(url=f"http://{address}/", address=address, started_at=utcnow(), phases=phases)
        result = result.evolve(cause=cause, status=status, **facts)
        self.lookout.submit(Submission(website_id, result, 60, 10))
        return result

    def statuses(self) -> list[MonitorStatus | None]:
        return [one.result.status for one in self.passed]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 (what is waited for sets no event)
                await asyncio.sleep(0.005)


@asynccontextmanager
async def started(desk: Desk, last: VantageChange | None = None) -> AsyncIterator[Desk]:
    desk.lookout.start(last)
    if last is None:
        await desk.until(lambda: desk.references.asked_count)
        await asyncio.sleep(0.02)
    try:
        yield desk
    finally:
        await desk.lookout.stop()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A lookout whose gateway has answered once."""
    async with started(Desk()) as running:
        yield running


async def test_healthy_checks_pass_at_once_and_nothing_is_asked(desk: Desk) -> None:
    asked = desk.references.asked_count
    for number in range(100):
        desk.see(number)
    assert desk.statuses() == [UP] * 100
    assert desk.references.asked_count == asked


async def test_a_lone_failure_is_held_until_a_reference_answers(desk: Desk) -> None:
    desk.see(1, Cause.CONNECT_TIMEOUT)
    assert desk.passed == []
    await desk.until(lambda: desk.passed)
    assert (desk.statuses(), desk.told) == ([DOWN], [])


async def test_many_failures_ask_once_together_and_are_unknown_where_nothing_answers(desk: Desk) -> None:
    desk.references.said = Said.SILENT
    asked = desk.references.asked_count
    for number in range(1, 21):
        desk.see(number, Cause.CONNECT_TIMEOUT)
    await desk.until(lambda: len(desk.passed) == 20)
    assert desk.statuses() == [UNKNOWN] * 20
    assert desk.references.asked_count - asked <= 3  # twice to believe it, once to see whether it is over
    assert "the gateway 192.0.2.1 does not answer" in desk.passed[0].result.message
    [told] = desk.told
    assert (told.is_blind, told.websites_count, told.references) == (True, 20, ("the gateway 192.0.2.1",))
    assert desk.lookout.silent_references == told.references

    desk.see(21, Cause.NO_ROUTE)
    assert desk.statuses()[20:] == [UNKNOWN]  # at once, for we know
    desk.references.said = Said.ANSWERS
    await desk.until(lambda: len(desk.told) == 2)
    assert (desk.told[1].is_blind, desk.told[1].since, desk.told[1].websites_count) == (False, told.since, 21)
    assert desk.lookout.silent_references == ()
    await asyncio.sleep(0.01)
    desk.see(1, Cause.CONNECT_REFUSED)
    await desk.until(lambda: len(desk.passed) == 22)
    assert desk.statuses()[-1] is DOWN


async def test_a_check_that_began_while_we_were_blind_is_unknown_though_it_ends_later(desk: Desk) -> None:
    desk.references.said = Said.SILENT
    desk.see(1, Cause.CONNECT_TIMEOUT)
    await desk.until(lambda: desk.told)
    desk.references.said = Said.ANSWERS
    await desk.until(lambda: len(desk.told) == 2)
    desk.see(2, Cause.DNS_TIMEOUT, phases=Phases(total_ms=30_000))
    desk.see(3, Cause.DNS_TIMEOUT, phases=Phases(), started_at=utcnow() - timedelta(seconds=30))
    assert desk.statuses() == [UNKNOWN] * 3


async def test_what_needs_no_network_or_answers_wrongly_is_down_even_while_we_are_blind(desk: Desk) -> None:
    desk.references.said = Said.SILENT
    desk.see(1, Cause.CONNECT_TIMEOUT)
    await desk.until(lambda: desk.told)
    desk.see(2, Cause.CONNECT_REFUSED, url="http://127.0.0.1/", address="127.0.0.1")
    desk.see(3, Cause.EMPTY_REPLY)
    desk.see(4, Cause.DNS_NOT_FOUND)
    assert desk.statuses()[1:] == [DOWN] * 3


async def test_where_others_answer_at_the_same_time_nothing_is_asked(desk: Desk) -> None:
    desk.see(1)
    desk.see(2)
    asked = desk.references.asked_count
    desk.see(3, Cause.CONNECT_TIMEOUT, phases=Phases(total_ms=5_000))
    assert desk.statuses() == [UP, UP, DOWN]
    assert desk.references.asked_count == asked


async def test_an_answer_from_before_the_failing_attempt_proves_nothing(desk: Desk) -> None:
    desk.references.said = Said.SILENT
    desk.see(1)
    await asyncio.sleep(0.02)
    desk.see(2, Cause.NO_ROUTE)
    await desk.until(lambda: len(desk.passed) == 2)
    assert desk.statuses() == [UP, UNKNOWN]


async def test_references_that_fall_silent_while_websites_answer_are_not_believed_any_more() -> None:
    async with started(Desk(timing=Timing(0.05, 0.3, 0.02, 0.03))) as desk:
        desk.references.said = Said.SILENT
        desk.see(1, Cause.CONNECT_TIMEOUT)
        await asyncio.sleep(0.1)
        desk.see(2)
        desk.see(3)
        await desk.until(lambda: len(desk.passed) == 3)
        assert sorted(map(str, desk.statuses())) == ["DOWN", "UP", "UP"]
        assert desk.told == []


async def test_websites_that_answer_end_a_blindness_whatever_the_references_say(desk: Desk) -> None:
    desk.references.said = Said.SILENT
    desk.see(1, Cause.CONNECT_TIMEOUT)
    await desk.until(lambda: desk.told)
    desk.see(2)
    desk.see(3)
    assert [one.is_blind for one in desk.told] == [True, False]
    await asyncio.sleep(0.05)
    desk.see(1, Cause.CONNECT_TIMEOUT)
    await desk.until(lambda: len(desk.passed) == 4)
    assert desk.statuses() == [UNKNOWN, UP, UP, DOWN]


async def test_a_reference_that_never_answered_is_no_witness_for_one_website_but_is_for_many() -> None:
    async with started(Desk(FakeReferences(Said.SILENT))) as desk:
        desk.see(1, Cause.CONNECT_TIMEOUT)
        await desk.until(lambda: desk.passed)
        assert desk.statuses() == [DOWN]
        for number in (2, 3, 4):
            desk.see(number, Cause.CONNECT_TIMEOUT)
        await desk.until(lambda: len(desk.passed) == 4)
        assert desk.statuses()[1:] == [UNKNOWN] * 3


async def test_a_reference_that_never_answers_while_websites_do_is_found_out(caplog: pytest.LogCaptureFixture) -> None:
    async with started(Desk(FakeReferences(Said.SILENT))) as desk:
        await asyncio.sleep(0.06)
        desk.see(1)
        await desk.until(lambda: "its silence says nothing (TOCSIN_REFERENCES)" in caplog.text)
        await asyncio.sleep(0.02)
        for number in range(2, 12):
            desk.see(number, Cause.CONNECT_TIMEOUT)
        await desk.until(lambda: len(desk.passed) == 11)
        assert desk.statuses()[1:] == [DOWN] * 10


async def test_a_fault_of_ours_keeps_nothing_from_the_record(caplog: pytest.LogCaptureFixture) -> None:
    async with started(Desk()) as desk:
        desk.references.fault = RuntimeError("a fault")
        desk.see(1, Cause.CONNECT_TIMEOUT)
        await desk.until(lambda: desk.passed)
        assert desk.statuses() == [DOWN]
        assert "could not tell whether we see" in caplog.text


async def test_asking_goes_on_after_a_fault_while_we_are_blind(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.references.said = Said.SILENT
    desk.see(1, Cause.CONNECT_TIMEOUT)
    await desk.until(lambda: desk.told)
    desk.references.fault = RuntimeError("a fault")
    await desk.until(lambda: "could not ask the references" in caplog.text)
    desk.references.fault, desk.references.said = None, Said.ANSWERS
    await desk.until(lambda: len(desk.told) == 2)


async def test_stopping_lets_go_of_what_is_held() -> None:
    async with started(Desk(timing=Timing(spacing_s=60))) as desk:
        desk.see(1, Cause.CONNECT_TIMEOUT)
        await desk.until(lambda: desk.passed)
        desk.see(2, Cause.CONNECT_TIMEOUT)
        desk.timing = QUICK
        desk.lookout._timing = QUICK  # so that stopping does not wait its two seconds
    assert desk.statuses() == [DOWN, DOWN]


LAST = VantageChange(True, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC), ("the gateway",), 7)


async def test_a_restart_goes_on_being_blind_and_tells_once_that_it_is_over() -> None:
    async with started(Desk(FakeReferences(Said.SILENT)), LAST) as desk:
        desk.see(1, Cause.CONNECT_TIMEOUT)
        assert (desk.statuses(), desk.told) == ([UNKNOWN], [])
        desk.references.said = Said.ANSWERS
        await desk.until(lambda: desk.told)
        assert (desk.told[0].is_blind, desk.told[0].since) == (False, LAST.since)


async def test_references_that_were_switched_off_end_a_blindness() -> None:
    async with started(Desk(FakeReferences(count=0)), LAST) as desk:
        assert [one.is_blind for one in desk.told] == [False]
        desk.see(1, Cause.CONNECT_TIMEOUT)
        assert desk.statuses() == [DOWN]
