"""A day of checks on a fake clock: a script of outages, a stub in place of the target, and the truth by counting.

What is stored goes the way that real checks go: judged, written with its rollups, folded. The truth knows none of
it: it walks through the script second by second, with the rules as docs/architecture.md and the contract give them.
All moments are whole seconds after `start`.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tocsin import CheckResult, Database, MonitorStatus
from tocsin.model.enums import Cause
from tocsin.model.results import Phases
from tocsin.model.states import WatchState
from tocsin.model.times import as_utc, to_epoch_us
from tocsin.model.uptime import Uptime
from tocsin.storage.history import rollups
from tocsin.storage.history.uptime import uptime_of
from tocsin.storage.results import ResultWriter
from tocsin.storage.states import load_states
from tocsin.watch.breaker import Breaker
from tocsin.watch.recorder import Submission, outcome_of

UP, DOWN, DEGRADED, UNKNOWN = MonitorStatus.UP, MonitorStatus.DOWN, MonitorStatus.DEGRADED, MonitorStatus.UNKNOWN
BREAKER = Breaker()
BATCH = 1000
STORED_AFTER_S = 1
TIMEOUT_S = 10
HOUR = 3600

Check = tuple[int, MonitorStatus]
"""When, and what the stub target answered."""


@dataclass(frozen=True)
class Script:
    """What happens: outages by website, and stretches in which our own process does not run."""

    start: datetime
    seconds: int
    interval_s: int
    outages: dict[int, list[tuple[int, int, MonitorStatus]]]
    gaps: list[tuple[int, int]]

    def answer(self, website_id: int, at: int) -> MonitorStatus:
        """Return what the stub target answers; the outage named first counts."""
        return next((status for low, high, status in self.outages[website_id] if low <= at < high), UP)

    def due(self, website_id: int) -> range:
        """Return the moments a website is due, whoever looks."""
        return range(website_id * 7 % self.interval_s, self.seconds, self.interval_s)

    def moment(self, at: int) -> datetime:
        """Return the moment so many seconds after the start, in UTC as every check has it."""
        return as_utc(self.start) + timedelta(seconds=at)

    def is_running(self, at: int) -> bool:
        """Tell whether our process runs."""
        return not any(low <= at < high for low, high in self.gaps)


def make_script(websites: list[int], start: datetime, seconds: int, interval_s: int, seed: int = 7) -> Script:
    """Return a day full of trouble: outages of every kind, and a process that stops for 90 s and for 37 minutes."""
    dice = random.Random(seed)
    outages: dict[int, list[tuple[int, int, MonitorStatus]]] = {}
    for website in websites:
        outages[website] = []
        for _ in range(dice.choice((0, 1, 1, 2, 4))):
            low = dice.randrange(seconds)
            length = dice.choice((dice.randrange(1, 300), dice.randrange(60, 3600), dice.randrange(HOUR, 4 * HOUR)))
            outages[website].append((low, low + length, dice.choice((DOWN, DOWN, DOWN, DEGRADED, UNKNOWN))))
    middle = seconds // 2
    return Script(start, seconds, interval_s, outages, [(middle, middle + 37 * 60), (3 * HOUR, 3 * HOUR + 90)])


# --- what really runs ---------------------------------------------------------------------------------


@dataclass
class Play:
    """Plays a script into a database, in the order of its moments."""

    database: Database
    script: Script
    states: dict[int, WatchState] = field(default_factory=dict)
    writer: ResultWriter = field(default_factory=ResultWriter)
    stored_count: int = 0

    def play(self, since: int, until: int) -> None:
        """Check whatever is due from `since` until before `until`, then fold the rollups of what is over."""
        batch: dict[int, Submission] = {}
        for at, website in self._due(since, until):
            if not self.script.is_running(at):
                self.writer = ResultWriter()  # a new process knows nothing but the database
                continue
            if website in batch or len(batch) == BATCH:
                self._store(batch)
                batch = {}
            state = self.states.get(website)
            moment = self.script.moment(at)
            if state is not None and BREAKER.is_open(state.breaker_open_until, moment):
                continue
            result = stub_result(website, moment, self.script.answer(website, at))
            batch[website] = Submission(website, result, self.script.interval_s, TIMEOUT_S)
        self._store(batch)
        self._fold(until)

    def _due(self, since: int, until: int) -> list[tuple[int, int]]:
        due = (
            (at, website) for website in self.script.outages for at in self.script.due(website) if since <= at < until
        )
        return sorted(due)

    def _store(self, batch: dict[int, Submission]) -> None:
        if not batch:
            return
        later = timedelta(seconds=STORED_AFTER_S)
        with self.database.write_transaction() as connection:
            states = load_states(connection, batch)
            outcomes = [
                outcome_of(one, states[website], BREAKER, one.result.started_at + later)
                for website, one in batch.items()
            ]
            self.writer.write(connection, outcomes, max(one.result.started_at for one in batch.values()) + later)
        self.states.update({one.website_id: one.judgement.state for one in outcomes})
        self.stored_count += len(outcomes)

    def _fold(self, until: int) -> None:
        now_us = to_epoch_us(self.script.moment(until))
        while True:
            with self.database.write_transaction() as connection:
                if not rollups.fold_due(connection, now_us=now_us, limit=500):
                    return


def stub_result(website: int, at: datetime, status: MonitorStatus) -> CheckResult:
    """Return what a stub target's answer becomes."""
    url = f"https://site-{website}.example/"
    if status is DOWN:
        return CheckResult(url=url, started_at=at, status=status, cause=Cause.CONNECT_REFUSED, message="refused")
    if status is UNKNOWN:
        return CheckResult(url=url, started_at=at, status=status, cause=Cause.VANTAGE_BLIND, message="we are blind")
    total = 20.0 + website % 180
    phases = Phases(1.0, 2.0, 3.0, total - 7.0, 1.0, total)
    return CheckResult(url=url, started_at=at, status=status, phases=phases, http_status_code=200)


