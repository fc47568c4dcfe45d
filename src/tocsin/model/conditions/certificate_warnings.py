"""When people are told that a certificate expires: once a threshold, the most urgent alone, anew for each leaf. Pure.

Days are whole ones that are left, so that the last day, 0, is the final 24 hours.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.model.results import CertificateFacts

WARN_DAYS = (21, 14, 7, 3, 1, 0)
"""Days left at which a warning is due, unless the settings say otherwise."""

EXPIRED = -1
"""Among the days told of: that it has expired."""

LEAVES_KEPT = 4
"""Leaves that a website's record remembers: where several servers serve different ones, each is told of once."""

_DAY = timedelta(days=1)


class CertificateReason(StrEnum):
    """Why people are told of a certificate."""

    EXPIRES = "certificate_expires"
    EXPIRED = "certificate_expired"
    RENEWED = "certificate_renewed"


@dataclass(frozen=True, slots=True)
class CertificateWarning:
    """Something to be told of a website's leaf certificate."""

    reason: CertificateReason
    days_left: int  # whole days, negative once it has expired
    threshold_days: int | None = None  # the threshold that was crossed
    told_days: tuple[int, ...] = ()  # the thresholds this settles


@dataclass(frozen=True, slots=True)
class WarningRecord:
    """What was told of a website's certificates so far."""

    warned: dict[str, tuple[int, ...]] = field(default_factory=dict)  # days told of, by the leaf's SHA-256, newest last
    open_sha256: str | None = None  # the leaf last warned of, until it is replaced


def whole_days_left(not_after: datetime, now: datetime) -> int:
    """Return how many whole days are left; 0 in the last 24 hours, negative afterwards."""
    return (not_after - now) // _DAY


def certificate_warning(
    not_after: datetime, now: datetime, warned: Collection[int], thresholds: Sequence[int]
) -> CertificateWarning | None:
    """Return what is to be told of a certificate that expires then, or None.

    Args:
        not_after: when it expires.
        now: the moment it was seen.
        warned: days told of already, `EXPIRED` among them where that was.
        thresholds: days left at which a warning is due; none at all switches warnings off.
    """
    left = whole_days_left(not_after, now)
    reached = tuple(sorted(days for days in thresholds if left <= days))
    if not thresholds:
        return None
    if now > not_after:
        told = (EXPIRED, *reached)
        return None if EXPIRED in warned else CertificateWarning(CertificateReason.EXPIRED, left, None, told)
    if not reached or any(days <= reached[0] for days in warned):
        return None
    return CertificateWarning(CertificateReason.EXPIRES, left, reached[0], reached)


def certificate_news(
    leaf: CertificateFacts, now: datetime, record: WarningRecord, thresholds: Sequence[int]
) -> tuple[CertificateWarning | None, WarningRecord]:
    """Return what is to be told of the leaf that a website served, and the record after it.

    A leaf that replaces one that was warned of is told of as renewed, unless it is to be warned of itself.
    """
    before = record.warned.get(leaf.sha256, ())
    warning = certificate_warning(leaf.not_after, now, before, thresholds)
    if warning is not None:
        others = [(sha256, days) for sha256, days in record.warned.items() if sha256 != leaf.sha256]
        told = tuple(sorted({*before, *warning.told_days}))
        return warning, WarningRecord(dict([*others, (leaf.sha256, told)][-LEAVES_KEPT:]), leaf.sha256)
    left = whole_days_left(leaf.not_after, now)
    is_other = record.open_sha256 not in (None, leaf.sha256)
    if is_other and left > max(thresholds, default=EXPIRED):
        return CertificateWarning(CertificateReason.RENEWED, left), WarningRecord(record.warned)
    return None, record


def next_change(not_after: datetime, now: datetime, thresholds: Sequence[int]) -> datetime | None:
    """Return the next moment at which there may be something to tell of the same leaf; None where there is none."""
    moments = [not_after - (days + 1) * _DAY for days in thresholds] + [not_after]
    return min((moment for moment in moments if moment >= now), default=None)
