"""Channels over HTTP: list, create, get, change, delete, test."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from tocsin.actions import channels
from tocsin.actions.channels import ChannelQuery
from tocsin.api.answers import READ, WRITE, faults
from tocsin.api.dependencies import MAX_ID, Db, Here
from tocsin.model.delivery.channels import ChannelCreate, ChannelRead, ChannelUpdate
from tocsin.model.delivery.reads import TestRead
from tocsin.model.pages import Page

router = APIRouter(prefix="/api/channels", tags=["channels"], responses=faults(422))

ChannelId = Annotated[int, Path(ge=1, le=MAX_ID, description="The channel's id.", examples=[1])]


@router.get("", summary="List channels", dependencies=[READ])
def list_channels(db: Db, here: Here, query: Annotated[ChannelQuery, Query()]) -> Page[ChannelRead]:
    """By name, each with how it is. Secrets are masked."""
    return channels.list_channels(db, here.channel_book, query)


@router.post("", status_code=201, summary="Make a channel", dependencies=[WRITE], responses=faults(409, 413))
def create_channel(db: Db, here: Here, response: Response, channel: ChannelCreate) -> ChannelRead:
    """A destination of alerts. What is not said is as its kind has it; try it with `…/test`."""
    created = channels.create_channel(db, here.channel_book, channel)
    response.headers["Location"] = f"/api/channels/{created.id}"
    return created


@router.get("/{channel_id}", summary="Get a channel", dependencies=[READ], responses=faults(404))
def get_channel(db: Db, here: Here, channel_id: ChannelId) -> ChannelRead:
    """A channel and how it is. Secrets are masked."""
    return channels.get_channel(db, here.channel_book, channel_id)


@router.patch("/{channel_id}", summary="Change a channel", dependencies=[WRITE], responses=faults(404, 409, 413))
def update_channel(db: Db, here: Here, channel_id: ChannelId, update: ChannelUpdate) -> ChannelRead:
    """What is left out stays as it is. A new configuration is tried at once with whatever waits."""
    changed = channels.update_channel(db, here.channel_book, channel_id, update)
    here.wake_delivery()
    return changed


@router.delete(
    "/{channel_id}", status_code=204, summary="Delete a channel", dependencies=[WRITE], responses=faults(404)
)
def delete_channel(db: Db, channel_id: ChannelId) -> None:
    """It goes with its deliveries; alerts stay."""
    channels.delete_channel(db, channel_id)


@router.post("/{channel_id}/test", summary="Send a test message", dependencies=[WRITE], responses=faults(404, 502))
async def test_channel(here: Here, channel_id: ChannelId) -> TestRead:
    """Sent at once, past queue and limits. Answers what the provider said: a receipt, or the error as 502."""
    return await channels.test_channel(here.database, here.channel_book, channel_id)


test_channel.__test__ = False  # type: ignore[attr-defined]
