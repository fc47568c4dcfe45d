"""The websites of a small team that never was, with some days behind them: for pictures, pages and measurements."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import sin
from random import Random

from tocsin import Database, WebsiteCreate, WebsiteCRUD
from tocsin.model.enums import Cause, MonitorStatus, Phase
from tocsin.model.options import CheckOptions
from tocsin.model.results import CertificateFacts, CheckResult, PeerCertificate, Phases
from tocsin.storage.history.rollups import fold_due
from tocsin.storage.results import Outcome, ResultWriter
from tocsin.storage.states import load_states
from tocsin.watch.breaker import Breaker
from tocsin.watch.judge import judge, settle

Change = Callable[[CheckResult], CheckResult]


@dataclass(frozen=True)
class Trouble:
    """What was wrong from one moment to another; both are minutes before now, `until` 0 while it goes on."""

    since: float
    until: float
    change: Change


@dataclass(frozen=True)
class Member:
    """One website of the team."""

    name: str
    url: str
    latency_ms: float = 140
    troubles: tuple[Trouble, ...] = ()
    certificate_days: int | None = 61
    options: Mapping[str, object] = field(default_factory=dict)
    is_checked: bool = True


def fails(cause: Cause, phase: Phase, message: str) -> Change:
    def change(result: CheckResult) -> CheckResult:
        return result.evolve(
            cause=cause, phase=phase, message=message, http_status_code=None, headers=(), body_head="",
            phases=Phases(dns_ms=result.phases.dns_ms, total_ms=30_000 if "time" in cause else 14.2), attempts=4,
        )  # fmt: skip

    return change


def answers(code: int) -> Change:
    return lambda result: result.evolve(http_status_code=code, attempts=4, body_head="upstream unavailable")


def slows(factor: float) -> Change:
    def change(result: CheckResult) -> CheckResult:
        phases = result.phases
        ttfb = (phases.ttfb_ms or 0) * factor
        total = (phases.total_ms or 0) + ttfb - (phases.ttfb_ms or 0)
        return result.evolve(
            phases=Phases(phases.dns_ms, phases.connect_ms, phases.tls_ms, ttfb, phases.transfer_ms, total)
        )

    return change


REFUSED = fails(
    Cause.CONNECT_REFUSED, Phase.CONNECT, "192.0.2.14 refused the connection to port 443: nothing listens there."
)
SILENT = fails(Cause.TIMEOUT_FIRST_BYTE, Phase.RESPONSE, "Connected, but no answer began within 30 s of the request.")
NO_NAME = fails(Cause.DNS_NOT_FOUND, Phase.DNS, "The name build.example.net does not exist (NXDOMAIN).")
SLOW = {"degraded_after_ms": 800}

TEAM = (
    Member("Shop", "https://shop.example.com/", 180, (Trouble(1130, 1105, answers(502)),), 47, SLOW),
    Member("Checkout API", "https://api.example.com/checkout/health", 95, (
        Trouble(37, 0, answers(503)), Trouble(905, 868, SILENT), Trouble(4410, 4290, REFUSED)), 47),
    Member("Customer portal", "https://portal.example.com/login", 230, (Trouble(96, 0, slows(12)),), 47, SLOW),
    Member("Documentation", "https://docs.example.com/", 120),
    Member("Blog", "https://blog.example.org/", 310, (Trouble(700, 640, slows(6)),), 22, SLOW),
    Member("Search", "https://search.example.com/healthz", 64),
    Member("Image CDN", "https://img.example.net/pixel.gif", 31),
    Member("Payments webhook", "https://hooks.example.com/payments", 88, (Trouble(420, 409, SILENT),), 9),
    Member("Mailing lists", "https://lists.example.org/", 260),
    Member("Intranet wiki", "http://wiki.example.net/", 150, (), None),
    Member("Git server", "https://git.example.net/users/sign_in", 205, (Trouble(1320, 1290, REFUSED),), 80),
    Member("Build runners", "https://build.example.net/status", 130, (Trouble(12, 0, NO_NAME),), 80),
    Member("Staging shop", "https://staging.example.com/", 240, is_checked=False, options={"is_active": False}),
    Member("Staging API", "https://staging-api.example.com/v2/ping", 110, (Trouble(260, 244, answers(500)),), 2),
    Member("Partner portal", "https://partners.example.com/", 190),
    Member("Careers page", "https://careers.example.org/jobs?lang=en", 340),
    Member("Help centre", "https://help.example.com/", 175, (Trouble(880, 871, answers(404)),), 47),
    Member("Mobile gateway", "https://m.example.com/api/mobile/v1/ping", 72),
    Member("Metrics", "http://metrics.example.net:9090/-/healthy", 18, (), None),
    Member("Landing page, spring campaign", "https://spring.example.com/welcome?from=newsletter", is_checked=False),
)  # fmt: skip


def settle_in(database: Database, now: datetime, *, days: float = 1.0) -> list[int]:
    """Store the team's websites with checks every five minutes of a day, rarer before; return their ids."""
    with database.session() as db:
        ids = [WebsiteCRUD.create(db, _created(member)).id for member in TEAM]
    writer, random = ResultWriter(), Random(11)
    for at, allowance in _moments(now, days):
        results = {
            website_id: _check(member, at + timedelta(seconds=7 * index % 240), now, random)
            for index, (website_id, member) in enumerate(zip(ids, TEAM, strict=True))
            if member.is_checked
        }
        record(database, writer, results, allowance)
    with database.write_transaction() as connection:
        while fold_due(connection, now_us=int(now.timestamp() * 1_000_000), limit=500):
            pass
    return ids


