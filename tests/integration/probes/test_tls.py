"""TLS: the facts of a certificate, and each way in which handshake or verification can fail."""

import contextlib
import socket
import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.probes.conftest import Look
from tests.support.certificates import Authority, Issued, issue, make_authority, pem
from tests.support.faults import Handler, Server, answering, ok, over_tls, reset, serving, tls_context
from tocsin.model.enums import Cause, Phase
from tocsin.model.options import CheckOptions
from tocsin.probes import Target, open_tools, probe

HOSTS = ("localhost", "127.0.0.1")


def bare(issued: Issued) -> Issued:
    """Return it without the certificates that belong along."""
    return Issued(issued.certificate, issued.key)


def with_expired_intermediate(authority: Authority) -> Issued:
    old = issue(
        "Old Intermediate CA", issuer=authority.root, is_ca=True,
        not_before=timedelta(days=-90), not_after=timedelta(days=-1, hours=-1),
    )  # fmt: skip
    leaf = issue("localhost", issuer=old, hosts=HOSTS)
    return Issued(leaf.certificate, leaf.key, (old.certificate,))


def with_stranger_root(_: Authority) -> Issued:
    stranger = make_authority("Rogue")
    leaf = stranger.leaf(*HOSTS)
    return Issued(leaf.certificate, leaf.key, (*leaf.chain, stranger.root.certificate))


def of_public_kind(_: Authority) -> Issued:
    stranger = make_authority("Zebra").intermediate
    return issue("localhost", issuer=stranger, hosts=HOSTS, ca_issuers_url="http://ca.example/i.crt")


def by_unknown_root(_: Authority) -> Issued:
    return issue("localhost", issuer=issue("Rogue Root", is_ca=True), hosts=HOSTS)


def without_the_upper_intermediate(authority: Authority) -> Issued:
    upper = issue("Upper Sub CA", issuer=authority.root, is_ca=True)
    lower = issue("Lower Sub CA", issuer=upper, is_ca=True)
    leaf = issue("localhost", issuer=lower, hosts=HOSTS)
    return Issued(leaf.certificate, leaf.key, (lower.certificate,))


def with_the_wrong_intermediate(authority: Authority) -> Issued:
    leaf = authority.leaf(*HOSTS)
    other = issue("Other Intermediate CA", issuer=authority.root, is_ca=True)
    return Issued(leaf.certificate, leaf.key, (other.certificate,))


def of_a_public_root_not_trusted_here(_: Authority) -> Issued:
    root = issue("Zebra Certification Authority", is_ca=True)
    middle = issue("Zebra DV 1", issuer=root, is_ca=True, ca_issuers_url="http://ca.example/r.crt")
    leaf = issue("localhost", issuer=middle, hosts=HOSTS, ca_issuers_url="http://ca.example/i.crt")
    return Issued(leaf.certificate, leaf.key, (middle.certificate,))


def by_a_shorter_name_of_the_family(authority: Authority) -> Issued:
    return issue("localhost", issuer=issue("PROBE web", issuer=authority.root, is_ca=True), hosts=HOSTS)


def under_a_rekeyed_root(_: Authority) -> Issued:
    return issue("localhost", issuer=issue("Probe Tests Root CA", is_ca=True), hosts=HOSTS)


LONG_AGO, DAYS_AGO, SOON = timedelta(days=-90), timedelta(days=-3, hours=-1), timedelta(days=2, hours=1)


def self_signed_and_expired(_: Authority) -> Issued:
    return issue("localhost", hosts=HOSTS, not_before=LONG_AGO, not_after=DAYS_AGO)


def self_signed_too_early(_: Authority) -> Issued:
    return issue("localhost", hosts=HOSTS, not_before=SOON)


def self_signed_for_another_host_and_expired(_: Authority) -> Issued:
    return issue("x", hosts=("shop.example",), not_before=LONG_AGO, not_after=DAYS_AGO)


