"""What a look at a website saw, and how it is printed."""

import json
from datetime import UTC, datetime

import pytest

from tocsin import Cause, CheckResult, MonitorStatus, Phase
from tocsin.model.results import CertificateFacts, Hop, PeerCertificate, Phases

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEAF = CertificateFacts(
    sha256="ab", subject="CN=example.com", issuer="CN=Some CA", sans=("example.com", "192.0.2.1"),
    not_before=NOON, not_after=NOON.replace(month=6), serial="1f", der=b"\x30",
)  # fmt: skip
ROOT = CertificateFacts(
    sha256="cd", subject="CN=Some CA", issuer="CN=Some CA", sans=(), not_before=NOON, not_after=NOON
)
FULL = CheckResult(
    url="https://example.com",
    started_at=NOON,
    status=MonitorStatus.DOWN,
    cause=Cause.TLS_EXPIRED,
    phase=Phase.TLS,
    message="the certificate has expired",
    phases=Phases(dns_ms=1.23456, total_ms=2.0),
    redirects=(Hop("http://example.com", 301, "https://example.com", Phases(total_ms=1.0), "192.0.2.1"),),
    headers=(("Server", "nginx"), ("server", "second")),
    certificate=PeerCertificate((LEAF, ROOT), verified=False, verify_error="certificate has expired"),
)


def test_a_result_of_little_is_printed_whole() -> None:
    printed = CheckResult(url="https://example.com", started_at=NOON).to_dict()
    assert printed["status"] == "UNKNOWN"
    assert printed["checked_at"] == "2026-03-01T12:00:00Z"
    assert printed["certificate"] is printed["diagnosis"] is printed["cause"] is None
    assert printed["phases"] == dict.fromkeys(
        ("dns_ms", "connect_ms", "tls_ms", "ttfb_ms", "transfer_ms", "total_ms"), None
    )


def test_a_full_result_is_json_with_every_fact() -> None:
    printed = json.loads(json.dumps(FULL.to_dict()))
    assert (printed["status"], printed["cause"], printed["phase"]) == ("DOWN", "tls_expired", "tls")
    assert printed["phases"]["dns_ms"] == 1.235
    assert printed["redirects"][0]["location"] == "https://example.com"
    certificate = printed["certificate"]
    assert (certificate["subject"], certificate["verified"], certificate["verify_error"]) == (
        "CN=example.com",
        False,
        "certificate has expired",
    )
    assert [one["sha256"] for one in certificate["chain"]] == ["ab", "cd"]
    assert certificate["sans"] == ["example.com", "192.0.2.1"]
    assert "der" not in certificate


def test_a_header_is_found_in_any_case() -> None:
    assert FULL.header("SERVER") == "nginx"
    assert FULL.header("Age") is None


def test_a_changed_copy_keeps_the_rest() -> None:
    assert FULL.evolve(cause=None).cause is None
    assert FULL.evolve(cause=None).url == FULL.url
    assert FULL.evolve() == FULL
    with pytest.raises(TypeError, match="colour, taste"):
        FULL.evolve(taste="sweet", colour="red")
