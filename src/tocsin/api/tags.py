"""Tags and groups over HTTP: which there are, and several websites paused or resumed at once."""

from fastapi import APIRouter

from tocsin.actions import tags
from tocsin.actions.tags import Labels, Switched, WebsiteSelection
from tocsin.api.answers import READ, WRITE, faults
from tocsin.api.dependencies import Db, Here

router = APIRouter(prefix="/api", tags=["websites"])

_AT_ONCE = faults(404, 413, 422)


@router.get("/tags", summary="List tags and groups", dependencies=[READ], responses=faults())
def list_labels(db: Db) -> Labels:
    """Each with how many of its websites are in which status, and how many are paused."""
    return tags.list_labels(db)


@router.post("/websites/pause", summary="Pause several websites", dependencies=[WRITE], responses=_AT_ONCE)
def pause_websites(db: Db, here: Here, selection: WebsiteSelection) -> Switched:
    """By `ids`, `tag` or `group`; all of them or none. What was recorded stays; `resume` is the opposite."""
    return tags.switch_websites(db, selection, is_active=False, tell=here.tell_website)


@router.post("/websites/resume", summary="Resume several websites", dependencies=[WRITE], responses=_AT_ONCE)
def resume_websites(db: Db, here: Here, selection: WebsiteSelection) -> Switched:
    """By `ids`, `tag` or `group`; all of them or none."""
    return tags.switch_websites(db, selection, is_active=True, tell=here.tell_website)
