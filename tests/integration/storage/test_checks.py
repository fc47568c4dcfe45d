"""Single checks, as `MonitorCheckCRUD` stores and reads them."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.history import DAY_US, HOUR_US, add_site, stored_rollups
from tocsin import (
    Cause,
    Database,
    HTTPMethod,
    MonitorCheck,
    MonitorCheckCreate,
    MonitorCheckCRUD,
    MonitorStatus,
    NotFound,
    Phase,
    Website,
    WebsiteCRUD,
)
from tocsin.model.checks import MonitorCheckRead
from tocsin.model.times import to_epoch_us, utcnow
from tocsin.storage.tables.records import UnknownWindow, WebsiteState

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UP, DOWN, DEGRADED, UNKNOWN = MonitorStatus.UP, MonitorStatus.DOWN, MonitorStatus.DEGRADED, MonitorStatus.UNKNOWN


def create(
    db: Session, site: int, status: MonitorStatus = UP, at: datetime | None = None, **facts: object
) -> MonitorCheck:
    check = MonitorCheckCreate.model_validate({"website_id": site, "status": status, "checked_at": at, **facts})
    return MonitorCheckCRUD.create(db, check)


def test_every_field_comes_back_as_it_was_given(database: Database, db: Session, site: int) -> None:
    facts = {
        "http_status_code": 503, "http_method": HTTPMethod.OPTIONS, "response_time_ms": 150.5, "dns_time_ms": 10.2,
        "connect_time_ms": 20.3, "tls_time_ms": 15.4, "ttfb_ms": 100.1, "error_message": "HTTP 503 ä",
        "cause": Cause.HTTP_SERVER_ERROR, "phase": Phase.RESPONSE, "attempts": 4,
    }  # fmt: skip
    made = create(db, site, DEGRADED, NOON, **facts)
    with database.session() as other:
        read = MonitorCheckCRUD.get_by_id(other, made.id)
        assert read is not None
        assert {name: getattr(read, name) for name in facts} == facts
        assert (read.status, read.checked_at, read.is_available) == (DEGRADED, NOON, True)
        assert read.transfer_time_ms == 4.5
        assert abs(read.created_at - utcnow()) < timedelta(minutes=1)
        assert MonitorCheckRead.model_validate(read).cause is Cause.HTTP_SERVER_ERROR
    assert MonitorCheckCRUD.get_by_id(db, made.id + 1) is None


def test_a_check_without_details_has_none(db: Session, site: int) -> None:
    check = create(db, site, DOWN)
    assert (check.http_method, check.attempts, check.is_available) == (HTTPMethod.GET, 1, False)
    assert (check.response_time_ms, check.cause, check.transfer_time_ms) == (None, None, None)
    assert abs(check.checked_at - utcnow()) < timedelta(minutes=1)
    assert check.created_at >= check.checked_at


def test_a_moment_without_a_zone_is_utc_and_others_are_converted(database: Database, db: Session, site: int) -> None:
    naive = create(db, site, at=NOON.replace(tzinfo=None))
    eastern = create(db, site, at=NOON.astimezone(timezone(timedelta(hours=9))))
    with database.session() as other:
        for made in (naive, eastern):
            read = MonitorCheckCRUD.get_by_id(other, made.id)
            assert read is not None
            assert (read.checked_at, read.checked_at.tzinfo) == (NOON, UTC)


def test_a_check_ahead_of_the_clock_was_not_stored_before_it_started(db: Session, site: int) -> None:
    ahead = utcnow() + timedelta(hours=1)
    assert create(db, site, at=ahead).created_at == ahead


def test_a_website_that_is_not_there_is_not_found(db: Session) -> None:
    with pytest.raises(NotFound, match="no website 99"):
        create(db, 99)


def test_a_website_deleted_in_the_meantime_is_not_found(database: Database, db: Session, site: int) -> None:
    held = db.get(Website, site)
    assert held is not None
    with database.session() as other:
        WebsiteCRUD.delete(other, site)
    with pytest.raises(NotFound, match="deleted meanwhile"):
        create(db, site)
    assert db.scalars(select(MonitorCheck)).all() == []


def test_checks_are_listed_newest_first_and_the_id_breaks_ties(db: Session, site: int) -> None:
    other = WebsiteCRUD.get_by_id(db, site)
    assert other is not None
    late = create(db, site, at=NOON + timedelta(hours=1)).id
    tied = [create(db, site, at=NOON).id for _ in range(3)]
    early = create(db, site, DOWN, at=NOON - timedelta(hours=1)).id
    checks, total = MonitorCheckCRUD.get_by_website(db, site)
    assert ([one.id for one in checks], total) == ([late, *reversed(tied), early], 5)
    page, total = MonitorCheckCRUD.get_by_website(db, site, skip=1, limit=2)
    assert ([one.id for one in page], total) == ([tied[2], tied[1]], 5)
    page, total = MonitorCheckCRUD.get_by_website(db, site, skip=9)
    assert (page, total) == ([], 5)
    latest = MonitorCheckCRUD.get_latest_by_website(db, site)
    assert latest is not None
    assert latest.id == late
    assert MonitorCheckCRUD.get_latest_by_website(db, site + 1) is None


def test_checks_are_filtered_by_time_and_status_with_both_ends_included(db: Session, site: int) -> None:
    moments = [NOON + timedelta(minutes=minute) for minute in range(5)]
    for minute, moment in enumerate(moments):
        create(db, site, DOWN if minute == 2 else UP, at=moment)
    window: dict[str, Any] = {"start_date": moments[1].replace(tzinfo=None), "end_date": moments[3]}
    checks, total = MonitorCheckCRUD.get_by_website(db, site, **window)
    assert ([one.checked_at for one in checks], total) == ([moments[3], moments[2], moments[1]], 3)
    assert MonitorCheckCRUD.get_by_website(db, site, **window, status=DOWN)[1] == 1
    assert MonitorCheckCRUD.get_by_website(db, site, start_date=moments[4])[1] == 1
    assert MonitorCheckCRUD.get_by_website(db, site, end_date=moments[0])[1] == 1


def test_checks_of_other_websites_are_not_listed(database: Database, db: Session, site: int) -> None:
    create(db, add_site(database))
    assert MonitorCheckCRUD.get_by_website(db, site) == ([], 0)


@pytest.mark.parametrize(
    ("statuses", "percent"),
    [([], None), ([UNKNOWN], None), ([UP, DOWN], 50.0), ([UP, DEGRADED, UNKNOWN], 100.0), ([DOWN, UNKNOWN], 0.0)],
)
def test_uptime_is_the_available_share_of_what_could_tell(
    db: Session, site: int, statuses: list[MonitorStatus], percent: float | None
) -> None:
    for status in statuses:
        create(db, site, status)
    create(db, site, DOWN, at=utcnow() - timedelta(days=3))
    assert MonitorCheckCRUD.calculate_uptime_percentage(db, site) == percent
    assert MonitorCheckCRUD.calculate_uptime_percentage(db, site, hours=0) is None


def test_an_unknown_check_leaves_us_in_the_dark_for_an_interval(db: Session, site: int) -> None:
    create(db, site, UNKNOWN, at=NOON)
    window = db.scalars(select(UnknownWindow)).one()
    assert (window.started_at, window.ended_at, window.reason) == (NOON, NOON + timedelta(seconds=300), "unknown")


def test_each_check_is_counted_at_once(database: Database, db: Session, site: int) -> None:
    create(db, site, UP, NOON, response_time_ms=5.0, ttfb_ms=2.0)
    create(db, site, DOWN, NOON, response_time_ms=9.0)
    found = stored_rollups(database)
    for name, period in (("hours", HOUR_US), ("days", DAY_US)):
        numbers = found[name][site, to_epoch_us(NOON) // period]
        assert (numbers["up_count"], numbers["down_count"], numbers["timed_count"]) == (1, 1, 1)
        assert (numbers["total_us"], numbers["ttfb_us"], numbers["transfer_us"]) == (5000, 2000, 3000)
        assert numbers["total_histogram"]  # long over: its histogram is made at once


def test_first_checks_at_the_same_moment_are_all_stored(database: Database, site: int) -> None:
    at = utcnow()
    faults: list[BaseException] = []
    ready = threading.Barrier(4)

    def check() -> None:
        try:
            with database.session() as db:
                ready.wait()
                create(db, site, DOWN, at)
        except BaseException as error:  # noqa: BLE001 (told by the test below)
            faults.append(error)

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with database.session() as db:
        assert MonitorCheckCRUD.get_by_website(db, site)[1] == 4
        state = db.get(WebsiteState, site)
        assert state is not None
        assert state.consecutive_failures == 4
    assert sum(numbers["down_count"] for numbers in stored_rollups(database)["hours"].values()) == 4
