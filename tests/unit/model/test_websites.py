"""Schemas of a website: names, bounds, and what an update changes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from pydantic.json_schema import JsonSchemaMode

from tocsin import HTTPMethod, WebsiteCreate, WebsiteUpdate
from tocsin.model.websites import INTERVAL_BOUNDS, WebsiteRead


@pytest.fixture
def narrow_bounds() -> Iterator[None]:
    before = INTERVAL_BOUNDS.min_s, INTERVAL_BOUNDS.max_s
    INTERVAL_BOUNDS.min_s, INTERVAL_BOUNDS.max_s = 10, 20
    yield
    INTERVAL_BOUNDS.min_s, INTERVAL_BOUNDS.max_s = before


def test_only_a_url_is_needed() -> None:
    website = WebsiteCreate(url="https://example.com:8443/shop")
    assert website.name == "example.com:8443"
    assert (website.check_interval, website.is_active, website.tags, website.regions) == (300, True, [], [])
    assert website.description is website.group is None


def test_a_name_of_blanks_becomes_the_host() -> None:
    assert WebsiteCreate(url="https://example.com", name="  ").name == "example.com"
    assert WebsiteCreate(url="https://example.com", name="Shop").name == "Shop"


@pytest.mark.parametrize(
    ("fields", "is_active"),
    [
        ({}, True),
        ({"enabled": False}, False),
        ({"is_active": False}, False),
        ({"enabled": True, "is_active": True}, True),
    ],
)
def test_enabled_is_another_name_of_is_active(fields: dict[str, Any], is_active: bool) -> None:
    assert WebsiteCreate(url="https://example.com", **fields).is_active is is_active


def test_enabled_and_is_active_must_not_contradict_each_other() -> None:
    with pytest.raises(ValidationError, match="contradict"):
        WebsiteCreate(url="https://example.com", enabled=False, is_active=True)  # type: ignore[call-arg]


def test_something_that_is_no_object_is_refused() -> None:
    with pytest.raises(ValidationError):
        WebsiteCreate.model_validate("https://example.com")


@pytest.mark.parametrize("interval", [60, 3600])
def test_an_interval_at_the_bounds_is_accepted(interval: int) -> None:
    assert WebsiteCreate(url="https://example.com", check_interval=interval).check_interval == interval


@pytest.mark.parametrize("interval", [59, 3601, -1])
def test_an_interval_out_of_bounds_names_the_settings(interval: int) -> None:
    with pytest.raises(ValidationError, match=r"60 to 3600 seconds .*TOCSIN_CHECK_INTERVAL_MIN"):
        WebsiteCreate(url="https://example.com", check_interval=interval)


@pytest.mark.usefixtures("narrow_bounds")
def test_the_bounds_can_be_moved() -> None:
    assert WebsiteCreate(url="https://example.com", check_interval=10).check_interval == 10
    assert WebsiteUpdate(check_interval=20).check_interval == 20
    with pytest.raises(ValidationError, match="10 to 20 seconds"):
        WebsiteUpdate(check_interval=21)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"url": "example.com"}, "url"),
        ({"url": None}, "url"),
        ({"tags": [""]}, "tags"),
        ({"tags": ["x" * 101]}, "tags"),
        ({"regions": ["x"] * 51}, "regions"),
        ({"name": "x" * 256}, "name"),
        ({"check_interval": 90.5}, "check_interval"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_field_is_refused_by_name(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        WebsiteCreate.model_validate({"url": "https://example.com", **fields})
    assert {error["loc"][0] for error in caught.value.errors()} == {field}


def test_an_update_changes_only_what_was_given() -> None:
    update = WebsiteUpdate(name="New Name", check_interval=600)
    assert update.changes() == {"name": "New Name", "check_interval": 600}
    assert WebsiteUpdate().changes() == {}


def test_what_was_not_given_reads_none() -> None:
    update = WebsiteUpdate(name="New Name")
    assert [getattr(update, field) for field in ("url", "timeout", "tags", "is_active")] == [None] * 4


def test_changes_are_plain_data_for_the_database() -> None:
    update = WebsiteUpdate.model_validate(
        {
            "method": "head",
            "enabled": False,
            "url": " https://example.com ",
            "auth": {"kind": "bearer", "token": "hush"},
            "expectations": [{"on": "body", "op": "contains", "value": "a"}],
        }
    )
    assert update.changes() == {
        "method": "HEAD",
        "is_active": False,
        "url": "https://example.com",
        "auth": {"kind": "bearer", "token": "hush"},
        "expectations": [{"on": "body", "op": "contains", "value": "a"}],
    }


@pytest.mark.parametrize(
    "field", ["description", "request_body", "auth", "proxy", "degraded_after_ms", "group", "down_window"]
)
def test_null_takes_away_what_may_be_missing(field: str) -> None:
    assert WebsiteUpdate.model_validate({field: None}).changes() == {field: None}


@pytest.mark.parametrize(
    "field",
    ["url", "name", "check_interval", "timeout", "max_retries", "is_active", "enabled", "method", "request_headers",
     "expected_status", "follow_redirects", "max_redirects", "verify_tls", "address_family", "expectations", "tags",
     "regions", "down_after", "up_after"],
)  # fmt: skip
def test_null_is_refused_where_a_value_is_needed(field: str) -> None:
    with pytest.raises(ValidationError):
        WebsiteUpdate.model_validate({field: None})


def test_an_update_is_checked_like_a_new_website() -> None:
    for wrong in ({"url": "ftp://example.com"}, {"url": ""}, {"timeout": 500}, {"enabled": True, "is_active": False}):
        with pytest.raises(ValidationError):
            WebsiteUpdate.model_validate(wrong)


@pytest.mark.parametrize("schema", [WebsiteCreate, WebsiteUpdate])
def test_a_window_that_cannot_hold_what_must_fail_is_refused(schema: type[WebsiteCreate | WebsiteUpdate]) -> None:
    with pytest.raises(ValidationError, match=r"5 failed checks .* within the last 3: make the window larger"):
        schema.model_validate({"url": "https://a.example", "down_after": 5, "down_window": 3})
    for wrong in ({"down_after": 0}, {"down_after": 61}, {"down_window": 61}, {"up_after": 0}, {"up_after": 61}):
        with pytest.raises(ValidationError):
            schema.model_validate({"url": "https://a.example", **wrong})


def test_what_is_shown_has_the_promised_example() -> None:
    example = WebsiteRead.model_json_schema()["examples"][0]
    shown = WebsiteRead.model_validate(SimpleNamespace(**example))
    assert shown.method is HTTPMethod.GET
    assert shown.model_dump(mode="json")["created_at"] == "2026-01-01T11:00:00Z"


def test_json_begins_with_what_a_website_is_known_by_and_shows_numbers_as_they_were_written() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    website = WebsiteRead(
        id=1, url="https://a.example", name="A", created_at=at, updated_at=at, timeout=30, degraded_after_ms=2000.5
    )
    shown = json.loads(website.model_dump_json())
    assert list(shown)[:4] == ["id", "url", "name", "status"]
    assert (repr(shown["timeout"]), repr(shown["degraded_after_ms"])) == ("30", "2000.5")
    assert isinstance(website.timeout, float)


@pytest.mark.parametrize(("schema", "mode"), [(WebsiteRead, "serialization"), (WebsiteCreate, "validation")])
def test_the_schema_calls_a_timeout_a_number(schema: type[BaseModel], mode: JsonSchemaMode) -> None:
    assert schema.model_json_schema(mode=mode)["properties"]["timeout"]["type"] == "number"
