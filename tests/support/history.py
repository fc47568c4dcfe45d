"""Histories of checks for the tests of storage: recorded by the writer, or made of dice, and counted by hand."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select

from tocsin import CheckResult, Database, MonitorStatus, WebsiteCreate, WebsiteCRUD
from tocsin.model.enums import Cause, Phase
from tocsin.model.results import Phases
from tocsin.model.times import from_epoch_us, to_epoch_us
from tocsin.storage import bulk
from tocsin.storage.history import rollups
from tocsin.storage.history.retention import Retention, Trim
from tocsin.storage.results import Outcome, ResultWriter, Stored
from tocsin.storage.states import load_states
from tocsin.storage.tables import MonitorCheck
from tocsin.storage.tables.records import DailyRollup, HourlyRollup
from tocsin.storage.tables.rows import CHECK_COLUMNS, DEGRADED, DOWN, UNKNOWN, UP, CheckRow, transfer_us
from tocsin.watch.breaker import Breaker
from tocsin.watch.judge import judge

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
GAP_AFTER = timedelta(hours=1)
INTERVAL = timedelta(minutes=5)
_numbers = count(1)


def add_site(database: Database, **options: Any) -> int:
    """Store a website of its own URL; return its id."""
    with database.session() as db:
        website = WebsiteCreate.model_validate({"url": f"https://site-{next(_numbers)}.example", **options})
        website_id: int = WebsiteCRUD.create(db, website).id
        return website_id


def saw(at: datetime, status: MonitorStatus = MonitorStatus.UP, **facts: Any) -> CheckResult:
    """Return a settled result."""
    if status is MonitorStatus.DOWN:
        facts = {"cause": Cause.CONNECT_REFUSED, "phase": Phase.CONNECT, "message": "nobody listens", **facts}
    elif status is not MonitorStatus.UNKNOWN:
        facts = {"http_status_code": 200, "phases": Phases(1.0, 2.0, 3.0, 10.0, 4.0, 20.0), **facts}
    return CheckResult(url="https://example.com/", started_at=at, status=status, **facts)


def record(
    database: Database,
    website_id: int,
    *results: CheckResult,
    now: datetime | None = None,
    writer: ResultWriter | None = None,
    breaker: Breaker | None = None,
) -> list[Stored]:
    """Judge and store results of one website, one after the other, in one transaction each."""
    writer = writer or ResultWriter()
    stored = []
    for result in results:
        moment = now or result.started_at + timedelta(seconds=1)
        with database.write_transaction() as connection:
            outcome = judged(load_states(connection, [website_id])[website_id], result, moment, breaker)
            stored.extend(writer.write(connection, [outcome], moment))
    return stored


def judged(state: Any, result: CheckResult, now: datetime, breaker: Breaker | None = None) -> Outcome:
    """Return what is to be stored of a result."""
    judgement = judge(result, state, breaker or Breaker(), now, gap_after=GAP_AFTER, unknown_for=INTERVAL)
    return Outcome(state.website_id, result, judgement, INTERVAL)


def random_rows(website_id: int, dice: random.Random, start: datetime, end: datetime, number: int) -> list[CheckRow]:
    """Return that many checks between two moments, in order."""
    low, high = to_epoch_us(start), to_epoch_us(end)
    moments = sorted(dice.randrange(low, high) for _ in range(number))
    return [random_row(website_id, dice, moment) for moment in moments]


def random_row(website_id: int, dice: random.Random, at_us: int) -> CheckRow:
    """Return a check whose status and durations are drawn."""
    status = dice.choices((UP, DOWN, DEGRADED, UNKNOWN), (80, 8, 8, 4))[0]
    dns, connect, tls, ttfb = (dice.randrange(100, 90_000) for _ in range(4))
    total = dns + connect + tls + ttfb + dice.randrange(2_000)
    phases: tuple[int | None, ...] = (total, dns, connect, tls, ttfb)
    if status in (DOWN, UNKNOWN):
        phases = dice.choice(((total, dns, None, None, None), (None, None, None, None, None)))
    return CheckRow(website_id, at_us, 1, status, 200, 0, *phases, 1, None, None, None)  # type: ignore[call-arg, arg-type]


def store_rows(
    database: Database, rows: Iterable[CheckRow], now: datetime, unknown: Iterable[tuple[int, int, int]] = ()
) -> None:
    """Store raw checks and count them, in one transaction."""
    rows = list(rows)
    with database.write_transaction() as connection:
        bulk.insert_rows(connection, MonitorCheck.__table__, CHECK_COLUMNS, rows)  # type: ignore[arg-type]
        rollups.count_checks(connection, rows, unknown, now_us=to_epoch_us(now))


def fold_all(database: Database, now: datetime) -> int:
    """Fold what is due; return how many periods that were."""
    total = 0
    while True:
        with database.write_transaction() as connection:
            done = rollups.fold_due(connection, now_us=to_epoch_us(now))
        total += done
        if not done:
            return total


def take_all(database: Database, trims: Iterable[Trim], limit: int = 50) -> list[int]:
    """Let everything go that those trims find; return how many rows each batch had."""
    batches = []
    for trim in trims:
        while True:
            with database.engine.connect() as connection:
                keys = trim.find(connection, limit)
            if not keys:
                break
            with database.write_transaction() as connection:
                trim.take(connection, keys)
            batches.append(len(keys))
    return batches


EVERY_CHECK = Retention(checks_days=0)
"""Lets go of every check that is older than `now`."""


def stored_rollups(database: Database) -> dict[str, dict[tuple[int, int], dict[str, Any]]]:
    """Return every rollup that counts a check, by "hours" or "days", website and period."""
    found: dict[str, dict[tuple[int, int], dict[str, Any]]] = {}
    with database.session() as db:
        for name, table in (("hours", HourlyRollup), ("days", DailyRollup)):
            found[name] = {}
            for row in db.execute(select(table.__table__)).mappings():
                numbers = {key: value for key, value in row.items() if key not in ("website_id", "period")}
                found[name][row["website_id"], row["period"]] = numbers
    return found


def counted_by_hand(rows: Iterable[CheckRow], period_us: int) -> dict[tuple[int, int], dict[str, int]]:
    """Return what the rollups of those checks must say, one check after the other."""
    counted: dict[tuple[int, int], dict[str, int]] = {}
    names = {UP: "up_count", DOWN: "down_count", DEGRADED: "degraded_count", UNKNOWN: "unknown_count"}
    for row in rows:
        key = (row.website_id, row.checked_at_us // period_us)
        one = counted.setdefault(key, dict.fromkeys((*names.values(), "timed_count", "total_us", "dns_us", "connect_us",
                                                     "tls_us", "ttfb_us", "transfer_us"), 0))  # fmt: skip
        one[names[row.status]] += 1
        if row.status in (UP, DEGRADED) and row.total_us is not None:
            one["timed_count"] += 1
            one["total_us"] += row.total_us
            for phase in ("dns", "connect", "tls", "ttfb"):
                one[f"{phase}_us"] += getattr(row, f"{phase}_us") or 0
            one["transfer_us"] += transfer_us(row.total_us, row.dns_us, row.connect_us, row.tls_us, row.ttfb_us)
    return counted


def moment_of(row: CheckRow) -> datetime:
    """Return when a check started."""
    return from_epoch_us(row.checked_at_us)
