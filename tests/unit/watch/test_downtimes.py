"""When a downtime begins and ends, against a plain model that reads the whole history each time."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings, strategies as st

from tests.support.downtimes import Downtime, expected_downtimes
from tocsin import CheckResult, MonitorStatus
from tocsin.model.downtimes import AT_ONCE, DowntimeRule
from tocsin.model.states import DowntimeStep, Judgement, Reason, WatchState, decode_recent, encode_recent
from tocsin.watch.breaker import Breaker
from tocsin.watch.judge import judge

START = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
UP, DOWN, DEGRADED, UNKNOWN = MonitorStatus.UP, MonitorStatus.DOWN, MonitorStatus.DEGRADED, MonitorStatus.UNKNOWN
LETTERS = {"U": UP, "D": DOWN, "~": DEGRADED, "?": UNKNOWN}


@dataclass
class Site:
    """A website, judged check by check as the recorder does it."""

    rule: DowntimeRule = AT_ONCE
    breaker: Breaker = field(default_factory=Breaker)
    state: WatchState = field(default_factory=lambda: WatchState(1))
    downtimes: list[Downtime] = field(default_factory=list)
    transitions: list[tuple[MonitorStatus, MonitorStatus]] = field(default_factory=list)

    def see(self, status: MonitorStatus, at: datetime, now: datetime | None = None) -> Judgement:
        result = CheckResult(url="https://example.com/", started_at=at, status=status)
        before = replace(self.state, rule=self.rule)
        judgement = judge(result, before, self.breaker, now or at, gap_after=3 * MINUTE)
        # what the database keeps of it
        self.state = replace(judgement.state, recent=decode_recent(encode_recent(judgement.state.recent)))
        if judgement.downtime is DowntimeStep.OPEN:
            assert self.state.downtime_id is None, "one downtime at a time"
            assert judgement.downtime_at is not None
            self.downtimes.append(Downtime(judgement.downtime_at, None, judgement.failed_checks_count))
            began = judgement.downtime_at
            self.state = replace(self.state, downtime_id=len(self.downtimes), downtime_started_at=began)
        elif judgement.downtime is DowntimeStep.COUNT:
            self.downtimes[-1].checks += 1
        elif judgement.downtime is DowntimeStep.CLOSE:
            self.downtimes[-1].ended_at = judgement.downtime_at
            self.state = replace(self.state, downtime_id=None, downtime_started_at=None)
        if judgement.transition is not None:
            self.transitions.append((judgement.transition.from_status, judgement.transition.to_status))
        return judgement

    def see_all(self, letters: str) -> list[Judgement]:
        """See one check a minute from the last one on."""
        first = self.state.last_checked_at
        at = START if first is None else first + MINUTE
        return [self.see(LETTERS[letter], at + number * MINUTE) for number, letter in enumerate(letters)]


rules = st.integers(1, 8).flatmap(
    lambda down: st.builds(
        DowntimeRule, st.just(down), st.one_of(st.none(), st.integers(down, 12)), up_after=st.integers(1, 5)
    )
)


@settings(max_examples=400, deadline=None)
@given(rule=rules, statuses=st.lists(st.sampled_from([UP, DOWN, DOWN, DEGRADED, UNKNOWN]), max_size=60))
def test_any_history_gives_the_downtimes_that_the_rule_says(rule: DowntimeRule, statuses: list[MonitorStatus]) -> None:
    site = Site(rule)
    checks = [(START + number * MINUTE, status) for number, status in enumerate(statuses)]
    for at, status in checks:
        judgement = site.see(status, at)
        is_down = bool(site.downtimes) and site.downtimes[-1].ended_at is None
        assert site.state.status is (UNKNOWN if status is UNKNOWN else DOWN if is_down else site.state.status)
        if not is_down and status.is_available:
            assert site.state.status is status
        assert (judgement.reason is Reason.UNCONFIRMED) is (status is DOWN and not is_down)
    assert site.downtimes == expected_downtimes(checks, rule)
    for one, after in zip(site.downtimes, site.downtimes[1:], strict=False):
        assert one.ended_at is not None
        assert one.started_at < one.ended_at <= after.started_at
    assert all(before is not after for before, after in site.transitions if (before, after) != (UNKNOWN, UNKNOWN))
    assert all(left[1] is right[0] for left, right in zip(site.transitions, site.transitions[1:], strict=False))


@settings(max_examples=200, deadline=None)
@given(
    rule=rules,
    statuses=st.lists(st.sampled_from([UP, DOWN, UNKNOWN]), min_size=1, max_size=30),
    strays=st.lists(st.tuples(st.integers(0, 29), st.sampled_from([UP, DOWN])), max_size=10),
)
def test_checks_that_come_late_change_no_downtime(
    rule: DowntimeRule, statuses: list[MonitorStatus], strays: list[tuple[int, MonitorStatus]]
) -> None:
    site, tidy = Site(rule), Site(rule)
    for number, status in enumerate(statuses):
        at = START + number * MINUTE
        site.see(status, at)
        tidy.see(status, at)
        for back, stray in strays:
            if 0 < back <= number:
                late = site.see(stray, at - back * MINUTE + timedelta(seconds=1), now=at)
                assert late.reason is Reason.OUT_OF_ORDER
    assert site.downtimes == tidy.downtimes
    assert site.state == tidy.state


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(rules, st.sampled_from([UP, DOWN, DEGRADED, UNKNOWN])), max_size=60))
def test_a_rule_that_changes_on_the_way_never_breaks_the_order(steps: list[tuple[DowntimeRule, MonitorStatus]]) -> None:
    site = Site()
    for number, (rule, status) in enumerate(steps):
        site.rule = rule
        judgement = site.see(status, START + number * MINUTE)
        if judgement.downtime is DowntimeStep.OPEN:
            assert status is DOWN
            assert judgement.failed_checks_count >= rule.down_after
    for one, after in zip(site.downtimes, site.downtimes[1:], strict=False):
        assert one.ended_at is not None
        assert one.started_at < one.ended_at <= after.started_at


def test_three_of_five_open_it_at_the_first_that_counts() -> None:
    site = Site(DowntimeRule(3, 5, 2))
    reasons = [one.reason for one in site.see_all("UDUDD")]
    assert reasons == [
        Reason.FIRST_UP, Reason.UNCONFIRMED, Reason.UNCHANGED, Reason.UNCONFIRMED, Reason.WENT_DOWN,
    ]  # fmt: skip
    assert site.downtimes == [Downtime(START + MINUTE, None, 3)]
    assert site.state.status_since == START + MINUTE


def test_a_failure_that_left_the_window_does_not_count() -> None:
    site = Site(DowntimeRule(2, 3))
    site.see_all("DUUD")
    assert site.downtimes == []
    assert site.state.recent == (START + 3 * MINUTE,)


def test_recovery_takes_as_many_good_checks_in_a_row_as_asked_for() -> None:
    site = Site(DowntimeRule(1, None, 3))
    reasons = [one.reason for one in site.see_all("DUUDU~U")]
    assert reasons == [
        Reason.FIRST_FAILURE, Reason.RECOVERING, Reason.RECOVERING, Reason.UNCHANGED, Reason.RECOVERING,
        Reason.RECOVERING, Reason.RECOVERED,
    ]  # fmt: skip
    assert site.downtimes == [Downtime(START, START + 4 * MINUTE, 2)]
    assert site.transitions == [(UNKNOWN, DOWN), (DOWN, UP)]


def test_what_was_down_counts_for_one_downtime_only() -> None:
    site = Site(DowntimeRule(3, 5))
    site.see_all("DDDUD")
    assert [one.ended_at for one in site.downtimes] == [START + 3 * MINUTE]
    site.see_all("DD")
    assert site.downtimes[1] == Downtime(START + 4 * MINUTE, None, 3)


def test_a_first_failure_that_is_not_confirmed_leaves_the_website_unknown_and_silent() -> None:
    site = Site(DowntimeRule(2))
    assert site.see_all("D")[0].reason is Reason.UNCONFIRMED
    assert (site.state.status, site.state.last_status, site.transitions) == (UNKNOWN, DOWN, [])
    site.see_all("D")
    assert site.transitions == [(UNKNOWN, DOWN)]


def test_a_good_check_after_blindness_shows_that_it_is_still_taken_as_down() -> None:
    site = Site(DowntimeRule(1, None, 2))
    reasons = [one.reason for one in site.see_all("D?UU")]
    assert reasons[2:] == [Reason.RECOVERING, Reason.RECOVERED]
    assert site.transitions == [(UNKNOWN, DOWN), (DOWN, UNKNOWN), (UNKNOWN, DOWN), (DOWN, UP)]


@pytest.mark.parametrize(("hours", "is_open"), [(0, True), (1, False)])
def test_after_a_long_pause_the_rule_begins_anew(hours: int, is_open: bool) -> None:
    site = Site(DowntimeRule(2))
    site.see_all("UD")
    site.see(DOWN, START + 2 * MINUTE + timedelta(hours=hours))
    assert bool(site.downtimes) is is_open


def test_good_checks_before_a_long_pause_do_not_make_a_recovery() -> None:
    site = Site(DowntimeRule(1, None, 2))
    site.see_all("DU")
    later = START + timedelta(hours=1)
    assert site.see(UP, later).reason is Reason.RECOVERING
    assert site.see(UP, later + MINUTE).downtime_at == later


def test_the_breaker_stays_closed_until_the_downtime_is_confirmed() -> None:
    site = Site(DowntimeRule(8, 10), Breaker(failures=5))
    untils = [one.state.breaker_open_until for one in site.see_all("DDDDDDDD")]
    assert untils[:7] == [None] * 7
    assert untils[7] is not None
    assert site.see_all("?")[0].state.breaker_open_until == untils[7]


def test_a_clock_that_was_set_back_dates_the_downtime_at_the_earlier_moment() -> None:
    site = Site(DowntimeRule(2, None, 2))
    site.see(DOWN, START)
    hour_ago = START - timedelta(hours=1)
    assert site.see(DOWN, hour_ago, now=hour_ago).downtime_at == hour_ago
    site.see(UP, START)
    assert site.see(UP, hour_ago, now=hour_ago).downtime_at == hour_ago


def test_the_window_is_as_wide_as_must_fail_at_least() -> None:
    assert (DowntimeRule(3).window, DowntimeRule(3, 5).window, DowntimeRule(5, 3).window) == (3, 5, 5)


def test_what_is_remembered_survives_its_text() -> None:
    recent = (None, START, None, START - MINUTE)
    assert decode_recent(encode_recent(recent)) == recent
    assert encode_recent(()) is None
    assert decode_recent(None) == ()
