"""Uptime of histories made up by chance, against an account minute by minute."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.support.downtimes import expected_downtimes
from tests.support.history import GAP_AFTER, INTERVAL, add_site, record, saw
from tocsin import Database, MonitorStatus
from tocsin.model.downtimes import DowntimeRule
from tocsin.storage.history.uptime import uptime_of

START = datetime(2026, 3, 28, 22, 40, tzinfo=UTC)
UP, DOWN, DEGRADED, UNKNOWN = MonitorStatus.UP, MonitorStatus.DOWN, MonitorStatus.DEGRADED, MonitorStatus.UNKNOWN
MISSING = None
"""A check that never came."""

RULES = st.sampled_from([DowntimeRule(), DowntimeRule(2), DowntimeRule(2, 3, 2), DowntimeRule(1, None, 2)])
SLOTS = st.lists(st.sampled_from([UP, UP, DOWN, DEGRADED, UNKNOWN, MISSING, MISSING]), min_size=1, max_size=23)


def account(
    checks: list[tuple[datetime, MonitorStatus]], rule: DowntimeRule, end: datetime
) -> tuple[list[bool], list[bool]]:
    """Return for each minute from the first check to `end` whether we could tell, and whether it was downtime."""
    downtimes = expected_downtimes(checks, rule)
    told, down = [], []
    moment = checks[0][0]
    while moment < end:
        last, status = max((one for one in checks if one[0] <= moment), key=lambda one: one[0])
        told.append(status is not UNKNOWN and moment < last + GAP_AFTER)
        down.append(any(one.started_at <= moment and (not one.ended_at or moment < one.ended_at) for one in downtimes))
        moment += timedelta(minutes=1)
    return told, down


@pytest.fixture(scope="module")
def one_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(tmp_path_factory.mktemp("truth") / "tocsin.db")
    yield database
    database.dispose()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rule=RULES, slots=SLOTS)
def test_uptime_is_what_an_account_by_minutes_says(
    one_database: Database, rule: DowntimeRule, slots: list[MonitorStatus | None]
) -> None:
    seen = [(START + number * INTERVAL, status) for number, status in enumerate(slots)]
    end = START + len(slots) * INTERVAL
    checks = [(at, status) for at, status in [*seen, (end, UP)] if status is not None]
    site = add_site(one_database, down_after=rule.down_after, down_window=rule.down_window, up_after=rule.up_after)
    record(one_database, site, *(saw(at, status) for at, status in checks))

    told, down = account(checks, rule, end)
    with one_database.session() as db:
        uptime = uptime_of(db, site, 24, end)
    could_tell = sum(told)
    was_down = sum(is_down for is_told, is_down in zip(told, down, strict=True) if is_told)
    assert uptime.unknown_seconds == 60 * (len(told) - could_tell)
    assert uptime.downtime_seconds == 60 * was_down
    by_time = 100 * (1 - was_down / could_tell) if could_tell else None
    assert uptime.by_time_percent == (pytest.approx(by_time, abs=1e-5) if could_tell else None)
    statuses = [status for _, status in checks if status is not UNKNOWN]
    by_checks = 100 * sum(status is not DOWN for status in statuses) / len(statuses)
    assert uptime.by_checks_percent == pytest.approx(by_checks, abs=1e-5)
