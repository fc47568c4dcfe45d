"""What happens right now over HTTP: server-sent events. Source: HTML Living Standard section 9.2."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import StreamingResponse

from tocsin.actions.events import LASTING, last_event_id, list_missed
from tocsin.actions.services import Services
from tocsin.api.answers import READ, Responses, faults
from tocsin.api.dependencies import MAX_ID, Here, open_session
from tocsin.api.shutdown import ended_by_shutdown
from tocsin.watch.live import LiveEvent

router = APIRouter(tags=["events"], lifespan=ended_by_shutdown)

HEARTBEAT_S = 15.0
RETRY_MS = 2000
REPLAY_BATCH = 500
REPLAY_LIMIT = 10_000
"""Missed events told to a listener that comes back; one that has missed more is told that it has."""

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # a proxy must not hold events back
_EXAMPLE = 'id: 17\nevent: transition\ndata: {"website_id": 1, "from_status": "UP", "to_status": "DOWN"}\n\n'
_STREAM: Responses = {
    200: {"description": "Events, as they happen.", "content": {"text/event-stream": {"example": _EXAMPLE}}}
}

Kind = Literal["check", "transition", "certificate", "vantage", "website", "alert", "delivery"]


def _split(values: Any) -> Any:
    return [word for value in values for word in value.split(",")] if isinstance(values, list) else values


class EventQuery(BaseModel):
    """Which events are asked for."""

    model_config = ConfigDict(extra="forbid")

    website_id: int | None = Field(None, ge=1, le=MAX_ID, description="Only those of this website.")
    kinds: Annotated[list[Kind], BeforeValidator(_split)] = Field(
        ["check", "transition", "certificate", "vantage", "website", "alert", "delivery"],
        description="Only these; joined by commas or repeated.",
    )

    def wants(self, event: LiveEvent) -> bool:
        """Return whether the listener asked for this event; that something was lost concerns everybody."""
        if event.kind == "lost":
            return True
        return event.kind in self.kinds and self.website_id in (None, event.data.get("website_id", self.website_id))


@router.get(
    "/api/events",
    summary="Listen to what happens",
    dependencies=[READ],
    response_class=StreamingResponse,
    responses=_STREAM | faults(422),
)
async def listen(
    here: Here,
    query: Annotated[EventQuery, Query()],
    last_event_id: Annotated[str, Header(description="Tell what was missed after this one first.")] = "",
) -> StreamingResponse:
    """`check`: a check was stored. `transition`: a website changed its status. `certificate`: one expires soon, has
    expired or was renewed. `vantage`: Tocsin itself cannot see the network, or sees it again, whichever website is
    asked for. `website`: one was created, updated or deleted. `alert`: one changed, and `change` says how. `lost`: so
    many events were dropped, since you read too slowly. Transitions, certificates and `vantage` are kept: whoever comes
    back with `Last-Event-ID` is told those in between. A comment comes every 15 s.
    """
    after_id = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else None
    return StreamingResponse(stream(here, query, after_id), media_type="text/event-stream", headers=HEADERS)


async def stream(
    here: Services, query: EventQuery, after_id: int | None = None, heartbeat_s: float = HEARTBEAT_S
) -> AsyncIterator[bytes]:
    """Yield events in their wire format until the hub closes or the listener goes."""
    with here.live.subscribe() as events:
        # Subscribed first: what is committed while the missed ones are read is told after them, once.
        told_id = 0
        if after_id is None:
            yield f"retry: {RETRY_MS}\nid: {await run_in_threadpool(_newest, here)}\n\n".encode()
        else:
            yield f"retry: {RETRY_MS}\n\n".encode()
            async for event in _missed(here, query, min(after_id, MAX_ID)):
                told_id = event.id or told_id
                yield encode(event)
        while True:
            try:
                event = await asyncio.wait_for(anext(events), heartbeat_s)
            except TimeoutError:
                yield b": still here\n\n"
                continue
            except StopAsyncIteration:
                return
            if query.wants(event) and (event.id is None or event.id > told_id):
                yield encode(event)


def encode(event: LiveEvent) -> bytes:
    """Return an event in its wire format."""
    number = "" if event.id is None else f"id: {event.id}\n"
    return f"{number}event: {event.kind}\ndata: {json.dumps(event.data, separators=(',', ':'))}\n\n".encode()


async def _missed(here: Services, query: EventQuery, after_id: int) -> AsyncIterator[LiveEvent]:
    if not LASTING.keys() & set(query.kinds):
        return
    for _ in range(REPLAY_LIMIT // REPLAY_BATCH):
        batch = await run_in_threadpool(_read_missed, here, query, after_id)
        for event in batch:
            yield event
        if len(batch) < REPLAY_BATCH:
            return
        after_id = batch[-1].id or after_id
    newest = await run_in_threadpool(_newest, here)
    yield LiveEvent("lost", {"count": newest - after_id}, newest)


def _read_missed(here: Services, query: EventQuery, after_id: int) -> list[LiveEvent]:
    with open_session(here) as db:
        return list_missed(db, query.kinds, query.website_id, after_id, REPLAY_BATCH)


def _newest(here: Services) -> int:
    with open_session(here) as db:
        return last_event_id(db)
