"""What clients of Alertmanager post, and what they are shown."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tocsin.model.alertmanager import SchemaFault, config_text, read_posted
from tocsin.model.alerts import AlertPriority

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def read(**fields: Any) -> Any:
    taken, _, faults = read_posted([{"labels": {"alertname": "a"}, **fields}], NOW, HOUR)
    return taken[0] if taken else faults[0]


def test_times_are_taken_in_any_zone_and_naive_ones_as_utc() -> None:
    assert read(startsAt="2026-03-01T13:00:00+02:00").starts_at == NOW - HOUR
    assert read(startsAt="2026-03-01T11:00:00").starts_at == NOW - HOUR
    assert read(startsAt="2026-03-01T11:00:00.123456789Z").starts_at.microsecond == 123456
    moment = datetime(2026, 3, 1, 13, tzinfo=timezone(HOUR))
    assert read(endsAt=moment.isoformat()).starts_at == NOW, "an end alone is the start too"
    assert read(startsAt="").ends_at == NOW + HOUR


def test_a_label_without_a_name_is_none() -> None:
    assert read(labels={"": "x"}) == 'invalid label set: invalid name ""'


@pytest.mark.parametrize("url", [7, "with space", "http://[", "::"])
def test_an_address_that_is_none_is_refused(url: Any) -> None:
    with pytest.raises(SchemaFault) as refused:
        read(generatorURL=url)
    assert (refused.value.status, refused.value.to_dict()["code"]) == (422, 601)


def test_an_address_may_be_relative_and_severities_are_priorities() -> None:
    assert read(generatorURL="/graph?g0=up").generator_url == "/graph?g0=up"
    found = {one: read(labels={"severity": one}).to_alert().priority for one in ("page", "ERROR", "odd", "none")}
    assert list(found.values()) == [
        AlertPriority.CRITICAL,
        AlertPriority.HIGH,
        AlertPriority.MEDIUM,
        AlertPriority.INFO,
    ]


def test_several_channels_are_routes_that_go_on() -> None:
    text = config_text(['ops "night"', "mail"])
    assert text == (
        'route:\n  receiver: "ops \\"night\\""\n  routes:\n  - receiver: "mail"\n    continue: true\n'
        'receivers:\n- name: "ops \\"night\\""\n- name: "mail"\n'
    )
    assert config_text([]).count("dashboard") == 2
