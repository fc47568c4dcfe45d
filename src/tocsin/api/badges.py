"""Badges over HTTP: a website's status, uptime or certificate as a small SVG."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from tocsin.actions.badges import BadgeQuery, draw, read_badge
from tocsin.api.answers import READ, Responses, faults
from tocsin.api.dependencies import Db, WebsiteId

router = APIRouter(tags=["websites"])

SVG = "image/svg+xml"
_HEADERS = {
    "Cache-Control": "private, max-age=30",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}
_PICTURE: Responses = {
    200: {"description": "The picture.", "content": {SVG: {"example": "<svg …>"}}},
    304: {"description": "It is the one that the `ETag` sent names."},
}


@router.get(
    "/api/websites/{website_id}/badge.svg",
    summary="Get a website's badge",
    dependencies=[READ],
    response_class=Response,
    responses=_PICTURE | faults(404, 422),
)
def get_badge(
    db: Db, website_id: WebsiteId, query: Annotated[BadgeQuery, Query()], if_none_match: Annotated[str, Header()] = ""
) -> Response:
    """By `kind`: status, uptime over `hours`, or days until the certificate expires."""
    picture = draw(read_badge(db, website_id, query)).encode()
    tag = f'"{hashlib.sha256(picture).hexdigest()[:32]}"'
    headers = {**_HEADERS, "ETag": tag}
    known = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(picture, media_type=SVG, headers=headers)
