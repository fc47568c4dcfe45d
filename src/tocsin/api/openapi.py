"""The OpenAPI document: what FastAPI makes of the routers, with problems described as what they are."""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI

from tocsin.api.problems import MEDIA_TYPE

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_FASTAPIS_OWN = ("HTTPValidationError", "ValidationError")


def install(app: FastAPI) -> None:
    """Have `app` serve its OpenAPI document with problems as problem+json."""
    make: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = make()
            for answer in _answers(document):
                _as_problem(answer)
            for name in _FASTAPIS_OWN:
                document.get("components", {}).get("schemas", {}).pop(name, None)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _answers(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        for operation in operations.values():
            yield from operation["responses"].values()


def _as_problem(answer: dict[str, Any]) -> None:
    """Describe an answer that is a problem, or that FastAPI takes for a fault of its own kind, as problem+json."""
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    if schema.get("$ref", "").rpartition("/")[2] in ("Problem", *_FASTAPIS_OWN):
        answer["content"] = {MEDIA_TYPE: {"schema": _PROBLEM}}
