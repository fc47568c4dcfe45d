"""Jobs against the database: what is read when everything is compared, and when only changes are."""

import gc

from tests.support.watching import add_website
from tocsin import Database, WebsiteCRUD, WebsiteUpdate
from tocsin.model.times import utcnow
from tocsin.watch.jobs import Job
from tocsin.watch.scheduler import Scheduler
from tocsin.watch.sync import apply_changes, read_changes


def compared(database: Database, scheduler: Scheduler) -> list[Job]:
    """Compare everything, take it over, and return the jobs that were read."""
    known = {job.website_id: job.row_hash for job in scheduler.jobs()}
    changes = read_changes(database, None, scheduler.ids(), known)
    apply_changes(scheduler, changes, 0.0)
    return changes.jobs


def test_comparing_everything_reads_only_what_differs(database: Database) -> None:
    first, second, third = (add_website(database, f"http://example.com/{number}").id for number in range(3))
    scheduler = Scheduler(lambda _: True)
    assert [job.website_id for job in compared(database, scheduler)] == [first, second, third]
    assert compared(database, scheduler) == []
    with database.engine.begin() as connection:  # as somebody does who does not know of updated_at
        connection.exec_driver_sql(f"UPDATE websites SET timeout = 7 WHERE id = {second}")
        connection.exec_driver_sql(f"DELETE FROM websites WHERE id = {third}")
    (changed,) = compared(database, scheduler)
    assert (changed.website_id, changed.options.timeout) == (second, 7)
    assert scheduler.get(second) is changed
    assert scheduler.ids() == {first, second}
    assert compared(database, scheduler) == []


def test_a_change_that_was_noticed_is_compared_once_more_and_then_known(database: Database) -> None:
    website = add_website(database, "http://example.com/").id
    scheduler = Scheduler(lambda _: True)
    compared(database, scheduler)
    before = utcnow()
    with database.session() as db:
        WebsiteCRUD.update(db, website, WebsiteUpdate(timeout=9))
    apply_changes(scheduler, read_changes(database, before, scheduler.ids()), 0.0)
    noticed = scheduler.get(website)
    assert noticed is not None
    assert (noticed.options.timeout, noticed.row_hash) == (9, None)
    assert len(compared(database, scheduler)) == 1
    assert scheduler.get(website) is noticed
    assert compared(database, scheduler) == []


def test_reading_leaves_the_garbage_collector_as_it_was(database: Database) -> None:
    add_website(database, "http://example.com/")
    gc.disable()
    try:
        read_changes(database, None, set())
        assert not gc.isenabled()
    finally:
        gc.enable()
    read_changes(database, None, set())
    assert gc.isenabled()
