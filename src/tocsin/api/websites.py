"""Websites over HTTP: list, create, get, change, delete."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from tocsin.actions import websites
from tocsin.actions.websites import WebsiteQuery
from tocsin.api.answers import READ, WRITE, faults
from tocsin.api.dependencies import Db, Here, WebsiteId
from tocsin.model.pages import Page
from tocsin.model.websites import WebsiteCreate, WebsiteRead, WebsiteUpdate

router = APIRouter(prefix="/api/websites", tags=["websites"])


@router.get("", summary="List websites", dependencies=[READ], responses=faults(422))
def list_websites(db: Db, query: Annotated[WebsiteQuery, Query()]) -> Page[WebsiteRead]:
    """Newest first, each with its present state. Conditions hold together; secrets are masked."""
    return websites.list_websites(db, query)


@router.post("", status_code=201, summary="Watch a website", dependencies=[WRITE], responses=faults(409, 413, 422))
def create_website(db: Db, here: Here, response: Response, website: WebsiteCreate) -> WebsiteRead:
    """Only `url` is needed. It is checked at once; URLs are compared normalised."""
    created = websites.create_website(db, website, here.tell_website)
    response.headers["Location"] = f"/api/websites/{created.id}"
    return created


@router.get("/{website_id}", summary="Get a website", dependencies=[READ], responses=faults(404, 422))
def get_website(db: Db, website_id: WebsiteId) -> WebsiteRead:
    """A website with its present state. Secrets are masked."""
    return websites.get_website(db, website_id)


@router.patch("/{website_id}", summary="Change a website", dependencies=[WRITE], responses=faults(404, 409, 413, 422))
def update_website(db: Db, here: Here, website_id: WebsiteId, update: WebsiteUpdate) -> WebsiteRead:
    """What is left out stays as it is, and so does a secret that is sent back masked."""
    return websites.update_website(db, website_id, update, here.tell_website)


@router.delete(
    "/{website_id}", status_code=204, summary="Delete a website", dependencies=[WRITE], responses=faults(404, 422)
)
def delete_website(db: Db, here: Here, website_id: WebsiteId) -> None:
    """It goes with everything that was recorded of it."""
    websites.delete_website(db, website_id, here.tell_website)
