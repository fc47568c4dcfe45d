"""Which status may follow which, and what is said where one may not."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from tocsin.model.alerting.life import FOLLOWERS, refusal
from tocsin.model.alerts import AlertStatus

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACTIVE, ACKNOWLEDGED, SUPPRESSED, RESOLVED, EXPIRED = AlertStatus


@dataclass
class Standing:
    status: AlertStatus
    id: int = 7
    acknowledged_at: datetime | None = NOON
    acknowledged_by: str | None = "maria"
    resolved_at: datetime | None = NOON
    resolved_by: str | None = "chen"
    suppressed_until: datetime | None = NOON
    suppressed_by: str | None = "sam"


@pytest.mark.parametrize("status", list(AlertStatus))
@pytest.mark.parametrize("wanted", list(AlertStatus))
def test_what_may_follow_is_allowed_and_everything_else_is_refused(status: AlertStatus, wanted: AlertStatus) -> None:
    assert (refusal(Standing(status), wanted) is None) is (wanted in FOLLOWERS[status])


def test_the_life_is_the_one_that_was_promised() -> None:
    assert {
        ACTIVE: {ACKNOWLEDGED, RESOLVED, SUPPRESSED, EXPIRED},
        ACKNOWLEDGED: {RESOLVED, SUPPRESSED, EXPIRED},
        SUPPRESSED: {ACTIVE, RESOLVED, EXPIRED},
        RESOLVED: set(),
        EXPIRED: set(),
    } == FOLLOWERS


@pytest.mark.parametrize(
    ("standing", "wanted", "said"),
    [
        (Standing(ACKNOWLEDGED), ACKNOWLEDGED, "acknowledged already by maria at 2026-03-01 12:00:00 UTC"),
        (Standing(ACKNOWLEDGED, acknowledged_by=None, acknowledged_at=None), ACTIVE, "is acknowledged already"),
        (Standing(SUPPRESSED), SUPPRESSED, "suppressed until 2026-03-01 12:00:00 UTC by sam; it comes back by itself"),
        (Standing(SUPPRESSED, suppressed_until=None), ACKNOWLEDGED, "alert 7 is suppressed by sam"),
        (Standing(ACTIVE), ACTIVE, "ACTIVE already"),
        (Standing(RESOLVED), RESOLVED, "was resolved by chen at 2026-03-01 12:00:00 UTC, which is final"),
        (Standing(EXPIRED), ACKNOWLEDGED, "has expired at 2026-03-01 12:00:00 UTC, which is final"),
    ],
)
def test_a_refusal_says_who_was_first(standing: Standing, wanted: AlertStatus, said: str) -> None:
    assert said in (refusal(standing, wanted) or "")
