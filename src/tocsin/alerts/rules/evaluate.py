"""One round: every enabled rule held against the values of now; what fires or clears becomes alerts.

Rules and standings are kept in memory between rounds and read anew when a rule was changed. Values are asked for once
a metric, aggregation and window; only what changed is written.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tocsin.alerts.recommend import EMPTY_BOOK
from tocsin.alerts.rules.alerting import alert_of, fingerprint_for, priority_of
from tocsin.alerts.rules.decide import Decision, Standing, State, decide
from tocsin.alerts.rules.rule import Rule, rule_of
from tocsin.model.alerting.sightings import Ending, sighting_of
from tocsin.model.alerts import AlertPriority
from tocsin.model.series_values import Ask, Value, Watched
from tocsin.storage.alerts.recording import Handling, Seen, record
from tocsin.storage.database import Connection
from tocsin.storage.rules.definitions import enabled_rules, load_standings, rules_version, store_standings
from tocsin.storage.rules.values import sample_values, watched_websites, website_values

logger = logging.getLogger(__name__)

ADVISED = Handling(advise=EMPTY_BOOK.advise)
"""Alerts of rules come with what is known about their metrics."""

SIGHT_AGAIN_AFTER = timedelta(minutes=10)
"""An alert that goes on is confirmed so often: its time to live begins anew."""

Key = tuple[int, str]
"""A rule's id and a series."""


@dataclass(slots=True)
class RoundSummary:
    """What a round did."""

    rules_count: int = 0
    series_count: int = 0
    fired_count: int = 0
    cleared_count: int = 0
    took_s: float = 0.0


@dataclass(slots=True)
class Evaluator:
    """Evaluates rules round by round; one per process, one thread at a time."""

    handling: Handling = ADVISED
    rules: list[Rule] = field(default_factory=list)
    _version: tuple[int, datetime | None] | None = None
    standings: dict[Key, Standing] = field(default_factory=dict)
    stored: set[Key] = field(default_factory=set)
    seen: dict[int, set[str]] = field(default_factory=dict)  # the series each rule has had a value of
    sighted: dict[Key, tuple[datetime, AlertPriority]] = field(
        default_factory=dict
    )  # what firing series were said to be

    def forget(self) -> None:
        """Read everything anew: the last round was rolled back, or somebody else has evaluated since."""
        self._version = None

    def look(self, connection: Connection, now: datetime) -> "Round":
        """Hold every rule against its values; nothing is written yet. The caller hands the round to `write`."""
        began = time.perf_counter()
        self._refresh(connection)
        values = _values_for(connection, self.rules, now)
        round_ = Round(self, now)
        for rule in self.rules:
            round_.hold(rule, values)
        round_.clear_what_is_gone()
        round_.summary.rules_count, round_.summary.took_s = len(self.rules), time.perf_counter() - began
        return round_

    def run(self, connection: Connection, now: datetime) -> RoundSummary:
        """Look and write on one connection; the caller commits, and calls `forget` where that fails."""
        round_ = self.look(connection, now)
        round_.write(connection)
        return round_.summary

    def _refresh(self, connection: Connection) -> None:
        version = rules_version(connection)
        if version == self._version:
            return
        self.rules = [rule_of(row) for row in enabled_rules(connection)]
        stored = load_standings(connection)
        self.standings = {key: Standing(State(state), since) for key, (state, since) in stored.items()}
        self.stored = set(stored)
        self.seen = {rule.id: set() for rule in self.rules}
        self.sighted = {}
        for rule_id, series in stored:
            self.seen.setdefault(rule_id, set()).add(series)
        self._version = version


