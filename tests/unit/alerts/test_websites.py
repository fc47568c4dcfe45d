"""What the watch saw, as alerts: which, how loud, with which words, evidence and advice."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.alerts.recommend import filled_in
from tocsin.alerts.website_advice import BY_CAUSE, CERTIFICATE as CERTIFICATE_ADVICE
from tocsin.alerts.website_evidence import duration_text, evidence_of
from tocsin.alerts.websites import seen_in, website_fingerprint
from tocsin.model.alerting.events import EventFacts, WebsiteFacts
from tocsin.model.alerting.sightings import Ending, Sighting
from tocsin.model.alerts import AlertPriority
from tocsin.model.enums import Cause

AT = datetime(2026, 3, 1, 12, 3, tzinfo=UTC)
NOW = AT + timedelta(seconds=5)
SITE = WebsiteFacts(
    id=3, name="example.com", url="https://user:secret@example.com:8443/x", created_at=AT, group="Shop", tags=("a", "b")
)
SEEN = {
    "address": "192.0.2.14",
    "addresses": ["192.0.2.14", "192.0.2.15"],
    "phases": {"dns_ms": 12.4, "connect_ms": 3.0, "tls_ms": None, "total_ms": 16.0},
    "redirects": [{"url": "http://a", "http_status_code": 301, "location": "http://b"}] * 7,
}


def event(to_status: str | None = "DOWN", **facts: Any) -> EventFacts:
    details = {"cause": "connect_refused", "phase": "connect", "message": "192.0.2.14 refused the connection."}
    given = {"id": 1, "kind": "website.transition", "reason": "went_down", "occurred_at": AT, "to_status": to_status,
             "website": SITE, "details": details, **facts}  # fmt: skip
    return EventFacts(**given)


def sighting(one: EventFacts) -> Sighting:
    (found,) = [seen for seen in seen_in(one, NOW) if isinstance(seen, Sighting)]
    return found


def endings(one: EventFacts) -> list[Ending]:
    return [seen for seen in seen_in(one, NOW) if isinstance(seen, Ending)]


def test_a_website_that_goes_down_is_critical_and_says_since_when_and_why() -> None:
    alert = sighting(event(evidence=SEEN, downtime_id=9, downtime_started_at=AT)).alert
    assert alert.title == "example.com is down since 12:03 UTC"
    assert alert.message == "192.0.2.14 refused the connection."
    assert alert.priority is AlertPriority.CRITICAL
    assert alert.category == "AVAILABILITY"
    assert (alert.alert_type, alert.resource, alert.website_id) == ("website_down", "example.com", 3)
    assert alert.labels == {
        "alertname": "website_down", "website": "example.com", "instance": "example.com:8443", "group": "Shop",
        "tags": "a,b", "address": "192.0.2.14", "cause": "connect_refused",
    }  # fmt: skip
    assert alert.group_key == "website:192.0.2.14"
    assert alert.metadata["downtime_id"] == 9


def test_advice_is_by_cause_filled_in_and_tells_no_password() -> None:
    advice = sighting(event(evidence=SEEN)).alert.metadata["recommendations"]
    assert any("ss -ltnp 'sport = :8443'" in text for text in advice)
    assert advice[-1] == "Look again from here: `tocsin check https://example.com:8443/x`"
    assert "secret" not in str(advice)


def test_evidence_is_one_fact_a_line() -> None:
    lines = evidence_of(event(evidence=SEEN, attempts=4, http_status_code=503, last_good_at=AT - timedelta(minutes=5)))
    assert lines[:4] == [
        "Cause: connect_refused, in the phase connect",
        "It answered HTTP 503",
        "Connected to 192.0.2.14 (one of 2 addresses)",
        "Phases: DNS 12 ms, connect 3 ms",
    ]
    assert lines[-4:] == [
        "Hop: 301 from http://a to http://b",
        "… and 2 more hops",
        "4 attempts within the check failed alike",
        "The last good check was at 2026-03-01 11:58:00 UTC, 5 min before",
    ]
    assert evidence_of(event(details={}, evidence={"addresses": ["192.0.2.1"]})) == [
        "Resolved to 192.0.2.1; connected to none"
    ]
    assert evidence_of(event(details={"cause": "slow"}, evidence={"address": "192.0.2.1"})) == [
        "Cause: slow", "Connected to 192.0.2.1"
    ]  # fmt: skip


def test_identity_outlives_name_url_and_address_but_not_the_website() -> None:
    later = WebsiteFacts(id=3, name="other", url="http://other", created_at=AT)
    assert website_fingerprint("website_down", SITE) == website_fingerprint("website_down", later)
    successor = WebsiteFacts(id=3, name="other", url="http://other", created_at=NOW)
    assert website_fingerprint("website_down", SITE) != website_fingerprint("website_down", successor)


def test_a_website_that_is_back_resolves_with_its_downtime() -> None:
    back = event("UP", downtime_started_at=AT - timedelta(minutes=15), http_status_code=200, response_time_ms=142.3)
    down, degraded = endings(back)
    assert down.note == "It was down for 15 min; it answers HTTP 200 in 142 ms"
    assert (down.reason, down.is_told, degraded.note) == ("recovered", True, None)
    assert endings(event("UP"))[0].note == "It is back"
    assert endings(event("UP", http_status_code=204))[0].note == "It is back; it answers HTTP 204"


def test_a_degraded_website_is_medium_and_no_longer_down() -> None:
    slow = event("DEGRADED", details={"cause": "slow", "message": "Took 900 ms"})
    assert sighting(slow).alert.priority is AlertPriority.MEDIUM
    assert sighting(slow).alert.title == "example.com is degraded since 12:03 UTC"
    assert endings(slow)[0].note == "It is back; it answers again, though not well: Took 900 ms"
    assert "not well: degraded" in (endings(event("DEGRADED", details={}))[0].note or "")


def test_going_down_supersedes_being_degraded_silently() -> None:
    (ending,) = endings(event())
    assert (ending.reason, ending.is_told) == ("superseded", False)


@pytest.mark.parametrize(
    "one", [event("UNKNOWN"), event(website=None), event(kind="website.repainted"), event(None)]
)  # fmt: skip
def test_what_says_nothing_about_a_problem_makes_no_alert(one: EventFacts) -> None:
    assert seen_in(one, NOW) == []


def test_words_are_found_where_the_check_left_none() -> None:
    assert "does not answer as it should" in sighting(event(details={})).alert.message
    assert "slowly or not as expected" in sighting(event("DEGRADED", details={})).alert.message


@pytest.mark.parametrize(
    ("url", "authority"),
    [("https://example.com/", "example.com:443"), ("http://[2001:db8::1]/", "'[2001:db8::1]:80'")],
)
def test_commands_name_host_and_port(url: str, authority: str) -> None:
    site = WebsiteFacts(id=1, name="s", url=url, created_at=AT)
    alert = sighting(event(website=site, details={"cause": "tls_protocol"})).alert
    assert f"-connect {authority}" in alert.metadata["recommendations"][0]


def test_a_heartbeat_has_no_host() -> None:
    job = WebsiteFacts(id=1, name="Backup", url="heartbeat:abc", created_at=AT)
    alert = sighting(event(website=job, details={"cause": "heartbeat_missed"})).alert
    assert alert.labels["instance"] == "heartbeat:abc"
    assert alert.group_key == "website:Backup"
    assert len(alert.metadata["recommendations"]) == 2


def test_every_cause_has_advice_whose_placeholders_exist() -> None:
    assert set(BY_CAUSE) == set(Cause)
    known = dict.fromkeys(("host", "port", "authority", "url", "address", "since"), "x")
    for text in (*CERTIFICATE_ADVICE, *(text for texts in BY_CAUSE.values() for text in texts)):
        assert filled_in(text, known) is not None, text


def certificate(reason: str = "certificate_expires", **details: Any) -> EventFacts:
    return event(None, kind="website.certificate", reason=reason, details=details)


@pytest.mark.parametrize(
    ("days", "priority", "when"),
    [
        (14, AlertPriority.MEDIUM, "in 14 days"),
        (3, AlertPriority.HIGH, "in 3 days"),
        (1, AlertPriority.CRITICAL, "in 1 day"),
        (0.5, AlertPriority.CRITICAL, "within a day"),
    ],
)
def test_a_certificate_that_runs_out_matters_by_its_days(days: float, priority: AlertPriority, when: str) -> None:
    alert = sighting(certificate(days_left=days, not_after="2026-03-15T12:00:00Z")).alert
    assert alert.priority is priority
    assert alert.title == f"The certificate of example.com expires {when} on 2026-03-15 at 12:00 UTC"
    assert any("openssl s_client -connect example.com:8443" in text for text in alert.metadata["recommendations"])


def test_a_certificate_is_told_as_expired_and_as_renewed() -> None:
    expired = sighting(certificate("certificate_expired", not_after="2026-03-01T12:00:00Z")).alert
    assert expired.priority is AlertPriority.CRITICAL
    assert "has expired on 2026-03-01 at 12:00 UTC" in expired.title
    assert "refuse to connect" in expired.message
    (ending,) = endings(certificate("certificate_renewed", not_after="2026-06-01T00:00:00Z"))
    assert ending.note == "It was renewed; the new one expires on 2026-06-01 at 00:00 UTC"
    assert endings(certificate("certificate_renewed"))[0].note == "It was renewed"


def test_days_are_reckoned_where_nobody_counted_them() -> None:
    assert "in 13 days" in sighting(certificate(not_after="2026-03-15T12:00:00Z")).alert.title
    assert "within a day" in sighting(certificate(not_after="soon")).alert.title


def test_our_own_blindness_is_one_alert_that_ends() -> None:
    blind = event(None, kind="vantage.blind", reason="vantage_blind", website=None, details={})
    alert = sighting(blind).alert
    assert alert.priority is AlertPriority.HIGH
    assert alert.title == "Tocsin cannot see out since 12:03 UTC"
    assert alert.source == "vantage"
    regional = event(
        None, kind="vantage.blind", reason="vantage_blind", details={"region": "eu", "message": "No route"}
    )
    assert sighting(regional).alert.title == "Region eu cannot see out since 12:03 UTC"
    assert sighting(regional).alert.labels == {"alertname": "vantage_blind", "region": "eu"}
    again = event(None, kind="vantage.blind", reason="vantage_sees_again", website=None, details={})
    assert endings(again)[0].fingerprint == sighting(blind).fingerprint


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (0, "0 s"), (59, "59 s"), (250, "4 min 10 s"), (3600, "1 h"), (90061, "1 d 1 h")]
)
def test_durations_are_told_in_two_units(seconds: float, text: str) -> None:
    assert duration_text(timedelta(seconds=seconds)) == text


def test_no_command_was_left_with_a_placeholder() -> None:
    for cause in Cause:
        alert = sighting(event(details={"cause": cause.value}, evidence=SEEN)).alert
        assert not re.search(r"(?<!%)\{[a-z_]+\}", "\n".join(alert.metadata["recommendations"]))
