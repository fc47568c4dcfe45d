"""Maintenance windows over HTTP."""

from typing import Any

import httpx
import pytest

from tests.support.history import add_site
from tocsin import Database

SUNDAYS = {"kind": "weekly", "weekdays": ["Sunday"], "start": "02:00", "end": "04:00"}


def window(**fields: Any) -> dict[str, Any]:
    return {"name": "Backups", "schedule": SUNDAYS, "time_zone": "Europe/Berlin", "tags": ["shop"], **fields}


async def test_a_window_is_planned_read_changed_and_removed(client: httpx.AsyncClient) -> None:
    made = await client.post("/api/maintenance-windows", json=window())
    assert made.status_code == 201
    one = made.json()
    assert (one["schedule"]["weekdays"], one["schedule"]["start"]) == ([7], "02:00:00")
    assert (one["is_in_force"], one["created_by"]) == (False, "this machine")
    assert one["next_start_at"] < one["next_end_at"]
    changed = await client.patch("/api/maintenance-windows/1", json={"is_enabled": False, "name": "None"})
    assert (changed.json()["name"], changed.json()["next_start_at"]) == ("None", None)
    assert (await client.get("/api/maintenance-windows")).json()["items"] == [changed.json()]
    assert (await client.get("/api/maintenance-windows/1")).json() == changed.json()
    assert (await client.delete("/api/maintenance-windows/1")).status_code == 204
    assert (await client.get("/api/maintenance-windows/1")).status_code == 404


async def test_a_window_in_force_is_a_period_of_its_websites(client: httpx.AsyncClient, database: Database) -> None:
    site = add_site(database)
    always = {"kind": "cron", "cron": "* * * * *", "duration_minutes": 5}
    made = (
        await client.post("/api/maintenance-windows", json=window(schedule=always, tags=[], website_ids=[site]))
    ).json()
    assert made["is_in_force"]
    page = (await client.get(f"/api/websites/{site}/maintenance-periods")).json()
    assert page["items"][0]["window_id"] == made["id"]
    assert page["items"][0]["checks_count"] is None
    assert (await client.get("/api/websites/99/maintenance-periods")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"tags": []}, "name what it concerns"),
        ({"is_global": True}, "name what it concerns"),
        ({"time_zone": "Mars/Olympus"}, "no time zone"),
        ({"schedule": {**SUNDAYS, "end": None}}, "either `end` or `duration_minutes`"),
        ({"schedule": {**SUNDAYS, "weekdays": ["x"]}}, "no day of the week"),
        ({"schedule": {**SUNDAYS, "start": "02:00+01:00"}}, "without an offset"),
        ({"schedule": {"kind": "monthly", "days": [0], "start": "02:00", "end": "03:00"}}, "no day 0"),
        ({"schedule": {"kind": "cron", "cron": "nightly", "duration_minutes": 5}}, "no cron expression"),
        (
            {"schedule": {"kind": "once", "starts_at": "2026-03-01T12:00", "ends_at": "2026-03-01T12:00"}},
            "after starts_at",
        ),
        ({"schedule": {"kind": "yearly"}}, "schedule"),
        ({"website_ids": [99]}, "there is no website 99"),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, "no regular expression"),
    ],
)
async def test_a_window_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, fields: dict[str, Any], fault: str
) -> None:
    response = await client.post("/api/maintenance-windows", json=window(**fields))
    assert (response.status_code, fault in response.text) == (422, True), response.text


async def test_a_change_must_leave_a_window_that_makes_sense(client: httpx.AsyncClient) -> None:
    await client.post("/api/maintenance-windows", json=window())
    for body, fault in (
        ({"tags": []}, "name what it concerns"),
        ({"schedule": {"kind": "cron", "cron": "x", "duration_minutes": 1}}, "no cron expression"),
    ):
        response = await client.patch("/api/maintenance-windows/1", json=body)
        assert (response.status_code, fault in response.text) == (422, True), response.text
    assert (await client.get("/api/maintenance-windows/1")).json()["tags"] == ["shop"]