def unknown_and_expired(_: Authority) -> Issued:
    return issue("localhost", issuer=issue("Rogue", is_ca=True), hosts=HOSTS, not_before=LONG_AGO, not_after=DAYS_AGO)


def unknown_with_an_expired_intermediate(_: Authority) -> Issued:
    root = issue("Rogue Root", is_ca=True)
    old = issue("Rogue Web CA", issuer=root, is_ca=True, not_before=LONG_AGO, not_after=DAYS_AGO)
    leaf = issue("localhost", issuer=old, hosts=HOSTS)
    return Issued(leaf.certificate, leaf.key, (old.certificate,))


def expired_for_another_host(authority: Authority) -> Issued:
    return authority.leaf("shop.example", days_left=-3.5)


Bad = tuple[Callable[[Authority], Issued], Cause, str]

BAD: list[Bad] = [
    (lambda a: a.leaf(*HOSTS, days_left=-3.5), Cause.TLS_EXPIRED, "certificate expired 3 days ago ("),
    (lambda a: a.leaf(*HOSTS, days_left=-0.1), Cause.TLS_EXPIRED, "certificate expired 2 hours ago ("),
    (with_expired_intermediate, Cause.TLS_EXPIRED, 'intermediate certificate "Old Intermediate CA" expired 1 day ago'),
    (lambda a: a.leaf(*HOSTS, starts_in_days=2.5), Cause.TLS_NOT_YET_VALID, "valid only in 2 days"),
    (lambda a: issue("localhost", hosts=HOSTS), Cause.TLS_SELF_SIGNED, "self-signed"),
    (with_stranger_root, Cause.TLS_UNKNOWN_ISSUER, '"Rogue Root CA" is not trusted'),
    (by_unknown_root, Cause.TLS_UNKNOWN_ISSUER, '"Rogue Root", which is not among the trusted roots'),
    (lambda _: make_authority("Rogue").leaf(*HOSTS), Cause.TLS_UNKNOWN_ISSUER, "not among the trusted roots"),
    (lambda a: bare(a.leaf(*HOSTS)), Cause.TLS_INCOMPLETE_CHAIN, 'issuer "Probe Tests Intermediate CA"'),
    (of_public_kind, Cause.TLS_INCOMPLETE_CHAIN, "intermediate certificate is missing"),
    (without_the_upper_intermediate, Cause.TLS_INCOMPLETE_CHAIN, 'the certificate of "Lower Sub CA" without that'),
    (with_the_wrong_intermediate, Cause.TLS_INCOMPLETE_CHAIN, 'without that of the issuer "Probe Tests Int'),
    (by_a_shorter_name_of_the_family, Cause.TLS_INCOMPLETE_CHAIN, 'issuer "PROBE web"'),
    (of_a_public_root_not_trusted_here, Cause.TLS_UNKNOWN_ISSUER, '"Zebra Certification Authority", which is not'),
    (under_a_rekeyed_root, Cause.TLS_UNKNOWN_ISSUER, "not signed with the key of the issuer"),
    (self_signed_and_expired, Cause.TLS_SELF_SIGNED, "so nothing vouches for it, and it expired on 20"),
    (self_signed_and_expired, Cause.TLS_SELF_SIGNED, " (3 days ago)"),
    (self_signed_too_early, Cause.TLS_SELF_SIGNED, "so nothing vouches for it, and it is valid only from 20"),
    (self_signed_too_early, Cause.TLS_SELF_SIGNED, " (in 2 days)"),
    (unknown_and_expired, Cause.TLS_UNKNOWN_ISSUER, "not among the trusted roots, and it expired on 20"),
    (unknown_with_an_expired_intermediate, Cause.TLS_UNKNOWN_ISSUER, 'the intermediate certificate "Rogue Web CA" exp'),
    (expired_for_another_host, Cause.TLS_WRONG_HOST, ", and it expired on 20"),
    (self_signed_for_another_host_and_expired, Cause.TLS_WRONG_HOST, ", and it is self-signed, and it expired on 20"),
    (lambda a: a.leaf("shop.example", "10.1.2.3"), Cause.TLS_WRONG_HOST, "is for shop.example, 10.1.2.3, not for"),
    (
        lambda a: a.leaf(*(f"{number}.example" for number in range(9))),
        Cause.TLS_WRONG_HOST, "3.example, …, not for",
    ),
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("case", BAD)
async def test_a_bad_certificate_is_named_and_its_facts_are_there(
    look: Look, authority: Authority, tmp_path: Path, case: Bad, host: str
) -> None:
    make, cause, words = case
    issued = make(authority)
    with serving(over_tls(tls_context(issued, tmp_path), answering(ok()))) as server:
        url = server.url(scheme="https", host=host)
        due = await look(url)
        not_due = await look(url, read_certificate=False)
        unchecked = await look(url, verify_tls=False)
    for result in (due, not_due):
        assert (result.cause, result.phase) == (cause, Phase.TLS)
        assert words in result.message
    assert unchecked.cause is None
    assert unchecked.body_head == "hello"
    assert len(server.requests) == 1
    for result in (due, not_due, unchecked):
        assert result.certificate is not None
        assert result.certificate.verified is False
        assert words in (result.certificate.verify_error or "")
        assert len(result.certificate.chain) == 1 + len(issued.chain)
        assert result.certificate.leaf.not_after == issued.certificate.not_valid_after_utc


async def test_a_good_certificate_is_kept_with_all_its_facts(look: Look, authority: Authority, tmp_path: Path) -> None:
    issued = authority.leaf(*HOSTS)
    with serving(over_tls(tls_context(issued, tmp_path), answering(ok()))) as server:
        result = await look(server.url(scheme="https"))
        unchecked = await look(server.url(scheme="https"), verify_tls=False)
        spared = await look(server.url(scheme="https"), read_certificate=False)
        spared_too = await look(server.url(scheme="https"), read_certificate=False, verify_tls=False)
    assert len(server.requests) == 4
    for one in (result, unchecked):
        assert one.certificate is not None
        assert one.certificate.verified
        assert one.certificate.verify_error is None
        assert one.tls_version == "TLSv1.3"
        assert one.tls_cipher in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384")
    assert result.certificate is not None
    leaf = result.certificate.leaf
    assert leaf.subject == "CN=localhost"
    assert leaf.issuer == "CN=Probe Tests Intermediate CA"
    assert leaf.sans == HOSTS
    assert leaf.serial == f"{issued.certificate.serial_number:x}"
    assert [one.subject for one in result.certificate.chain] == ["CN=localhost", "CN=Probe Tests Intermediate CA"]
    for one in (spared, spared_too):
        assert (one.cause, one.certificate, one.tls_version) == (None, None, None)
    assert result.phases.tls_ms is not None


async def test_a_root_given_as_bundle_and_its_intermediate_forgotten_is_an_incomplete_chain(tmp_path: Path) -> None:
    root = issue("Accept Root", is_ca=True)
    leaf = issue("localhost", issuer=issue("Accept Int", issuer=root, is_ca=True), hosts=HOSTS)
    (tmp_path / "roots.pem").write_bytes(pem(root.certificate))
    with serving(over_tls(tls_context(leaf, tmp_path), answering(ok()))) as server:
        async with open_tools(ca_bundle=str(tmp_path / "roots.pem")) as tools:
            result = await probe(Target(server.url(scheme="https"), CheckOptions(), 5.0), tools)
    assert result.cause is Cause.TLS_INCOMPLETE_CHAIN
    assert '"Accept Int"' in result.message


async def test_tls_12_shows_its_chain_too(look: Look, authority: Authority, tmp_path: Path) -> None:
    context = tls_context(authority.leaf(*HOSTS), tmp_path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(over_tls(context, answering(ok()))) as server:
        result = await look(server.url(scheme="https"))
    assert result.cause is None
    assert result.tls_version == "TLSv1.2"
    assert result.certificate is not None
    assert len(result.certificate.chain) == 2


def hanging(server: Server, connection: socket.socket) -> None:
    server.hang()


def closing(server: Server, connection: socket.socket) -> None:
    connection.recv(4096)


def resetting(server: Server, connection: socket.socket) -> None:
    connection.recv(4096)
    reset(connection)


def plain(server: Server, connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(ok(status="400 Bad Request"))


def ssh(server: Server, connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    server.hang()


def alerting(number: int) -> Handler:
    def handler(server: Server, connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(bytes([21, 3, 3, 0, 2, 2, number]))
        server.hang()

    return handler


HANDSHAKES = [
    (closing, Cause.TLS_CLOSED, "during the TLS handshake"),
    (resetting, Cause.TLS_CLOSED, "during the TLS handshake"),
    (plain, Cause.TLS_NOT_SPOKEN, "does not speak TLS"),
    (ssh, Cause.TLS_NOT_SPOKEN, "does not speak TLS"),
    (alerting(70), Cause.TLS_PROTOCOL, "no TLS version from 1.2 on"),
    (alerting(40), Cause.TLS_PROTOCOL, "handshake failure"),
    (alerting(80), Cause.TLS_PROTOCOL, "internal error"),
    (alerting(112), Cause.TLS_WRONG_HOST, "no certificate for 127.0.0.1"),
    (alerting(51), Cause.TLS_PROTOCOL, "The TLS handshake with 127.0.0.1"),
]


@pytest.mark.parametrize(("handler", "cause", "words"), HANDSHAKES)
async def test_a_failed_handshake_is_named(look: Look, handler: Handler, cause: Cause, words: str) -> None:
    with serving(handler) as server:
        result = await look(server.url(scheme="https"))
    assert (result.cause, result.phase) == (cause, Phase.TLS)
    assert words in result.message
    assert result.certificate is None


async def test_a_server_of_old_tls_versions_only_is_told_apart(
    look: Look, authority: Authority, tmp_path: Path
) -> None:
    context = tls_context(authority.leaf(*HOSTS), tmp_path)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with serving(over_tls(context, answering(ok()))) as server:
        result = await look(server.url(scheme="https"))
    assert (result.cause, result.phase) == (Cause.TLS_PROTOCOL, Phase.TLS)
    assert "no TLS version from 1.2 on" in result.message


async def test_a_server_that_wants_a_client_certificate_is_told_apart(
    look: Look, authority: Authority, tmp_path: Path
) -> None:
    context = tls_context(authority.leaf(*HOSTS), tmp_path)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.bundle(tmp_path))

    def handler(server: Server, connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secure:
            with contextlib.suppress(ssl.SSLError):
                secure.do_handshake()
            server.hang()  # closing at once would let a reset overtake the alert

    with serving(handler) as server:
        result = await look(server.url(scheme="https"))
    assert (result.cause, result.phase) == (Cause.TLS_PROTOCOL, Phase.TLS)
    assert "client certificate" in result.message


async def test_a_hung_handshake_times_out_in_its_own_phase(look: Look) -> None:
    with serving(hanging) as server:
        result = await look(server.url(scheme="https"), timeout_s=0.4)
    assert (result.cause, result.phase) == (Cause.TLS_TIMEOUT, Phase.TLS)
    assert result.phases.tls_ms is not None
    assert result.phases.tls_ms >= 350


async def test_a_chain_of_garbage_is_no_certificate(look: Look) -> None:
    # A TLS 1.2 server by hand: hello, then a Certificate message whose DER is nonsense.
    hello = b"\x02\x00\x00\x26\x03\x03" + bytes(32) + b"\x00\xc0\x2b\x00"
    certificate = b"\x0b\x00\x00\x0a\x00\x00\x07\x00\x00\x04junk"

    def handler(server: Server, connection: socket.socket) -> None:
        connection.recv(4096)
        for message in (hello, certificate):
            connection.sendall(b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message)
        server.hang()

    with serving(handler) as server:
        result = await look(server.url(scheme="https"))
    assert result.phase is Phase.TLS
    assert result.certificate is None
