"""When people are told of a certificate: each threshold once, the most urgent alone, anew for each leaf."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from tocsin.model.conditions.certificate_warnings import (
    EXPIRED,
    LEAVES_KEPT,
    WARN_DAYS,
    CertificateReason,
    CertificateWarning,
    WarningRecord,
    certificate_news,
    certificate_warning,
    next_change,
)
from tocsin.model.results import CertificateFacts

END = datetime(2026, 6, 1, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
EXPIRES, IS_OVER, RENEWED = CertificateReason.EXPIRES, CertificateReason.EXPIRED, CertificateReason.RENEWED


def leaf(name: str = "a", end: datetime = END) -> CertificateFacts:
    return CertificateFacts(name, f"CN={name}", "CN=CA", (), END - 90 * DAY, end)


@pytest.mark.parametrize(
    ("left", "days_left", "threshold"),
    [
        (22 * DAY, 22, None),
        (22 * DAY - SECOND, 21, 21),
        (15 * DAY - SECOND, 14, 14),
        (2 * DAY, 2, 3),
        (2 * DAY - SECOND, 1, 1),
        (DAY, 1, 1),
        (DAY - SECOND, 0, 0),
        (timedelta(), 0, 0),
    ],
)
def test_the_most_urgent_threshold_alone_is_told(left: timedelta, days_left: int, threshold: int | None) -> None:
    warning = certificate_warning(END, END - left, (), WARN_DAYS)
    if threshold is None:
        assert warning is None
        return
    told = tuple(sorted(days for days in WARN_DAYS if days >= threshold))
    assert warning == CertificateWarning(EXPIRES, days_left, threshold, told)
    assert certificate_warning(END, END - left, told, WARN_DAYS) is None


def test_that_it_has_expired_is_told_once_whatever_was_told_before() -> None:
    later = END + SECOND
    warning = certificate_warning(END, later, WARN_DAYS, WARN_DAYS)
    assert warning is not None
    assert (warning.reason, warning.days_left, warning.threshold_days) == (IS_OVER, -1, None)
    assert set(warning.told_days) == {*WARN_DAYS, EXPIRED}
    assert certificate_warning(END, later, warning.told_days, WARN_DAYS) is None
    assert certificate_warning(END, END + 30 * DAY, (), (7,)) == CertificateWarning(IS_OVER, -30, None, (EXPIRED, 7))


def test_without_thresholds_nothing_is_told() -> None:
    assert certificate_warning(END, END - DAY, (), ()) is None
    assert certificate_warning(END, END + DAY, (), ()) is None


def test_a_clock_that_was_set_back_repeats_nothing() -> None:
    assert certificate_warning(END, END - 10 * DAY, (1, 3, 7, 14, 21), WARN_DAYS) is None


def test_warnings_begin_anew_with_another_leaf() -> None:
    now = END - 5 * DAY
    first, record = certificate_news(leaf(), now, WarningRecord(), WARN_DAYS)
    assert first is not None
    assert (first.threshold_days, record) == (7, WarningRecord({"a": (7, 14, 21)}, "a"))
    assert certificate_news(leaf(), now, record, WARN_DAYS) == (None, record)
    soon = leaf("b", END + DAY)
    second, after = certificate_news(soon, now, record, WARN_DAYS)
    assert second is not None
    assert (second.reason, second.threshold_days) == (EXPIRES, 7)
    assert after == WarningRecord({"a": (7, 14, 21), "b": (7, 14, 21)}, "b")


def test_a_renewal_is_told_where_a_warning_went_before_and_only_then() -> None:
    now = END - 5 * DAY
    fresh = leaf("b", END + 90 * DAY)
    assert certificate_news(fresh, now, WarningRecord(), WARN_DAYS) == (None, WarningRecord())
    record = WarningRecord({"a": (7, 14, 21)}, "a")
    warning, after = certificate_news(fresh, now, record, WARN_DAYS)
    assert warning == CertificateWarning(RENEWED, 95)
    assert after == WarningRecord({"a": (7, 14, 21)}, None)
    assert certificate_news(fresh, now, after, WARN_DAYS) == (None, after)


def test_servers_that_serve_an_old_and_a_new_leaf_in_turn_cause_no_storm() -> None:
    old, new = leaf(), leaf("b", END + 90 * DAY)
    record, told = WarningRecord(), []
    for minute in range(8 * 24 * 60):
        seen = old if minute % 2 else new
        warning, record = certificate_news(seen, END - 7 * DAY + minute * timedelta(minutes=1), record, WARN_DAYS)
        told += [] if warning is None else [(warning.reason, warning.threshold_days)]
    warnings = [(EXPIRES, 7), (EXPIRES, 3), (EXPIRES, 1), (EXPIRES, 0), (IS_OVER, None)]
    assert told[::2] == warnings
    assert told[1::2] == [(RENEWED, None)] * 5


def test_a_leaf_that_is_to_be_warned_of_itself_is_no_renewal() -> None:
    record = WarningRecord({"a": (7, 14, 21), "b": (14, 21)}, "a")
    assert certificate_news(leaf("b"), END - 10 * DAY, record, WARN_DAYS) == (None, record)


def test_only_the_last_leaves_are_remembered() -> None:
    record = WarningRecord()
    for number in range(LEAVES_KEPT + 2):
        _, record = certificate_news(leaf(str(number)), END - DAY, record, WARN_DAYS)
    assert list(record.warned) == ["2", "3", "4", "5"]


def test_the_next_moment_to_look_again_is_known() -> None:
    assert next_change(END, END - 90 * DAY, WARN_DAYS) == END - 22 * DAY
    assert next_change(END, END - 2 * DAY, WARN_DAYS) == END - 2 * DAY
    assert next_change(END, END - DAY + SECOND, WARN_DAYS) == END
    assert next_change(END, END + SECOND, WARN_DAYS) is None


@given(st.sets(st.integers(0, 60)), st.lists(st.integers(-10 * 1440, 70 * 1440), min_size=1, max_size=30))
def test_no_threshold_is_told_twice_and_looking_rarely_misses_nothing(days: set[int], minutes: list[int]) -> None:
    thresholds = sorted(days, reverse=True)
    record, again = WarningRecord(), None
    told: list[int | None] = []
    for number, left in enumerate(sorted(minutes, reverse=True)):
        now = END - left * timedelta(minutes=1)
        warning, record = certificate_news(leaf(), now, record, thresholds)
        assert warning is None or number == 0 or (again is not None and now > again)
        again = next_change(END, now, thresholds)
        if warning is not None:
            told.append(warning.threshold_days)
    assert len(told) == len(set(told))
