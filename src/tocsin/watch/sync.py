"""Jobs in step with the database, whichever door or process changed a website."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.model.heartbeats.keys import is_heartbeat
from tocsin.model.states import WatchState
from tocsin.model.times import utcnow
from tocsin.storage.database import Database, translated_errors
from tocsin.storage.states import load_states
from tocsin.storage.tables import Website
from tocsin.storage.websites import WebsiteCRUD
from tocsin.watch.jobs import Job, next_due, options_of
from tocsin.watch.scheduler import MANY, SOON_S, Scheduler

OVERLAP = timedelta(seconds=3)
"""Changes this much older than the last look are read again: their transactions may have ended after it."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What the database says has changed, as jobs."""

    jobs: list[Job]  # active websites, created or changed
    gone: set[int]  # websites that are paused or deleted
    looked_at: datetime


def read_changes(database: Database, since: datetime | None, scheduled: set[int]) -> Changes:
    """Read what differs from the jobs `scheduled`; all where `since` is None, else those changed since."""
    looked_at = utcnow()
    with translated_errors(database.url), database.session() as db:
        if since is None:
            changed: Iterable[Website] = WebsiteCRUD.get_active_websites(db)
        else:
            changed = WebsiteCRUD.get_changed_since(db, since - OVERLAP)
        changed = [website for website in changed if not is_heartbeat(website.url)]  # nobody looks at those
        active = [website for website in changed if website.is_active]
        gone = {website.id for website in changed if not website.is_active}
        expected = len((scheduled - gone) | {website.id for website in active})
        if since is None or WebsiteCRUD.count_active(db) != expected:
            gone |= scheduled - WebsiteCRUD.get_active_ids(db)
        states = load_states(db.connection(), [website.id for website in active]) if active else {}
        jobs = [_job(website, states.get(website.id, WatchState(website.id))) for website in active]
    return Changes(jobs, gone & scheduled, looked_at)


def _job(website: Website, state: WatchState) -> Job:
    return Job(website.id, website.url, options_of(website), website.check_interval, state)


def apply_changes(scheduler: Scheduler, changes: Changes, now: float) -> int:
    """Bring the scheduler in step; return how many jobs were added, changed or removed.

    A website that is new, or whose target changed, is checked at once, unless very many are: they take their own
    place in the interval, so that no herd starts together.
    """
    for website_id in changes.gone:
        scheduler.remove(website_id)
    different = [job for job in changes.jobs if not _is_same(scheduler.get(job.website_id), job)]
    for position, job in enumerate(different):
        present = scheduler.get(job.website_id)
        is_new = present is None and job.state.last_checked_at is None
        is_other = present is not None and (present.url, present.options) != (job.url, job.options)
        if (is_new or is_other) and len(different) <= MANY:
            due_at = now + position * SOON_S
        else:
            due_at = next_due(job.website_id, job.interval_s, now)
        scheduler.put(job, due_at)
    return len(different) + len(changes.gone)


def _is_same(present: Job | None, job: Job) -> bool:
    return present is not None and (present.url, present.options, present.interval_s) == (
        job.url,
        job.options,
        job.interval_s,
    )
