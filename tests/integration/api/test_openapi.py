"""The OpenAPI document describes every route in full."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from tocsin import api
from tocsin.api.problems import Problem
from tocsin.model.checks import MonitorCheckRead
from tocsin.model.debug_sessions import DebugSessionRead, DebugSessionStart, DebugSessionUpdate
from tocsin.model.downtimes import DowntimeWindowNotes, DowntimeWindowRead
from tocsin.model.heartbeats.pings import PingRead
from tocsin.model.network_events import NetworkEventRead, NetworkEventRecord
from tocsin.model.series import Series
from tocsin.model.uptime import Uptime
from tocsin.model.websites import WebsiteCreate, WebsiteRead, WebsiteUpdate

PUBLIC = {"/healthz", "/readyz", "/ping/{key}", "/ping/{key}/{what}"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    app = FastAPI(openapi_tags=api.TAGS)
    api.install(app)
    return app.openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_every_route_of_the_contract_is_there(document: dict[str, Any]) -> None:
    found = {f"{method.upper()} {path}" for method, path, _ in operations(document)}
    one = "/api/websites/{website_id}"
    key = "/api/debug-sessions/{session_key}"
    assert found == {
        "GET /api/websites", "POST /api/websites", f"GET {one}", f"PATCH {one}", f"DELETE {one}",
        f"POST {one}/check", f"GET {one}/checks", f"GET {one}/checks/{{check_id}}", f"GET {one}/downtimes",
        f"GET {one}/unknown-windows",
        f"GET {one}/uptime", f"GET {one}/series", f"GET {one}/debug-sessions", f"POST {one}/debug-sessions",
        "GET /api/downtimes/{downtime_id}", "PATCH /api/downtimes/{downtime_id}",
        "GET /api/alerts", "POST /api/alerts", "GET /api/alerts/patterns", "POST /api/alerts/acknowledge",
        "POST /api/alerts/resolve", "POST /api/alerts/suppress", "GET /api/alerts/{alert_id}",
        "GET /api/alerts/{alert_id}/history", "POST /api/alerts/{alert_id}/acknowledge",
        "POST /api/alerts/{alert_id}/resolve", "POST /api/alerts/{alert_id}/suppress",
        f"GET {key}", f"PATCH {key}", f"GET {key}/events", f"POST {key}/events", f"GET {key}/har",
        f"GET {key}/screenshot", "GET /api/events", "GET /metrics", "GET /healthz", "GET /readyz",
        "GET /api/silences", "POST /api/silences", "GET /api/silences/{silence_id}", "PUT /api/silences/{silence_id}",
        "DELETE /api/silences/{silence_id}", "POST /api/silences/preview", f"GET {one}/maintenance-periods",
        "GET /api/maintenance-windows", "POST /api/maintenance-windows", "POST /api/maintenance-windows/preview",
        "GET /api/maintenance-windows/{window_id}", "PATCH /api/maintenance-windows/{window_id}",
        "DELETE /api/maintenance-windows/{window_id}",
        "GET /api/channels", "POST /api/channels", "GET /api/channels/{channel_id}", "PATCH /api/channels/{channel_id}",
        "DELETE /api/channels/{channel_id}", "POST /api/channels/{channel_id}/test", "GET /api/deliveries",
        "POST /api/deliveries/{delivery_id}/retry", "GET /api/alerts/{alert_id}/deliveries",
        "GET /api/alerts/{alert_id}/why",
        "GET /api/tags", "POST /api/websites/pause", "POST /api/websites/resume", f"GET {one}/badge.svg",
        "GET /ping/{key}", "POST /ping/{key}", "GET /ping/{key}/{what}", "POST /ping/{key}/{what}",
        f"GET {one}/pings", f"GET {one}/pings/{{number}}/body",
        "GET /api/alert-rules", "POST /api/alert-rules", "POST /api/alert-rules/try", "GET /api/alert-rules/{rule_id}",
        "PATCH /api/alert-rules/{rule_id}", "DELETE /api/alert-rules/{rule_id}", "GET /api/metrics",
    }  # fmt: skip


def test_every_operation_says_what_it_does_and_who_may(document: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in api.TAGS}
    for method, path, operation in operations(document):
        place = f"{method} {path}"
        assert operation["summary"], place
        assert operation["description"], place
        assert len(operation["tags"]) == 1, place
        assert set(operation["tags"]) <= tags, place
        if path in PUBLIC:
            assert "security" not in operation, place
        else:
            assert operation["security"] == [{"token": []}, {"login": []}], place
    assert set(document["components"]["securitySchemes"]) == {"token", "login"}


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))


def test_problems_are_described_as_what_they_are(document: dict[str, Any]) -> None:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for method, path, operation in operations(document):
        answers = operation["responses"]
        faults = {status for status in answers if int(status) >= 400}
        assert all(answers[status]["content"] == problem for status in faults), f"{method} {path}"
        assert path in PUBLIC or {"401", "403", "503"} <= faults, f"{method} {path}"
        assert "{" not in path or {"404", "422"} <= faults, f"{method} {path}"
        assert "requestBody" not in operation or {"413", "422"} <= faults, f"{method} {path}"
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert document["components"]["schemas"]["Problem"]["examples"]


def test_good_answers_have_a_schema_or_an_example(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        good = next(answer for status, answer in operation["responses"].items() if status < "300")
        if method == "delete" or path.endswith(("/har", "/screenshot")):
            continue
        (content,) = good["content"].values()
        assert content.get("schema") or content.get("example"), f"{method} {path}"


def test_bodies_and_path_parameters_have_examples(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for method, path, operation in operations(document):
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                assert parameter["schema"].get("examples"), f"{method} {path}: {parameter['name']}"
        body = str(operation.get("requestBody", ""))
        named = [name for name in schemas if f"schemas/{name}'" in body]
        assert not body or named, f"{method} {path}"
        assert all(schemas[name].get("examples") for name in named), f"{method} {path}: {named}"


@pytest.mark.parametrize(
    "model",
    [
        WebsiteCreate, WebsiteUpdate, WebsiteRead, MonitorCheckRead, DowntimeWindowNotes, DowntimeWindowRead, Uptime,
        Series, PingRead, DebugSessionStart, DebugSessionUpdate, DebugSessionRead, NetworkEventRecord,
        NetworkEventRead, Problem,
    ],
)  # fmt: skip
def test_every_example_is_what_it_is_an_example_of(document: dict[str, Any], model: type[BaseModel]) -> None:
    assert document["components"]["schemas"][model.__name__]["examples"]
    extra = model.model_config["json_schema_extra"]
    assert isinstance(extra, dict)
    examples: Any = extra["examples"]
    for example in examples:
        fields = SimpleNamespace(**{name + "_" * (name == "from"): value for name, value in example.items()})
        shown = model.model_validate(fields, from_attributes=True).model_dump(mode="json", by_alias=True)
        assert {name: shown.get(name, example[name]) for name in example} == example


async def test_the_document_is_served_and_made_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    served = (await client.get("/openapi.json")).json()
    assert served["paths"].keys() == app.openapi()["paths"].keys()
    assert app.openapi() is app.openapi()
