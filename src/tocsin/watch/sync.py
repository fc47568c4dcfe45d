"""Jobs in step with the database, whichever door or process changed a website."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.model.heartbeats.keys import is_heartbeat
from tocsin.model.states import WatchState
from tocsin.model.times import utcnow
from tocsin.storage.database import Database, Session, translated_errors
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


def read_changes(
    database: Database, since: datetime | None, scheduled: set[int], known: Mapping[int, int | None] | None = None
) -> Changes:
    """Read what differs from the jobs `scheduled`: what was changed since, or whatever differs where that is None.

    `known` are the jobs' row hashes, by website; of a website whose row has another one, or none, the job is read.
    """
    looked_at = utcnow()
    hashes: dict[int, int] = {}
    with translated_errors(database.url), database.session() as db, _no_collections():
        if since is None:
            hashes = WebsiteCRUD.get_active_hashes(db)
            changed = _read_others(db, hashes, known or {})
            gone = scheduled - hashes.keys()
        else:
            changed = WebsiteCRUD.get_changed_since(db, since - OVERLAP)
            gone = {website.id for website in changed if not website.is_active}
        changed = [website for website in changed if not is_heartbeat(website.url)]  # nobody looks at those
        active = [website for website in changed if website.is_active]
        if since is not None:
            expected = len((scheduled - gone) | {website.id for website in active})
            if WebsiteCRUD.count_active(db) != expected:
                gone |= scheduled - WebsiteCRUD.get_active_ids(db)
        states = load_states(db.connection(), [website.id for website in active]) if active else {}
        jobs = [_job(website, states.get(website.id, WatchState(website.id)), hashes) for website in active]
    return Changes(jobs, gone & scheduled, looked_at)


def _read_others(db: Session, hashes: Mapping[int, int], known: Mapping[int, int | None]) -> Sequence[Website]:
    """Return the websites whose rows are not those known."""
    others = [website_id for website_id, row_hash in hashes.items() if known.get(website_id) != row_hash]
    return WebsiteCRUD.get_by_ids(db, others) if len(others) < MANY else WebsiteCRUD.get_active_websites(db)


def _job(website: Website, state: WatchState, hashes: Mapping[int, int]) -> Job:
    options = options_of(website)
    return Job(website.id, website.url, options, website.check_interval, state, row_hash=hashes.get(website.id))


@contextmanager
def _no_collections() -> Iterator[None]:
    """Keep the garbage collector from walking through jobs while they are made: all of them will stay."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def apply_changes(scheduler: Scheduler, changes: Changes, now: float) -> int:
    """Bring the scheduler in step; return how many jobs were added, changed or removed.

    A website that is new, or whose target changed, is checked at once, unless very many are: they take their own
    place in the interval, so that no herd starts together.
    """
    for website_id in changes.gone:
        scheduler.remove(website_id)
    different = []
    for job in changes.jobs:
        same = scheduler.get(job.website_id)
        if same is not None and _is_same(same, job):
            same.row_hash = job.row_hash
        else:
            different.append(job)
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


def _is_same(present: Job, job: Job) -> bool:
    return (present.url, present.options, present.interval_s) == (
        job.url,
        job.options,
        job.interval_s,
    )
