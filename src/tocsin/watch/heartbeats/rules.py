"""What a ping, or its absence, means for a heartbeat. Pure; `now` and every fact are arguments.

The semantics are those of Healthchecks: success is UP, failure is DOWN at once, a start sets a timer of one grace,
a log changes nothing. Source: healthchecks, hc/api/models.py, Check.ping and Check.get_grace_start.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.matching.heartbeats import holds_until, timed
from tocsin.model.enums import Cause, MonitorStatus
from tocsin.model.heartbeats.keys import hidden_url, key_of
from tocsin.model.heartbeats.pings import Beat, HeartbeatState, Ping, PingKind
from tocsin.model.heartbeats.schedules import Schedule, span_text
from tocsin.model.masks import MASK, is_secret_name
from tocsin.model.results import CheckResult, Phases
from tocsin.model.states import WatchState

LONGEST_RUN = timedelta(hours=72)
"""A start that lies further back than this belongs to another run."""
BODY_HEAD = 64 * 1024
"""Bytes of a ping's body that become evidence, as many as of a page's."""
MESSAGE_HEAD = 200
"""Characters of it that stand in the message."""


class StepReason(StrEnum):
    """What a signal did to a heartbeat."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LOGGED = "logged"
    LATE_COMER = "late_comer"  # a later ping was recorded before it
    MISSED = "missed"
    OVERRAN = "overran"  # the run did not end within the grace
    NOT_DUE = "not_due"  # a ping came in time, or it is not waited for any more


@dataclass(frozen=True, slots=True)
class Step:
    """What a signal changes: the heartbeat's state after it, and the check that is recorded, if it is one."""

    reason: StepReason
    state: HeartbeatState
    result: CheckResult | None = None  # not settled
    duration_ms: float | None = None  # of the run that it ends
    resumes: bool = False  # it was paused, and is active again


def after_ping(beat: Beat, watch: WatchState, ping: Ping, now: datetime) -> Step:
    """Return what a ping changes.

    Args:
        beat: the heartbeat before it.
        watch: its website before it.
        ping: what came.
        now: when it is recorded.
    """
    state = replace(beat.state, pings_count=beat.state.pings_count + 1)
    if ping.kind is PingKind.LOG:
        return Step(StepReason.LOGGED, state)
    resumes = not beat.is_active
    if ping.kind is PingKind.START:
        # What is DOWN already cannot come to be missing: its run is timed, but not waited for.
        is_down = watch.status is MonitorStatus.DOWN and not resumes
        ends_by = None if is_down else ping.at + beat.schedule.grace
        state = replace(state, last_start_at=ping.at, last_start_rid=ping.rid, run_ends_by=ends_by)
        state = timed(state, beat.schedule, is_waited_for=not is_down)
        return Step(StepReason.STARTED, state, resumes=resumes)
    result = _result_of(ping, beat.url_key)
    # As in `judge`: a stored time that lies ahead of us comes from a clock that was set back since.
    if state.last_ping_at is not None and ping.at < state.last_ping_at <= now:
        return Step(StepReason.LATE_COMER, state, result)
    if watch.last_checked_at is not None and ping.at < watch.last_checked_at <= now:
        result = result.evolve(started_at=watch.last_checked_at)  # it came in time, and was recorded after its deadline
    return _after_end(beat, state, ping, result)


def _after_end(beat: Beat, state: HeartbeatState, ping: Ping, result: CheckResult) -> Step:
    is_failure = ping.kind is PingKind.FAIL
    duration_ms = _duration_ms(state, ping)
    if is_failure or ping.rid is None or ping.rid == state.last_start_rid:
        state = replace(state, last_start_at=None, last_start_rid=None, run_ends_by=None)
    state = replace(state, counts_from=ping.at, last_ping_at=ping.at)
    return Step(
        StepReason.FAILED if is_failure else StepReason.SUCCEEDED,
        timed(state, beat.schedule, is_waited_for=not is_failure),
        result.evolve(phases=Phases(total_ms=duration_ms)),
        duration_ms,
        resumes=not beat.is_active,
    )


