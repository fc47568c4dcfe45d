"""Certificates: each kept once by its SHA-256, and which chain a website served last."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tocsin.model.conditions.certificate_warnings import (
    CertificateWarning,
    WarningRecord,
    certificate_news,
    next_change,
)
from tocsin.model.results import CertificateFacts, PeerCertificate
from tocsin.model.times import utcnow
from tocsin.storage.tables.records import CertificateRecord, WebsiteCertificate


@dataclass(frozen=True, slots=True)
class StoredChain:
    """The chain a website served when it was read last, leaf first."""

    chain: tuple[CertificateFacts, ...]
    verify_error: str | None
    read_at: datetime


def record_chains(connection: Connection, seen: dict[int, tuple[PeerCertificate, datetime]]) -> None:
    """Store the chains seen, by website, and every certificate that is new."""
    if not seen:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    facts = {one.sha256: one for certificate, _ in seen.values() for one in certificate.chain}
    new = insert(CertificateRecord).on_conflict_do_nothing()
    now = utcnow()
    connection.execute(new, [_certificate_values(one, now) for one in facts.values()])
    chain = insert(WebsiteCertificate)
    replaced = {name: chain.excluded[name] for name in ("chain", "not_after", "verify_error", "read_at")}
    connection.execute(
        chain.on_conflict_do_update(index_elements=["website_id"], set_=replaced),
        [
            {
                "website_id": website_id,
                "chain": [one.sha256 for one in certificate.chain],
                "not_after": certificate.leaf.not_after,
                "verify_error": certificate.verify_error,
                "read_at": read_at,
            }
            for website_id, (certificate, read_at) in seen.items()
        ],
    )


def _certificate_values(facts: CertificateFacts, now: datetime) -> dict[str, object]:
    return {
        "sha256": facts.sha256,
        "subject": facts.subject,
        "issuer": facts.issuer,
        "sans": list(facts.sans),
        "serial": facts.serial,
        "not_before": facts.not_before,
        "not_after": facts.not_after,
        "der": facts.der,
        "first_seen_at": now,
    }


def chain_of(db: Session, website_id: int) -> StoredChain | None:
    """Return the chain a website served last, or None where none was read."""
    row = db.get(WebsiteCertificate, website_id)
    if row is None:
        return None
    found = db.scalars(select(CertificateRecord).where(CertificateRecord.sha256.in_(row.chain)))
    by_hash = {one.sha256: one for one in found}
    chain = tuple(_facts(by_hash[sha256]) for sha256 in row.chain if sha256 in by_hash)
    return StoredChain(chain, row.verify_error, row.read_at)


def leaf_expiries(db: Session, website_ids: Iterable[int]) -> dict[int, datetime]:
    """Return when the leaf certificate of each of those websites expires, where one was read."""
    wanted = select(WebsiteCertificate.website_id, WebsiteCertificate.not_after)
    rows = db.execute(wanted.where(WebsiteCertificate.website_id.in_(list(website_ids))))
    return {row.website_id: row.not_after for row in rows}


def _facts(row: CertificateRecord) -> CertificateFacts:
    return CertificateFacts(
        sha256=row.sha256,
        subject=row.subject,
        issuer=row.issuer,
        sans=tuple(row.sans),
        not_before=row.not_before,
        not_after=row.not_after,
        serial=row.serial,
        der=row.der,
    )


@dataclass(frozen=True, slots=True)
class LeafSeen:
    """A leaf certificate that a website served."""

    identity: tuple[int, datetime | None]  # the website's number, and its first check: numbers may be given again
    leaf: CertificateFacts
    at: datetime


class ExpiryWatch:
    """Says which of the leaves seen are to be told of. Used by one thread; remembers when to look again."""

    def __init__(self, thresholds: Sequence[int]) -> None:
        self._thresholds = tuple(thresholds)
        self._known: dict[tuple[int, datetime | None], tuple[str, datetime | None, WarningRecord]] = {}

    def news_of(self, connection: Connection, seen: Sequence[LeafSeen]) -> dict[int, CertificateWarning]:
        """Return what is to be told, by website, and store that it was; rows are changed, not made, here."""
        due = [one for one in seen if self._is_due(one)]
        records = _warning_records(connection, [one.identity[0] for one in due if one.identity not in self._known])
        news, changed = {}, {}
        for one in due:
            website_id = one.identity[0]
            known = self._known.get(one.identity)
            record = known[2] if known is not None else records.get(website_id, WarningRecord())
            warning, after = certificate_news(one.leaf, one.at, record, self._thresholds)
            again = next_change(one.leaf.not_after, one.at, self._thresholds)
            self._known[one.identity] = (one.leaf.sha256, again, after)
            if warning is not None:
                news[website_id], changed[website_id] = warning, after
        _store_records(connection, changed)
        return news

    def forget(self) -> None:
        """Forget what is stored: the last transaction was rolled back."""
        self._known.clear()

    def _is_due(self, one: LeafSeen) -> bool:
        known = self._known.get(one.identity)
        if known is None or known[0] != one.leaf.sha256:
            return True
        return known[1] is not None and one.at > known[1]


def _warning_records(connection: Connection, website_ids: Sequence[int]) -> dict[int, WarningRecord]:
    if not website_ids:
        return {}
    table = WebsiteCertificate.__table__
    wanted = select(table.c.website_id, table.c.warned_days, table.c.warned_sha256)
    rows = connection.execute(wanted.where(table.c.website_id.in_(website_ids)))
    return {
        row.website_id: WarningRecord(
            {sha256: tuple(days) for sha256, days in (row.warned_days or {}).items()}, row.warned_sha256
        )
        for row in rows
    }


def _store_records(connection: Connection, records: dict[int, WarningRecord]) -> None:
    if not records:
        return
    table = WebsiteCertificate.__table__
    change = table.update().where(table.c.website_id == bindparam("website"))  # type: ignore[attr-defined]
    connection.execute(
        change.values(warned_days=bindparam("days"), warned_sha256=bindparam("sha256")),
        [
            {"website": website_id, "days": dict(record.warned), "sha256": record.open_sha256}
            for website_id, record in records.items()
        ],
    )
