"""Downtime windows in both databases: one going on per website, whoever opens it."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from tests.support.history import add_site
from tocsin import (
    Conflict,
    Database,
    DowntimeWindow,
    DowntimeWindowCreate,
    DowntimeWindowCRUD,
    DowntimeWindowUpdate,
    Invalid,
    MonitorStatus,
    NotFound,
    Website,
    WebsiteCRUD,
)
from tocsin.model.downtimes import DowntimeWindowRead

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def create(db: Session, site: int, start: datetime = NOON, end: datetime | None = None) -> DowntimeWindow:
    return DowntimeWindowCRUD.create(db, DowntimeWindowCreate(website_id=site, started_at=start, ended_at=end))


def test_every_field_comes_back_as_it_was_given(database: Database, db: Session, site: int) -> None:
    made = DowntimeWindowCRUD.create(
        db,
        DowntimeWindowCreate(
            website_id=site,
            started_at=NOON.replace(tzinfo=None),
            ended_at=NOON + HOUR,
            initial_status=MonitorStatus.DOWN,
            recovery_status=MonitorStatus.DEGRADED,
            affected_checks_count=12,
            root_cause="The disk was full",
            notes="ä",
        ),
    )
    with database.session() as other:
        read = DowntimeWindowCRUD.get_by_id(other, made.id)
        shown = DowntimeWindowRead.model_validate(read)
        assert (shown.started_at, shown.ended_at, shown.duration_seconds) == (NOON, NOON + HOUR, 3600)
        assert (shown.initial_status, shown.recovery_status) == (MonitorStatus.DOWN, MonitorStatus.DEGRADED)
        assert (shown.affected_checks_count, shown.root_cause, shown.notes) == (12, "The disk was full", "ä")
        assert shown.is_ongoing is False
        assert shown.started_at.tzinfo is UTC


def test_a_downtime_that_goes_on_has_no_duration(db: Session, site: int) -> None:
    made = create(db, site)
    assert (made.is_ongoing, made.duration_seconds, made.ended_at) == (True, None, None)
    assert DowntimeWindowCRUD.get_ongoing_downtime(db, site) is made


def test_a_second_one_is_refused_while_the_first_goes_on(database: Database, db: Session, site: int) -> None:
    first = create(db, site)
    with pytest.raises(Conflict, match="going on; end that one first"):
        create(db, site, NOON + HOUR)
    create(db, site, NOON - 2 * HOUR, NOON - HOUR)
    create(db, add_site(database))
    assert DowntimeWindowCRUD.update(db, first.id, DowntimeWindowUpdate(ended_at=NOON + HOUR)) is first
    create(db, site, NOON + 2 * HOUR)


def test_of_many_that_open_at_once_one_is_stored(database: Database, site: int) -> None:
    ready = threading.Barrier(5)
    outcomes: list[str] = []

    def open_one() -> None:
        with database.session() as db:
            ready.wait()
            try:
                create(db, site)
                outcomes.append("opened")
            except Conflict:
                outcomes.append("conflict")

    threads = [threading.Thread(target=open_one) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict"] * 4 + ["opened"]


def test_websites_that_are_not_there_are_not_found(database: Database, db: Session, site: int) -> None:
    with pytest.raises(NotFound, match="no website 99"):
        create(db, 99)
    held = db.get(Website, site)
    assert held is not None
    with database.session() as other:
        WebsiteCRUD.delete(other, site)
    with pytest.raises(NotFound, match="deleted meanwhile"):
        create(db, site)


def test_an_update_changes_what_was_given(db: Session, site: int) -> None:
    made = create(db, site)
    DowntimeWindowCRUD.update(db, made.id, DowntimeWindowUpdate(notes="on it", affected_checks_count=3))
    after = DowntimeWindowCRUD.update(db, made.id, DowntimeWindowUpdate(root_cause="a cable"))
    assert after is not None
    assert (after.notes, after.root_cause, after.affected_checks_count, after.is_ongoing) == (
        "on it",
        "a cable",
        3,
        True,
    )
    assert after.updated_at >= after.created_at
    assert DowntimeWindowCRUD.update(db, 99, DowntimeWindowUpdate(notes="x")) is None
    assert DowntimeWindowCRUD.get_by_id(db, 99) is None


@pytest.mark.parametrize(
    ("update", "field"),
    [
        (DowntimeWindowUpdate(ended_at=NOON - HOUR), "ended_at"),
        (DowntimeWindowUpdate(affected_checks_count=None), "affected_checks_count"),
    ],
)
def test_an_update_that_cannot_be_is_refused(db: Session, site: int, update: DowntimeWindowUpdate, field: str) -> None:
    made = create(db, site)
    with pytest.raises(Invalid) as caught:
        DowntimeWindowCRUD.update(db, made.id, update)
    assert caught.value.field == field


def test_an_ended_one_goes_on_again_only_alone(db: Session, site: int) -> None:
    ended = create(db, site, NOON - 2 * HOUR, NOON - HOUR)
    going_on = create(db, site)
    with pytest.raises(Conflict, match="another downtime that is going on"):
        DowntimeWindowCRUD.update(db, ended.id, DowntimeWindowUpdate(ended_at=None))
    DowntimeWindowCRUD.update(db, going_on.id, DowntimeWindowUpdate(ended_at=NOON))
    again = DowntimeWindowCRUD.update(db, ended.id, DowntimeWindowUpdate(ended_at=None))
    assert again is not None
    assert again.is_ongoing


def test_lists_are_newest_first_and_the_id_breaks_ties(db: Session, site: int) -> None:
    old = create(db, site, NOON - 5 * HOUR, NOON - 4 * HOUR).id
    tied = [create(db, site, NOON - 2 * HOUR, NOON - HOUR).id for _ in range(2)]
    now = create(db, site).id
    found, total = DowntimeWindowCRUD.get_by_website(db, site)
    assert ([one.id for one in found], total) == ([now, tied[1], tied[0], old], 4)
    found, total = DowntimeWindowCRUD.get_by_website(db, site, include_ongoing=False, skip=1, limit=1)
    assert ([one.id for one in found], total) == ([tied[0]], 3)


def test_those_that_overlap_a_window_are_found_oldest_first(db: Session, site: int) -> None:
    create(db, site, NOON - 5 * HOUR, NOON - 3 * HOUR)
    reaching_in = create(db, site, NOON - 3 * HOUR, NOON - HOUR).id
    within = create(db, site, NOON - HOUR, NOON).id
    going_on = create(db, site, NOON).id
    found = DowntimeWindowCRUD.get_overlapping(db, site, NOON - 3 * HOUR, NOON + HOUR)
    assert [one.id for one in found] == [reaching_in, within, going_on]
    assert [one.id for one in DowntimeWindowCRUD.get_overlapping(db, site, NOON - HOUR, NOON)] == [within]
