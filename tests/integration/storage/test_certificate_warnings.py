"""What is told of certificates, committed with the check that saw them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.history import add_site, judged, record, saw
from tocsin import Cause, Database, MonitorStatus, Phase, WebsiteCRUD
from tocsin.model.results import CertificateFacts, CheckResult, PeerCertificate
from tocsin.storage.certificates import leaf_expiries
from tocsin.storage.outbox import CERTIFICATE, TRANSITION, list_events
from tocsin.storage.results import ResultWriter
from tocsin.storage.states import load_states

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
END = NOON + timedelta(days=30)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
DOWN, UP = MonitorStatus.DOWN, MonitorStatus.UP


def chain(name: str = "a", end: datetime = END, verify_error: str | None = None) -> PeerCertificate:
    leaf = CertificateFacts(name * 64, f"CN={name}", "CN=CA", (), NOON - 60 * DAY, end)
    return PeerCertificate((leaf,), verify_error is None, verify_error)


def served(at: datetime, certificate: PeerCertificate | None = None, **facts: Any) -> CheckResult:
    return saw(at, certificate=certificate or chain(), **facts)


def told(database: Database, site: int) -> list[tuple[str, int | None, int]]:
    with database.session() as db:
        rows = list_events(db, website_id=site, kinds=[CERTIFICATE])
        return [(one.reason, one.details["threshold_days"], one.details["days_left"]) for one in rows]


def test_each_threshold_is_told_once_as_the_days_go_by(database: Database, site: int) -> None:
    writer = ResultWriter()
    moments = [NOON + number * timedelta(hours=6) for number in range(4 * 33)]
    record(database, site, *(served(at) for at in moments), writer=writer)
    assert told(database, site) == [
        ("certificate_expires", 21, 21),
        ("certificate_expires", 14, 14),
        ("certificate_expires", 7, 7),
        ("certificate_expires", 3, 3),
        ("certificate_expires", 1, 1),
        ("certificate_expires", 0, 0),
        ("certificate_expired", None, -1),
    ]


def test_one_that_is_first_seen_late_is_told_of_once_and_not_again_after_a_restart(
    database: Database, site: int
) -> None:
    for minute in range(3):
        record(database, site, served(END - 2 * DAY + minute * MINUTE), writer=ResultWriter())
    assert told(database, site) == [("certificate_expires", 3, 2), ("certificate_expires", 1, 1)]
    record(database, site, served(END - DAY), writer=ResultWriter())
    assert len(told(database, site)) == 2


def test_the_event_says_all_that_people_ask(database: Database, site: int) -> None:
    at = END - 2 * DAY - MINUTE
    stored = record(database, site, served(at))[0]
    with database.session() as db:
        (row,) = list_events(db, website_id=site)
        assert (row.kind, row.check_id, row.downtime_id) == (CERTIFICATE, stored.check_id, None)
        assert (row.from_status, row.to_status, row.occurred_at) == (UP, UP, at)
        assert row.details == {
            "days_left": 2,
            "threshold_days": 3,
            "not_after": "2026-03-31T12:00:00Z",
            "subject": "CN=a",
            "issuer": "CN=CA",
            "sha256": "a" * 64,
        }
        assert stored.certificate_event == (row.id, row.reason, row.details)


def test_an_expired_one_that_fails_the_check_is_told_beside_the_downtime(database: Database, site: int) -> None:
    failed = served(
        END + MINUTE,
        chain(verify_error="expired"),
        status=DOWN,
        cause=Cause.TLS_EXPIRED,
        phase=Phase.TLS,
        message="over",
    )
    stored = record(database, site, failed)[0]
    with database.session() as db:
        transition, certificate = list_events(db, website_id=site)
        assert (transition.kind, transition.id) == (TRANSITION, stored.event_id)
        assert (certificate.reason, certificate.to_status) == ("certificate_expired", DOWN)
        assert certificate.id > transition.id
        assert leaf_expiries(db, [site]) == {site: END}


def test_a_renewal_is_told_and_warnings_begin_anew(database: Database, site: int) -> None:
    writer, at = ResultWriter(), END - 5 * DAY
    fresh = chain("b", END + 15 * DAY + MINUTE)
    record(database, site, served(at), served(at + MINUTE, fresh), served(at + 2 * MINUTE, fresh), writer=writer)
    assert told(database, site) == [("certificate_expires", 7, 5), ("certificate_expires", 21, 20)]
    newest = chain("c", END + 90 * DAY)
    record(database, site, served(at + 3 * MINUTE, newest), writer=ResultWriter())
    assert told(database, site)[2:] == [("certificate_renewed", None, 94)]


def test_what_is_told_is_told_in_the_checks_order(database: Database) -> None:
    sites = [add_site(database) for _ in range(3)]
    at = END - DAY
    with database.write_transaction() as connection:
        states = load_states(connection, sites)
        outcomes = [judged(states[site], served(at, status=DOWN), at) for site in sites]
        stored = ResultWriter().write(connection, outcomes, at)
    numbers: list[int] = []
    for one in stored:
        assert one.event_id is not None
        assert one.certificate_event is not None
        numbers += [one.event_id, one.certificate_event[0]]
    assert numbers == sorted(set(numbers))


def test_after_a_rollback_it_is_told_again(database: Database, site: int) -> None:
    writer, at = ResultWriter(), END - DAY

    def write_and_fail() -> None:
        with database.write_transaction() as connection:
            writer.write(connection, [judged(load_states(connection, [site])[site], served(at), at)], at)
            raise RuntimeError("no commit")

    with pytest.raises(RuntimeError, match="no commit"):
        write_and_fail()
    writer.forget()
    assert told(database, site) == []
    record(database, site, served(at), writer=writer)
    assert len(told(database, site)) == 1


def test_an_older_check_and_a_website_made_anew_are_told_apart(database: Database, site: int) -> None:
    writer, at = ResultWriter(), END - 10 * DAY
    record(database, site, served(at), writer=writer)
    record(database, site, served(at - MINUTE, chain("b", END - 9 * DAY)), now=at + MINUTE, writer=writer)
    assert told(database, site) == [("certificate_expires", 14, 10)]
    with database.session() as db:
        WebsiteCRUD.delete(db, site)
    again = add_site(database)
    record(database, again, served(at + 2 * MINUTE), writer=writer)
    assert told(database, again) == [("certificate_expires", 14, 9)]


def test_the_days_are_those_of_the_settings(database: Database, site: int) -> None:
    for days, expected in (((), 0), ((5,), 1)):
        record(database, site, served(END - 4 * DAY - len(days) * MINUTE), writer=ResultWriter(days))
        assert len(told(database, site)) == expected
