"""Pings and deadlines on their way into the database: decided in the transaction that stores what they change."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from tocsin.model.heartbeats.pings import Beat, Ping
from tocsin.model.options import CheckOptions
from tocsin.model.states import WatchState
from tocsin.storage import heartbeats
from tocsin.storage.database import Connection
from tocsin.storage.results import Outcome
from tocsin.watch.breaker import Breaker
from tocsin.watch.heartbeats.rules import Step, after_deadline, after_ping, gap_after
from tocsin.watch.judge import judge, settle
from tocsin.watch.live import LiveEvent

NEVER_OPEN = Breaker(failures=2**62)
"""Nobody looks at a heartbeat, so nobody has to be kept from it."""
_USUAL = CheckOptions()


@dataclass(slots=True, eq=False)
class Signal:
    """A ping, or (None) the end of a heartbeat's time. Its future ends once what it changes is committed."""

    is_urgent: ClassVar[bool] = True  # somebody waits for the answer

    website_id: int
    url_key: str | None = None  # of the heartbeat that is meant, where a ping named it
    ping: Ping | None = None
    done: "Future[Step]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Decided:
    """A signal with what it changes, and the check that it is, if it is one."""

    signal: Signal
    step: Step
    outcome: Outcome | None


def decide(
    signals: Iterable[Signal], beats: Mapping[int, Beat], states: Mapping[int, WatchState], now: datetime
) -> list[Decided]:
    """Return what each signal changes; those whose heartbeat is gone, or has another key by now, are left out."""
    decided = []
    for one in signals:
        beat = beats.get(one.website_id)
        if beat is None or one.website_id not in states or one.url_key not in (None, beat.url_key):
            continue
        state = states[one.website_id]
        step = after_deadline(beat, now) if one.ping is None else after_ping(beat, state, one.ping, now)
        decided.append(Decided(one, step, _outcome(beat, state, step, now)))
    return decided


def _outcome(beat: Beat, state: WatchState, step: Step, now: datetime) -> Outcome | None:
    if step.result is None:
        return None
    result = settle(step.result, _USUAL, now)
    judgement = judge(result, state, NEVER_OPEN, now, gap_after=gap_after(beat, state))
    return Outcome(state.website_id, result, judgement, timedelta(0))


def store(connection: Connection, decided: Sequence[Decided], now: datetime) -> None:
    """Store what signals leave of their heartbeats, and the pings; their checks are stored as all checks are."""
    heartbeats.write_states(connection, [one.step.state for one in decided])
    pings = [
        (one.signal.website_id, one.step.state.pings_count, one.signal.ping, one.step.duration_ms)
        for one in decided
        if one.signal.ping is not None
    ]
    heartbeats.write_pings(connection, pings)
    heartbeats.resume(connection, [one.signal.website_id for one in decided if one.step.resumes], now)


def live_events(decided: Iterable[Decided]) -> list[LiveEvent]:
    """Return what listeners hear of signals that are no checks, or do more than a check does."""
    return [
        LiveEvent("website", {"website_id": one.signal.website_id, "change": "updated"})
        for one in decided
        if one.signal.ping is not None and (one.outcome is None or one.step.resumes)
    ]
