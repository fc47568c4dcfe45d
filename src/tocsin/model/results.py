"""What one look at a website saw: frozen values that cross every border of the program."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from tocsin.model.enums import Cause, HTTPMethod, MonitorStatus, Phase
from tocsin.model.times import isoformat

BODY_HEAD_BYTES = 64 * 1024
BODY_JUDGED_BYTES = 1024 * 1024
"""Of a body that expectations look at, so much is kept until it is judged."""


@dataclass(frozen=True, slots=True)
class Phases:
    """How long each step took, in milliseconds; None where it was not reached.

    `ttfb_ms` runs from the request sent to the first byte of the answer, `transfer_ms` from there to its end.
    Over redirects each phase is the sum of the hops', so that the phases always add up to `total_ms` (within
    the program's own overhead, which is counted to none).
    """

    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    ttfb_ms: float | None = None
    transfer_ms: float | None = None
    total_ms: float | None = None

    def to_dict(self) -> dict[str, float | None]:
        """Return the phases by name, rounded to a microsecond."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: None if value is None else round(value, 3) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Hop:
    """One answer that sent us elsewhere."""

    url: str
    http_status_code: int
    location: str  # absolute URL it pointed to
    phases: Phases
    address: str | None = None  # the address connected to

    def to_dict(self) -> dict[str, Any]:
        """Return the hop as JSON-able facts."""
        return {
            "url": self.url,
            "http_status_code": self.http_status_code,
            "location": self.location,
            "address": self.address,
            "phases": self.phases.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """One X.509 certificate of a chain; parsed once per SHA-256."""

    sha256: str  # hex, of the DER form
    subject: str  # RFC 4514
    issuer: str
    sans: tuple[str, ...]  # DNS names and IP addresses of subjectAltName
    not_before: datetime
    not_after: datetime
    serial: str = ""  # hex
    der: bytes = b""

    def to_dict(self) -> dict[str, Any]:
        """Return the facts without the DER bytes."""
        return {
            "subject": self.subject,
            "issuer": self.issuer,
            "sans": list(self.sans),
            "not_before": isoformat(self.not_before),
            "not_after": isoformat(self.not_after),
            "sha256": self.sha256,
            "serial": self.serial,
        }


@dataclass(frozen=True, slots=True)
class PeerCertificate:
    """The chain that a server sent, leaf first, and what verification said of it."""

    chain: tuple[CertificateFacts, ...]  # at least the leaf
    verified: bool
    verify_error: str | None = None

    @property
    def leaf(self) -> CertificateFacts:
        """The server's own certificate."""
        return self.chain[0]

    def to_dict(self) -> dict[str, Any]:
        """Return the leaf's facts, the verdict and the whole chain, as the check's JSON has them."""
        return {
            **self.leaf.to_dict(),
            "verified": self.verified,
            "verify_error": self.verify_error,
            "chain": [facts.to_dict() for facts in self.chain],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """All that one check saw. A fault of the world is a `cause`, never an exception.

    `status` is None as a probe returns it; judging fills it in.
    """

    url: str
    started_at: datetime  # when the first attempt started
    method: HTTPMethod = HTTPMethod.GET
    status: MonitorStatus | None = None
    cause: Cause | None = None
    phase: Phase | None = None
    message: str = ""  # one sentence for people
    phases: Phases = Phases()
    http_status_code: int | None = None
    http_version: str | None = None  # "1.0", "1.1", "2", "3"
    address: str | None = None  # the address connected to at last
    addresses: tuple[str, ...] = ()  # all that the name resolved to
    redirects: tuple[Hop, ...] = ()
    final_url: str | None = None
    headers: tuple[tuple[str, str], ...] = ()  # of the last answer, bounded
    body_head: str = ""  # first 64 KiB, decompressed and decoded
    body_bytes: int | None = None  # whole decoded size, as far as it was read
    body_sha256: str | None = None  # hex, of what was read
    judged_body: str | None = None  # first MiB, where an expectation needs more than the head; gone once judged
    certificate: PeerCertificate | None = None
    tls_version: str | None = None  # "TLSv1.3"
    tls_cipher: str | None = None
    attempts: int = 1
    earlier: tuple["CheckResult", ...] = ()  # the failed attempts before this one, oldest first

    def evolve(self, **changes: Any) -> "CheckResult":
        """Return a copy with `changes`. Each check is copied, so it is done without `__init__`, in a third of the time.

        Raises:
            TypeError: one of them is no field.
        """
        if not changes.keys() <= _RESULT_FIELDS:
            raise TypeError(f"no fields of a result: {', '.join(sorted(changes.keys() - _RESULT_FIELDS))}")
        copy, put = object.__new__(CheckResult), object.__setattr__
        for name in _RESULT_FIELDS:
            put(copy, name, changes[name] if name in changes else getattr(self, name))
        return copy

    @property
    def kept_bytes(self) -> int:
        """How many bytes of a body are kept at most."""
        return BODY_HEAD_BYTES if self.judged_body is None else BODY_JUDGED_BYTES

    @property
    def is_body_cut(self) -> bool:
        """True where the body went on beyond what is kept of it."""
        return self.body_bytes is not None and self.body_bytes > self.kept_bytes

    def header(self, name: str) -> str | None:
        """Return the first header of that name (any case), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON-able form that `tocsin check --json` prints."""
        return {
            "url": self.url,
            "status": self.status or MonitorStatus.UNKNOWN,
            "cause": self.cause,
            "phase": self.phase,
            "message": self.message,
            "phases": self.phases.to_dict(),
            "method": self.method,
            "http_status_code": self.http_status_code,
            "http_version": self.http_version,
            "address": self.address,
            "addresses": list(self.addresses),
            "redirects": [hop.to_dict() for hop in self.redirects],
            "final_url": self.final_url,
            "attempts": self.attempts,
            "checked_at": isoformat(self.started_at),
            "body_bytes": self.body_bytes,
            "body_sha256": self.body_sha256,
            "tls_version": self.tls_version,
            "tls_cipher": self.tls_cipher,
            "certificate": self.certificate.to_dict() if self.certificate else None,
            "diagnosis": None,
        }


_RESULT_FIELDS = frozenset(field.name for field in fields(CheckResult))
