"""Are the websites down, or are we blind? From what checks and references said. Pure; times are seconds of one clock.

Blind is who hears nothing: neither the websites, nor the references that answered before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from tocsin.model.enums import Cause, MonitorStatus, Phase
from tocsin.model.results import CheckResult
from tocsin.model.vantage import Answer, Said

DARK_SHARE = 0.8
"""We may be blind where so many of the websites fail."""
MANY_WEBSITES = 3
MANY_HOSTS = 2
"""So many failing websites, at so many hosts, are not down by chance."""

_BLAMED = frozenset({Cause.DNS_SERVER_FAILURE, Cause.NO_ROUTE, Cause.CONNECT_REFUSED, Cause.CONNECT_RESET}) | {
    cause for cause in Cause if "timeout" in cause
}


class Glimpse(NamedTuple):
    """What one check says of our own sight: nothing came from outside (dark), or something did."""

    website_id: int
    host: str
    at: float  # when it ended
    is_dark: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """The last glimpse of each website within a stretch of time, counted."""

    websites_count: int = 0
    dark_count: int = 0
    dark_hosts_count: int = 0

    @property
    def is_light(self) -> bool:
        """True where enough websites answer: we see."""
        return self.dark_count < DARK_SHARE * self.websites_count

    @property
    def is_dark(self) -> bool:
        """True where nearly all fail, and these are many, at several hosts."""
        are_many = self.dark_count >= MANY_WEBSITES and self.dark_hosts_count >= MANY_HOSTS
        return are_many and not self.is_light


def gather(glimpses: Iterable[Glimpse], since: float) -> Evidence:
    """Return what `glimpses`, newest first, say of the time from `since` on."""
    latest: dict[int, Glimpse] = {}
    for one in glimpses:
        if one.at < since:
            break
        latest.setdefault(one.website_id, one)
    dark = [one for one in latest.values() if one.is_dark]
    return Evidence(len(latest), len(dark), len({one.host for one in dark}))


def is_dark(result: CheckResult) -> bool:
    """Return whether a settled check failed before anything came from the other side, so that it may be our fault.

    A name that does not exist is an answer of a name server; and what answers wrongly, answers.
    """
    return result.status is MonitorStatus.DOWN and result.cause in _BLAMED


def is_light(result: CheckResult) -> bool:
    """Return whether something came from the other side."""
    return result.http_status_code is not None or (result.status is not None and result.status.is_available)


class Trust(StrEnum):
    """What the silence of a reference is worth."""

    PROVEN = "proven"  # it has answered since the start
    UNPROVEN = "unproven"
    MUTE = "mute"  # it was silent while websites answered


class Verdict(StrEnum):
    """What is to be thought of dark checks."""

    REFERENCE_ANSWERS = "reference_answers"
    WEBSITES_ANSWER = "websites_answer"
    NO_WITNESS = "no_witness"  # no reference whose silence says anything
    ALL_SILENT = "all_silent"  # we are blind


def decide(answers: Iterable[Answer], trust: dict[str, Trust], *, meanwhile: Evidence, lately: Evidence) -> Verdict:
    """Return whether we are blind, now that the references were asked.

    Args:
        answers: of those references that were heard, or waited for in vain.
        trust: what each one's silence is worth, by reference.
        meanwhile: what checks have said since the references were found silent.
        lately: what they have said within the last minute.
    """
    answers = list(answers)
    if any(one.said is Said.ANSWERS for one in answers):
        return Verdict.REFERENCE_ANSWERS
    if meanwhile.is_light:
        return Verdict.WEBSITES_ANSWER
    worth = [_worth(one, trust) for one in answers]
    if Trust.PROVEN in worth:
        return Verdict.ALL_SILENT
    if Trust.UNPROVEN in worth and lately.is_dark:
        return Verdict.ALL_SILENT
    return Verdict.NO_WITNESS


def _worth(answer: Answer, trust: dict[str, Trust]) -> Trust:
    known = trust.get(str(answer.reference), Trust.UNPROVEN)
    # What never was there cannot have fallen silent.
    return Trust.MUTE if answer.said is Said.ABSENT and known is Trust.UNPROVEN else known


def blinded(result: CheckResult, references: Iterable[str]) -> CheckResult:
    """Return a dark check as what it is while we are blind: UNKNOWN, with the references that are silent."""
    names = list(references)
    who = f"{''.join(names) or 'no reference'} does not answer"
    if len(names) > 1:
        who = f"neither {', '.join(names[:-1])} nor {names[-1]} answers"
    said = f" The check itself: {result.message}" if result.message else ""
    return result.evolve(
        status=MonitorStatus.UNKNOWN,
        cause=Cause.VANTAGE_BLIND,
        phase=Phase.VANTAGE,
        message=f"Tocsin itself cannot see the network: {who}.{said}",
    )
