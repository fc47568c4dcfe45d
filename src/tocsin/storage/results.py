"""The one way in for judged checks: a batch, one transaction, with all that each check changes.

MonitorCheck, state, DowntimeWindow, rollups, outbox event, evidence and certificates of a batch are committed
together or not at all, so that a kill between two checks leaves nothing half done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, update

from tocsin.model.conditions.certificate_warnings import WARN_DAYS, CertificateReason, CertificateWarning
from tocsin.model.enums import MonitorStatus
from tocsin.model.results import CheckResult, PeerCertificate
from tocsin.model.states import DowntimeStep, Judgement, Reason, encode_recent
from tocsin.model.times import EPOCH, isoformat, to_epoch_us
from tocsin.storage import bulk, certificates
from tocsin.storage.evidence import REFRESH_AFTER, fingerprint, pack
from tocsin.storage.history import rollups
from tocsin.storage.outbox import CERTIFICATE, TRANSITION
from tocsin.storage.states import STATE_COLUMNS
from tocsin.storage.tables import DowntimeWindow, MonitorCheck
from tocsin.storage.tables.codes import CAUSE_CODES, METHOD_CODES, PHASE_CODES, STATUS_CODES
from tocsin.storage.tables.records import CheckEvidence, GoodEvidence, OutboxEvent, UnknownWindow, WebsiteState
from tocsin.storage.tables.rows import CHECK_COLUMNS, CheckRow

_MICROSECOND = timedelta(microseconds=1)
_MESSAGE_LIMIT = 1000

CHAIN_REREAD_AFTER = timedelta(hours=1)
"""A chain that stays the same is noted as read this often."""

Identity = tuple[int, datetime | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One check, seen and judged, ready to be stored."""

    website_id: int
    result: CheckResult  # settled: it has a status
    judgement: Judgement
    unknown_for: timedelta = timedelta(0)  # how long an UNKNOWN check leaves us in the dark
    is_asked_for: bool = False  # somebody waits to see it: its evidence is kept, however good


@dataclass(frozen=True, slots=True)
class Stored:
    """What a stored outcome was given."""

    check_id: int
    downtime_id: int | None = None
    event_id: int | None = None
    certificate_event: tuple[int, CertificateReason, dict[str, Any]] | None = None  # number, reason and details


