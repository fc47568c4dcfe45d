"""Metrics over HTTP, for Prometheus and whatever reads its format."""

import gzip
from functools import cache

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from tocsin.actions.metrics import read_figures
from tocsin.api.answers import READ, Responses, faults
from tocsin.api.dependencies import Db, Here
from tocsin.api.exposition import MEDIA_TYPE, render

router = APIRouter(tags=["metrics"])

_TEXT: Responses = {
    200: {
        "description": "Text in Prometheus' exposition format.",
        "content": {"text/plain": {"example": 'tocsin_website_up{website_id="1",name="Shop",url="https://…"} 1\n'}},
    }
}


@router.get(
    "/metrics", summary="Get all metrics", dependencies=[READ], response_class=Response, responses=_TEXT | faults()
)
def get_metrics(request: Request, db: Db, here: Here) -> Response:
    """Tocsin itself, its process, and every active website."""
    text = render(read_figures(db, here)).encode() + generate_latest(_process())
    headers = {"Vary": "Accept-Encoding", "Cache-Control": "no-store"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        text = gzip.compress(text, compresslevel=1)
        headers["Content-Encoding"] = "gzip"
    return Response(text, media_type=MEDIA_TYPE, headers=headers)


@cache
def _process() -> CollectorRegistry:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry
