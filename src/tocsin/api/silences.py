"""Silences over HTTP: list, get, create, change, end, preview."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from tocsin.actions import silences
from tocsin.actions.silences import SilenceQuery
from tocsin.api.answers import READ, WRITE, faults
from tocsin.api.auth import Writer
from tocsin.api.dependencies import MAX_ID, Db
from tocsin.model.maintenance import MutePreview
from tocsin.model.pages import Page
from tocsin.model.silences import SilenceCreate, SilenceRead

router = APIRouter(prefix="/api/silences", tags=["silences"], responses=faults(422))

SilenceId = Annotated[int, Path(ge=1, le=MAX_ID, description="The silence's id.", examples=[1])]


@router.get("", summary="List silences", dependencies=[READ])
def list_silences(db: Db, query: Annotated[SilenceQuery, Query()]) -> Page[SilenceRead]:
    """Active ones first, the next to end on top; then pending ones, then expired ones, which are kept for five days."""
    return silences.list_silences(db, query)


@router.post("", status_code=201, summary="Silence alerts", responses=faults(413))
def create_silence(db: Db, caller: Writer, silence: SilenceCreate) -> SilenceRead:
    """Alerts whose labels fulfil every matcher are kept quiet until `ends_at`; they are there all the same."""
    return silences.create_silence(db, silence, caller.name)


@router.post("/preview", summary="See what a silence would mute", dependencies=[READ], responses=faults(413))
def preview_silence(db: Db, silence: SilenceCreate) -> MutePreview:
    """Which alerts of the last seven days it would have muted. Nothing is stored."""
    return silences.preview_silence(db, silence)


@router.get("/{silence_id}", summary="Get a silence", dependencies=[READ], responses=faults(404))
def get_silence(db: Db, silence_id: SilenceId) -> SilenceRead:
    """A silence and its state."""
    return silences.get_silence(db, silence_id)


@router.put("/{silence_id}", summary="Change a silence", dependencies=[WRITE], responses=faults(404, 413))
def update_silence(db: Db, silence_id: SilenceId, silence: SilenceCreate) -> SilenceRead:
    """One that has begun keeps its start; one that is over stays over."""
    return silences.update_silence(db, silence_id, silence)


@router.delete("/{silence_id}", summary="End a silence", dependencies=[WRITE], responses=faults(404))
def end_silence(db: Db, silence_id: SilenceId) -> SilenceRead:
    """It ends now, and stays listed as expired for a while."""
    return silences.end_silence(db, silence_id)
