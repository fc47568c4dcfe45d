"""An alert as it is stored: cleaned, never refused for an odd character, refused for what means nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin import Alert, AlertCategory, AlertPriority, Invalid, NotificationChannel
from tocsin.model.alerting.sightings import expiry, sighting_of
from tocsin.model.alerts import fingerprint_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def alert(**fields: Any) -> Alert:
    return Alert(**{"alert_type": "disk_full", "title": "Disk full", "message": "It is.", **fields})


def test_identity_is_the_labels_else_type_and_resource() -> None:
    by_resource = sighting_of(alert(resource="db-1"), NOW)
    assert by_resource.fingerprint == fingerprint_of("disk_full", "db-1")
    labels = {"alertname": "x", "instance": "y"}
    assert sighting_of(alert(labels=labels), NOW).fingerprint == fingerprint_of("", None, labels)
    assert sighting_of(alert(fingerprint="own"), NOW).fingerprint == "own"


def test_what_an_alert_carries_is_in_its_metadata() -> None:
    seen = sighting_of(
        alert(recommendations=["a"], stack_trace="t", related_logs="/l", affected_users=0, metadata={"k": {1}}), NOW
    )
    assert seen.alert.metadata == {
        "k": [1], "recommendations": ["a"], "stack_trace": "t", "related_logs": "/l", "affected_users": 0
    }  # fmt: skip
    assert not seen.wants_advice
    assert sighting_of(alert(), NOW).wants_advice
    assert not sighting_of(alert(metadata={"recommendations": []}), NOW).wants_advice


def test_odd_characters_are_kept_readable() -> None:
    seen = sighting_of(alert(title="a\0b", labels={"x": "\ud800"}, annotations={"runbook_url": "http://r"}), NOW)
    assert seen.alert.title == "a\\0b"
    assert seen.alert.labels == {"x": "\\ud800"}
    assert seen.alert.runbook_url == "http://r"


def test_names_of_members_are_taken_in_any_case() -> None:
    seen = sighting_of(alert(priority="high", category="database", notification_channels=["email"]), NOW)
    assert seen.alert.priority is AlertPriority.HIGH
    assert seen.alert.category is AlertCategory.DATABASE
    assert seen.alert.notification_channels == [NotificationChannel.EMAIL]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"alert_type": " "}, "alert_type"),
        ({"alert_type": "x" * 256}, "alert_type"),
        ({"title": None}, "title"),
        ({"priority": "LOUD"}, "priority"),
        ({"category": "WEATHER"}, "category"),
        ({"notification_channels": ["PIGEON"]}, "notification_channels"),
        ({"ttl_s": -1}, "ttl_s"),
        ({"dedup_window_s": float("nan")}, "dedup_window_s"),
    ],
)
def test_what_means_nothing_is_refused_by_name(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        sighting_of(alert(**fields), NOW)
    assert caught.value.field == field


def test_times_are_utc_and_never_ahead_of_now() -> None:
    seen = sighting_of(alert(starts_at=datetime(2026, 3, 1), ends_at=datetime(2026, 3, 1, 11)), NOW)  # noqa: DTZ001
    assert seen.alert.starts_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert seen.is_over
    assert not sighting_of(alert(ends_at=NOW + timedelta(seconds=1)), NOW).is_over
    assert sighting_of(alert(), NOW, at=NOW + timedelta(hours=1)).at == NOW
    assert sighting_of(alert(), NOW, at=NOW - timedelta(hours=1)).at == NOW - timedelta(hours=1)


def test_a_life_ends_after_its_ttl() -> None:
    assert expiry(alert(ttl_s=60), NOW) == NOW + timedelta(minutes=1)
    assert expiry(alert(), NOW) is None