class ResultWriter:
    """Stores batches of outcomes. Used by one thread; remembers which good evidence and which chains are stored.

    Args:
        warn_days: days left at which people are told that a certificate expires.
    """

    def __init__(self, warn_days: Sequence[int] = WARN_DAYS) -> None:
        self._expiries = certificates.ExpiryWatch(warn_days)
        self._good: dict[Identity, tuple[str, str, datetime]] = {}
        self._chains: dict[Identity, tuple[tuple[tuple[str, ...], str | None], datetime]] = {}

    def write(self, connection: Connection, outcomes: Sequence[Outcome], now: datetime) -> list[Stored]:
        """Store `outcomes`, in order; at most one a website. The caller commits."""
        now_us = to_epoch_us(now)
        ids = bulk.next_ids(connection, _table(MonitorCheck), len(outcomes))
        rows = [check_row(one.website_id, one.result, now_us) for one in outcomes]
        columns = ("id", *CHECK_COLUMNS)
        pairs = list(zip(ids, rows, strict=True))
        bulk.insert_rows(connection, _table(MonitorCheck), columns, [(check_id, *row) for check_id, row in pairs])
        rollups.count_checks(connection, rows, self._write_unknown(connection, outcomes), now_us=now_us)
        states = (_state_row(one, *pair) for one, pair in zip(outcomes, pairs, strict=True))
        moved = [row for row in states if row is not None]
        bulk.upsert_rows(connection, _table(WebsiteState), STATE_COLUMNS, moved, add=("skipped_checks_count",))
        downtimes = _write_downtimes(connection, outcomes, now)
        self._write_evidence(connection, outcomes, ids)
        news = self._expiries.news_of(connection, [leaf for one in outcomes for leaf in _leaf_seen(one)])
        return _write_events(connection, outcomes, ids, downtimes, news, now)

    def forget(self) -> None:
        """Forget what is stored: the last batch was rolled back."""
        self._good.clear()
        self._chains.clear()
        self._expiries.forget()

    def _write_unknown(self, connection: Connection, outcomes: Sequence[Outcome]) -> list[tuple[int, int, int]]:
        rows = []
        for one in outcomes:
            if one.judgement.gap is not None:
                start, end = one.judgement.gap
                rows.append((one.website_id, to_epoch_us(start), to_epoch_us(end), "gap"))
            if one.result.status is MonitorStatus.UNKNOWN:
                start_us = to_epoch_us(one.result.started_at)
                rows.append((one.website_id, start_us, start_us + one.unknown_for // _MICROSECOND, "unknown"))
        columns = ("website_id", "started_at", "ended_at", "reason")
        bulk.insert_rows(connection, _table(UnknownWindow), columns, rows)
        return [row[:3] for row in rows]

    def _write_evidence(self, connection: Connection, outcomes: Sequence[Outcome], ids: Sequence[int]) -> None:
        failed, good, chains = [], [], {}
        for one, check_id in zip(outcomes, ids, strict=True):
            result = one.result
            is_newest = one.judgement.reason is not Reason.OUT_OF_ORDER
            if result.certificate is not None and is_newest and self._is_news(one, result.certificate):
                chains[one.website_id] = (result.certificate, result.started_at)
            if result.status is not MonitorStatus.UP or result.earlier or one.is_asked_for:
                failed.append((check_id, one.website_id, pack(result)))
            if result.status is MonitorStatus.UP and is_newest:
                good.extend(self._good_rows(one, check_id))
        bulk.insert_rows(connection, _table(CheckEvidence), ("check_id", "website_id", "payload"), failed)
        columns = ("website_id", "check_id", "fingerprint", "recorded_at", "payload")
        bulk.upsert_rows(connection, _table(GoodEvidence), columns, good)
        certificates.record_chains(connection, chains)

    def _is_news(self, one: Outcome, certificate: PeerCertificate) -> bool:
        """Return whether a chain is to be written: it differs from the one stored, or that was read an hour ago."""
        website, at = _identity(one), one.result.started_at
        chain = (tuple(facts.sha256 for facts in certificate.chain), certificate.verify_error)
        last = self._chains.get(website)
        if last is not None and last[0] == chain and at - last[1] < CHAIN_REREAD_AFTER:
            return False
        self._chains[website] = (chain, at)
        return True

    def _good_rows(self, one: Outcome, check_id: int) -> list[tuple[Any, ...]]:
        """Return the row that replaces a website's good evidence, or nothing where it says the same."""
        matter, body = fingerprint(one.result)
        at = one.result.started_at
        website = _identity(one)
        last = self._good.get(website)
        if last is not None and last[0] == matter and (last[1] == body or at - last[2] < REFRESH_AFTER):
            return []
        self._good[website] = (matter, body, at)
        return [(one.website_id, check_id, matter, to_epoch_us(at), pack(one.result))]


def _identity(one: Outcome) -> Identity:
    """SQLite may give the number of a deleted website to a new one; their first checks differ."""
    return one.website_id, one.judgement.state.first_checked_at


def _leaf_seen(one: Outcome) -> list[certificates.LeafSeen]:
    """Return the leaf of a check, unless it is none or older than what is stored."""
    result = one.result
    if result.certificate is None or one.judgement.reason is Reason.OUT_OF_ORDER:
        return []
    return [certificates.LeafSeen(_identity(one), result.certificate.leaf, result.started_at)]


def check_row(website_id: int, result: CheckResult, now_us: int) -> CheckRow:
    """Return the columns of a settled result."""
    phases = result.phases
    at_us = (result.started_at - EPOCH) // _MICROSECOND
    is_up = result.status is MonitorStatus.UP
    return CheckRow(
        website_id,
        at_us,
        max(0, (now_us - at_us) // 1000),
        STATUS_CODES[result.status or MonitorStatus.UNKNOWN],
        result.http_status_code,
        METHOD_CODES[result.method],
        _us(phases.total_ms),
        _us(phases.dns_ms),
        _us(phases.connect_ms),
        _us(phases.tls_ms),
        _us(phases.ttfb_ms),
        result.attempts,
        CAUSE_CODES[result.cause] if result.cause else None,
        PHASE_CODES[result.phase] if result.phase else None,
        None if is_up else _text(result.message),
    )


def _text(message: str) -> str | None:
    """Return a message, bounded, in characters that every database holds: no NUL, no half of a pair."""
    clean = message[:_MESSAGE_LIMIT].replace("\0", "\\0")
    return clean.encode(errors="backslashreplace").decode() or None


def _us(milliseconds: float | None) -> int | None:
    return None if milliseconds is None else int(milliseconds * 1000 + 0.5)


def _table(mapped: type[Any]) -> Table:
    table: Table = mapped.__table__
    return table


def _state_row(one: Outcome, check_id: int, row: CheckRow) -> tuple[Any, ...] | None:
    state = one.judgement.state
    shown = state.status or MonitorStatus.UNKNOWN
    if state.last_checked_at != one.result.started_at:
        return None  # an older check that came late changes no state
    return (
        one.website_id,
        STATUS_CODES[shown],
        _moment_us(state.status_since),
        _moment_us(state.first_checked_at),
        row.checked_at_us,
        check_id,
        row.total_us,
        row.cause,
        row.error_message,
        state.consecutive_failures,
        _moment_us(state.breaker_open_until),
        0,
        row.status,
        encode_recent(state.recent),
        _moment_us(state.recovering_since),
        state.recovering_checks_count,
    )


def _moment_us(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - EPOCH) // _MICROSECOND


def _write_downtimes(connection: Connection, outcomes: Sequence[Outcome], now: datetime) -> dict[int, int]:
    """Open, count and close downtimes; return the downtime concerned, by website."""
    table = _table(DowntimeWindow)
    steps: dict[DowntimeStep, list[Outcome]] = {}
    for one in outcomes:
        steps.setdefault(one.judgement.downtime, []).append(one)
    opened = steps.get(DowntimeStep.OPEN, [])
    going_on = steps.get(DowntimeStep.COUNT, []) + steps.get(DowntimeStep.CLOSE, [])
    concerned = {one.website_id: one.judgement.state.downtime_id or 0 for one in going_on}
    if opened:
        ids = bulk.next_ids(connection, table, len(opened))
        concerned |= {one.website_id: downtime_id for one, downtime_id in zip(opened, ids, strict=True)}
        connection.execute(insert(table), [_opened(one, concerned[one.website_id], now) for one in opened])
    this = update(table).where(table.c.id == bindparam("downtime"))
    if counted := steps.get(DowntimeStep.COUNT):
        change = this.values(affected_checks_count=table.c.affected_checks_count + 1, updated_at=now)
        connection.execute(change, [{"downtime": concerned[one.website_id]} for one in counted])
    if closed := steps.get(DowntimeStep.CLOSE):
        change = this.values(ended_at=bindparam("at"), recovery_status=bindparam("status"), updated_at=now)
        connection.execute(
            change,
            [
                {"downtime": concerned[one.website_id], "at": _end_of(one), "status": one.result.status}
                for one in closed
            ],
        )
    return concerned


def _end_of(one: Outcome) -> datetime:
    """Return when a downtime ended; not before its start, even where the clock was set back in between."""
    began, ended = one.judgement.state.downtime_started_at, one.judgement.downtime_at or one.result.started_at
    return ended if began is None else max(began, ended)


def _opened(one: Outcome, downtime_id: int, now: datetime) -> dict[str, Any]:
    return {
        "id": downtime_id,
        "website_id": one.website_id,
        "started_at": one.judgement.downtime_at or one.result.started_at,
        "initial_status": one.result.status,
        "affected_checks_count": max(1, one.judgement.failed_checks_count),
        "root_cause": _text(one.result.message),
        "created_at": now,
        "updated_at": now,
    }


def _write_events(
    connection: Connection,
    outcomes: Sequence[Outcome],
    ids: Sequence[int],
    downtimes: dict[int, int],
    news: dict[int, CertificateWarning],
    now: datetime,
) -> list[Stored]:
    """Put transitions and what there is to tell of certificates into the outbox, in the checks' order."""
    number = sum(one.judgement.transition is not None for one in outcomes) + len(news)
    numbers = iter(bulk.next_ids(connection, _table(OutboxEvent), number) if number else ())
    rows: list[dict[str, Any]] = []
    stored = []
    for one, check_id in zip(outcomes, ids, strict=True):
        event_id, told, downtime_id = None, None, downtimes.get(one.website_id)
        shared = {"website_id": one.website_id, "check_id": check_id, "created_at": now}
        shared["occurred_at"] = one.result.started_at
        if one.judgement.transition is not None:
            event_id = next(numbers)
            rows.append({**shared, **_transition_values(one), "id": event_id, "downtime_id": downtime_id})
        if (warning := news.get(one.website_id)) is not None:
            values = _certificate_values(one, warning)
            told = (next(numbers), warning.reason, values["details"])
            rows.append({**shared, **values, "id": told[0], "downtime_id": None})
        stored.append(Stored(check_id, downtime_id, event_id, told))
    if rows:
        connection.execute(insert(_table(OutboxEvent)), rows)
    return stored


def _transition_values(one: Outcome) -> dict[str, Any]:
    transition, result = one.judgement.transition, one.result
    assert transition is not None  # noqa: S101 (asked by the caller)
    return {
        "kind": TRANSITION,
        "from_status": transition.from_status,
        "to_status": transition.to_status,
        "reason": transition.reason,
        "details": {"cause": result.cause, "phase": result.phase, "message": _text(result.message) or ""},
    }


def _certificate_values(one: Outcome, warning: CertificateWarning) -> dict[str, Any]:
    certificate, status = one.result.certificate, one.judgement.state.status or MonitorStatus.UNKNOWN
    assert certificate is not None  # noqa: S101 (there would be nothing to tell)
    leaf = certificate.leaf
    details = {
        "days_left": warning.days_left,
        "threshold_days": warning.threshold_days,
        "not_after": isoformat(leaf.not_after),
        "subject": _text(leaf.subject) or "",
        "issuer": _text(leaf.issuer) or "",
        "sha256": leaf.sha256,
    }
    kinds = {"kind": CERTIFICATE, "from_status": status, "to_status": status, "reason": warning.reason}
    return {**kinds, "details": details}
