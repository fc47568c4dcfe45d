"""The picture of a check, line by line."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.cli.waterfall import bar_text, common_name, draw, legs_of, shortened_list
from tocsin.model.enums import Cause, MonitorStatus, Phase
from tocsin.model.results import CertificateFacts, CheckResult, Hop, PeerCertificate, Phases

NOW = datetime(2026, 3, 1, tzinfo=UTC)
UP, DOWN, DEGRADED = MonitorStatus.UP, MonitorStatus.DOWN, MonitorStatus.DEGRADED


def certificate(
    verify_error: str | None = None, starts: float = -10, ends: float = 80.5, **facts: Any
) -> PeerCertificate:
    given = {"subject": "CN=site.example", "issuer": "CN=R11,O=Let's Encrypt,C=US", "sans": ("site.example",), **facts}
    before, after = NOW + timedelta(days=starts), NOW + timedelta(days=ends)
    leaf = CertificateFacts(sha256="ab" * 32, not_before=before, not_after=after, **given)
    return PeerCertificate((leaf,), verified=verify_error is None, verify_error=verify_error)


def result(**facts: Any) -> CheckResult:
    usual = {"url": "https://site.example/", "started_at": NOW, "status": UP, "phases": Phases(10, 20, 30, 30, 10, 100)}
    return CheckResult(**{**usual, **facts})


def picture(width: int = 80, **facts: Any) -> list[str]:
    lines = [line.plain for line in draw(result(**facts), width, NOW)]
    assert max(map(len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)
    return lines


def rows(lines: list[str]) -> dict[str, str]:
    """The rows by label; of several with one label the last."""
    return {line.split()[0]: line for line in lines if line.startswith("  ") and line.strip()}


def test_phases_stand_one_after_the_other_on_one_axis() -> None:
    lines = picture(width=64)  # 40 columns of bars: 2.5 ms each
    drawn = rows(lines)
    assert drawn["dns"] == "  dns          ━━━━" + " " * 36 + "  10.0 ms"
    assert drawn["connect"] == "  connect      " + " " * 4 + "━" * 8 + " " * 28 + "  20.0 ms"
    assert drawn["transfer"] == "  transfer     " + " " * 36 + "━━━━  10.0 ms"
    assert drawn["total"] == "  total        └" + "─" * 38 + "┘   100 ms"


def test_the_verdict_has_code_and_time_flush_right() -> None:
    (line, *_) = picture(http_status_code=200)
    assert line.startswith("● UP  https://site.example/  ")
    assert line.endswith("  HTTP 200 · 100 ms")
    assert len(line) == 80


def test_a_long_url_gets_lines_of_its_own() -> None:
    url = "https://site.example/" + "a" * 100
    lines = picture(url=url, http_status_code=200)
    assert lines[0].startswith("● UP")
    assert lines[0].endswith("HTTP 200 · 100 ms")
    assert "".join(part.strip() for part in lines[1:3]) == url


def test_a_host_at_the_start_of_a_message_keeps_its_spelling() -> None:
    text = "site.example:80 did not answer"
    assert picture(status=DOWN, cause=Cause.CONNECT_TIMEOUT, phase=Phase.CONNECT, message=text)[1] == f"  {text}"


def test_a_failure_has_its_sentence_its_cause_and_a_mark() -> None:
    lines = picture(
        status=DOWN, cause=Cause.TLS_EXPIRED, phase=Phase.TLS, message="the certificate has expired",
        phases=Phases(10, 20, None, None, None, 100),
    )  # fmt: skip
    assert lines[1:3] == ["  The certificate has expired", "  cause tls_expired, phase tls"]
    assert rows(lines)["tls"].endswith("✖  70.0 ms")
    assert "ttfb" not in rows(lines)


@pytest.mark.parametrize(
    ("phase", "row", "phases"),
    [
        (Phase.DNS, "dns", Phases(5, None, None, None, None, 5)),
        (Phase.CONNECT, "connect", Phases(1, 2, None, None, None, 30_000)),
        (Phase.RESPONSE, "ttfb", Phases(1, 2, None, 30_000, None, 30_003)),
        (Phase.BODY, "transfer", Phases(1, 2, None, 3, None, 30_000)),
    ],
)
def test_the_mark_is_in_the_row_of_the_faulty_phase(phase: Phase, row: str, phases: Phases) -> None:
    lines = picture(status=DOWN, cause=Cause.RESET, phase=phase, message="it broke", phases=phases)
    assert [line.split()[0] for line in lines if "✖" in line[6:]] == [row]


def test_a_wrong_answer_came_whole_and_has_no_mark() -> None:
    lines = picture(
        status=DOWN, cause=Cause.HTTP_SERVER_ERROR, phase=Phase.RESPONSE, message="HTTP 503", http_status_code=503
    )
    assert not any("✖" in line for line in lines[1:])
    assert "transfer" in rows(lines)


def test_a_slow_website_is_explained_but_not_marked() -> None:
    lines = picture(status=DEGRADED, cause=Cause.SLOW, phase=Phase.LATENCY, message="took 100 ms", http_status_code=200)
    assert lines[0].startswith("▲ DEGRADED")
    assert lines[1:3] == ["  Took 100 ms", "  cause slow, phase latency"]


def test_without_any_phase_there_is_no_axis() -> None:
    lines = picture(status=MonitorStatus.UNKNOWN, cause=Cause.VANTAGE_BLIND, message="", phases=Phases())
    assert lines == ["? UNKNOWN  https://site.example/", "  cause vantage_blind"]


def test_a_fault_without_a_sentence_still_has_its_cause() -> None:
    assert "  cause reset" in picture(status=DOWN, cause=Cause.RESET, phases=Phases())


def test_redirects_continue_on_the_same_axis() -> None:
    hop = Hop("http://site.example/", 301, "https://site.example/", Phases(4, 6, None, 10, 0, 20), "192.0.2.1")
    seen = result(redirects=(hop,), final_url="https://site.example/", http_status_code=200)
    first, last = legs_of(seen)
    assert (first.title, last.title) == ("301 http://site.example/", "200 https://site.example/")
    assert [bar.phase for bar in first.bars] == ["dns", "connect", "ttfb", "transfer"]
    assert last.bars[0].start_ms == 20
    assert [bar.length_ms for bar in last.bars] == [6, 14, 30, 20, 10]
    lines = [line.plain for line in draw(seen, 80, NOW)]
    assert lines.count("  301 http://site.example/") == 1


def test_a_redirect_into_nothing_names_where_it_led() -> None:
    hop = Hop("http://site.example/", 301, "https://gone.example/", Phases(), None)
    seen = result(
        redirects=(hop,), status=DOWN, cause=Cause.DNS_NOT_FOUND, phase=Phase.DNS,
        phases=Phases(5, None, None, None, None, 5),
    )  # fmt: skip
    last = legs_of(seen)[-1]
    assert (last.title, last.bars[0].is_fault, last.bars[0].start_ms) == ("https://gone.example/", True, 0)


def test_a_long_title_is_cut_at_the_edge() -> None:
    hop = Hop("http://site.example/" + "a" * 100, 301, "https://site.example/", Phases(1, 1, 1, 1, 1, 5))
    assert any(line.endswith("…") and len(line) == 60 for line in picture(width=60, redirects=(hop,)))


@pytest.mark.parametrize(
    ("start", "length", "drawn"),
    [
        (0, 100, "━━━━━━━━━━"), (0, 5, "╸         "), (5, 5, "╺         "), (5, 15, "╺━        "),
        (50, 0, "     ╸    "), (100, 0, "         ╺"), (95, 50, "         ╺"), (25, 50, "  ╺━━━━╸  "),
    ],
)  # fmt: skip
def test_a_bar_is_exact_to_half_a_column_and_never_invisible(start: float, length: float, drawn: str) -> None:
    assert bar_text(start, length, 100, 10) == drawn


def test_the_address_used_is_marked_among_several() -> None:
    several = rows(picture(address="192.0.2.1", addresses=("2001:db8::1", "192.0.2.1")))
    assert several["address"] == "  address      192.0.2.1 (used)  2001:db8::1"
    alone = rows(picture(address="192.0.2.1", addresses=("192.0.2.1",)))
    assert alone["address"] == "  address      192.0.2.1"
    none_used = rows(picture(addresses=("192.0.2.1", "192.0.2.2")))
    assert none_used["address"] == "  address      192.0.2.1, 192.0.2.2"


def test_protocol_body_and_attempts_are_told() -> None:
    earlier = (result(status=DOWN, cause=Cause.RESET), result(status=DOWN))
    told = rows(
        picture(http_version="2", tls_version="TLSv1.3", tls_cipher="AES", body_bytes=2048, attempts=3, earlier=earlier)
    )
    assert told["protocol"] == "  protocol     HTTP/2 · TLSv1.3 · AES"
    assert told["body"] == "  body         2.0 KiB"
    assert told["attempts"] == "  attempts     3, before: reset, DOWN"
    assert rows(picture(attempts=2))["attempts"] == "  attempts     2"


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({}, "valid until 2026-05-20, 80 days left · verified"),
        ({"ends": 1.5}, "valid until 2026-03-02, 1 day left · verified"),
        ({"starts": 2}, "valid from 2026-03-03 on, not yet · verified"),
        ({"ends": -12, "verify_error": "it has expired"}, "expired on 2026-02-17, 12 days ago · not verified: it has"),
    ],
)
def test_the_certificate_tells_how_long_it_is_valid(facts: dict[str, Any], told: str) -> None:
    assert any(line.strip().startswith(told) for line in picture(certificate=certificate(**facts)))


def test_the_certificate_tells_for_whom_and_by_whom() -> None:
    sans = ("site.example", *(f"n{number}.example" for number in range(5)))
    lines = picture(certificate=certificate(sans=sans))
    assert rows(lines)["certificate"].startswith("  certificate  site.example  also for n0.example, n1.example,")
    assert "n2.example and 2 more" in " ".join(line.strip() for line in lines)
    assert any(line.strip() == "issued by R11 (Let's Encrypt)" for line in lines)
    assert any("(no subject)" in line for line in picture(certificate=certificate(subject="", sans=())))


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("CN=site.example", "site.example"),
        ("CN=R11,O=Let's Encrypt,C=US", "R11 (Let's Encrypt)"),
        (r"CN=a\,b,O=Big\, Inc.", "a,b (Big, Inc.)"),
        ("O=Nameless,C=US", "O=Nameless,C=US"),
    ],
)
def test_names_of_certificates_are_shortened(name: str, short: str) -> None:
    assert common_name(name) == short


def test_long_lists_say_how_much_is_missing() -> None:
    assert shortened_list(["a", "b"]) == "a, b"
    assert shortened_list(list("abcde")) == "a, b, c and 2 more"
