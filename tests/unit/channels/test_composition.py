from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.messages import NOW, alert, sample
from tocsin.channels.texts.composition import Style, Text, compose, with_note
from tocsin.channels.texts.markup import PLAIN, body_of
from tocsin.channels.texts.subjects import headline, names, topic_of
from tocsin.channels.texts.wording import When
from tocsin.model.alerts import AlertPriority
from tocsin.model.messages import Message, MessageKind

FIRED = NOW - timedelta(minutes=20)
WHEN = When(NOW)
SUBJECTS = {
    MessageKind.FIRING: "[CRITICAL] shop.example is down – since 02:10 UTC",
    MessageKind.CHANGED: "[CRITICAL] Changed: shop.example is down – since 02:10 UTC",
    MessageKind.RESOLVED: "[RESOLVED] shop.example is down – lasted 4 min",
    MessageKind.REMINDER: "[CRITICAL] Unacknowledged for 20 min: shop.example is down",
    MessageKind.ESCALATION: "[CRITICAL] Escalated, unacknowledged for 20 min: shop.example is down",
    MessageKind.FLAPPING: "[CRITICAL] Flapping: shop.example is down – since 02:10 UTC",
    MessageKind.DIGEST: "[CRITICAL] 10,000 alerts with 3 causes – since 02:10 UTC",
    MessageKind.MISSED: "[MISSED] shop.example is down – fired 02:10 UTC, resolved 02:14 UTC",
    MessageKind.TEST: "[TEST] Tocsin can reach this channel",
    MessageKind.REPORT: "Weekly report",
}


def text_of(message: Message) -> Text:
    return compose(message, WHEN)


def body(message: Message) -> str:
    return body_of(text_of(message), PLAIN)


@pytest.mark.parametrize("kind", MessageKind)
def test_the_subject_says_what_and_since_when(kind: MessageKind) -> None:
    assert text_of(sample(kind)).subject == SUBJECTS[kind]


def test_the_body_says_what_where_since_when_why_who_and_how_to_fix_it() -> None:
    assert body(sample(MessageKind.FIRING)) == (
        "Connection refused by 192.0.2.10 port 443\n\n"
        "Where: https://shop.example/\n"
        "Since: 02:10 UTC, 20 min ago\n"
        "Priority: CRITICAL, AVAILABILITY\n"
        "Seen: 3 times\n"
        "Affected: 15 users; checkout\n"
        "Logs: /var/log/nginx/error.log\n"
        "Labels: alertname=website_down, team=shop\n\n"
        "Why\n• The last good check was at 02:09 UTC\n• blog.example on the same address answers\n\n"
        "How to fix\n1. Look whether the web server runs: systemctl status nginx\n2. Undo the release of 02:08 UTC\n\n"
        "Alert: https://tocsin.example/alerts/12\n"
        "Acknowledge: https://tocsin.example/alerts/12/acknowledge\n"
        "Runbook: https://wiki.example/runbooks/shop\n\n"
        "Tocsin · alert 12 · 02:30 UTC"
    )


def test_a_bare_alert_has_no_empty_lines_to_show() -> None:
    bare = alert(
        resource=None, notification_count=1, labels={}, evidence=(), recommendations=(), affected_users=None,
        affected=(), related_logs=None, runbook_url=None, url=None, acknowledge_url=None, message="",
    )  # fmt: skip
    assert body(sample(MessageKind.FIRING, alerts=(bare,))) == (
        "Since: 02:10 UTC, 20 min ago\nPriority: CRITICAL, AVAILABILITY\n\nTocsin · alert 12 · 02:30 UTC"
    )


def test_a_resolved_alert_says_how_long_it_lasted_and_who_resolved_it() -> None:
    said = body(sample(MessageKind.RESOLVED))
    assert "Resolved: 02:14 UTC by admin@example.com\nLasted: 4 min\nNote: nginx was restarted" in said
    assert "ago" not in said
    assert "How to fix" not in said
    assert "Acknowledge" not in said
    nobody = replace(sample(MessageKind.RESOLVED).alerts[0], resolved_by=None)
    assert "Resolved: 02:14 UTC\n" in body(sample(MessageKind.RESOLVED, alerts=(nobody,)))


def test_an_acknowledged_alert_says_by_whom_and_offers_it_no_more() -> None:
    said = body(sample(MessageKind.ESCALATION, alerts=(alert(acknowledged_by="me", note="on it"),)))
    assert "Acknowledged by: me\nNote: on it" in said
    assert "Acknowledge:" not in said


def test_a_missed_alert_is_told_with_all_its_times() -> None:
    said = body(sample(MessageKind.MISSED))
    assert said.startswith("Fired 02:10 UTC, resolved 02:14 UTC; this channel was down, told you at 02:30 UTC.")
    assert "Late:" not in said
    open_still = sample(MessageKind.MISSED, alerts=(alert(),))
    assert body(open_still).startswith("Fired 02:10 UTC; this channel was down, told you at 02:30 UTC.")
    assert text_of(open_still).subject == "[MISSED] shop.example is down – fired 02:10 UTC"
    two = sample(MessageKind.MISSED, alerts=(alert(), alert(id=13, title="blog is down")), alerts_count=2)
    assert "blog is down: Fired 02:10 UTC" in body(two)


