"""Texts that no column holds are refused by the schema, with the field's name."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from tocsin.model.checks import MonitorCheckCreate
from tocsin.model.debug_sessions import DebugSessionCreate, DebugSessionStart, DebugSessionUpdate
from tocsin.model.downtimes import DowntimeWindowCreate, DowntimeWindowNotes, DowntimeWindowUpdate
from tocsin.model.network_events import NetworkEventCreate, NetworkEventRecord
from tocsin.model.websites import WebsiteCreate, WebsiteUpdate

SITE = {"url": "https://a.example"}
EVENT = {"event_type": "REQUEST", "url": "https://a.example/"}
SESSION = {"website_id": 1, "session_key": "key"}
DOWNTIME = {"website_id": 1, "started_at": "2026-01-01T12:00:00Z"}
NUL, HALF = "a\0b", "a\ud800b"

PLACES: list[tuple[type[BaseModel], dict[str, Any], str]] = [
    *((WebsiteCreate, SITE, name) for name in ("url", "name", "description", "group", "request_body", "proxy")),
    *((WebsiteUpdate, {}, name) for name in ("name", "description")),
    (MonitorCheckCreate, {"website_id": 1, "status": "DOWN"}, "error_message"),
    *((DowntimeWindowCreate, DOWNTIME, name) for name in ("root_cause", "notes")),
    *((schema, {}, name) for schema in (DowntimeWindowUpdate, DowntimeWindowNotes) for name in ("root_cause", "notes")),
    *((DebugSessionCreate, SESSION, name) for name in ("session_key", "user_agent", "browser_type")),
    *((DebugSessionStart, {}, name) for name in ("session_key", "user_agent", "browser_type")),
    *((DebugSessionUpdate, {}, name) for name in ("error_message", "user_agent", "browser_type")),
    *(
        (NetworkEventRecord, EVENT, name)
        for name in ("url", "request_headers", "response_headers", "request_payload", "response_payload")
    ),
    (NetworkEventCreate, {**EVENT, "debug_session_id": 1}, "error_message"),
]


@pytest.mark.parametrize(("schema", "rest", "field"), PLACES)
@pytest.mark.parametrize("text", [NUL, HALF])
def test_what_no_column_holds_is_refused_by_its_field(
    schema: type[BaseModel], rest: dict[str, Any], field: str, text: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        schema.model_validate({**rest, field: text})
    assert [one["loc"] for one in caught.value.errors()] == [(field,)]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"tags": ["fine", NUL]}, ("tags",)),
        ({"regions": [NUL]}, ("regions",)),
        ({"request_headers": {"X-A": NUL}}, ("request_headers",)),
        ({"auth": {"kind": "basic", "username": NUL, "password": "x"}}, ("auth", "basic", "username")),
        ({"auth": {"kind": "bearer", "token": NUL}}, ("auth", "bearer", "token")),
        ({"expectations": [{"on": "body", "op": "contains", "value": NUL}]}, ("expectations", 0, "value")),
    ],
)
def test_so_is_what_stands_deeper(given: dict[str, Any], place: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        WebsiteCreate.model_validate(SITE | given)
    assert [one["loc"] for one in caught.value.errors()] == [place]


def test_the_length_of_a_text_keeps_its_own_message() -> None:
    with pytest.raises(ValidationError, match="at most 255 characters"):
        WebsiteCreate.model_validate({**SITE, "name": "x" * 256})


def test_a_header_with_a_control_character_is_told_so() -> None:
    for text in (NUL, "a\r\nb"):
        with pytest.raises(ValidationError, match="contains a control character"):
            WebsiteCreate.model_validate({**SITE, "request_headers": {"X-A": text}})


def test_other_characters_are_taken_as_they_are() -> None:
    name = "Bücher\t日本 🔔\x01"
    assert WebsiteCreate.model_validate({**SITE, "name": name}).name == name
