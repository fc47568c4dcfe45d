"""One message of every kind, made up: what templates are tried on, and what the documentation shows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tocsin.model.alerts import AlertCategory, AlertPriority, AlertStatus
from tocsin.model.messages import AlertFacts, Message, MessageKind

SAMPLES_AT = datetime(2026, 3, 14, 2, 30, tzinfo=UTC)
_FIRED_AT = SAMPLES_AT - timedelta(minutes=20)
_PAGE = "https://tocsin.example/alerts/12"

SAMPLE_ALERT = AlertFacts(
    id=12,
    alert_type="website_down",
    title="shop.example is down",
    message="Connection refused by 192.0.2.10 port 443",
    priority=AlertPriority.CRITICAL,
    category=AlertCategory.AVAILABILITY,
    status=AlertStatus.ACTIVE,
    fingerprint="5f3c1f0f9f3a4d21",
    first_seen_at=_FIRED_AT,
    last_seen_at=SAMPLES_AT,
    resource="https://shop.example/",
    notification_count=3,
    labels={"alertname": "website_down", "team": "shop"},
    annotations={"summary": "The shop does not answer"},
    evidence=("The last good check was at 02:09 UTC", "blog.example on the same address answers"),
    recommendations=("Look whether the web server runs: systemctl status nginx", "Undo the release of 02:08 UTC"),
    affected_users=15,
    affected=("checkout",),
    related_logs="/var/log/nginx/error.log",
    runbook_url="https://wiki.example/runbooks/shop",
    url=_PAGE,
    acknowledge_url=f"{_PAGE}/acknowledge",
)
_RESOLVED = replace(
    SAMPLE_ALERT,
    status=AlertStatus.RESOLVED,
    resolved_at=_FIRED_AT + timedelta(minutes=4),
    resolved_by="admin@example.com",
    note="nginx was restarted",
)


def _sample(kind: MessageKind) -> Message:
    return Message(
        key=f"sample-{kind}",
        kind=kind,
        alerts=(SAMPLE_ALERT,),
        alerts_count=1,
        created_at=SAMPLES_AT,
        group_key="website:7",
        external_url="https://tocsin.example",
    )


def message_of_test(key: str, created_at: datetime, external_url: str = "") -> Message:
    """Return the message that proves that a channel works."""
    return Message(
        key=key,
        kind=MessageKind.TEST,
        alerts=(),
        alerts_count=0,
        created_at=created_at,
        title="Tocsin can reach this channel",
        text="This is a test. There is no problem, and nothing to do.",
        external_url=external_url,
        link=external_url or None,
        group_key=key,
    )


def _storm() -> Message:
    return replace(
        _sample(MessageKind.DIGEST),
        alerts_count=10_000,
        resolved_count=120,
        title="10,000 alerts with 3 causes",
        causes=(("connect_refused", 6_200), ("dns_timeout", 3_000), ("tls_expired", 800)),
        first_seen_at=_FIRED_AT,
        link="https://tocsin.example/alerts?group=website:7",
    )


_SPECIAL = {
    MessageKind.RESOLVED: replace(_sample(MessageKind.RESOLVED), alerts=(_RESOLVED,), resolved_count=1),
    MessageKind.MISSED: replace(_sample(MessageKind.MISSED), alerts=(_RESOLVED,), late_since=_FIRED_AT),
    MessageKind.FLAPPING: replace(_sample(MessageKind.FLAPPING), text="14 changes in 20 minutes"),
    MessageKind.DIGEST: _storm(),
    MessageKind.TEST: message_of_test("sample-test", SAMPLES_AT, "https://tocsin.example"),
    MessageKind.REPORT: replace(
        _sample(MessageKind.REPORT), alerts=(), alerts_count=0, title="Weekly report", text="99.98 % up\n12 alerts"
    ),
}
SAMPLES: tuple[Message, ...] = tuple(_SPECIAL.get(kind) or _sample(kind) for kind in MessageKind)
"""One of every MessageKind, in their order."""
