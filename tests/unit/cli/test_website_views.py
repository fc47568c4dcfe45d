"""One website, printed."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tocsin.cli.website_views import WebsiteSeen, print_website
from tocsin.model.times import utcnow
from tocsin.model.uptime import Uptime
from tocsin.model.websites import WebsiteRead

NOW = utcnow()
FIELDS = {
    "id": 3,
    "url": "https://site.example/",
    "name": "Site",
    "enabled": True,
    "created_at": NOW,
    "updated_at": NOW,
}


def printed(capsys: pytest.CaptureFixture[str], **fields: Any) -> str:
    website = WebsiteRead.model_validate(SimpleNamespace(**FIELDS, **fields))
    uptime = Uptime(
        website_id=3, hours=24, by_checks_percent=None, by_time_percent=None, checks_count=0, up_count=0,
        unknown_seconds=0, downtime_seconds=0,
    )  # fmt: skip
    print_website(WebsiteSeen(website, (uptime, uptime), [], [], []), "http://127.0.0.1:8000")
    return capsys.readouterr().out


def test_a_website_never_checked_is_pending(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys)
    assert text.startswith("… PENDING  Site  https://site.example/\n")
    assert "  checked      never, every 300 s\n" in text
    for absent in ("certificate", "left alone", "group", "tags", "options", "checked at", "down from"):
        assert absent not in text


def test_what_only_some_websites_have_is_printed_where_they_have_it(capsys: pytest.CaptureFixture[str]) -> None:
    now = utcnow()
    text = printed(
        capsys, status="DOWN", last_checked_at=now, last_message="It hangs", group="shop", tags=["a", "b"],
        certificate_not_after=now + timedelta(days=1, hours=1), breaker_open_until=now + timedelta(minutes=5),
        auth={"kind": "bearer", "token": "secret"}, timeout=5,
        expectations=[{"on": "header", "op": "==", "value": "x", "name": "Server"}],
    )  # fmt: skip
    assert "  It hangs\n" in text
    assert "1 day left" in text
    assert "  left alone   for another " in text
    assert "  group        shop\n" in text
    assert "  tags         a, b\n" in text
    assert "  options      timeout 5.0, auth bearer, header Server == x\n" in text
    assert "secret" not in text


def test_a_breaker_that_has_closed_again_is_not_mentioned(capsys: pytest.CaptureFixture[str]) -> None:
    assert "left alone" not in printed(capsys, breaker_open_until=NOW - timedelta(minutes=1))
