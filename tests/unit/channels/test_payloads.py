"""What each kind makes of a message, before it is sent: shapes, and limits kept in sight."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.messages import FAMILY, NASTY, NOW, alert, huge, sample
from tests.support.providers import PROVIDERS
from tocsin.channels import apprise, discord, email, ntfy, pagerduty, slack, sms, teams, telegram, webhook
from tocsin.channels.kind import ChannelConfig
from tocsin.channels.registry import parse_config
from tocsin.channels.texts.cutting import utf8, utf16
from tocsin.channels.texts.wording import When
from tocsin.model.alerts import AlertPriority, AlertStatus, NotificationChannel
from tocsin.model.messages import Message, MessageKind

WHEN = When(NOW)
ACKNOWLEDGED = alert(status=AlertStatus.ACKNOWLEDGED)
FILLINGS = {
    "emoji": FAMILY,
    "wide": "🔥",
    "accents": "é",
    "long words": "x",
    "words": "word ",
    "marks": "*_<&",
    "nasty": NASTY,
}
MODULES: dict[str, Any] = {
    "slack_webhook": slack, "slack_bot": slack, "discord": discord, "teams": teams, "pagerduty": pagerduty,
    "telegram": telegram, "ntfy": ntfy, "webhook": webhook,
}  # fmt: skip
MAIL = {"host": "mail.example", "sender": "Tocsin <alerts@example.com>", "to": ["ops@example.com", "me@exämple.de"]}


def configured(name: str, **more: Any) -> Any:
    return PROVIDERS[name].config("https://provider.example", **more)


def mail_config(**more: Any) -> Any:
    return parse_config(NotificationChannel.EMAIL, {**MAIL, **more})


def apprise_config() -> Any:
    return parse_config(NotificationChannel.APPRISE, {"url": "json://localhost"})


def payloads(message: Message, when: When = WHEN) -> dict[str, Any]:
    found = {name: module.payload(configured(name), message, when) for name, module in MODULES.items()}
    found["apprise"] = apprise.payload(apprise_config(), message, when)
    found["sms"] = sms.body(configured("sms"), message, when)
    found["email"] = email.payload(mail_config(), message, when)
    return found


def assert_within_limits(made: dict[str, Any]) -> None:
    for name in ("slack_webhook", "slack_bot"):
        blocks = made[name]["blocks"]
        assert len(blocks) <= 50
        assert utf16(blocks[0]["text"]["text"]) <= 150
        sections = [block["text"]["text"] for block in blocks if block["type"] == "section"]
        assert all(0 < utf16(text) <= 3000 for text in sections)
        assert sum(map(utf16, sections)) <= 10_000
    embed = made["discord"]["embeds"][0]
    assert utf16(embed["title"]) <= 256
    assert utf16(embed["description"]) <= 4096
    assert utf16(embed["title"] + embed["description"] + embed.get("footer", {}).get("text", "")) <= 6000
    assert len(json.dumps(made["teams"], ensure_ascii=False).encode()) <= 21_000
    assert len(json.dumps(made["pagerduty"], ensure_ascii=False).encode()) <= 512_000
    assert len(made["pagerduty"].get("payload", {}).get("summary", "")) <= 1024
    assert len(made["pagerduty"]["dedup_key"]) <= 255
    assert utf16(made["telegram"]["text"]) <= 4096
    assert utf8(made["ntfy"]["message"]) <= 4096
    assert utf8(made["ntfy"]["title"]) <= 250
    assert len(json.dumps(made["ntfy"], ensure_ascii=False).encode()) <= 8192 + 200
    assert len(json.dumps(made["webhook"], ensure_ascii=False).encode()) <= 1_100_000
    assert len(made["apprise"]["body"]) <= 1000
    assert len(made["sms"]) <= 320
    assert len(made["email"]["Subject"]) <= 200


@pytest.mark.parametrize("kind", MessageKind)
def test_every_kind_of_message_fits_every_channel(kind: MessageKind) -> None:
    assert_within_limits(payloads(sample(kind)))


@pytest.mark.parametrize("filling", FILLINGS)
@pytest.mark.parametrize("kind", [MessageKind.FIRING, MessageKind.DIGEST])
def test_far_too_much_is_cut_and_the_reader_sees_it(kind: MessageKind, filling: str) -> None:
    made = payloads(huge(kind, FILLINGS[filling]))
    assert_within_limits(made)
    for name in ("slack_webhook", "discord", "teams", "telegram", "ntfy", "apprise"):
        said = json.dumps(made[name], ensure_ascii=False)
        assert "(cut)" in said or "more" in said, name
    assert "(cut)" in made["sms"]
    assert made["webhook"]["alerts_count"] == 10_000
    assert made["webhook"]["truncated_alerts"] == 10_000 - len(made["webhook"]["alerts"]) > 0


def test_a_storm_is_told_with_its_count_its_causes_and_a_link_everywhere() -> None:
    storm = sample(MessageKind.DIGEST, alerts=tuple(alert(id=one) for one in range(10_000)))
    made = payloads(storm)
    assert_within_limits(made)
    for name, one in made.items():
        said = one.as_string() if name == "email" else json.dumps(one, ensure_ascii=False)
        assert "10,000 alerts" in said, name
        assert "connect" in said, name
        assert "tocsin.example/alerts?group" in said.replace("=3D", "="), name


def test_whoever_writes_alerts_cannot_ping_everybody() -> None:
    made = payloads(sample(MessageKind.FIRING, alerts=(alert(title=NASTY, message=NASTY),)))
    assert made["discord"]["allowed_mentions"] == {"parse": []}
    for name in ("slack_webhook", "discord", "teams"):
        assert "@everyone" not in json.dumps(made[name], ensure_ascii=False).replace("header", ""), name
    assert "<!channel>" not in json.dumps(made["slack_webhook"]["blocks"][1:])


def test_times_are_told_in_the_zone_of_the_channel() -> None:
    config = configured("telegram", time_zone="Europe/Berlin")
    made = telegram.payload(config, sample(MessageKind.FIRING), When(NOW, ZoneInfo(config.time_zone)))
    assert "since 03:10 CET" in made["text"]


def test_slack_has_a_title_sections_buttons_and_a_footer() -> None:
    made = slack.payload(configured("slack_webhook"), sample(MessageKind.FIRING), WHEN)
    assert [block["type"] for block in made["blocks"]] == ["header"] + ["section"] * 4 + ["actions", "context"]
    assert made["blocks"][0]["text"]["text"] == "🔴 [CRITICAL] shop.example is down – since 02:10 UTC"
    assert made["text"] == made["blocks"][0]["text"]["text"]
    assert [button["text"]["text"] for button in made["blocks"][5]["elements"]] == ["Alert", "Acknowledge", "Runbook"]
    config = configured("slack_webhook", body_template="{{ alert.message }}\n{{ body }}{{ body }}{{ body }}{{ body }}")
    long = sample(MessageKind.FIRING, alerts=(alert(message="word " * 300),))
    sections = [one for one in slack.payload(config, long, WHEN)["blocks"] if one["type"] == "section"]
    assert len(sections) > 1
    assert sum("word" in one["text"]["text"] for one in sections) > 1


def test_discord_names_who_speaks_only_where_it_was_told() -> None:
    assert "username" not in discord.payload(configured("discord"), sample(MessageKind.FIRING), WHEN)
    config = configured("discord", username="Tocsin")
    made = discord.payload(config, sample(MessageKind.TEST, link=None, external_url=""), WHEN)
    assert made["username"] == "Tocsin"
    assert "url" not in made["embeds"][0]


def test_teams_gets_a_card_with_facts_and_colours() -> None:
    made = teams.payload(configured("teams"), sample(MessageKind.FIRING), WHEN)
    card = made["attachments"][0]["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.2")
    assert card["body"][0]["color"] == "Attention"
    assert {"title": "Where", "value": "https://shop.example/"} in card["body"][2]["facts"]
    assert [one["title"] for one in card["actions"]] == ["Alert", "Acknowledge", "Runbook"]
    resolved = teams.payload(configured("teams"), sample(MessageKind.RESOLVED), WHEN)
    assert resolved["attachments"][0]["content"]["body"][0]["color"] == "Good"
    own = teams.payload(configured("teams", body_template="**{{ alert.title }}**"), sample(MessageKind.FIRING), WHEN)
    assert [one["text"] for one in own["attachments"][0]["content"]["body"]][1:] == ["**shop.example is down**"]
    report = teams.payload(configured("teams"), sample(MessageKind.REPORT), WHEN)
    assert report["attachments"][0]["content"]["body"][0]["color"] == "Accent"


@pytest.mark.parametrize(
    ("message", "action", "key", "severity"),
    [
        (sample(MessageKind.FIRING), "trigger", "website:7", "critical"),
        (sample(MessageKind.REMINDER), "trigger", "website:7", "critical"),
        (sample(MessageKind.RESOLVED), "resolve", "website:7", None),
        (sample(MessageKind.CHANGED, alerts=(ACKNOWLEDGED,)), "acknowledge", "website:7", None),
        (sample(MessageKind.CHANGED, alerts=(alert(priority=AlertPriority.LOW),)), "trigger", "website:7", "info"),
        (sample(MessageKind.FIRING, group_key=""), "trigger", "5f3c1f0f9f3a4d21", "critical"),
        (sample(MessageKind.FIRING, group_key="", alerts=(), alerts_count=0), "trigger", "sample-firing", "info"),
        (sample(MessageKind.TEST), "trigger", "sample-test", "info"),
        (sample(MessageKind.MISSED), "trigger", "sample-missed", "info"),
    ],
)  # fmt: skip
def test_pagerduty_opens_and_closes_one_incident_a_problem(
    message: Message, action: str, key: str, severity: str | None
) -> None:
    made = pagerduty.payload(configured("pagerduty"), message, WHEN)
    assert (made["event_action"], made["dedup_key"]) == (action, key)
    assert made.get("payload", {}).get("severity") == severity


def test_a_key_that_is_too_long_for_pagerduty_stays_one_of_its_own() -> None:
    keys = {pagerduty.dedup_key_of(sample(MessageKind.FIRING, group_key="k" * 300 + end)) for end in "ab"}
    assert len(keys) == 2
    assert all(len(key) <= 255 for key in keys)


def test_an_sms_says_what_and_where_to_look_in_the_cheap_alphabet() -> None:
    said = sms.body(configured("sms"), sample(MessageKind.FIRING), WHEN)
    assert said == (
        "[CRITICAL] shop.example is down - since 02:10 UTC\nConnection refused by 192.0.2.10 port 443\n"
        "The last good check was at 02:09 UTC\nblog.example on the same address answers\nhttps://tocsin.example/alerts/12"
    )
    assert sms.segments(said) == 2
    own = configured("sms", body_template="“{{ alert.title }}” – now")
    assert sms.body(own, sample(MessageKind.FIRING), WHEN) == '"shop.example is down" - now'
    assert "https" not in sms.body(configured("sms"), sample(MessageKind.FIRING, alerts=(alert(url=None),)), WHEN)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("🔥" * 36, 2),
    ],
)
def test_segments_are_counted_as_networks_count_them(text: str, count: int) -> None:
    assert sms.segments(text) == count


def test_telegram_gets_html_of_ours_and_plain_text_of_a_template() -> None:
    made = telegram.payload(configured("telegram"), sample(MessageKind.FIRING), WHEN)
    assert made["parse_mode"] == "HTML"
    own = telegram.payload(
        configured("telegram", body_template="<i> {{ alert.title }}"), sample(MessageKind.FIRING), WHEN
    )
    assert "parse_mode" not in own
    assert own["text"].endswith("<i> shop.example is down")


def test_ntfy_rings_as_loud_as_the_alert_is_important() -> None:
    made = ntfy.payload(configured("ntfy"), sample(MessageKind.FIRING), WHEN)
    assert (made["priority"], made["tags"], made["click"]) == (
        5,
        ["rotating_light"],
        "https://tocsin.example/alerts/12",
    )
    assert [one["label"] for one in made["actions"]] == ["Alert", "Acknowledge", "Runbook"]
    assert ntfy.payload(configured("ntfy"), sample(MessageKind.RESOLVED), WHEN)["tags"] == ["white_check_mark"]
    assert "click" not in ntfy.payload(configured("ntfy"), sample(MessageKind.REPORT), WHEN)


def test_a_webhook_tells_everything_in_json() -> None:
    message = sample(MessageKind.MISSED, group_labels={"team": "shop"}, causes=(("dns", 2),))
    made = json.loads(webhook.body(configured("webhook"), message, WHEN))
    assert (made["version"], made["kind"], made["priority"]) == (1, "missed", "CRITICAL")
    assert made["late_since"] == "2026-03-14T02:10:00Z"
    assert made["causes"] == [{"cause": "dns", "count": 2}]
    (told,) = made["alerts"]
    assert (told["id"], told["resolved_at"]) == (12, "2026-03-14T02:14:00Z")
    assert told["labels"] == {"alertname": "website_down", "team": "shop"}
    assert json.loads(json.dumps(made)) == made


def test_a_webhook_can_speak_as_alertmanager_does() -> None:
    alerts = (
        alert(generator_url="https://p.example/g"),
        replace(alert(labels={"team": "shop"}, runbook_url=None), id=13),
    )
    message = sample(MessageKind.FIRING, alerts=alerts, alerts_count=5, group_labels={"team": "shop"})
    made = json.loads(webhook.body(configured("webhook", format="alertmanager"), message, WHEN))
    assert list(made) == [
        "version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels",
        "commonAnnotations", "externalURL", "alerts",
    ]  # fmt: skip
    assert (made["version"], made["groupKey"], made["truncatedAlerts"], made["status"]) == (
        "4",
        "website:7",
        3,
        "firing",
    )
    assert made["commonLabels"] == {"alertname": "website_down", "severity": "critical", "team": "shop"}
    first = made["alerts"][0]
    assert first["annotations"]["runbook_url"] == "https://wiki.example/runbooks/shop"
    assert (first["startsAt"], first["endsAt"]) == ("2026-03-14T02:10:00Z", "0001-01-01T00:00:00Z")
    assert first["generatorURL"] == "https://p.example/g"
    over = webhook.payload(configured("webhook", format="alertmanager"), sample(MessageKind.MISSED), WHEN)
    assert (over["status"], over["alerts"][0]["status"]) == ("resolved", "resolved")
    empty = webhook.payload(configured("webhook", format="alertmanager"), sample(MessageKind.TEST), WHEN)
    assert (empty["status"], empty["commonLabels"], empty["alerts"]) == ("firing", {}, [])


def test_a_webhook_lists_no_more_alerts_than_it_was_told() -> None:
    message = sample(MessageKind.FIRING, alerts=tuple(alert(id=one) for one in range(9)), alerts_count=20)
    made = webhook.payload(configured("webhook", max_alerts=4), message, WHEN)
    assert (len(made["alerts"]), made["truncated_alerts"]) == (4, 16)


def test_a_webhook_can_have_a_body_of_its_own() -> None:
    source = '{"text": {{ alert.title | tojson }}, "n": {{ alerts_count }}}'
    config = configured("webhook", body_template=source)
    assert json.loads(webhook.body(config, sample(MessageKind.FIRING), WHEN)) == {
        "text": "shop.example is down",
        "n": 1,
    }
    plain = configured("webhook", body_template="{{ alert.title }}", content_type="text/plain")
    assert webhook.body(plain, sample(MessageKind.FIRING), WHEN) == b"shop.example is down"


def test_the_signature_is_over_time_and_body() -> None:
    expected = hmac.new(b"key", b'1700000000.{"a":1}', hashlib.sha256).hexdigest()
    assert webhook.signature("key", 1_700_000_000, b'{"a":1}') == f"v1={expected}"


def test_a_mail_has_text_and_html_and_threads_by_problem() -> None:
    mail = email.payload(mail_config(), sample(MessageKind.FIRING), WHEN)
    other = email.payload(mail_config(), sample(MessageKind.RESOLVED), WHEN)
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail["References"] == mail["In-Reply-To"] == other["References"]
    assert mail["Message-ID"] != other["Message-ID"]
    assert mail["Message-ID"] == email.payload(mail_config(), sample(MessageKind.FIRING), WHEN)["Message-ID"]
    assert mail["Message-ID"].endswith("@example.com>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Importance"] == "high"
    assert email.payload(mail_config(), sample(MessageKind.REPORT), WHEN)["Importance"] is None
    assert mail["To"] == "ops@example.com, me@xn--exmple-cua.de"
    assert mail["From"] == "Tocsin <alerts@example.com>"
    assert mail["Date"].datetime == NOW.astimezone(UTC)
    assert max(map(len, mail.as_bytes().splitlines())) <= 998


def test_a_subject_cannot_add_a_header() -> None:
    mail = email.payload(
        mail_config(), sample(MessageKind.FIRING, alerts=(alert(title="a\r\nBcc: x@y.example"),)), WHEN
    )
    assert mail["Bcc"] is None
    assert mail["Subject"].startswith("[CRITICAL] a Bcc: x@y.example")


def test_a_mail_in_ones_own_words_is_text_or_html() -> None:
    text = email.payload(mail_config(body_template="<b>{{ alert.title }}"), sample(MessageKind.FIRING), WHEN)
    plain, page = (part.get_content() for part in text.iter_parts())
    assert plain.strip() == "<b>shop.example is down"
    assert "&lt;b&gt;shop.example is down" in page
    config = mail_config(
        body_template="<b>{{ alert.title }} &amp; {{ alert.labels['x'] }}</b>"[:28] + "</b>", body_format="html"
    )
    plain, page = (part.get_content() for part in email.payload(config, sample(MessageKind.FIRING), WHEN).iter_parts())
    assert plain.startswith("Connection refused")
    assert "<b>shop.example is down" in page


def test_apprise_is_told_how_bad_it_is() -> None:
    kinds = [MessageKind.FIRING, MessageKind.RESOLVED, MessageKind.REPORT]
    types = [apprise.payload(apprise_config(), sample(kind), WHEN)["notify_type"] for kind in kinds]
    assert types == ["failure", "success", "info"]


def test_every_destination_is_named_without_a_secret() -> None:
    from tests.support.providers import SECRET
    from tocsin.channels import CHANNELS

    for name, provider in PROVIDERS.items():
        config: ChannelConfig = configured(name)
        where = CHANNELS[provider.kind].destination(config)
        assert where, name
        assert SECRET not in where
    assert email.destination(mail_config()) == "ops@example.com and 1 more"
    assert email.destination(mail_config(to=["ops@example.com"])) == "ops@example.com"
    assert apprise.destination(apprise_config()) == "json:// by Apprise"


def test_a_late_message_says_so_in_every_channel() -> None:
    made = payloads(sample(MessageKind.FIRING, late_since=NOW - timedelta(minutes=9), possibly_repeated=True))
    for name, one in made.items():
        said = one.get_body(("plain",)).get_content() if name == "email" else json.dumps(one)
        assert "May be a repeat" in said, name
        assert "Late" in said, name
