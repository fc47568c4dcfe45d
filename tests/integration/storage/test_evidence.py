"""Evidence: kept for every failure and for the last good check; certificates once each."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.support.history import (
    EVERY_CHECK,
    add_site,
    judged,
    record,
    saw,
    take_all,
)
from tocsin import Cause, Database, MonitorCheck, MonitorStatus, Phase, WebsiteCreate, WebsiteCRUD
from tocsin.model.results import CertificateFacts, Hop, PeerCertificate, Phases
from tocsin.storage.certificates import chain_of, leaf_expiries, record_chains
from tocsin.storage.evidence import REFRESH_AFTER, evidence_of, fingerprint, good_evidence_of, pack, unpack
from tocsin.storage.history.retention import common_trims
from tocsin.storage.results import ResultWriter
from tocsin.storage.states import load_states
from tocsin.storage.tables.records import CertificateRecord, GoodEvidence

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
UP, DOWN, DEGRADED, UNKNOWN = MonitorStatus.UP, MonitorStatus.DOWN, MonitorStatus.DEGRADED, MonitorStatus.UNKNOWN


def certificate(name: str, days: int = 90) -> CertificateFacts:
    sans, end = (name, "192.0.2.1"), NOON + timedelta(days=days)
    return CertificateFacts(f"sha of {name}", f"CN={name}", "CN=Some CA", sans, NOON, end, "1f", b"\x30\x00")


LEAF, ROOT = certificate("example.com"), certificate("Some CA", 3000)
CHAIN = PeerCertificate((LEAF, ROOT), verified=True)
FULL = saw(
    NOON,
    address="192.0.2.1",
    addresses=("192.0.2.1", "2001:db8::1"),
    redirects=(Hop("http://example.com/", 301, "https://example.com/", Phases(total_ms=1.0)),),
    headers=(("Server", "nginx"), ("Date", "today")),
    body_head="hällo \0 \ud800",
    body_bytes=7,
    body_sha256="ab" * 32,
    certificate=CHAIN,
    tls_version="TLSv1.3",
)


def test_all_that_was_seen_comes_back() -> None:
    facts = unpack(pack(FULL))
    assert facts["body_head"] == FULL.body_head
    assert facts["headers"] == [["Server", "nginx"], ["Date", "today"]]
    assert facts["redirects"][0]["location"] == "https://example.com/"
    assert facts["certificate"]["chain"][1]["subject"] == "CN=Some CA"
    assert (facts["addresses"], facts["tls_version"]) == (["192.0.2.1", "2001:db8::1"], "TLSv1.3")
    assert facts["phases"]["ttfb_ms"] == 10.0


@pytest.mark.parametrize("status", [DOWN, DEGRADED, UNKNOWN])
def test_every_failure_keeps_what_it_saw(database: Database, site: int, status: MonitorStatus) -> None:
    failed = FULL.evolve(status=status)
    results = [failed.evolve(started_at=NOON + one * MINUTE, message=f"number {one}") for one in (0, 1)]
    stored = record(database, site, *results)
    with database.session() as db:
        for number, one in enumerate(stored):
            facts = evidence_of(db, one.check_id)
            assert facts is not None
            assert facts["message"] == f"number {number}"
        assert good_evidence_of(db, site) is None


def test_an_up_check_that_failed_first_keeps_its_failed_attempts(database: Database, site: int) -> None:
    failed = saw(NOON, DOWN, cause=Cause.CONNECT_TIMEOUT, phase=Phase.CONNECT, message="no answer")
    stored = record(database, site, FULL.evolve(earlier=(failed, failed), attempts=3))[0]
    with database.session() as db:
        facts = evidence_of(db, stored.check_id)
    assert facts is not None
    assert [one["message"] for one in facts["earlier"]] == ["no answer", "no answer"]
    assert facts["earlier"][0]["cause"] == "connect_timeout"


def good_check(database: Database, site: int) -> int:
    with database.session() as db:
        return db.scalars(select(GoodEvidence.check_id).where(GoodEvidence.website_id == site)).one()


def test_good_evidence_is_written_again_when_what_matters_changed(database: Database, site: int) -> None:
    writer = ResultWriter()
    changes: list[tuple[dict[str, object], bool]] = [
        ({}, True),
        ({}, False),
        ({"headers": (("Server", "nginx"), ("Date", "tomorrow"))}, False),
        ({"headers": (("Server", "apache"), ("Date", "tomorrow"))}, True),
        ({"http_status_code": 204}, True),
        ({"addresses": ("2001:db8::1", "192.0.2.1"), "http_status_code": 204}, False),
        ({"addresses": ("192.0.2.1", "2001:db8::1"), "http_status_code": 204}, False),
        ({"addresses": ("192.0.2.9",)}, True),
        ({"certificate": PeerCertificate((ROOT,), verified=True)}, True),
        ({"body_sha256": "cd" * 32}, True),
        ({"body_sha256": "ef" * 32}, False),
    ]
    last = -1
    for position, (change, is_written) in enumerate(changes):
        result = FULL.evolve(started_at=NOON + position * MINUTE, **change)
        stored = record(database, site, result, writer=writer)[0]
        last = stored.check_id if is_written else last
        assert good_check(database, site) == last, change
    with database.session() as db:
        facts = evidence_of(db, last)
        assert facts == good_evidence_of(db, site)
        assert facts is not None


def test_the_last_good_check_shares_the_evidence_of_one_that_saw_the_same(database: Database, site: int) -> None:
    writer = ResultWriter()
    same = [FULL.evolve(started_at=NOON + number * MINUTE, message="own") for number in range(3)]
    stored = record(database, site, *same, writer=writer)
    with database.session() as db:
        own = evidence_of(db, stored[0].check_id)
        shared = evidence_of(db, stored[2].check_id)
        assert own is not None
        assert shared is not None
        assert shared["recorded_by_check_id"] == stored[0].check_id
        assert shared["body_head"] == own["body_head"]
        assert "phases" not in shared
        assert evidence_of(db, stored[1].check_id) is None


def test_a_body_that_changes_each_time_is_kept_now_and_then(database: Database, site: int) -> None:
    writer = ResultWriter()
    kept = []
    for position in range(25):
        result = FULL.evolve(started_at=NOON + position * MINUTE, body_sha256=f"{position:064x}"[::-1])
        record(database, site, result, writer=writer)
        kept.append(good_check(database, site))
    assert len(set(kept)) == 1 + 24 * MINUTE // REFRESH_AFTER


def test_after_a_rollback_the_good_evidence_is_written_again(database: Database, site: int) -> None:
    writer = ResultWriter()

    def write_and_fail() -> None:
        with database.write_transaction() as connection:
            writer.write(connection, [judged(load_states(connection, [site])[site], FULL, NOON)], NOON)
            raise RuntimeError("no commit")

    with pytest.raises(RuntimeError, match="no commit"):
        write_and_fail()
    writer.forget()
    record(database, site, FULL, writer=writer)
    with database.session() as db:
        assert good_evidence_of(db, site) is not None


def test_a_website_made_anew_has_good_evidence_of_its_own(database: Database) -> None:
    writer = ResultWriter()
    with database.session() as db:
        first = WebsiteCRUD.create(db, WebsiteCreate(url="https://example.com")).id
    record(database, first, FULL, writer=writer)
    with database.session() as db:
        WebsiteCRUD.delete(db, first)
        again = WebsiteCRUD.create(db, WebsiteCreate(url="https://example.com")).id
    record(database, again, FULL.evolve(started_at=NOON + MINUTE), writer=writer)
    with database.session() as db:
        assert good_evidence_of(db, again) is not None


def test_a_check_out_of_order_does_not_become_the_last_good_one(database: Database, site: int) -> None:
    writer = ResultWriter()
    newest = record(database, site, FULL, writer=writer)[0]
    older = PeerCertificate((ROOT,), verified=True)
    other = FULL.evolve(started_at=NOON - MINUTE, http_status_code=204, certificate=older)
    record(database, site, other, now=NOON + MINUTE, writer=writer)
    assert good_check(database, site) == newest.check_id
    with database.session() as db:
        chain = chain_of(db, site)
        assert chain is not None
        assert chain.chain == CHAIN.chain


def test_a_number_given_again_does_not_bring_foreign_evidence(database: Database, site: int) -> None:
    gone = record(database, site, FULL)[0]
    assert take_all(database, common_trims(NOON + MINUTE, EVERY_CHECK)) == [1]
    other = add_site(database)
    with database.session() as db:
        db.add(MonitorCheck(id=gone.check_id, website_id=other, status=UP, checked_at=NOON))
        db.commit()
        assert evidence_of(db, gone.check_id) is None
        assert good_evidence_of(db, site) is not None
        assert evidence_of(db, 9999) is None
        assert good_evidence_of(db, other) is None


def test_fingerprints_overlook_what_changes_with_every_answer() -> None:
    volatile = (("Set-Cookie", "a"), ("X-Request-Id", "1"), ("CF-RAY", "1"), ("ETag", "1"))
    other = (("set-cookie", "b"), ("x-request-id", "2"), ("cf-ray", "2"), ("etag", "2"))
    assert fingerprint(FULL.evolve(headers=volatile)) == fingerprint(FULL.evolve(headers=other))
    assert fingerprint(FULL.evolve(headers=volatile[:1])) != fingerprint(FULL.evolve(headers=()))
    assert fingerprint(FULL.evolve(body_sha256=None))[1] == ""
    assert fingerprint(FULL.evolve(certificate=None))[0] != fingerprint(FULL)[0]


def test_certificates_are_kept_once_and_chains_as_served_last(database: Database, site: int) -> None:
    other = add_site(database)
    renewed = certificate("example.com renewed", 180)
    record(database, site, FULL)
    record(database, other, FULL)
    bad = PeerCertificate((renewed, ROOT), verified=False, verify_error="unknown issuer")
    failed = saw(NOON + MINUTE, DOWN, cause=Cause.TLS_UNKNOWN_ISSUER, phase=Phase.TLS, certificate=bad)
    record(database, site, failed, saw(NOON + 2 * MINUTE))
    with database.session() as db:
        assert set(db.scalars(select(CertificateRecord.sha256))) == {LEAF.sha256, ROOT.sha256, renewed.sha256}
        mine, theirs = chain_of(db, site), chain_of(db, other)
        assert mine is not None
        assert theirs is not None
        assert (mine.chain, mine.verify_error, mine.read_at) == ((renewed, ROOT), "unknown issuer", NOON + MINUTE)
        assert (theirs.chain, theirs.verify_error) == (CHAIN.chain, None)
        assert leaf_expiries(db, [site, other, 99]) == {site: renewed.not_after, other: LEAF.not_after}
        assert chain_of(db, 99) is None


def test_no_chain_seen_is_nothing_to_store(database: Database) -> None:
    with database.write_transaction() as connection:
        record_chains(connection, {})
    with database.session() as db:
        assert db.scalars(select(CertificateRecord)).all() == []