def test_late_and_perhaps_repeated_messages_are_marked() -> None:
    message = sample(MessageKind.FIRING, possibly_repeated=True, late_since=NOW - timedelta(minutes=18))
    notes = text_of(message).notes
    assert text_of(message).subject.startswith("[REPEAT?] [CRITICAL] shop.example is down")
    assert notes[0] == "May be a repeat: the answer to an earlier try was lost."
    assert notes[1] == "Late: due at 02:12 UTC, 18 min ago; this channel could not be reached."
    assert with_note(text_of(message), "And so on.").notes[2] == "And so on."


def test_a_digest_counts_and_names_the_causes() -> None:
    said = body(sample(MessageKind.DIGEST))
    assert said.startswith("Alerts: 10,000\nResolved: 120 of them\nFirst seen: 02:10 UTC, 20 min ago")
    assert "Causes\n• connect_refused: 6,200\n• dns_timeout: 3,000" in said
    assert "… and 9,999 more, https://tocsin.example/alerts?group=website:7" in said
    assert "Why" not in said
    assert "Acknowledge" not in said
    many = sample(MessageKind.DIGEST, causes=tuple((f"cause{one}", 1) for one in range(14)))
    assert "cause9: 1\n… and 4 more" in body(many)


def test_several_alerts_are_listed_and_the_first_is_told_in_full() -> None:
    alerts = tuple(alert(id=one, title=f"site{one} is down", resource=f"host{one}", url=None) for one in range(24))
    alerts = (alerts[0], replace(alerts[1], resolved_at=NOW), *alerts[2:])
    message = sample(
        MessageKind.FIRING, alerts=alerts, alerts_count=24, group_labels={"team": "shop"}, link="https://t.example/"
    )
    text = text_of(message)
    assert text.subject == "[CRITICAL] 24 alerts: site0 is down (host0) – since 02:10 UTC"
    assert text.links[0] == ("Open", "https://t.example/")
    said = body(message)
    assert "Group: team=shop" in said
    assert (
        "• [CRITICAL] site0 is down (host0), since 02:10 UTC\n• [RESOLVED] site1 is down (host1), lasted 20 min" in said
    )
    assert "… and 14 more, https://t.example/" in said
    assert "site0 is down (host0)\nConnection refused" in said
    assert "How to fix" in said
    assert text_of(replace(message, title="The shop")).subject == "[CRITICAL] The shop – since 02:10 UTC"


def test_without_alerts_a_message_still_says_something() -> None:
    empty = sample(MessageKind.FIRING, alerts=(), alerts_count=0)
    assert text_of(empty).subject == "[INFO] Tocsin"
    assert text_of(empty).priority is AlertPriority.INFO
    assert topic_of(replace(empty, alerts_count=3)) == "3 alerts"
    counted = replace(empty, alerts_count=3)
    assert body(counted).startswith("Alerts: 3\n")
    for kind in (MessageKind.RESOLVED, MessageKind.MISSED, MessageKind.REMINDER, MessageKind.ESCALATION):
        assert "since" not in text_of(replace(empty, kind=kind)).subject
        assert "None" not in text_of(replace(empty, kind=kind)).subject


def test_only_web_addresses_become_links() -> None:
    odd = alert(url="javascript:alert(1)", runbook_url="wiki, page 7", acknowledge_url="ftp://x/", generator_url="x")
    text = text_of(sample(MessageKind.FIRING, alerts=(odd,)))
    assert text.link is None
    assert text.links == ()
    assert "Runbook: wiki, page 7" in body_of(text, PLAIN)
    both = text_of(sample(MessageKind.FIRING, link="https://t.example/g", alerts=(alert(generator_url="https://p/q"),)))
    assert [label for label, _ in both.links] == ["Open", "Alert", "Acknowledge", "Runbook", "Source"]
    listed = sample(MessageKind.FIRING, alerts=(odd, alert()), alerts_count=2)
    lines = next(part for part in text_of(listed).parts if part.heading == "Alerts").lines
    assert [line.url for line in lines] == [None, "https://tocsin.example/alerts/12"]


def test_many_labels_are_counted_rather_than_shown() -> None:
    said = body(sample(MessageKind.FIRING, alerts=(alert(labels={f"l{one:02}": "x" for one in range(20)}),)))
    assert "l11=x, … and 8 more" in said


def test_a_place_is_named_once() -> None:
    assert names("shop.example is down", "https://shop.example/")
    assert names("disk full on web-1", "web-1")
    assert not names("shop is down", "https://shop.example/")
    assert headline(alert(title="Disk full", resource="web-1")) == "Disk full (web-1)"
    assert headline(alert(title="Disk full", resource=None)) == "Disk full"


def test_texts_of_others_are_cleaned_line_by_line() -> None:
    odd = alert(title="a\nb\x00", message="one\r\n\n two\x07", affected_users=0, affected=())
    text = text_of(sample(MessageKind.FIRING, alerts=(odd,)))
    assert text.subject == "[CRITICAL] a b\ufffd (https://shop.example/) – since 02:10 UTC"
    assert [line.text for line in text.parts[0].lines] == ["one", " two\ufffd"]
    assert any(line.text == "0 users" for part in text.parts if part.style is Style.FACTS for line in part.lines)
