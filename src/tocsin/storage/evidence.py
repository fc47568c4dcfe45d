"""What a check saw in full: kept for every failure and for the last good check of a website."""

import hashlib
import json
import zlib
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tocsin.model.enums import MonitorStatus
from tocsin.model.results import CheckResult
from tocsin.storage.tables import MonitorCheck
from tocsin.storage.tables.records import CheckEvidence, GoodEvidence

REFRESH_AFTER = timedelta(minutes=10)
"""A page whose body alone changes from check to check has its good evidence rewritten this often."""

_OWN_FACTS = frozenset({"phases", "message", "earlier"})
_VOLATILE_HEADERS = frozenset({"date", "age", "expires", "last-modified", "etag", "set-cookie", "content-length"})
_VOLATILE_PARTS = ("id", "nonce", "trace", "ray", "timing", "runtime", "report-to", "security-policy")


def pack(result: CheckResult) -> bytes:
    """Return the evidence of a result: what the check row does not hold, compressed."""
    facts = {
        **_seen(result),
        "message": result.message,
        "phases": result.phases.to_dict(),
        "earlier": [_attempt(earlier) for earlier in result.earlier],
    }
    return zlib.compress(json.dumps(facts, separators=(",", ":"), ensure_ascii=False).encode(errors="surrogatepass"), 6)


def unpack(payload: bytes) -> dict[str, Any]:
    """Return the facts of which `pack` made `payload`."""
    facts: dict[str, Any] = json.loads(zlib.decompress(payload))
    return facts


def fingerprint(result: CheckResult) -> tuple[str, str]:
    """Return two hashes of a good result: of all that matters but the body, and of the body.

    Headers that change with every answer (dates, request ids, cookies' values) do not matter.
    """
    headers = sorted((name.lower(), "" if _is_volatile(name.lower()) else value) for name, value in result.headers)
    certificate = [facts.sha256 for facts in result.certificate.chain] if result.certificate else None
    hops = [(hop.url, hop.http_status_code) for hop in result.redirects]
    matter = (result.http_status_code, result.final_url, sorted(result.addresses), headers, hops, certificate)
    digest = hashlib.blake2b(repr(matter).encode(), digest_size=16).hexdigest()
    return digest, (result.body_sha256 or "")[:32]


@lru_cache(maxsize=4096)
def _is_volatile(name: str) -> bool:
    return name in _VOLATILE_HEADERS or any(part in name for part in _VOLATILE_PARTS)


def _seen(result: CheckResult) -> dict[str, Any]:
    return {
        "address": result.address,
        "addresses": list(result.addresses),
        "redirects": [hop.to_dict() for hop in result.redirects],
        "final_url": result.final_url,
        "http_version": result.http_version,
        "headers": [list(pair) for pair in result.headers],
        "body_head": result.body_head,
        "body_bytes": result.body_bytes,
        "body_sha256": result.body_sha256,
        "tls_version": result.tls_version,
        "tls_cipher": result.tls_cipher,
        "certificate": result.certificate.to_dict() if result.certificate else None,
    }


def _attempt(result: CheckResult) -> dict[str, Any]:
    return {
        "cause": result.cause,
        "phase": result.phase,
        "message": result.message,
        "http_status_code": result.http_status_code,
        "address": result.address,
        "phases": result.phases.to_dict(),
    }


def evidence_of(db: Session, check_id: int) -> dict[str, Any] | None:
    """Return what that check saw in full, or None where it was not kept.

    Of good checks the last one's is kept. Where an earlier one saw the same, that one's is returned, without
    what was its alone (phases, message) and with `recorded_by_check_id`.
    """
    payload = db.scalar(select(CheckEvidence.payload).where(CheckEvidence.check_id == check_id))
    return _good_facts(db, check_id) if payload is None else unpack(payload)


def _good_facts(db: Session, check_id: int) -> dict[str, Any] | None:
    check = db.get(MonitorCheck, check_id)
    good = db.get(GoodEvidence, check.website_id) if check is not None else None
    if check is None or good is None or check.status is not MonitorStatus.UP:
        return None
    facts = unpack(good.payload)
    if good.check_id == check_id and good.recorded_at == check.checked_at:
        return facts
    newest = (
        select(MonitorCheck.checked_at)
        .where(MonitorCheck.website_id == check.website_id, MonitorCheck.status == MonitorStatus.UP)
        .order_by(MonitorCheck.checked_at.desc())
        .limit(1)
    )
    if check.checked_at != db.scalar(newest):
        return None
    shared = {name: value for name, value in facts.items() if name not in _OWN_FACTS}
    return {**shared, "recorded_by_check_id": good.check_id}


def good_evidence_of(db: Session, website_id: int) -> dict[str, Any] | None:
    """Return what the last good check of a website saw in full, or None before the first."""
    payload = db.scalar(select(GoodEvidence.payload).where(GoodEvidence.website_id == website_id))
    return None if payload is None else unpack(payload)