# --- what must come out -------------------------------------------------------------------------------


def true_checks(script: Script, website: int) -> list[Check]:
    """Return the checks that are done: due, our process running, the circuit breaker not open."""
    checks: list[Check] = []
    failures, closed_until = 0, 0
    for at in script.due(website):
        if not script.is_running(at) or at < closed_until:
            continue
        status = script.answer(website, at)
        checks.append((at, status))
        if status is DOWN:
            failures += 1
            closed_until = at + STORED_AFTER_S + 300 if failures >= 5 else 0
        elif status is not UNKNOWN:
            failures = closed_until = 0
    return checks


def true_line(script: Script, checks: list[Check], until: int) -> bytearray:
    """Return a byte a second: 0 fine, 1 down, 2 nobody could tell, 3 not observed yet. The last rule wins."""
    line = bytearray(until)
    down_since: int | None = None
    for at, status in checks:
        if status is DOWN and down_since is None:
            down_since = at
        elif status in (UP, DEGRADED) and down_since is not None:
            fill(line, down_since, at, 1)
            down_since = None
    if down_since is not None:
        fill(line, down_since, until, 1)
    lasts = 2 * script.interval_s + min(script.interval_s, 2 * TIMEOUT_S)
    failures = 0
    for (at, status), (following, _) in pairwise([*checks, (until, UP)]):
        failures = failures + 1 if status is DOWN else failures if status is UNKNOWN else 0
        if status is UNKNOWN:
            fill(line, at, at + script.interval_s, 2)
        pause = 300 if failures >= 5 else 0
        if following == until and pause:
            pause = 300 + STORED_AFTER_S  # the last check's breaker is open until a moment that is known
        if following - at > lasts + pause:
            fill(line, at + lasts + pause, following, 2)
    fill(line, 0, checks[0][0] if checks else until, 3)
    return line


def fill(line: bytearray, low: int, high: int, value: int) -> None:
    """Set the seconds from `low` to before `high`, as far as there are such."""
    low, high = max(0, low), min(high, len(line))
    if low < high:
        line[low:high] = bytes([value]) * (high - low)


def true_uptime(script: Script, website: int, hours: int, until: int) -> dict[str, Any]:
    """Return what `Uptime` must say at a moment of the script, by counting."""
    checks = [check for check in true_checks(script, website) if check[0] < until]
    since = until - hours * HOUR
    seen = [status for at, status in checks if at >= since]
    available = sum(status in (UP, DEGRADED) for status in seen)
    told = len(seen) - seen.count(UNKNOWN)
    line = true_line(script, checks, until)[max(0, since) :]
    down, unknown = line.count(1), line.count(2)
    observed = len(line) - line.count(3) - unknown
    return {
        "website_id": website,
        "hours": hours,
        "by_checks_percent": round(100 * available / told, 6) if told else None,
        "by_time_percent": round(100 * (1 - down / observed), 6) if observed else None,
        "checks_count": len(seen),
        "up_count": available,
        "unknown_seconds": float(unknown),
        "downtime_seconds": float(down),
    }


def differences(database: Database, script: Script, websites: list[int], hours: int, until: int) -> Iterator[str]:
    """Yield a sentence for each website whose stored uptime is not the truth."""
    now = script.moment(until).astimezone(script.start.tzinfo)  # as people ask
    with database.session() as db:
        for website in websites:
            got: Uptime = uptime_of(db, website, hours, now)
            wanted = true_uptime(script, website, hours, until)
            wrong = [
                f"{name} {value} where it must be {wanted[name]}"
                for name, value in got.model_dump().items()
                if value != wanted[name] and not _is_close(value, wanted[name])
            ]
            if wrong:
                yield f"website {website}, {hours} h at {now:%Y-%m-%d %H:%M}: {', '.join(wrong)}"


def _is_close(one: object, other: object) -> bool:
    """Percentages are rounded to a millionth; their last digit may differ by the order of the arithmetic."""
    return isinstance(one, float) and isinstance(other, float) and abs(one - other) < 2e-6