def record(
    database: Database, writer: ResultWriter, results: dict[int, CheckResult], allowance: timedelta = timedelta(hours=1)
) -> None:
    """Judge and store one check of each of those websites, as the running program does."""
    with database.write_transaction() as connection:
        states = load_states(connection, results)
        outcomes = []
        for website_id, result in results.items():
            judgement = judge(result, states[website_id], Breaker(10_000), result.started_at, gap_after=allowance)
            outcomes.append(Outcome(website_id, result, judgement))
        writer.write(connection, outcomes, max(one.started_at for one in results.values()))


def _created(member: Member) -> WebsiteCreate:
    return WebsiteCreate.model_validate({"url": member.url, "name": member.name, **member.options})


def _moments(now: datetime, days: float) -> Iterator[tuple[datetime, timedelta]]:
    """Yield when checks are made, and how long one may be taken to last."""
    at = now - timedelta(days=days)
    while at < now - timedelta(days=1):
        yield at, timedelta(hours=2)
        at += timedelta(minutes=30)
    at = now - timedelta(days=1)
    while at < now - timedelta(minutes=4):
        yield at, timedelta(hours=2)
        at += timedelta(minutes=5)


def _check(member: Member, at: datetime, now: datetime, random: Random) -> CheckResult:
    not_after = None
    if member.certificate_days is not None:
        not_after = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=member.certificate_days, hours=7)
    result = good_check(member.url, at, member.latency_ms, random, not_after)
    minutes = (now - at).total_seconds() / 60
    for trouble in member.troubles:
        if trouble.until < minutes <= trouble.since:
            result = trouble.change(result)
    options = {name: value for name, value in member.options.items() if name != "is_active"}
    return settle(result, CheckOptions.model_validate(options), at)


def good_check(
    url: str, at: datetime, latency_ms: float, random: Random, not_after: datetime | None = None
) -> CheckResult:
    """Return a check that went well, busier by day than by night."""
    busy = 1 + 0.22 * sin((at.hour + at.minute / 60 - 8) / 24 * 6.283)
    spread = random.lognormvariate(0, 0.16) * (2.4 if random.random() < 0.02 else 1)
    total = latency_ms * busy * spread
    is_https = url.startswith("https")
    parts = [0.06, 0.16, 0.28 if is_https else 0.0, 0.0, 0.09]
    parts[3] = 1 - sum(parts)
    dns, connect, tls, ttfb, transfer = (total * part for part in parts)
    host = url.split("/")[2].split(":", maxsplit=1)[0]
    return CheckResult(
        url=url,
        started_at=at,
        status=MonitorStatus.UP,
        phases=Phases(dns, connect, tls if is_https else None, ttfb, transfer, total),
        http_status_code=200,
        http_version="2" if is_https else "1.1",
        address="192.0.2.14",
        addresses=("192.0.2.14", "2001:db8::14"),
        final_url=url,
        headers=(("content-type", "text/html; charset=utf-8"), ("server", "nginx")),
        body_head="<!doctype html><title>Welcome</title>",
        body_bytes=14_200,
        body_sha256="9f" * 32,
        certificate=_certificate(host, not_after) if not_after is not None else None,
        tls_version="TLSv1.3" if is_https else None,
        tls_cipher="TLS_AES_256_GCM_SHA384" if is_https else None,
    )


def _certificate(host: str, not_after: datetime) -> PeerCertificate:
    leaf = CertificateFacts(
        sha256=sha256(f"{host} {not_after}".encode()).hexdigest(),
        subject=f"CN={host}",
        issuer="CN=Example Issuing CA 7,O=Example Trust,C=XX",
        sans=(host, f"www.{host}"),
        not_before=not_after - timedelta(days=90),
        not_after=not_after,
        serial="03a1",
    )
    issuing = CertificateFacts(
        sha256=sha256(b"issuing").hexdigest(),
        subject="CN=Example Issuing CA 7,O=Example Trust,C=XX",
        issuer="CN=Example Root X1,O=Example Trust,C=XX",
        sans=(),
        not_before=datetime(2024, 1, 1, tzinfo=UTC),
        not_after=datetime(2034, 1, 1, tzinfo=UTC),
        serial="02",
    )
    return PeerCertificate(chain=(leaf, issuing), verified=True)