class Round:
    """What one round finds."""

    def __init__(self, evaluator: Evaluator, now: datetime) -> None:
        self._of = evaluator
        self._now = now
        self._news: list[Seen] = []
        self._changed: list[dict[str, Any]] = []
        self._settled: list[Key] = []
        self.summary = RoundSummary()

    def hold(self, rule: Rule, values: "Values") -> None:
        """Hold one rule against every series that it is about, also against those that have no value any more."""
        found = {one.series: one for one in values.of(rule)}
        seen = self._of.seen.setdefault(rule.id, set())
        for series in seen - found.keys():
            found[series] = Value(series, {}, None, series)
        seen.update(found)
        if not found:  # nothing has ever been seen of it
            found[""] = Value("", {}, None)
        for one in found.values():
            self._hold_one(rule, one)
        self.summary.series_count += len(found)

    def _hold_one(self, rule: Rule, one: Value) -> None:
        key = (rule.id, one.series)
        before = self._of.standings.get(key, _WELL)
        decision = decide(rule.bound, before, one.value, self._now)
        if decision.is_news or (decision.standing.state is State.FIRING and self._is_due(rule, one)):
            self._tell(rule, one, decision)
        if decision.standing == before:
            return
        self._note(key, decision.standing, one.value)

    def _is_due(self, rule: Rule, one: Value) -> bool:
        """Return whether a series that goes on firing is to be sighted again: it is worse, or it has been a while."""
        at, priority = self._of.sighted.get((rule.id, one.series), (None, AlertPriority.INFO))
        if at is None or self._now - at >= SIGHT_AGAIN_AFTER:
            return True
        return one.value is not None and priority_of(rule, one.value).rank < priority.rank

    def _note(self, key: Key, after: Standing, value: float | None) -> None:
        if after.state is State.OK:
            self._of.standings.pop(key, None)
            if key in self._of.stored:
                self._settled.append(key)
            return
        self._of.standings[key] = after
        self._changed.append(
            {
                "rule_id": key[0], "series": key[1], "state": after.state.value, "since": after.since, "value": value,
                "evaluated_at": self._now,
            }
        )  # fmt: skip

    def _tell(self, rule: Rule, one: Value, decision: Decision) -> None:
        if decision.is_end:
            self.summary.cleared_count += 1
            self._of.sighted.pop((rule.id, one.series), None)
            self._end(rule.id, rule.name, one.series, str(decision.verdict), _cleared_text(rule, one.value))
        else:
            self.summary.fired_count += decision.is_news
            alert = alert_of(rule, one, decision, self._now)
            self._of.sighted[rule.id, one.series] = (self._now, alert.priority)
            self._news.append(sighting_of(alert, self._now))

    def _end(self, rule_id: int, name: str, series: str, reason: str, note: str) -> None:
        logger.info("rule %s cleared for %s: %s", name, series or "everything", note)
        self._news.append(Ending(fingerprint_for(rule_id, series), self._now, reason, note))

    def clear_what_is_gone(self) -> None:
        """End the alerts of rules that were deleted or switched off."""
        alive = {rule.id for rule in self._of.rules}
        for key, standing in list(self._of.standings.items()):
            if key[0] not in alive:
                if standing.state is State.FIRING:
                    self._end(key[0], str(key[0]), key[1], "rule_gone", "the rule was deleted or switched off")
                self._note(key, _WELL, None)

    @property
    def has_changes(self) -> bool:
        """True where there is anything to write."""
        return bool(self._news or self._changed or self._settled)

    def write(self, connection: Connection) -> None:
        """Write what changed: standings and alerts."""
        if self._news:
            record(connection, self._news, self._now, self._of.handling)
        store_standings(connection, self._changed, self._settled)
        stored = self._of.stored
        stored.update((one["rule_id"], one["series"]) for one in self._changed)
        stored.difference_update(self._settled)


_WELL = Standing()


def _cleared_text(rule: Rule, value: float | None) -> str:
    return "there is no data any more" if value is None else f"{rule.metric_name} is {value:.6g} now"


@dataclass(slots=True)
class Values:
    """The values of one round, by what was asked."""

    websites: dict[int, Watched] = field(default_factory=dict)
    by_ask: dict[Ask, list[Value]] = field(default_factory=dict)
    by_label: dict[Ask, dict[tuple[str, str], list[Value]]] = field(default_factory=dict)
    by_website: dict[Ask, dict[int, Value]] = field(default_factory=dict)
    named: dict[str, list[int]] = field(default_factory=dict)  # website ids by name

    def of(self, rule: Rule) -> Iterable[Value]:
        """Return the values of the series that a rule is about."""
        if not rule.is_about_websites:
            candidates = self._candidates(rule)
            return (one for one in candidates if rule.labels.items() <= one.labels.items())
        values = self.by_website.get(rule.ask, {})
        return (values[one.id] for one in self.about(rule) if one.id in values)

    def _candidates(self, rule: Rule) -> Sequence[Value]:
        """Return the series that have one of the rule's labels, the rarest; all where it names none."""
        index = self.by_label.get(rule.ask, {})
        lists = (index.get(pair, []) for pair in rule.labels.items())
        return min(lists, key=len, default=self.by_ask.get(rule.ask, []))

    def about(self, rule: Rule) -> Sequence[Watched]:
        """Return the websites that a rule is about."""
        if "website_id" in rule.labels:
            text = rule.labels["website_id"]
            candidates = [int(text)] if text.isdecimal() else []
        elif "website" in rule.labels:
            candidates = self.named.get(rule.labels["website"], [])
        else:
            candidates = list(self.websites)
        found = (self.websites[one] for one in candidates if one in self.websites)
        return [one for one in found if one.matches(rule.labels)]


def _values_for(connection: Connection, rules: Sequence[Rule], now: datetime) -> Values:
    values = Values()
    about_websites = [rule for rule in rules if rule.is_about_websites]
    if about_websites:
        for one in watched_websites(connection):
            values.websites[one.id] = one
            values.named.setdefault(one.labels["website"], []).append(one.id)
    wanted: dict[Ask, dict[int, Watched]] = {}
    for rule in about_websites:
        wanted.setdefault(rule.ask, {}).update({one.id: one for one in values.about(rule)})
    for ask, websites in wanted.items():
        found = website_values(connection, ask, websites.values(), now)
        values.by_website[ask] = {one.website_id: one for one in found if one.website_id is not None}
    for ask in {rule.ask for rule in rules if not rule.is_about_websites}:
        values.by_ask[ask] = sample_values(connection, ask, now)
        index = values.by_label[ask] = {}
        for value in values.by_ask[ask]:
            for pair in value.labels.items():
                index.setdefault(pair, []).append(value)
    return values