def after_deadline(beat: Beat, now: datetime) -> Step:
    """Return what it changes that `now` no ping has come; the check is dated at the moment the grace ended."""
    state, deadline = beat.state, beat.state.deadline_at
    if deadline is None or deadline > now or not beat.is_active:
        return Step(StepReason.NOT_DUE, state)
    reason = StepReason.OVERRAN if state.run_ends_by == deadline else StepReason.MISSED
    result = CheckResult(
        url=hidden_url(beat.url_key),
        started_at=deadline if state.last_ping_at is None else max(deadline, state.last_ping_at),
        cause=Cause.HEARTBEAT_MISSED,
        message=_missed_text(state, deadline, beat.schedule, reason),
    )
    return Step(reason, replace(state, run_ends_by=None, deadline_at=None), result)


def gap_after(beat: Beat, state: WatchState) -> timedelta:
    """Return for how long after its last check a heartbeat's status is taken to last.

    UP lasts until the next ping is missing. DOWN lasts until the next ping, unless it was paused in between.
    """
    last = state.last_checked_at
    if last is None:
        return timedelta.max
    counts_from = beat.state.counts_from
    was_paused = not beat.is_active or (counts_from is not None and counts_from > last)
    if state.status is MonitorStatus.DOWN and not was_paused:
        return timedelta.max
    return holds_until(beat.schedule, last) - last


def _duration_ms(state: HeartbeatState, ping: Ping) -> float | None:
    """Return how long the run took that the ping ends, in milliseconds; None where its start is not known."""
    if state.last_start_at is None or ping.rid != state.last_start_rid:
        return None
    took = ping.at - state.last_start_at
    return took / timedelta(milliseconds=1) if timedelta(0) <= took < LONGEST_RUN else None


def _result_of(ping: Ping, url_key: str) -> CheckResult:
    text = without_key(ping.body[:BODY_HEAD].decode(errors="replace"), url_key)
    result = CheckResult(
        url=hidden_url(url_key),
        started_at=ping.at,
        method=ping.method,
        address=ping.address,
        body_head=text,
        body_bytes=ping.body_bytes,
    )
    if ping.kind is PingKind.SUCCESS:
        return result
    return result.evolve(cause=Cause.HEARTBEAT_FAILED, message=_failed_text(ping, text))


def _failed_text(ping: Ping, body: str) -> str:
    said = "The job said that it failed" if ping.exit_code is None else f"The job ended with exit code {ping.exit_code}"
    head = " ".join(without_secrets(body[: 20 * MESSAGE_HEAD]).split())
    if not head:
        return said
    return f"{said}: {head if len(head) <= MESSAGE_HEAD else head[:MESSAGE_HEAD] + '…'}"


def _missed_text(state: HeartbeatState, deadline: datetime, schedule: Schedule, reason: StepReason) -> str:
    grace = span_text(schedule.grace_s)
    if reason is StepReason.OVERRAN and state.last_start_at is not None:
        return f"The run that started at {_moment(state.last_start_at)} did not end within {grace}"
    due = "" if state.due_at is None else f": expected at {_moment(state.due_at)}, with {grace} of grace"
    return f"No ping by {_moment(deadline)}{due}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_PAIR = re.compile(r"\b([A-Za-z][\w-]{0,60})(\"?\s*[=:]\s*)(\"[^\"]*\"|(?:(?:Bearer|Basic)\s+)?\S+)")


def without_key(text: str, url_key: str) -> str:
    """Return what a job printed without its heartbeat's key."""
    return re.sub(rf"(?<![\w-]){re.escape(key_of(url_key))}(?![\w-])", MASK, text, flags=re.IGNORECASE)


def without_secrets(text: str) -> str:
    """Return what a job printed as a message carries it: credentials in URLs, and what has a secret's name, masked."""
    text = _CREDENTIALS.sub(MASK, text)
    return _PAIR.sub(lambda found: f"{found[1]}{found[2]}{MASK}" if is_secret_name(found[1]) else found[0], text)
